#include "plan/tree/fields.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/plan/engine_path.h"
#include "plan/index/type_rules.h"
#include "plan/sql/json_sql.h"
#include "plan/sql/sql_fragment.h"

namespace pgsluice::plan {

namespace {

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> ColumnNames(const catalog::Table& table) {
  std::vector<std::string> names;
  for (const catalog::Column& column : table.columns) names.push_back(column.name);
  return names;
}

/// Returns whether other paths begin with the field's, or no alias can replace it.
bool IsContainer(const Field& field) {
  return field.kind == Kind::kObject || field.kind == Kind::kJson || field.kind == Kind::kVector ||
         field.kind == Kind::kBinary || field.kind == Kind::kGeoPoint ||
         field.kind == Kind::kGeoShape;
}

/// Returns the names that columns keep, and those that the configuration gives.
std::set<std::string> TakenNames(const catalog::Table& table, const Selection& selection) {
  std::set<std::string> taken;
  for (const catalog::Column& column : table.columns) taken.insert(column.name);
  for (const auto& [column, name] : selection.rename) taken.insert(name);
  for (const auto& [name, computed] : selection.fields) taken.insert(name);
  return taken;
}

/// Returns a field name for a column. Columns whose names differ only in characters that the engine
/// does not allow get different names.
std::string FieldName(const std::string& column, const Field& field, const Selection& selection,
                      std::set<std::string>& taken, Building& building) {
  std::string name = FieldNameOf(column, selection.prefix.empty(), IsContainer(field));
  if (name == column) return name;
  while (!taken.insert(name).second) name += '_';
  building.Warn(selection.place,
                fmt::format("column {} becomes field {}: the engine does not allow its name",
                            Quoted(column), Quoted(name)),
                "give it a name of your own with \"rename\"");
  return name;
}

void ApplyOverride(const Building& building, Field& field) {
  const json::Value* definition = OverrideOf(building.index, field.path);
  const json::Value* type = definition == nullptr ? nullptr : definition->Find("type");
  if (type != nullptr && type->IsString()) ApplyEngineType(type->text, field);
  const auto is_false = [&](const char* name) {
    const json::Value* value = definition == nullptr ? nullptr : definition->Find(name);
    return value != nullptr && value->IsBool() && !value->boolean;
  };
  field.unindexed = is_false("index");
  // Not every engine can sort by a wildcard field, and only if it stores the values.
  const bool keeps = definition != nullptr && definition->Find("doc_values") != nullptr;
  field.no_values = is_false("doc_values") || (field.engine_type == "wildcard" && !keeps);
}

bool CheckSelection(const catalog::Table& table, const Selection& selection, Building& building) {
  const bool failed_before = building.failed;
  building.failed = false;
  const auto check = [&](const char* what, const std::string& column) {
    if (table.Find(column) == nullptr) {
      building.UnknownColumn(selection.place + "." + what, table, column);
    }
  };
  for (const std::string& column : selection.columns) check("columns", column);
  for (const std::string& column : selection.exclude) check("exclude", column);
  for (const auto& [column, name] : selection.rename) {
    check("rename", column);
    if (FieldNameOf(name, selection.prefix.empty(), false) != name) {
      building.Error(
          selection.place + ".rename", fmt::format("{} is not a field name", Quoted(name)),
          "field names do not contain a dot, do not begin with __ and are not the engine's own");
    }
  }
  const bool good = !building.failed;
  building.failed = building.failed || failed_before;
  return good;
}

void AddColumn(const catalog::Column& column, const Selection& selection,
               std::set<std::string>& taken, Building& building, Level& level) {
  const auto renamed = std::find_if(selection.rename.begin(), selection.rename.end(),
                                    [&](const auto& pair) { return pair.first == column.name; });
  Field field;
  const bool known = ApplyType(column.type, field);
  field.nullable = !column.not_null;
  field.name = renamed == selection.rename.end()
                   ? FieldName(column.name, field, selection, taken, building)
                   : renamed->second;
  field.path = selection.prefix + field.name;
  if (!known) {
    building.Warn(selection.place,
                  fmt::format("column {} has type {}, which is indexed as its text",
                              Quoted(column.name), column.type.sql));
  }
  ApplyOverride(building, field);
  Member member =
      MemberOf(field, column.type, fmt::format("{}.{}", selection.alias, Quoted(column.name)));
  level.columns.insert(column.name);
  level.fields.push_back(std::move(field));
  level.members.push_back(std::move(member));
}

void AddComputed(const catalog::Table& table, const std::string& name,
                 const config::Field& computed, const Selection& selection, Building& building,
                 Level& level) {
  const std::string place = selection.place + ".fields." + name;
  if (FieldNameOf(name, selection.prefix.empty(), false) != name) {
    building.Error(place, fmt::format("{} is not a field name", Quoted(name)),
                   "field names do not contain a dot, do not begin with __ and are not the "
                   "engine's own");
    return;
  }
  if (!building.Accept({FragmentCheck::Use::kValue, place, computed.sql, selection.alias, &table},
                       level.columns)) {
    return;
  }
  Field field;
  field.name = name;
  field.path = selection.prefix + name;
  field.pg_type = "computed";
  ApplyEngineType(computed.type.empty() ? "keyword" : computed.type, field);
  ApplyOverride(building, field);
  Member member;
  member.name = name;
  const std::string jsonb = fmt::format("to_jsonb(({}\n))", computed.sql);
  member.value = ParsableSql(jsonb);
  if (field.kind == Kind::kJson) {
    member.raw_when = fmt::format("coalesce({}, false)", JsonRefusedSql(jsonb));
  }
  level.fields.push_back(std::move(field));
  level.members.push_back(std::move(member));
}

}  // namespace

void Building::Error(const std::string& place, const std::string& message,
                     const std::string& hint) {
  findings.push_back({place, message, hint, false});
  failed = true;
}

void Building::Warn(const std::string& place, const std::string& message, const std::string& hint) {
  findings.push_back({place, message, hint, true});
}

void Building::UnknownColumn(const std::string& place, const catalog::Table& table,
                             const std::string& column) {
  const std::string nearest = config::Nearest(column, ColumnNames(table));
  Error(place, fmt::format("{} has no column {}", table.QualifiedName(), Quoted(column)),
        nearest.empty()
            ? "its columns are " + fmt::format("{}", fmt::join(ColumnNames(table), ", "))
            : "did you mean " + Quoted(nearest) + "?");
}

bool Building::Accept(FragmentCheck check, std::set<std::string>& columns) {
  const Fragment fragment = ReadFragment(check.sql);
  if (!fragment.error.empty()) {
    Error(check.place, fmt::format("the SQL {}", fragment.error),
          "write one expression over the table's own columns; other tables are embedded");
    return false;
  }
  for (const std::string& name : fragment.names) {
    if (check.table->Find(name) != nullptr) columns.insert(name);
  }
  checks.push_back(std::move(check));
  return true;
}

const json::Value* OverrideOf(const config::Index& index, const std::string& path) {
  for (const auto& [name, definition] : index.mapping) {
    if (name == path) return &definition;
  }
  return nullptr;
}

Level BuildLevel(const catalog::Table& table, const Selection& selection, Building& building) {
  Level level;
  if (!CheckSelection(table, selection, building)) return level;
  level.all_columns = selection.columns.empty() && !selection.no_columns;
  std::set<std::string> taken = TakenNames(table, selection);
  for (const catalog::Column& column : table.columns) {
    const bool wanted = level.all_columns || Contains(selection.columns, column.name);
    if (!wanted || Contains(selection.exclude, column.name)) continue;
    if (!column.can_select) {
      building.Error(selection.place,
                     fmt::format("no permission to read column {} of {}", Quoted(column.name),
                                 table.QualifiedName()),
                     fmt::format("GRANT SELECT ({}) ON {} TO <role>; or leave it out with "
                                 "\"exclude\"",
                                 Quoted(column.name), table.QualifiedName()));
    } else {
      AddColumn(column, selection, taken, building, level);
    }
  }
  for (const auto& [name, computed] : selection.fields) {
    AddComputed(table, name, computed, selection, building, level);
  }
  std::set<std::string> names;
  for (const Field& field : level.fields) {
    if (!names.insert(field.name).second) {
      building.Error(selection.place, fmt::format("two fields are named {}", Quoted(field.name)),
                     "rename or exclude one of them");
    }
  }
  return level;
}

}  // namespace pgsluice::plan
