#include "catalog/loader.h"

#include <set>
#include <utility>

#include "catalog/catalog_sql.h"
#include "catalog/types.h"

namespace pgsluice::catalog {

namespace {

std::uint32_t Oid(const pg::Result& rows, std::size_t row, std::size_t column) {
  return static_cast<std::uint32_t>(rows.Int(row, column));
}

std::string Text(const pg::Result& rows, std::size_t row, std::size_t column) {
  return std::string(rows.Text(row, column));
}

using Children = std::map<std::uint32_t, std::vector<std::uint32_t>>;

/// Collects everything below `oid`, each once even if several paths lead to it.
void Collect(const Children& children, std::uint32_t oid, std::set<std::uint32_t>& found) {
  const auto own = children.find(oid);
  if (own == children.end()) return;
  for (const std::uint32_t child : own->second) {
    if (found.insert(child).second) Collect(children, child, found);
  }
}

void AddColumn(Index& index, const pg::Result& rows, std::size_t row, bool& leading) {
  leading = leading && !rows.IsNull(row, 6);
  if (leading) {
    index.columns.push_back(Text(rows, row, 6));
  } else {
    index.unique = false;  // unique only together with an expression
  }
}

}  // namespace

std::vector<Table> Loader::Tables() {
  ReadRelations();
  ReadLayouts();
  ReadColumns();
  ReadIndexes();
  ReadDescendants();
  return tables_;
}

Table* Loader::Find(std::uint32_t oid) {
  const auto place = places_.find(oid);
  return place == places_.end() ? nullptr : &tables_[place->second];
}

void Loader::ReadRelations() {
  const pg::Result rows = session_.Exec(sql::kRelations);
  tables_.reserve(rows.rows());
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    Table table;
    table.oid = Oid(rows, row, 0);
    table.filenode = Oid(rows, row, 1);
    table.schema = Text(rows, row, 2);
    table.name = Text(rows, row, 3);
    table.kind = rows.Text(row, 4).front();
    table.is_partition = rows.Bool(row, 5);
    table.row_security = rows.Bool(row, 6);
    table.can_select = rows.Bool(row, 7);
    table.estimated_rows = table.kind == 'v' ? -1 : static_cast<double>(rows.Int(row, 8));
    table.rule = Text(rows, row, 9);
    table.can_attach = rows.Bool(row, 10);
    table.owner = Text(rows, row, 11);
    places_[table.oid] = tables_.size();
    tables_.push_back(std::move(table));
  }
}

void Loader::ReadLayouts() {
  const pg::Result rows = session_.Exec(sql::kLayouts);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (Table* table = Find(Oid(rows, row, 0))) table->layout = rows.Int(row, 1);
  }
}

void Loader::ReadColumns() {
  const Types types(session_);
  const pg::Result rows = session_.Exec(sql::kColumns);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    Table* table = Find(Oid(rows, row, 0));
    if (table == nullptr) continue;
    Column column;
    column.number = static_cast<int>(rows.Int(row, 1));
    column.name = Text(rows, row, 2);
    column.type = types.Resolve(Oid(rows, row, 3), Text(rows, row, 4), rows.Bool(row, 7));
    column.not_null = rows.Bool(row, 5);
    column.generated = rows.Bool(row, 6);
    column.can_select = rows.Bool(row, 8);
    table->columns.push_back(std::move(column));
  }
}

void Loader::ReadIndexes() {
  const pg::Result rows = session_.Exec(sql::kIndexes);
  std::uint32_t last = 0;
  bool leading = true;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    Table* table = Find(Oid(rows, row, 0));
    if (table == nullptr) continue;
    if (const std::uint32_t oid = Oid(rows, row, 1); oid != last) {
      Index index;
      index.name = Text(rows, row, 2);
      index.partial = rows.Bool(row, 5);
      index.unique = rows.Bool(row, 3) && !index.partial;
      index.primary = rows.Bool(row, 4);
      index.ordered = rows.Bool(row, 7);
      table->indexes.push_back(std::move(index));
      last = oid;
      leading = true;
    }
    AddColumn(table->indexes.back(), rows, row, leading);
  }
}

void Loader::ReadDescendants() {
  Children children;
  const pg::Result rows = session_.Exec(sql::kChildren);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const std::uint32_t child = Oid(rows, row, 1);
    if (Find(child) != nullptr) children[Oid(rows, row, 0)].push_back(child);
  }
  std::map<std::uint32_t, double> estimates;  // the partitioned table's own counts its partitions
  for (const Table& table : tables_) {
    estimates[table.oid] = table.kind == 'p' ? -1 : table.estimated_rows;
  }
  for (Table& table : tables_) {
    std::set<std::uint32_t> below;
    Collect(children, table.oid, below);
    table.descendants.assign(below.begin(), below.end());
    double total = estimates[table.oid];
    for (const std::uint32_t oid : below) {
      if (estimates[oid] >= 0) total = (total < 0 ? 0 : total) + estimates[oid];
    }
    table.estimated_rows = total;
  }
}

std::vector<ForeignKey> Loader::ForeignKeys() {
  std::vector<ForeignKey> keys;
  const pg::Result rows = session_.Exec(sql::kForeignKeys);
  std::uint32_t last = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const std::uint32_t table = Oid(rows, row, 2), target = Oid(rows, row, 3);
    if (Find(table) == nullptr || Find(target) == nullptr) continue;
    if (const std::uint32_t oid = Oid(rows, row, 0); oid != last) {
      keys.push_back({Text(rows, row, 1), table, target, {}, {}});
      last = oid;
    }
    keys.back().columns.push_back(Text(rows, row, 4));
    keys.back().target_columns.push_back(Text(rows, row, 5));
  }
  return keys;
}

}  // namespace pgsluice::catalog
