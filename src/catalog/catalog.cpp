#include "pgsluice/catalog/catalog.h"

#include <algorithm>

#include "catalog/catalog_sql.h"
#include "catalog/loader.h"

namespace pgsluice::catalog {

namespace {

bool IsKey(const Table& table, const Index& index) {
  return index.unique &&
         std::all_of(index.columns.begin(), index.columns.end(), [&](const std::string& name) {
           const Column* column = table.Find(name);
           return column != nullptr && column->not_null;
         });
}

/// Returns the primary key, else the unique index with the fewest columns, the first by name.
const Index* BestKey(const Table& table) {
  const Index* best = nullptr;
  for (const Index& index : table.indexes) {
    if (index.primary) return &index;
    if (!IsKey(table, index)) continue;
    if (best == nullptr || index.columns.size() < best->columns.size()) best = &index;
  }
  return best;
}

}  // namespace

const Column* Table::Find(std::string_view column) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& each) { return each.name == column; });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<std::string> Table::Identity() const {
  if (const Index* key = BestKey(*this)) return key->columns;
  std::vector<std::string> all;
  for (const Column& column : columns) all.push_back(column.name);
  return all;
}

bool Table::HasKey() const { return BestKey(*this) != nullptr; }

Catalog Catalog::Load(pg::Session& session) {
  Catalog catalog;
  pg::Transaction transaction(session);
  session.Exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  catalog.fingerprint_ = Fingerprint(session);
  Loader loader(session);
  catalog.tables_ = loader.Tables();
  catalog.foreign_keys_ = loader.ForeignKeys();
  transaction.Commit();
  for (std::size_t place = 0; place < catalog.tables_.size(); ++place) {
    const Table& table = catalog.tables_[place];
    catalog.by_oid_[table.oid] = place;
    catalog.by_name_[{table.schema, table.name}] = place;
  }
  return catalog;
}

const Table* Catalog::Find(std::uint32_t oid) const {
  const auto found = by_oid_.find(oid);
  return found == by_oid_.end() ? nullptr : &tables_[found->second];
}

const Table* Catalog::Find(std::string_view sql_name) const {
  auto name = SplitName(sql_name);
  if (name.first.empty()) name.first = "public";
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tables_[found->second];
}

std::string Catalog::LayoutSql(std::string_view condition) {
  return std::string(sql::kLayout) + " WHERE a.attnum > 0 AND NOT a.attisdropped AND " +
         std::string(condition);
}

const std::string& Catalog::FingerprintSql() { return sql::kFingerprint.sql; }

std::string Catalog::Fingerprint(pg::Session& session) {
  return std::string(session.Exec(sql::kFingerprint).Text(0, 0));
}

}  // namespace pgsluice::catalog
