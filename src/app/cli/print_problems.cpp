#include <ostream>

#include "app/commands/commands.h"
#include "pgsluice/base/printable.h"

namespace pgsluice::app {

bool PrintProblems(const config::Problems& problems, std::ostream& err) {
  bool errors = false;
  for (const config::Problem& problem : problems) {
    errors = errors || !problem.warning;
    err << "pgsluice: " << (problem.warning ? "warning: " : "error: ");
    if (!problem.place.empty()) err << problem.place << ": ";
    const std::string hint = problem.hint.empty() ? "" : "; " + problem.hint;
    err << base::Printable(problem.message + hint) << '\n';
  }
  return errors;
}

}  // namespace pgsluice::app
