#include "api/rest/guarded.h"

#include "pgsluice/observe/log.h"

namespace pgsluice::api {

using query::Problem;

Response Guarded(const std::string& request_id, const std::function<Response()>& make) {
  try {
    return make();
  } catch (const Problem& problem) {
    return ProblemResponse(problem, request_id);
  } catch (const std::exception& error) {
    observe::Log(observe::Level::kError, "api", error.what(), {{"request_id", request_id}});
    return ProblemResponse(Problem(500, "internal_error", "the request could not be answered"),
                           request_id);
  }
}

}  // namespace pgsluice::api
