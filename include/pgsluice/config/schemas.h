#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/config/config.h"

/// Handles definitions of a table in many schemas, such as `"table": "tenant_*.orders"`.
namespace pgsluice::config {

/// A table name whose schema has wildcards: `*` stands for any text, `?` for one character.
struct SchemaPattern {
  std::string schema;  ///< In lower case.
  std::string table;   ///< As written.
};
/// Returns nothing if the schema of `table` has no wildcards, or is in quotes.
std::optional<SchemaPattern> PatternOf(std::string_view table);
/// Returns whether a schema's name matches the pattern.
bool MatchesSchema(std::string_view pattern, std::string_view schema);

/// Returns the parts of a policy that apply to an index: those of "*", those of its own name, and
/// for the index "orders.tenant_a" of a schema those of "orders.*".
std::vector<const PolicyIndex*> RulesOf(const Policy& policy, std::string_view index);

}  // namespace pgsluice::config
