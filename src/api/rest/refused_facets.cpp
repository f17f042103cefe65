#include "api/rest/refused_facets.h"

#include "pgsluice/query/problem.h"

namespace pgsluice::api {

void RejectRefusedFacets(std::string_view engine_answer) {
  const auto holds = [&](std::string_view words) {
    return engine_answer.find(words) != std::string_view::npos;
  };
  if (holds("failed to parse field [time_zone]")) {
    query::Reject("invalid_parameter", "facets", std::nullopt,
                  "facets: the search engine does not know this time zone");
  }
  if (holds("too_many_buckets_exception")) {
    query::Reject("limit_exceeded", "facets", std::nullopt,
                  "facets: there are values in too many intervals; choose longer ones or filter");
  }
}

}  // namespace pgsluice::api
