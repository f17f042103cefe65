#include "pgsluice/plan/plan.h"

#include "pgsluice/json/value.h"
#include "plan/sql/ids.h"
#include "plan/sql/read_sql.h"

namespace pgsluice::plan {

namespace {

std::string WithRelation(std::string sql, std::string_view qualified_relation) {
  const std::size_t at = sql.find(kRelationPlace);
  if (at != std::string::npos) sql.replace(at, 1, qualified_relation);
  return sql;
}

}  // namespace

pg::Statement Plan::BlockStatement(std::string_view qualified_relation) const {
  return Named(name + ":block", WithRelation(block_sql, qualified_relation));
}

pg::Statement Plan::BlockKeysStatement(std::string_view qualified_relation) const {
  return Named(name + ":block_keys", WithRelation(block_keys_sql, qualified_relation));
}

pg::Statement Plan::KeepTimesOfBlocks(std::string_view qualified_relation) const {
  return Named(name + ":keep_block_times", WithRelation(keep_block_times_sql, qualified_relation));
}

const pg::Statement& Plan::ReadStatement(std::size_t keys) const {
  // A range takes 25 to 45 us longer to start and then saves 3 us per document, but only if the
  // keys are adjacent.
  constexpr std::size_t kMany = 100;
  return keys < kMany ? read_by_key : read_many_by_key;
}

std::string Plan::KeyOfId(std::string_view id) const {
  if (row_hash_id) return {};
  if (!schema.empty()) return KeyOfMember(id);
  const std::string text = KeyOfIdText(id, key.size());
  if (!several_ids || hashed_child_ids) return text;
  // "key|table" of a key with several columns; for a single column, "key|table" would be one text.
  const std::string with_table = KeyOfIdText(id, key.size() + 1);
  if (with_table.empty()) return text;
  const json::Value array = json::Parse(with_table);
  return with_table.substr(0, array.items[key.size() - 1].end) + "]";
}

std::string Plan::KeyOfMember(std::string_view id) const {
  if (several_ids && hashed_child_ids && KeyOfIdText(id, key.size() + 1).empty()) return {};
  std::string text = KeyOfIdText(id, key.size() + 1);
  if (text.empty() && several_ids) text = KeyOfIdText(id, key.size() + 2);
  if (text.empty()) return {};
  const json::Value parts = json::Parse(text);
  if (parts.items.front().text != schema) return {};
  return "[" +
         text.substr(parts.items[1].begin, parts.items[key.size()].end - parts.items[1].begin) +
         "]";
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

}  // namespace pgsluice::plan
