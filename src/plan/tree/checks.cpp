#include "plan/tree/checks.h"

#include <spdlog/fmt/fmt.h>

#include <array>

#include "pgsluice/json/writer.h"
#include "pgsluice/pg/sql_error.h"
#include "plan/sql/sql_fragment.h"
#include "plan/sql/value_sql.h"

namespace pgsluice::plan {

namespace {

constexpr const char* kSetRefreshAt =
    "set \"refresh_at\" of the index to the time at which the document changes, or compare "
    "times at search, with a filter";

/// Returns whether documents are read again although their rows do not change.
bool RefreshedByTime(const Building& building) {
  return !building.index.refresh_at.empty() || building.index.refresh_every.count() > 0;
}

/// Returns SQL that checks a fragment. Inside a condition the server refuses aggregates, window and
/// set-returning functions, so values and order lists are checked as parts of a condition.
std::string CheckSql(const FragmentCheck& check) {
  const std::string from =
      fmt::format("EXPLAIN SELECT 1 FROM {}.{} AS {}", Quoted(check.table->schema),
                  Quoted(check.table->name), check.alias);
  switch (check.use) {
    case FragmentCheck::Use::kCondition:
      return fmt::format("{} WHERE ({}\n)", from, check.sql);
    case FragmentCheck::Use::kValue:
      return fmt::format("{} WHERE to_jsonb(({}\n)) IS NOT NULL", from, check.sql);
    case FragmentCheck::Use::kOrder:
      return fmt::format("{} ORDER BY {}", from, check.sql);
    case FragmentCheck::Use::kTime:  // arrays of different types are not compared
      return fmt::format("{} WHERE ARRAY[({}\n)] <> ARRAY[now()]", from, check.sql);
  }
  return from;
}

std::string Wanted(const FragmentCheck& check) {
  switch (check.use) {
    case FragmentCheck::Use::kCondition:
      return "write a condition over the table's columns";
    case FragmentCheck::Use::kTime:
      return "write a timestamptz over the table's columns, as in published_at";
    default:
      return "write an expression over the table's columns, which may use the alias " + check.alias;
  }
}

void CheckParses(pg::Session& session, const FragmentCheck& check, Building& building) {
  pg::Transaction transaction(session);
  session.Exec("SET TRANSACTION READ ONLY");
  try {
    session.ExecParams(CheckSql(check), {});
  } catch (const pg::SqlError& error) {
    if (error.disposition() == Disposition::kRetry) throw;
    building.Error(check.place, fmt::format("the server refuses the SQL: {}", error.what()),
                   Wanted(check));
  }
}

std::pair<std::string, std::string> SplitFunction(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return {"pg_catalog", name};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

/// Refuses volatile functions, and warns about stable ones. The results of PostgreSQL's own stable
/// functions depend on settings, which are always the same, or on the clock: see WarnOfClock().
void CheckFunctions(pg::Session& session, const FragmentCheck& check, Building& building) {
  static const pg::Statement kFunctions{
      "document:functions",
      "SELECT n.nspname || '.' || p.proname, bool_or(p.provolatile = 'v') FROM "
      "jsonb_array_elements($1::jsonb) AS e(v) JOIN pg_catalog.pg_namespace n "
      "ON n.nspname = e.v ->> 0 JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid "
      "AND p.proname = e.v ->> 1 WHERE "
      "p.provolatile = 'v' OR p.provolatile = 's' AND n.nspname <> 'pg_catalog' GROUP BY 1"};
  std::string names = "[";
  for (const std::string& function : ReadFragment(check.sql).functions) {
    const auto [schema, name] = SplitFunction(function);
    names += fmt::format("{}[{},{}]", names.size() > 1 ? "," : "", json::Quote(schema),
                         json::Quote(name));
  }
  if (names.size() == 1) return;
  const pg::Result found = session.Exec(kFunctions, {names + "]"});
  for (std::size_t row = 0; row < found.rows(); ++row) {
    if (!found.Bool(row, 1)) {
      if (!RefreshedByTime(building)) {
        building.Warn(
            check.place,
            fmt::format("the SQL calls {}, which is not immutable: if its result changes, "
                        "documents change only with their rows",
                        found.Text(row, 0)),
            kSetRefreshAt);
      }
      continue;
    }
    building.Error(check.place,
                   fmt::format("the SQL calls {}, which is volatile: its result changes without an "
                               "event",
                               found.Text(row, 0)),
                   "use functions that are declared STABLE or IMMUTABLE");
  }
}

void WarnOfClock(const FragmentCheck& check, Building& building) {
  if (RefreshedByTime(building)) return;
  static constexpr std::array<const char*, 9> kClock = {
      "now",          "current_date", "current_timestamp",     "localtimestamp",
      "current_time", "localtime",    "transaction_timestamp", "statement_timestamp",
      "age"};
  const Fragment fragment = ReadFragment(check.sql);
  for (const char* name : kClock) {
    if (fragment.names.count(name) == 0 || check.table->Find(name) != nullptr) continue;
    // age(a, b) is the difference of two times and does not read the clock.
    if (std::string_view(name) == "age" && check.sql.find(',') != std::string::npos) continue;
    building.Warn(
        check.place,
        fmt::format("the SQL reads the clock ({}): the passing of time is not an event, so "
                    "documents change only with their rows",
                    name),
        kSetRefreshAt);
    return;
  }
}

}  // namespace

bool CheckTable(const catalog::Table& table, const std::string& place, Building& building) {
  const std::string name = table.QualifiedName();
  if (table.kind == 'f') {
    building.Error(place, name + " is a foreign table: its changes cannot be captured here",
                   "run pgsluice on the database where the table lives");
    return false;
  }
  if (!table.can_select) {
    building.Error(place, "no permission to read " + name,
                   fmt::format("GRANT USAGE ON SCHEMA {} TO <role>; GRANT SELECT ON {} TO <role>;",
                               Quoted(table.schema), name));
    return false;
  }
  if (table.row_security) {
    building.Error(
        place, fmt::format("row-level security of {} hides rows from this role", name),
        "ALTER ROLE <role> BYPASSRLS; or use a role that owns the table and is not forced");
    return false;
  }
  return true;
}

const catalog::Table* FindTable(const std::string& name, const std::string& place,
                                Building& building) {
  const catalog::Table* table = nullptr;
  try {
    table = building.catalog.Find(std::string_view(name));
  } catch (const Error& error) {
    building.Error(place, error.what(), error.hint());
    return nullptr;
  }
  if (table != nullptr) return table;
  std::vector<std::string> names;
  for (const catalog::Table& candidate : building.catalog.tables()) {
    names.push_back(candidate.QualifiedName());
    if (candidate.schema == "public") names.push_back(candidate.name);
  }
  const std::string nearest = config::Nearest(name, names);
  building.Error(place, fmt::format("there is no table {}", name),
                 nearest.empty() ? "names of other schemas than public are written with the schema"
                                 : fmt::format("did you mean {}?", nearest));
  return nullptr;
}

std::string WithoutFunctions(std::string sql) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kInstead = {
      {{"pgsluice.version()", "0"},
       {"pgsluice.typed(", "coalesce("},
       {"pgsluice.nested(", "concat("},
       {"pgsluice.key_text(", "concat("}}};
  for (const auto& [function, instead] : kInstead) {
    for (std::size_t at = sql.find(function); at != std::string::npos;
         at = sql.find(function, at + instead.size())) {
      sql.replace(at, function.size(), instead);
    }
  }
  return sql;
}

void CheckStatements(pg::Session& session, const Plan& plan, Building& building) {
  std::vector<const pg::Statement*> statements = {&plan.read_by_key};
  if (plan.read_many_by_key.name != plan.read_by_key.name) {
    statements.push_back(&plan.read_many_by_key);
  }
  for (const Source& source : plan.sources) {
    if (!source.to_roots.sql.empty()) statements.push_back(&source.to_roots);
  }
  for (const pg::Statement* statement : statements) {
    const std::string sql = "EXPLAIN " + WithoutFunctions(statement->sql);
    pg::Transaction transaction(session);
    session.Exec("SET TRANSACTION READ ONLY");
    try {
      session.ExecParams(sql, {"[]"});
    } catch (const pg::SqlError& error) {
      if (error.disposition() == Disposition::kRetry) throw;
      building.Error(building.index.place,
                     fmt::format("the server refuses the documents' SQL: {}", error.what()),
                     "compare the types of the columns in \"on\" and the order lists");
      return;
    }
  }
}

void CheckFragments(pg::Session& session, Building& building) {
  for (const FragmentCheck& check : building.checks) {
    CheckParses(session, check, building);
    CheckFunctions(session, check, building);
    WarnOfClock(check, building);
  }
}

}  // namespace pgsluice::plan
