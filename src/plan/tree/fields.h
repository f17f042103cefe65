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

/// An SQL fragment that the server still has to check.
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
  std::string prefix;  ///< Path of the object with a dot at the end; empty for the root.
};

struct Level {
  std::vector<Field> fields;
  std::vector<Member> members;
  std::set<std::string> columns;  ///< Columns that the members read.
  bool all_columns = false;  ///< The selection was not restricted, so new columns belong to it.
};

/// The collector that is passed around while plans are built.
struct Building {
  const catalog::Catalog& catalog;
  const config::Index& index;
  config::Findings& findings;
  std::vector<FragmentCheck> checks;
  bool failed = false;

  void Error(const std::string& place, const std::string& message, const std::string& hint = {});
  void Warn(const std::string& place, const std::string& message, const std::string& hint = {});
  /// Reports an unknown column, with the nearest name.
  void UnknownColumn(const std::string& place, const catalog::Table& table,
                     const std::string& column);
  /// Checks a fragment lexically and keeps it for the server's check. Adds the table's columns that
  /// it names to `columns`. Returns false if it must not be used.
  bool Accept(FragmentCheck check, std::set<std::string>& columns);
};

Level BuildLevel(const catalog::Table& table, const Selection& selection, Building& building);

/// Returns the mapping override of a path, or null.
const json::Value* OverrideOf(const config::Index& index, const std::string& path);

}  // namespace pgsluice::plan
