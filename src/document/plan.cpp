#include "pgsluice/document/plan.h"

#include "document/ids.h"
#include "document/read_sql.h"

namespace pgsluice::document {

namespace {

std::string WithRelation(std::string sql, std::string_view qualified_relation) {
  constexpr std::string_view kBefore = "FROM ONLY ";
  constexpr std::string_view kPlace = "FROM ONLY {relation}";
  const std::size_t at = sql.find(kPlace);
  if (at != std::string::npos) {
    sql.replace(at + kBefore.size(), kPlace.size() - kBefore.size(), qualified_relation);
  }
  return sql;
}

}  // namespace

pg::Statement Plan::BlockStatement(std::string_view qualified_relation) const {
  return Named(name + ":block", WithRelation(block_sql, qualified_relation));
}

pg::Statement Plan::BlockKeysStatement(std::string_view qualified_relation) const {
  return Named(name + ":block_keys", WithRelation(block_keys_sql, qualified_relation));
}

const pg::Statement& Plan::ReadStatement(std::size_t keys) const {
  // To begin a range takes 25 to 45 us longer, and each document then 3 us less; not so where keys
  // lie apart.
  constexpr std::size_t kMany = 100;
  return keys < kMany ? read_by_key : read_many_by_key;
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
