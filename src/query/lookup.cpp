#include "query/lookup.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/query/problem.h"

namespace pgsluice::query {

Resolved Lookup(const Schema& schema, const std::string& path, const std::string& parameter,
                bool (*fits)(const plan::Field&)) {
  Resolved resolved = schema.Resolve(path, nullptr);
  if (resolved.field == nullptr) {
    Reject("unknown_field", parameter, std::nullopt, schema.Unknown(path, nullptr));
  }
  if (resolved.json_value || !fits(*resolved.field)) {
    Reject(
        "invalid_parameter", parameter, std::nullopt,
        fmt::format("'{}' ({}) cannot be used in '{}'", path, resolved.field->pg_type, parameter));
  }
  return resolved;
}

}  // namespace pgsluice::query
