#include "catalog/types.h"

#include <memory>
#include <utility>

#include "catalog/catalog_sql.h"

namespace pgsluice::catalog {

Types::Types(pg::Session& session) {
  const pg::Result types = session.Exec(sql::kTypes);
  for (std::size_t row = 0; row < types.rows(); ++row) {
    const auto text = [&](std::size_t column) { return std::string(types.Text(row, column)); };
    const auto oid = [&](std::size_t column) {
      return static_cast<std::uint32_t>(types.Int(row, column));
    };
    rows_[oid(0)] = {text(1), text(2), types.Text(row, 3).front(), oid(4), text(5), text(6),
                     oid(7),  oid(8)};
  }
  const pg::Result labels = session.Exec(sql::kLabels);
  for (std::size_t row = 0; row < labels.rows(); ++row) {
    labels_[static_cast<std::uint32_t>(labels.Int(row, 0))].emplace_back(labels.Text(row, 1));
  }
}

TypeInfo Types::Resolve(std::uint32_t oid, std::string sql, bool deterministic) const {
  TypeInfo info;
  info.sql = sql;
  info.deterministic = deterministic;
  auto found = rows_.find(oid);
  std::string base_sql = std::move(sql);
  while (found != rows_.end() && found->second.kind == 'd') {
    base_sql = found->second.domain_sql;
    found = rows_.find(found->second.domain_of);
  }
  if (found == rows_.end()) return info;  // made a moment ago: the fingerprint will tell
  const Row& row = found->second;
  info.oid = found->first;
  info.base = row.name;
  info.schema = row.schema;
  info.kind = row.kind;
  info.array = row.element != 0;
  if (const auto labels = labels_.find(info.oid); labels != labels_.end()) {
    info.labels = labels->second;
  }
  const auto inner = rows_.find(info.array ? row.element : row.inner);
  if (inner == rows_.end()) return info;
  // numeric(10,2)[] is an array of numeric(10,2): the precision is said at the array.
  const bool brackets = info.array && base_sql.size() > 2 && base_sql.ends_with("[]");
  info.element = std::make_shared<TypeInfo>(
      Resolve(inner->first, brackets ? base_sql.substr(0, base_sql.size() - 2) : inner->second.sql,
              deterministic));
  return info;
}

}  // namespace pgsluice::catalog
