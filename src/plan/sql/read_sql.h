#pragma once

#include <string>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// Stands for the relation in block statements, because no name and no SQL fragment can contain it.
inline constexpr char kRelationPlace = '\0';

/// The parts of an index's statements. All expressions refer to the alias `root`.
struct RootSql {
  const catalog::Table* table = nullptr;
  std::vector<const catalog::Column*> key;  ///< All columns when row_hash_id.
  bool row_hash_id = false;
  /// The inheritance children of a table that has a key; their rows may have the same key.
  std::vector<const catalog::Table*> children;
  std::string document;  ///< Text expression; embeds' results by their join aliases.
  std::string where;     ///< Condition, or empty.
  const catalog::Column* routing = nullptr;
  /// As `first` of IdSql(), if the index has the rows of many schemas; otherwise empty.
  std::string schema_first;
  std::string schema_routing;  ///< A text expression of the schema, if documents are routed by it.
  std::vector<std::string> columns;  ///< Columns of the root that `document` uses, for `roots`.
  /// Common table expressions after `roots` and the joins to them: empty without embeds.
  std::vector<std::string> embed_ctes;
  std::vector<std::string> many_embed_ctes;  ///< For roots that are many and may be adjacent.
  std::string embed_joins;
};

/// Fills read_by_key, read_many_by_key, block_sql, block_keys_sql, all_keys_sql, missing_keys,
/// missing_ids, keys_of_ids and ids_of_keys.
void FillStatements(const RootSql& root, Plan& plan);

/// Returns the `_id` of the row `root`, in `document` and elsewhere.
std::string RootIdSql(const RootSql& root);

/// Returns a statement whose name changes with its text, because the text changes with the schema.
pg::Statement Named(const std::string& name, std::string sql);

}  // namespace pgsluice::plan
