#include "support/random_schema.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/pg/session.h"

namespace pgsluice::testing {

namespace {

std::string Join(const std::vector<std::string>& parts, const char* between = ", ") {
  return fmt::format("{}", fmt::join(parts, between));
}

// Names of 63 bytes that differ in the last one.
const std::string kLongest(62, 'x');

std::string Q(const std::string& name) { return pg::Session::QuoteName(name); }

}  // namespace

std::vector<std::string> Quoted(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(Q(name));
  return quoted;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const std::string& RandomSchema::Table::TypeOf(const std::string& column) const {
  return std::find_if(columns.begin(), columns.end(),
                      [&](const Column& own) { return own.name == column; })
      ->type;
}

RandomSchema::RandomSchema(std::mt19937& random)
    : random_(random), indexed_(static_cast<unsigned>(random() | random())) {
  for (int left = 3 + Random(4); left > 0; --left) AddTable();
  if (Random(2) == 0) AddView();
}

std::string RandomSchema::NewName(const Table& table) {
  static const std::vector<std::string> names = {
      "n",     "s",    "name", "Odd Col", "order",        "child",       "root",  "a\"b", "ü",
      "value", "l",    "x",    "v",       "asked",        "it's",        "user",  "doc",  "100%",
      "%s",    "%41",  "a/b",  "a\\b",    "a|b",          " lead",       "\ttab", "😀",    "İ",
      "ΣΟΣ",   "_doc", "#",    "$1",      kLongest + "y", kLongest + "z"};
  for (;;) {
    std::string name = names[random_() % names.size()];
    const bool taken = std::any_of(table.columns.begin(), table.columns.end(),
                                   [&](const Column& own) { return own.name == name; });
    if (!taken) return name;
  }
}

void RandomSchema::AddKey(Table& table) {
  static const std::vector<std::string> types = {"int4", "int4", "int8", "text"};
  const int columns = Random(6) == 0 ? 0 : 1 + static_cast<int>(Random(4) == 0);
  for (int i = 0; i < columns; ++i) {
    table.columns.push_back({NewName(table), types[random_() % types.size()]});
    table.key.push_back(table.columns.back().name);
  }
  table.primary = Random(5) != 0;
}

void RandomSchema::AddReference(Table& table) {
  std::vector<std::size_t> targets;
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    if (!tables_[i].key.empty()) targets.push_back(i);
  }
  const bool itself = !table.key.empty() && (targets.empty() || Random(6) == 0);
  if (targets.empty() && !itself) return;
  Reference reference;
  reference.target = itself ? tables_.size() : targets[random_() % targets.size()];
  const Table& target = itself ? table : tables_[reference.target];
  reference.enforced = Random(2) == 0 && !target.partitioned;
  std::vector<Column> added;
  for (const std::string& column : target.key) {
    added.push_back(
        {fmt::format("ref{}_{}", table.references.size(), added.size()), target.TypeOf(column)});
    if (added.back().type == "int4" && Random(8) == 0) added.back().type = "int8";
    reference.columns.push_back(added.back().name);
  }
  table.columns.insert(table.columns.end(), added.begin(), added.end());
  table.references.push_back(std::move(reference));
}

void RandomSchema::AddTable() {
  static const std::vector<std::string> schemas = {"public.", "public.", "crm.", "\"Other One\".",
                                                   "\"100%\"."};
  static const std::vector<std::string> names = {
      "item", "order", "Odd Name", "n", "s", "roots", "%s", "a/b\\", "İstanbul ẞ", kLongest};
  static const std::vector<std::string> types = {"int4", "int8", "numeric",     "text", "text",
                                                 "bool", "date", "timestamptz", "jsonb"};
  Table table;
  table.name = schemas[random_() % schemas.size()] +
               Q(fmt::format("{}{}", names[random_() % names.size()], tables_.size()));
  const bool link = tables_.size() >= 2 && Random(3) == 0;
  if (!link || Random(3) == 0) AddKey(table);
  if (tables_.empty() && table.key.empty()) {
    table.columns.push_back({"id", "int4"});
    table.key = {"id"};
  }
  table.partitioned = table.key.size() == 1 && table.columns[0].type == "int4" && Random(8) == 0;
  for (int left = link ? 2 : Random(3); left > 0; --left) AddReference(table);
  if (link && table.key.empty() && table.references.size() == 2 && Random(2) == 0) {
    for (const Reference& reference : table.references) {
      table.key.insert(table.key.end(), reference.columns.begin(), reference.columns.end());
    }
  }
  for (int left = link ? Random(2) : 2 + Random(3); left > 0; --left) {
    table.columns.push_back({NewName(table), types[random_() % types.size()]});
  }
  if (table.columns.empty()) table.columns.push_back({"n", "int4"});
  tables_.push_back(std::move(table));
}

void RandomSchema::AddView() {
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    const Table& base = tables_[i];
    if (base.references.empty()) continue;
    Table view;
    view.name = fmt::format("public.view{}", i);
    view.view_of = i;
    view.key = base.references[0].columns;
    for (const std::string& column : view.key)
      view.columns.push_back({column, base.TypeOf(column)});
    view.columns.push_back({"rows", "int8"});
    view.references = {base.references[0]};
    view.references[0].enforced = false;
    tables_.push_back(std::move(view));
    return;
  }
}

std::string RandomSchema::CreateTable(const Table& table) const {
  std::vector<std::string> parts;
  for (const Column& column : table.columns) {
    const bool not_null = Contains(table.key, column.name);
    parts.push_back(
        fmt::format("{} {}{}", Q(column.name), column.type, not_null ? " NOT NULL" : ""));
  }
  if (!table.key.empty()) {
    parts.push_back(
        fmt::format("{} ({})", table.primary ? "PRIMARY KEY" : "UNIQUE", Join(Quoted(table.key))));
  }
  std::string indexes;
  for (const Reference& reference : table.references) {
    const Table& target = tables_[reference.target];
    const std::string columns = Join(Quoted(reference.columns));
    if (reference.enforced) {
      parts.push_back(
          fmt::format("FOREIGN KEY ({}) REFERENCES {} ({}) ON UPDATE CASCADE ON DELETE {}", columns,
                      target.name, Join(Quoted(target.key)),
                      Contains(table.key, reference.columns[0]) ? "CASCADE" : "SET NULL"));
    }
    const auto number = static_cast<unsigned>(&reference - table.references.data()) +
                        3U * static_cast<unsigned>(&table - tables_.data());
    if (((indexed_ >> number) & 1U) != 0) {
      indexes += fmt::format("CREATE INDEX ON {} ({});\n", table.name, columns);
    }
  }
  std::string sql = fmt::format("CREATE TABLE {} ({})", table.name, Join(parts));
  if (table.partitioned) sql += fmt::format(" PARTITION BY RANGE ({})", Q(table.key[0]));
  sql += ";\n";
  for (int part = 0; table.partitioned && part < 3; ++part) {
    sql += fmt::format("CREATE TABLE parts.p{}_{} PARTITION OF {} FOR VALUES FROM ({}) TO ({});\n",
                       &table - tables_.data(), part, table.name, part * 15, part * 15 + 15);
  }
  return sql + indexes;
}

std::string RandomSchema::CreateView(const Table& view) const {
  const std::string key = Join(Quoted(view.key));
  return fmt::format(
      "CREATE VIEW {} AS SELECT {}, count(*) AS rows FROM {} WHERE ({}) IS NOT NULL GROUP BY {};\n",
      view.name, key, tables_[view.view_of].name, key, key);
}

std::string RandomSchema::Sql() const {
  std::string sql =
      "CREATE SCHEMA crm; CREATE SCHEMA \"Other One\"; CREATE SCHEMA \"100%\"; CREATE "
      "SCHEMA parts;\n";
  for (const Table& table : tables_) {
    sql += table.view_of == kNone ? CreateTable(table) : CreateView(table);
  }
  return sql;
}

}  // namespace pgsluice::testing
