#include "pgsluice/document/plan.h"

#include "document/ids.h"
#include "document/read_sql.h"

namespace pgsluice::document {

pg::Statement Plan::BlockStatement(std::string_view qualified_relation) const {
  constexpr std::string_view kBefore = "FROM ONLY ";
  constexpr std::string_view kPlace = "FROM ONLY {relation}";
  std::string sql = block_sql;
  const std::size_t at = sql.find(kPlace);
  if (at != std::string::npos) {
    sql.replace(at + kBefore.size(), kPlace.size() - kBefore.size(), qualified_relation);
  }
  return Named(name + ":block", std::move(sql));
}

std::string Plan::KeyOfId(std::string_view id) const {
  return row_hash_id ? std::string() : KeyOfIdText(id, key.size());
}

const Field* Plan::Find(std::string_view path) const {
  const std::vector<Field>* level = &fields;
  while (true) {
    const Field* next = nullptr;
    for (const Field& field : *level) {
      if (field.path == path) return &field;
      if (field.kind == Kind::kObject && path.size() > field.path.size() &&
          path.substr(0, field.path.size()) == field.path && path[field.path.size()] == '.') {
        next = &field;
      }
    }
    if (next == nullptr) return nullptr;
    level = &next->fields;
  }
}

}  // namespace pgsluice::document
