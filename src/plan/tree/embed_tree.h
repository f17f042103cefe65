#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/config.h"
#include "plan/tree/fields.h"

namespace pgsluice::plan {

/// One join on the way from a parent to an embed's rows: a link table, or at the end the embedded
/// table itself.
struct Step {
  const catalog::Table* table = nullptr;
  std::vector<std::string> above;  ///< Columns of the previous table (the parent, or a link table).
  std::vector<std::string> here;   ///< Columns of `table` that are equal to them, pairwise.
};

/// An embed with everything resolved in the catalog.
struct Node {
  const config::Embed* config = nullptr;
  std::string name;         ///< In its SQL: "n1", "n2", …
  std::vector<Step> steps;  ///< Link tables first, the embedded table last.
  bool many = false;
  bool unique = false;  ///< At most one row per parent, according to the catalog.
  bool nested = false;
  Level level;  ///< Its own columns and computed fields; empty for values and aggregates.
  const catalog::Column* value = nullptr;  ///< The column of "value", or the aggregate's column.
  std::vector<std::string> identity;       ///< Columns that distinguish its rows.
  std::vector<std::string> order_columns;  ///< Named in order_by.
  std::vector<std::string> where_columns;  ///< Named in where.
  Field field;                             ///< Its field in the document.
  std::vector<std::unique_ptr<Node>> children;

  const catalog::Table& table() const { return *steps.back().table; }
  bool through() const { return steps.size() > 1; }
  bool aggregate() const { return config->aggregate != config::Aggregate::kNone; }
};

/// Resolves the embeds below `parent`, whose document path is `prefix` ("" for the root, else with
/// a dot at the end) and whose innermost nested ancestor is `nested_path`. `count` numbers the
/// nodes.
std::vector<std::unique_ptr<Node>> ResolveEmbeds(const std::vector<config::Embed>& embeds,
                                                 const catalog::Table& parent,
                                                 const std::string& prefix,
                                                 const std::string& nested_path, int& count,
                                                 Building& building);

/// Returns whether no two rows have the same values in these columns, by an index or by the key
/// that the configuration gives a view.
bool IsUnique(const catalog::Table& table, const std::vector<std::string>& columns,
              const std::vector<std::string>& view_key);
/// Like IsUnique(), for the rows of the table itself without its inheritance children.
bool HasUniqueKey(const catalog::Table& table, const std::vector<std::string>& columns,
                  const std::vector<std::string>& view_key);

/// Returns whether an index of the table begins with one of these columns.
bool HasIndex(const catalog::Table& table, const std::vector<std::string>& columns);

/// Returns whether an index supports range scans of this column.
bool HasOrderedIndex(const catalog::Table& table, const std::string& column);

/// Warns about a join that has to scan `table` for every change, and names the index to create.
void WarnWithoutIndex(const catalog::Table& table, const std::vector<std::string>& columns,
                      const std::string& place, Building& building);

}  // namespace pgsluice::plan
