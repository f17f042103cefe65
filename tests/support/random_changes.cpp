#include "support/random_changes.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/base/error.h"

namespace pgsluice::testing {

namespace {

/// No column has this name.
constexpr const char* kRow = "\"the row\"";

std::string Join(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> QuotedNames(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(pg::Session::QuoteName(name));
  return quoted;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<WrittenTable> WrittenTables(const catalog::Catalog& catalog) {
  std::vector<WrittenTable> tables;
  for (const catalog::Table& table : catalog.tables()) {
    if ((table.kind != 'r' && table.kind != 'p') || table.is_partition) continue;
    WrittenTable written;
    written.name = table.QualifiedName();
    for (const catalog::Column& column : table.columns) {
      if (column.generated) continue;
      written.columns.push_back({pg::Session::QuoteName(column.name), column.type.base,
                                 column.not_null,
                                 table.HasKey() && Contains(table.Identity(), column.name)});
    }
    for (const catalog::ForeignKey& key : catalog.foreign_keys()) {
      if (key.table != table.oid) continue;
      written.references.push_back({QuotedNames(key.columns),
                                    catalog.Find(key.target)->QualifiedName(),
                                    QuotedNames(key.target_columns)});
    }
    tables.push_back(std::move(written));
  }
  return tables;
}

bool RandomChanges::Try(const std::string& sql) {
  story_ += sql + ";\n";
  try {
    session_.Exec(sql);
    return true;
  } catch (const Error& error) {
    story_ += fmt::format("-- refused: {}\n", error.what());
    return false;
  }
}

void RandomChanges::Fill(int rounds) {
  for (int round = 0; round < rounds; ++round) {
    for (const WrittenTable& table : tables_) Try(Insert(table));
  }
}

void RandomChanges::Transact() {
  bool good = Try("BEGIN");
  for (int i = Random(3); good && i >= 0; --i) good = Try(Statement());
  Try(good && Random(10) != 0 ? "COMMIT" : "ROLLBACK");
  if (emptied_) Fill(6);
  emptied_ = false;
}

std::string RandomChanges::Statement() {
  if (next_ == 0) std::shuffle(tables_.begin(), tables_.end(), random_);
  const WrittenTable& table = tables_[next_];
  next_ = (next_ + 1) % tables_.size();
  const int kind = Random(100);
  if (kind < 35) return Insert(table);
  if (kind < 80) return Update(table);
  if (kind < 99) return fmt::format("DELETE FROM {} WHERE {}", table.name, SomeRows(table));
  emptied_ = true;
  return fmt::format("TRUNCATE {} CASCADE", table.name);
}

std::string RandomChanges::Value(const WrittenTable::Column& column) {
  if (!column.not_null && Random(7) == 0) return "NULL";
  const int number = 1 + Random(column.key ? 40 : 9);
  const std::string& type = column.type;
  if (type.rfind("int", 0) == 0) return std::to_string(number);
  if (type == "numeric") return fmt::format("{}.{}0", number, Random(10));
  if (type == "bool") return Random(2) == 0 ? "true" : "false";
  if (type == "date") return fmt::format("'2024-03-{:02}'", 1 + number % 28);
  if (type.rfind("timestamp", 0) == 0) {
    return fmt::format("'2024-03-{:02} 10:20:30.5'", 1 + number % 28);
  }
  if (type == "jsonb") return fmt::format(R"('{{"a": {{"b": "x{}"}}, "n": {}}}')", number, number);
  static const std::vector<std::string> words = {"plain", R"(qu"ote)", R"(back\slash)",
                                                 "ü",     "pi|pe",     ""};
  const std::string& word = words[random_() % words.size()];
  return pg::Session::QuoteLiteral(column.key ? fmt::format("{}{}", word, number) : word);
}

std::string RandomChanges::ReferencedRow(const WrittenTable::Reference& reference) {
  return fmt::format(
      "SELECT {0} FROM {1} AS {2} ORDER BY {2}::text OFFSET {3} % greatest((SELECT count(*) FROM "
      "{1}), 1) LIMIT 1",
      Join(reference.target_columns), reference.target, kRow, Random(40));
}

std::string RandomChanges::Insert(const WrittenTable& table) {
  std::vector<std::string> names, values;
  std::string joins;
  for (const WrittenTable::Reference& reference : table.references) {
    if (Random(7) == 0) continue;
    std::vector<std::string> aliases;
    for (std::size_t i = 0; i < reference.columns.size(); ++i) {
      const std::string value = fmt::format("v{}", names.size());
      aliases.push_back(value);
      if (Contains(names, reference.columns[i])) {
        aliases.back() = fmt::format("unused{}", aliases.size());
        continue;
      }
      names.push_back(reference.columns[i]);
      values.push_back(value);
    }
    joins += fmt::format(" LEFT JOIN ({}) AS r{} ({}) ON true", ReferencedRow(reference),
                         joins.size(), Join(aliases));
  }
  for (const WrittenTable::Column& column : table.columns) {
    if (Contains(names, column.name)) continue;
    names.push_back(column.name);
    values.push_back(fmt::format("{}::{}", Value(column), column.type));
  }
  return fmt::format(
      "INSERT INTO {} ({}) SELECT {} FROM (VALUES (1)) AS one{} ON CONFLICT DO NOTHING", table.name,
      Join(names), Join(values), joins);
}

std::string RandomChanges::Update(const WrittenTable& table) {
  std::vector<std::string> sets, names;
  for (const WrittenTable::Reference& reference : table.references) {
    const bool again =
        std::any_of(reference.columns.begin(), reference.columns.end(),
                    [&](const std::string& column) { return Contains(names, column); });
    if (again || Random(static_cast<int>(table.references.size()) + 1) != 0) continue;
    sets.push_back(fmt::format("({}) = ({})", Join(reference.columns), ReferencedRow(reference)));
    names.insert(names.end(), reference.columns.begin(), reference.columns.end());
  }
  while (sets.empty() || Random(3) == 0) {
    const WrittenTable::Column& column = table.columns[random_() % table.columns.size()];
    if (Contains(names, column.name)) break;
    sets.push_back(fmt::format("{} = {}", column.name, Value(column)));
    names.push_back(column.name);
  }
  const std::string where = Random(8) == 0 ? "" : " WHERE " + SomeRows(table);
  return fmt::format("UPDATE {} SET {}{}", table.name, Join(sets), where);
}

std::string RandomChanges::SomeRows(const WrittenTable& table) {
  return fmt::format(
      "(tableoid, ctid) IN (SELECT tableoid, ctid FROM {0} AS {1} ORDER BY {1}::text OFFSET {2} "
      "LIMIT {3})",
      table.name, kRow, Random(14), Random(4) == 0 ? 4 : 1);
}

}  // namespace pgsluice::testing
