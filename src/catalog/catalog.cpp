#include "pgsluice/catalog/catalog.h"

#include <spdlog/fmt/fmt.h>

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

/// Returns the prefix of qualified names in the schema.
std::string Prefix(const std::string& schema) {
  Table table;
  table.schema = schema;
  table.name = "x";
  std::string name = table.QualifiedName();
  name.pop_back();
  return name;
}

void RenameType(TypeInfo& type, const std::string& schema, const std::string& as,
                const std::string& before, const std::string& now) {
  for (std::string* sql : {&type.sql, &type.base_sql}) {
    if (sql->starts_with(before)) sql->replace(0, before.size(), now);
  }
  if (type.schema == schema) type.schema = as;
  const auto part = [&](std::shared_ptr<const TypeInfo>& of) {
    auto copy = std::make_shared<TypeInfo>(*of);
    RenameType(*copy, schema, as, before, now);
    of = std::move(copy);
  };
  if (type.element != nullptr) part(type.element);
  for (auto& field : type.field_types) part(field);
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
  catalog.Number();
  return catalog;
}

void Catalog::Number() {
  for (std::size_t place = 0; place < tables_.size(); ++place) {
    const Table& table = tables_[place];
    by_oid_[table.oid] = place;
    by_name_[{table.schema, table.name}] = place;
  }
}

Catalog Catalog::Rename(const std::string& schema, const std::string& as,
                        const std::function<bool(const std::string&)>& others) const {
  Catalog renamed;
  const std::string before = Prefix(schema), now = Prefix(as);
  for (const Table& table : tables_) {
    if (table.schema != schema && !others(table.schema)) continue;
    Table& copy = renamed.tables_.emplace_back(table);
    if (table.schema == schema) copy.schema = as;
    for (Column& column : copy.columns) RenameType(column.type, schema, as, before, now);
  }
  renamed.Number();
  for (const ForeignKey& key : foreign_keys_) {
    if (renamed.Find(key.table) != nullptr && renamed.Find(key.target) != nullptr) {
      renamed.foreign_keys_.push_back(key);
    }
  }
  return renamed;
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

std::string Catalog::MembersSql(std::string_view root) {
  return fmt::format(R"sql(
  SELECT coalesce(pg_catalog.string_agg(member, ',' ORDER BY oid), '')
  FROM (WITH RECURSIVE edge AS NOT MATERIALIZED (
          SELECT i.inhparent, i.inhrelid, i.xmin::text AS since
          FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE NOT i.inhdetachpending AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            AND c.relpersistence <> 't'
            AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgsluice')),
        tree (oid, way) AS (
          SELECT inhrelid, since FROM edge WHERE inhparent = {}
          UNION ALL
          SELECT inhrelid, way || '.' || since FROM tree JOIN edge ON inhparent = tree.oid)
        SELECT oid, oid::text || ':' || pg_catalog.hashtextextended(
                 pg_catalog.string_agg(way, ' ' ORDER BY way), 0)::text AS member
        FROM tree GROUP BY oid) AS members)sql",
                     root);
}

const std::string& Catalog::FingerprintSql() { return sql::kFingerprint.sql; }

std::string Catalog::Fingerprint(pg::Session& session) {
  return std::string(session.Exec(sql::kFingerprint).Text(0, 0));
}

}  // namespace pgsluice::catalog
