#include "support/random_members.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

#include "pgsluice/base/error.h"
#include "pgsluice/plan/engine_path.h"
#include "support/names.h"

namespace pgsluice::testing {

namespace {

std::string Q(const std::string& name) { return pg::Session::QuoteName(name); }
std::string Literal(const std::string& text) { return pg::Session::QuoteLiteral(text); }

/// Values by type, as format_type() names it. Those of ranges and bytea are not what to_json()
/// returns; other tests compare them.
const std::map<std::string, std::vector<std::string>>& Values() {
  static const std::map<std::string, std::vector<std::string>> values = {
      {"smallint", {"7", "-32768"}},
      {"integer", {"1", "42", "-2147483648"}},
      {"bigint", {"9007199254740993", "-1"}},
      {"numeric", {"1.50", "12345678901234567890.123", "NaN"}},
      {"real", {"0.5", "1e10"}},
      {"double precision", {"0.1", "1e100", "-Infinity"}},
      {"boolean", {"true", "false"}},
      {"text", {"plain", "qu\"ote", "back\\slash", "ü", "pi|pe", ""}},
      {"character varying(40)", {"short", "it's"}},
      {"character(4)", {"ab"}},
      {"date", {"2024-02-29", "infinity"}},
      {"timestamp without time zone", {"2024-03-01 10:20:30.5"}},
      {"timestamp with time zone", {"2024-03-01 10:20:30.5+02"}},
      {"time without time zone", {"10:11:12"}},
      {"interval", {"1 day 02:00:00"}},
      {"uuid", {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
      {"jsonb", {R"({"a": {"b": "x"}, "n": 1.50})", "[1, null]", R"("text")"}},
      {"inet", {"10.0.0.1", "10.0.0.0/8", "::1"}},
      {"cidr", {"10.0.0.0/8"}},
      {"macaddr", {"08:00:2b:01:02:03"}},
      {"bit(3)", {"101"}},
      {"money", {"12.50"}},
      {"integer[]", {"{1,NULL,3}", "{}"}},
      {"text[]", {R"({a,"b,c",NULL})"}},
      {"mood", {"fine", "so \"so\""}},
      {"positive", {"5"}}};
  return values;
}

}  // namespace

RandomMembers::RandomMembers(pg::Session& session, unsigned seed)
    : session_(session), random_(seed), names_(OddNames()) {
  // In a configuration file, this one would be replaced by a variable's value.
  std::erase(names_, "${HOME}");
  std::shuffle(names_.begin(), names_.end(), random_);
  AddPartitions();
  AddInheritance();
}

std::string RandomMembers::NewName() {
  if (names_.empty()) return Q(fmt::format("one more {}", ++numbered_));
  std::string name = std::move(names_.back());
  names_.pop_back();
  return Q(name);
}

std::string RandomMembers::NewTable() {
  return (Random(3) == 0 ? "\"100% \"\"x\"\"\"." : "public.") + NewName();
}

std::string RandomMembers::TypeAtRandom() {
  return std::next(Values().begin(), Random(static_cast<int>(Values().size())))->first;
}

std::string RandomMembers::NewColumns(int count) {
  std::string columns;
  for (; count > 0; --count) columns += fmt::format(", {} {}", NewName(), TypeAtRandom());
  return columns;
}

void RandomMembers::AddPartitions() {
  const std::string root = NewTable(), middle = NewTable();
  const auto bounds = [](int low, int high) {
    return fmt::format("FOR VALUES FROM ({}) TO ({})", low, high);
  };
  create_ += fmt::format("CREATE TABLE {} (id int PRIMARY KEY{}) PARTITION BY RANGE (id);\n", root,
                         NewColumns(5));
  members_.push_back({root, "", "", 0, 60, false, false, false});
  const auto add = [&](const std::string& table, const std::string& parent, int low, int high,
                       bool leaf) {
    create_ += fmt::format("CREATE TABLE {} PARTITION OF {} {}{};\n", table, parent,
                           bounds(low, high), leaf ? "" : " PARTITION BY RANGE (id)");
    members_.push_back({table, parent, bounds(low, high), low, high, false, leaf, false});
  };
  add(middle, root, 0, 40, false);
  add(NewTable(), middle, 0, 20, true);
  add(NewTable(), middle, 20, 40, true);
  add(NewTable(), root, 40, 60, true);
}

void RandomMembers::AddInheritance() {
  const std::string root = NewTable(), middle = NewTable();
  create_ += fmt::format("CREATE TABLE {} (id int PRIMARY KEY{});\n", root, NewColumns(4));
  members_.push_back({root, "", "", 0, 16, true, false, false});
  const auto add = [&](const std::string& table, const std::string& parent, int low, int high,
                       bool leaf) {
    create_ += fmt::format("CREATE TABLE {} (PRIMARY KEY (id){}) INHERITS ({});\n", table,
                           NewColumns(1), parent);
    members_.push_back({table, parent, "", low, high, true, leaf, false});
  };
  add(middle, root, 12, 28, false);
  add(NewTable(), middle, 24, 40, true);
  add(NewTable(), root, 36, 50, true);
}

void RandomMembers::Create() {
  for (const std::string& sql :
       {std::string("SET search_path = public; SET timezone = 'UTC'"),
        std::string("CREATE TYPE mood AS ENUM ('fine', 'so \"so\"')"),
        std::string("CREATE DOMAIN positive AS int CHECK (VALUE > 0)"),
        std::string("CREATE SCHEMA \"100% \"\"x\"\"\"; CREATE SCHEMA attic"), create_}) {
    story_ += sql + ";\n";
    session_.Exec(sql);
  }
  for (const Member& member : members_) {
    for (int row = 0; row < 6; ++row) Try(Insert(member));
  }
}

bool RandomMembers::Try(const std::string& sql) {
  story_ += sql + ";\n";
  try {
    session_.Exec(sql);
    return true;
  } catch (const Error& error) {
    story_ += fmt::format("-- refused: {}\n", error.what());
    return false;
  }
}

std::vector<RandomMembers::Column> RandomMembers::ColumnsOf(const std::string& table) {
  const pg::Result rows = session_.Exec(fmt::format(
      "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = "
      "{}::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
      Literal(table)));
  std::vector<Column> columns;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    columns.push_back({std::string(rows.Text(row, 0)), std::string(rows.Text(row, 1))});
  }
  return columns;
}

const std::string& RandomMembers::RootOf(const Member& member) const {
  const Member* at = &member;
  while (!at->parent.empty()) {
    at = &*std::find_if(members_.begin(), members_.end(),
                        [&](const Member& other) { return other.table == at->parent; });
  }
  return at->table;
}

std::vector<RandomMembers::Column> RandomMembers::ColumnsOfTree(const Member& member) {
  std::vector<Column> columns = ColumnsOf(RootOf(member));
  std::erase_if(columns, [](const Column& column) { return column.name == "id"; });
  return columns;
}

std::string RandomMembers::Value(const std::string& type) {
  const auto known = Values().find(type);
  if (known == Values().end() || Random(6) == 0) return "NULL";
  return fmt::format("{}::{}", Literal(known->second[random_() % known->second.size()]), type);
}

std::string RandomMembers::Insert(const Member& member) {
  std::string names = "id", values = std::to_string(member.low + Random(member.high - member.low));
  for (const Column& column : ColumnsOf(member.table)) {
    if (column.name == "id" || Random(5) == 0) continue;
    names += ", " + Q(column.name);
    values += ", " + Value(column.type);
  }
  return fmt::format("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING", member.table, names,
                     values);
}

std::string RandomMembers::Update(const Member& member) {
  const std::vector<Column> columns = ColumnsOf(member.table);
  const Column& column = columns[random_() % columns.size()];
  const std::string where =
      Random(3) == 0 ? "" : fmt::format(" WHERE id % {} = {}", 2 + Random(5), Random(3));
  if (column.name == "id") {
    const int from = Random(60);
    return fmt::format("UPDATE {} SET id = {} WHERE id = {}", member.table, Random(60), from);
  }
  return fmt::format("UPDATE {} SET {} = {}{}", member.table, Q(column.name), Value(column.type),
                     where);
}

std::string RandomMembers::Statement(const Member& member) {
  switch (Random(12)) {
    case 0:
    case 1:
    case 2:
      return Insert(member);
    case 3:
      return fmt::format("DELETE FROM {} WHERE id % 7 = {}", member.table, Random(7));
    case 4: {
      const int at = Random(40);
      return fmt::format(
          "WITH gone AS (DELETE FROM {0} WHERE id = {1} RETURNING id) INSERT INTO {0} (id) SELECT "
          "id + 10 FROM gone ON CONFLICT DO NOTHING",
          member.table, at);
    }
    case 5:
      if (Random(3) != 0) return Insert(member);
      return fmt::format("TRUNCATE {}{}", member.inherits && Random(2) == 0 ? "ONLY " : "",
                         member.table);
    default:
      return Update(member);
  }
}

void RandomMembers::ChangeColumns(const Member& member) {
  const std::string& root = RootOf(member);
  const std::vector<Column> columns = ColumnsOfTree(member);
  if (columns.size() < 3 || (columns.size() < 8 && Random(3) == 0)) {
    const std::string type = TypeAtRandom();
    Try(fmt::format("ALTER TABLE {} ADD COLUMN {} {}{}", root, NewName(), type,
                    Random(2) == 0 ? " DEFAULT " + Value(type) : ""));
    return;
  }
  const Column& column = columns[random_() % columns.size()];
  switch (Random(3)) {
    case 0:
      Try(fmt::format("ALTER TABLE {} RENAME COLUMN {} TO {}", root, Q(column.name), NewName()));
      return;
    case 1:
      Try(fmt::format("ALTER TABLE {} DROP COLUMN {}", root, Q(column.name)));
      return;
    default:
      Try(
          fmt::format("ALTER TABLE {0} ALTER COLUMN {1} DROP DEFAULT, ALTER COLUMN {1} TYPE text "
                      "USING {1}::text",
                      root, Q(column.name)));
  }
}

void RandomMembers::Detach(Member& member) {
  member.detached =
      Try(member.inherits
              ? fmt::format("ALTER TABLE {} NO INHERIT {}", member.table, member.parent)
              : fmt::format("ALTER TABLE {} DETACH PARTITION {}", member.parent, member.table));
}

void RandomMembers::Attach(Member& member) {
  member.detached =
      !Try(member.inherits ? fmt::format("ALTER TABLE {} INHERIT {}", member.table, member.parent)
                           : fmt::format("ALTER TABLE {} ATTACH PARTITION {} {}", member.parent,
                                         member.table, member.bounds));
}

void RandomMembers::Replace(const Member& leaf) {
  const std::string name = leaf.table.substr(leaf.table.find(".\"") + 1);
  Try(fmt::format(
      "BEGIN; ALTER TABLE {parent} DETACH PARTITION {table}; ALTER TABLE {table} SET SCHEMA attic; "
      "CREATE TABLE {table} (LIKE attic.{name} INCLUDING ALL); INSERT INTO {table} SELECT * FROM "
      "attic.{name} WHERE id % 2 = 0; ALTER TABLE {parent} ATTACH PARTITION {table} {bounds}; DROP "
      "TABLE attic.{name}; COMMIT",
      fmt::arg("parent", leaf.parent), fmt::arg("table", leaf.table), fmt::arg("name", name),
      fmt::arg("bounds", leaf.bounds)));
  Try("ROLLBACK");
}

void RandomMembers::MoveAndBack(const Member& member) {
  const std::size_t dot = member.table.find(".\"", 1);
  const std::string schema = member.table.substr(0, dot), name = member.table.substr(dot + 1);
  if (!Try(fmt::format("ALTER TABLE {} SET SCHEMA attic", member.table))) return;
  Try(fmt::format("UPDATE attic.{} SET id = id WHERE id % 2 = 0", name));
  Try(fmt::format("DELETE FROM attic.{} WHERE id % 5 = 0", name));
  Try(fmt::format("ALTER TABLE attic.{} SET SCHEMA {}", name, schema));
}

void RandomMembers::ChangeTree(Member& member) {
  if (member.detached) return Attach(member);
  if (member.parent.empty() || Random(3) == 0) return MoveAndBack(member);
  if (member.leaf && !member.inherits && Random(2) == 0) return Replace(member);
  Detach(member);
  if (!member.detached) return;
  Try(Insert(member));
  Try(Statement(member));
  if (Random(2) == 0) Attach(member);
}

void RandomMembers::Step() {
  Member& member = Any();
  switch (Random(8)) {
    case 0:
      return ChangeColumns(member);
    case 1:
      return ChangeTree(member);
    default:
      for (int left = 1 + Random(3); left > 0; --left) Write();
  }
}

std::string RandomMembers::Oracle(const std::string& table) {
  std::string members;
  for (const Column& column : ColumnsOf(table)) {
    const bool container = column.type == "jsonb";
    members += fmt::format("{}{}, {}", members.empty() ? "" : ", ",
                           Literal(plan::FieldNameOf(column.name, true, container)),
                           "x." + Q(column.name));
  }
  return fmt::format("SELECT x.id::text, json_build_object({}) FROM {} AS x", members, table);
}

}  // namespace pgsluice::testing
