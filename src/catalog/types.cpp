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
                     oid(7),  oid(8),  types.Bool(row, 9)};
  }
  const pg::Result attributes = session.Exec(sql::kAttributes);
  for (std::size_t row = 0; row < attributes.rows(); ++row) {
    attributes_[static_cast<std::uint32_t>(attributes.Int(row, 0))].push_back(
        {std::string(attributes.Text(row, 1)), std::string(attributes.Text(row, 3)),
         static_cast<std::uint32_t>(attributes.Int(row, 2))});
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
  if (found == rows_.end()) return info;  // Created a moment ago: the fingerprint will differ.
  const Row& row = found->second;
  info.oid = found->first;
  info.domain = info.oid != oid;
  info.base_sql = pg::Session::QuoteName(row.schema) + "." + pg::Session::QuoteName(row.name);
  if (row.kind == 'b') info.base = row.name;
  info.ambiguous = row.ambiguous;
  info.schema = row.schema;
  info.kind = row.kind;
  info.array = row.element != 0;
  if (const auto labels = labels_.find(info.oid); labels != labels_.end()) {
    info.labels = labels->second;
  }
  if (const auto fields = attributes_.find(info.oid); fields != attributes_.end()) {
    for (const Attribute& field : fields->second) {
      info.field_names.push_back(field.name);
      info.field_types.push_back(std::make_shared<TypeInfo>(Resolve(field.type, field.sql, true)));
    }
  }
  const auto inner = rows_.find(info.array ? row.element : row.inner);
  if (inner == rows_.end()) return info;
  // numeric(10,2)[] is an array of numeric(10,2): PostgreSQL attaches the precision to the array.
  const bool brackets = info.array && base_sql.size() > 2 && base_sql.ends_with("[]");
  info.element = std::make_shared<TypeInfo>(
      Resolve(inner->first, brackets ? base_sql.substr(0, base_sql.size() - 2) : inner->second.sql,
              deterministic));
  return info;
}

}  // namespace pgsluice::catalog
