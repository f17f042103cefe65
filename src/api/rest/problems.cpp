#include "api/rest/problems.h"

#include "pgsluice/observe/log.h"

namespace pgsluice::api {

using query::Problem;

Problem Gone() { return {499, "caller_gone", "the caller closed the connection"}; }

Problem NotReady() {
  return Problem(503, "index_not_ready", "the index is not ready yet").RetryAfter(1);
}

Problem StillCopied() {
  return Problem(503, "index_not_ready", "the first copy of the index is not complete")
      .RetryAfter(5);
}

Problem NoDatabase(const Error& error) {
  observe::Log(observe::Level::kWarn, "api", error.what());
  return Problem(503, "engine_unavailable", "the database cannot be reached now").RetryAfter(1);
}

Problem EngineUnavailable() {
  return Problem(503, "engine_unavailable", "the search engine is not available").RetryAfter(1);
}

Problem EngineTimeout() {
  return {504, "engine_timeout", "the search engine did not answer in time"};
}

Problem EngineUnreadable() {
  return {502, "engine_error", "the search engine's answer could not be read"};
}

}  // namespace pgsluice::api
