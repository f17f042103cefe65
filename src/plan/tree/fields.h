#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/config.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/plan/plan.h"
#include "plan/sql/value_sql.h"

namespace pgsluice::plan {

/// A SQL fragment that still has to be checked by the server.
struct FragmentCheck {
  enum class Use { kCondition, kValue, kOrder, kTime };
  Use use = Use::kValue;
  std::string place, sql, alias;
  const catalog::Table* table = nullptr;
};

/// What one level of a document (the root, or an embed's objects) takes from its own table.
struct Selection {
  const std::vector<std::string>& columns;
  const std::vector<std::string>& exclude;
  const std::vector<std::pair<std::string, std::string>>& rename;
  const std::vector<std::pair<std::string, config::Field>>& fields;
  bool no_columns;     ///< Only the computed fields.
  std::string place;   ///< "indexes.projects"
  std::string alias;   ///< Of the table in the generated SQL.
  std::string prefix;  ///< Path of the object with a dot behind it; empty for the root.
};

struct Level {
  std::vector<Field> fields;
  std::vector<Member> members;
  std::set<std::string> columns;  ///< Columns that the members read.
  bool all_columns = false;       ///< The selection was not restricted: a new column belongs to it.
};

/// The collector that building passes around.
struct Building {
  const catalog::Catalog& catalog;
  const config::Index& index;
  config::Findings& findings;
  std::vector<FragmentCheck> checks;
  bool failed = false;

  void Error(const std::string& place, const std::string& message, const std::string& hint = {});
  void Warn(const std::string& place, const std::string& message, const std::string& hint = {});
  /// "unknown column", with the nearest name.
  void UnknownColumn(const std::string& place, const catalog::Table& table,
                     const std::string& column);
  /// Reads a fragment lexically and leaves it for the server's check. Adds the table's columns that
  /// it names to `columns`. False when it must not be used.
  bool Accept(FragmentCheck check, std::set<std::string>& columns);
};

Level BuildLevel(const catalog::Table& table, const Selection& selection, Building& building);

/// The mapping override of a path, or null.
const json::Value* OverrideOf(const config::Index& index, const std::string& path);

}  // namespace pgsluice::plan
