#include "sync/verify/pass_reader.h"

#include <algorithm>
#include <optional>

#include "pgsluice/base/error.h"
#include "pgsluice/pg/text_array.h"

namespace pgsluice::sync {

namespace {

// Finds the next relation of a table that has rows of its own: the table, a partition or a child.
const pg::Statement kRelation{"pass_relation", R"sql(
  WITH RECURSIVE tree(oid) AS (
    SELECT pg_catalog.unnest($1::oid[])
    UNION
    SELECT inhrelid FROM pg_catalog.pg_inherits JOIN tree ON inhparent = tree.oid)
  SELECT c.oid, c.oid::regclass::text, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0),
         pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint
  FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid
  WHERE c.relkind IN ('r', 'm') AND c.oid >= $2::oid
  ORDER BY c.oid LIMIT 1)sql"};

// Blocks that are nearly empty are read in larger groups, up to this estimate.
constexpr double kFewestPerBlock = 1.0 / 64;

std::vector<std::string> Column(const pg::Result& rows) {
  std::vector<std::string> texts;
  for (std::size_t row = 0; row < rows.rows(); ++row) texts.emplace_back(rows.Text(row, 0));
  return texts;
}

}  // namespace

std::vector<std::string> PassReader::NextKeys(const LiveIndex& index, Pass& pass,
                                              std::int64_t most) {
  if (index.plan->schemas == nullptr) {
    const bool view = index.plan->block_keys_sql.empty();
    return view ? KeysOfView(index, pass, most) : KeysOfBlocks(index, pass, most);
  }
  const auto& members = index.plan->schemas->members;
  const bool views = !members.empty() && index.Of(0).plan->block_keys_sql.empty();
  return views ? KeysOfViews(index, pass, most) : KeysOfBlocks(index, pass, most);
}

LiveIndex PassReader::PartOf(const LiveIndex& index, std::uint32_t relation) {
  if (index.plan->schemas == nullptr) return index;
  const auto member = index.plan->schemas->FindRelation(relation);
  if (!member) throw Error(Disposition::kRetry, "a schema is gone that was just compared");
  return index.Of(*member);
}

std::vector<std::string> PassReader::KeysOfViews(const LiveIndex& index, Pass& pass,
                                                 std::int64_t most) {
  // The views in the order of their oids.
  std::optional<std::size_t> next;
  const auto& members = index.plan->schemas->members;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const bool closer = !next || members[i].root < members[*next].root;
    if (members[i].root >= pass.relation && closer) next = i;
  }
  if (!next) {
    pass.stage = Pass::Stage::kIds;
    pass.reached.clear();
    return {};
  }
  if (members[*next].root != pass.relation) pass.reached.clear();
  pass.relation = members[*next].root;
  std::vector<std::string> keys = KeysOfView(index.Of(*next), pass, most);
  if (pass.stage == Pass::Stage::kIds) {
    pass.stage = Pass::Stage::kRows;
    ++pass.relation;
  }
  return keys;
}

std::vector<std::string> PassReader::KeysOfBlocks(const LiveIndex& index, Pass& pass,
                                                  std::int64_t most) {
  std::vector<std::int64_t> roots;
  if (index.plan->schemas == nullptr) {
    roots.push_back(index.plan->root);
  } else {
    for (const auto& member : index.plan->schemas->members) roots.push_back(member.root);
  }
  const pg::Result found =
      session_.Exec(kRelation, {pg::TextArray(roots), std::to_string(pass.relation)});
  if (found.rows() == 0) {
    pass.stage = Pass::Stage::kIds;
    return {};
  }
  const auto relation = static_cast<std::uint32_t>(found.Int(0, 0));
  const auto filenode = static_cast<std::uint32_t>(found.Int(0, 2));
  // Another relation, or one that was rewritten so that its rows are in other blocks.
  if (relation != pass.relation || filenode != pass.filenode) pass.next_block = 0;
  pass.relation = relation;
  pass.filenode = filenode;
  const std::int64_t blocks = found.Int(0, 3);
  if (pass.next_block >= blocks) {
    ++pass.relation;
    pass.filenode = 0;
    return {};
  }
  const auto fits = static_cast<std::int64_t>(static_cast<double>(most) / rows_per_block_);
  const std::int64_t end = std::min(blocks, pass.next_block + std::max<std::int64_t>(fits, 1));
  std::vector<std::string> keys = Column(
      session_.ExecParams(PartOf(index, relation).plan->BlockKeysStatement(found.Text(0, 1)).sql,
                          {std::to_string(pass.next_block), std::to_string(end)}));
  rows_per_block_ =
      std::max(static_cast<double>(keys.size()) / static_cast<double>(end - pass.next_block),
               kFewestPerBlock);
  pass.next_block = end;
  return keys;
}

std::vector<std::string> PassReader::KeysOfView(const LiveIndex& index, Pass& pass,
                                                std::int64_t most) {
  OpenKeys(index, pass);
  std::vector<std::string> keys =
      Column(session_.Exec("FETCH " + std::to_string(most) + " FROM pass_keys"));
  if (keys.empty()) {
    pass.stage = Pass::Stage::kIds;
    pass.reached.clear();
  } else {
    pass.reached = keys.back();
  }
  cursor_at_ = {pass.index, pass.reached};
  return keys;
}

void PassReader::OpenKeys(const LiveIndex& index, const Pass& pass) {
  const bool begins = pass.reached.empty();
  if (!begins && cursor_at_ == std::pair(pass.index, pass.reached)) return;
  cursor_at_ = {};
  if (session_.Exec("SELECT EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE name = 'pass_keys')")
          .Bool(0, 0)) {
    session_.Exec("CLOSE pass_keys");
  }
  session_.ExecParams(
      "DECLARE pass_keys NO SCROLL CURSOR WITH HOLD FOR SELECT DISTINCT key::text "
      "COLLATE \"C\" AS key FROM (" +
          index.plan->all_keys_sql +
          ") AS keys(key) WHERE key::text COLLATE \"C\" > $1 ORDER BY key",
      {pass.reached});
}

std::vector<std::string> PassReader::NextIds(const LiveIndex& index, Pass& pass,
                                             std::int64_t most) {
  if (pass.reached.empty()) engine_.Refresh(index.alias);
  const engine::Engine::IdPage page =
      engine_.Ids(index.alias, pass.reached, static_cast<int>(most), false);
  pass.reached = page.next;
  if (page.ids.empty()) {
    pass.stage = Pass::Stage::kIdle;
    pass.reached.clear();
  }
  return page.ids;
}

}  // namespace pgsluice::sync
