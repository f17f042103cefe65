#include "pgsluice/query/problem.h"

namespace pgsluice::query {

void Reject(std::string code, std::string parameter, std::optional<std::size_t> offset,
            std::string detail, std::vector<std::string> allowed) {
  throw Problem(
      400, {std::move(parameter), offset, std::move(code), std::move(detail), std::move(allowed)});
}

}  // namespace pgsluice::query
