#include <ostream>

#include "commands.h"

namespace pgsluice::app {

bool PrintProblems(const config::Problems& problems, std::ostream& err) {
  bool errors = false;
  for (const config::Problem& problem : problems) {
    errors = errors || !problem.warning;
    err << "pgsluice: " << (problem.warning ? "warning: " : "error: ");
    if (!problem.place.empty()) err << problem.place << ": ";
    err << problem.message << (problem.hint.empty() ? "" : "; " + problem.hint) << '\n';
  }
  return errors;
}

}  // namespace pgsluice::app
