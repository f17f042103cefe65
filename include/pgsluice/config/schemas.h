#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/config/config.h"

/// Tables in many schemas: `"table": "tenant_*.orders"`.
namespace pgsluice::config {

/// A table name whose schema has wildcards: `*` stands for any text, `?` for one character.
struct SchemaPattern {
  std::string schema;  ///< Without quotes; in lower case if it had none.
  std::string table;   ///< As written.
};
/// Nothing if the schema of `table` has no wildcards.
std::optional<SchemaPattern> PatternOf(std::string_view table);
/// Whether a schema's name matches the pattern.
bool MatchesSchema(std::string_view pattern, std::string_view schema);

/// The parts of a policy that concern an index: those of "*", of its own name, and of "orders.*"
/// for the index "orders.tenant_a" of a schema.
std::vector<const PolicyIndex*> RulesOf(const Policy& policy, std::string_view index);

}  // namespace pgsluice::config
