#include "sync/indexes/members.h"

#include <algorithm>
#include <map>

#include "pgsluice/pg/text_array.h"
#include "pgsluice/plan/schema_ids.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/definitions.h"

namespace pgsluice::sync {

namespace {

// If more schemas than this need a walk, one walk covers all ids.
constexpr std::size_t kManyWalks = 50;

const pg::Statement kStored{"members_read", R"sql(
  SELECT schema_name, relation, hash FROM pgsluice.member WHERE index_name = $1)sql"};

const pg::Statement kForgetGone{"members_forget", R"sql(
  DELETE FROM pgsluice.member WHERE index_name = $1 AND schema_name <> ALL ($2::text[]))sql"};

const pg::Statement kForget{"members_forget_all",
                            "DELETE FROM pgsluice.member WHERE index_name = $1"};

const pg::Statement kSave{"members_save", R"sql(
  INSERT INTO pgsluice.member AS m (index_name, schema_name, relation, hash)
  SELECT $1, now_is.* FROM ROWS FROM (
    pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::oid[]), pg_catalog.unnest($4::text[]))
    AS now_is (name, relation, hash)
  ON CONFLICT (index_name, schema_name) DO UPDATE
  SET relation = excluded.relation, hash = excluded.hash
  WHERE (m.relation, m.hash) IS DISTINCT FROM (excluded.relation, excluded.hash))sql"};

// The rows of a schema that no longer exists cannot return with these ids.
const pg::Statement kForgetKeys{"members_forget_keys", R"sql(
  WITH begins AS MATERIALIZED (SELECT pg_catalog.unnest($2::text[]) AS id),
  letters AS (
    DELETE FROM pgsluice.dead_letter d USING begins
    WHERE d.index_name = $1 AND pg_catalog.starts_with(d.document_id, begins.id))
  DELETE FROM pgsluice.refresh_time t USING begins
  WHERE t.index_name = $1 AND pg_catalog.starts_with(t.document_id, begins.id))sql"};

struct Stored {
  std::uint32_t relation = 0;
  std::string hash;
};

std::map<std::string, Stored> Read(pg::Session& session, const std::string& index) {
  std::map<std::string, Stored> stored;
  const pg::Result rows = session.Exec(kStored, {index});
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    stored[std::string(rows.Text(row, 0))] = {static_cast<std::uint32_t>(rows.Int(row, 1)),
                                              std::string(rows.Text(row, 2))};
  }
  return stored;
}

class Follower {
 public:
  Follower(pg::Session& session, const LiveIndex& index)
      : session_(session),
        index_(index),
        schemas_(*index.plan->schemas),
        hashes_(MemberDefinitions(*index.plan)),
        stored_(Read(session, index.plan->name)) {}

  void ReadAgain() {
    CreateScan(session_, index_, false, kFromTheStart);
    Save();
  }

  void Follow() {
    for (std::size_t i = 0; i < schemas_.members.size(); ++i) FollowOne(i);
    for (const auto& [name, was] : stored_) {
      if (schemas_.Find(name) || schemas_.broken.contains(name)) continue;
      DropScanOf(session_, index_, was.relation);
      gone_.push_back(plan::IdsBegin(name));
      walks_[name] = PresentPosition(session_);
    }
    if (!gone_.empty()) {
      session_.Exec(kForgetKeys, {index_.plan->name, pg::TextArray(gone_)});
    }
    for (const auto& [position, relations] : scans_) {
      CreateScanOf(session_, index_, relations, position);
    }
    Walk();
    Save();
  }

 private:
  void FollowOne(std::size_t i) {
    const plan::Schemas::Member& member = schemas_.members[i];
    const auto known = stored_.find(member.name);
    if (known != stored_.end() && known->second.hash == hashes_[i]) return;
    // The documents were complete, so only what is new is missing, such as a column.
    const bool complete = known != stored_.end() && !known->second.hash.empty();
    const std::int64_t position = complete ? PresentPosition(session_) : kFromTheStart;
    scans_[position].push_back(member.root);
    // A scan does not find a row that no longer belongs to the index, so its id is walked as well.
    // An index that had other rows before may contain any ids.
    if (known != stored_.end() || stored_.empty()) walks_[member.name] = position;
  }

  void Walk() {
    if (walks_.empty()) return;
    if (walks_.size() > kManyWalks || stored_.empty()) {
      const auto first =
          std::min_element(walks_.begin(), walks_.end(),
                           [](const auto& a, const auto& b) { return a.second < b.second; });
      CreateWalk(session_, index_, first->second);
      return;
    }
    for (const auto& [name, position] : walks_) CreateWalkOf(session_, index_, name, position);
  }

  void Save() {
    std::vector<std::string> names, hashes;
    std::vector<std::int64_t> relations;
    const auto add = [&](const std::string& name, std::uint32_t relation, const std::string& hash) {
      names.push_back(name);
      relations.push_back(relation);
      hashes.push_back(hash);
    };
    for (std::size_t i = 0; i < schemas_.members.size(); ++i) {
      add(schemas_.members[i].name, schemas_.members[i].root, hashes_[i]);
    }
    // Changes are missed while a schema does not fit, so it has to be read again afterwards.
    for (const std::string& name : schemas_.broken) {
      const auto known = stored_.find(name);
      if (known != stored_.end()) add(name, known->second.relation, "");
    }
    const std::string& index = index_.plan->name;
    session_.Exec(kForgetGone, {index, pg::TextArray(names)});
    session_.Exec(kSave,
                  {index, pg::TextArray(names), pg::TextArray(relations), pg::TextArray(hashes)});
  }

  pg::Session& session_;
  const LiveIndex& index_;
  const plan::Schemas& schemas_;
  const std::vector<std::string> hashes_;
  const std::map<std::string, Stored> stored_;
  std::map<std::int64_t, std::vector<std::uint32_t>> scans_;  ///< By position.
  std::map<std::string, std::int64_t> walks_;                 ///< Position by schema.
  std::vector<std::string> gone_;                             ///< The prefix of their ids.
};

}  // namespace

void FollowMembers(pg::Session& session, const LiveIndex& index, bool again) {
  Follower follower(session, index);
  if (again) {
    follower.ReadAgain();
  } else {
    follower.Follow();
  }
}

std::shared_ptr<const plan::Plan> WithoutTables(
    const plan::Plan& plan, const std::map<std::uint32_t, std::string>& tables) {
  auto left = std::make_shared<plan::Plan>(plan);
  auto schemas = std::make_shared<plan::Schemas>(*plan.schemas);
  std::erase_if(schemas->members, [&](const plan::Schemas::Member& member) {
    const bool refused = std::any_of(member.oids.begin(), member.oids.end(), [&](const auto& pair) {
      return tables.contains(pair.second);
    });
    if (refused) schemas->broken.insert(member.name);
    return refused;
  });
  left->schemas = std::move(schemas);
  const auto is_refused = [&](std::uint32_t oid) { return tables.contains(oid); };
  std::erase_if(left->sources, [&](const auto& source) { return is_refused(source.table); });
  std::erase_if(left->relations, [&](const auto& relation) { return is_refused(relation.oid); });
  return left;
}

void ForgetMembers(pg::Session& session, const std::string& index) {
  session.Exec(kForget, {index});
}

}  // namespace pgsluice::sync
