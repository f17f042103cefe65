#include <ostream>

#include "app/commands/commands.h"
#include "pgsluice/base/printable.h"

namespace pgsluice::app {

bool PrintFindings(const config::Findings& findings, std::ostream& err) {
  bool errors = false;
  for (const config::Finding& finding : findings) {
    errors = errors || !finding.warning;
    err << "pgsluice: " << (finding.warning ? "warning: " : "error: ");
    if (!finding.place.empty()) err << finding.place << ": ";
    const std::string hint = finding.hint.empty() ? "" : "; " + finding.hint;
    err << base::Printable(finding.message + hint) << '\n';
  }
  return errors;
}

}  // namespace pgsluice::app
