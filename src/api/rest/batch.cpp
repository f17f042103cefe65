#include "api/rest/batch.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/query/problem.h"

namespace pgsluice::api {

using query::Problem;

namespace {

constexpr std::size_t kSearches = 10;

}  // namespace

json::Value ParseBody(const std::string& body) {
  try {
    return json::Parse(body);
  } catch (const Error& error) {
    throw Problem(400, "invalid_json", error.what());
  }
}

const std::vector<json::Value>& SearchesOf(const json::Value* value, const char* name) {
  if (value == nullptr || !value->IsArray()) {
    query::Reject("invalid_parameter", name, std::nullopt,
                  fmt::format("'{}' is a list of searches", name));
  }
  if (value->items.size() > kSearches) {
    query::Reject("limit_exceeded", name, value->begin,
                  fmt::format("at most {} searches at once", kSearches));
  }
  return value->items;
}

}  // namespace pgsluice::api
