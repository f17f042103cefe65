#include "pgsluice/sync/index_manager.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <sstream>

#include "pgsluice/base/error.h"
#include "pgsluice/base/hash.h"
#include "pgsluice/engine/index_body.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/plan/last_plan.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/definitions.h"
#include "pgsluice/sync/troubles.h"
#include "sync/indexes/index_records.h"
#include "sync/indexes/members.h"
#include "sync/live/root_source.h"

namespace pgsluice::sync {

namespace {

using observe::Level;
using observe::Log;

// Engines refuse a request line of more than 4096 bytes, and a byte may become three in a path.
constexpr std::size_t kPathBytes = 1200;

const pg::Statement kPhases{"index_state_phases", R"sql(
  SELECT index_name, state, coalesce(nullif(refused, ''), reason),
         config_hash = '' OR EXISTS (SELECT FROM pgsluice.backfill b
                                     WHERE b.physical = i.physical AND b.state = 'pending'
                                       AND b.position = 0)
  FROM pgsluice.index_state i)sql"};

const pg::Statement kLastPlan{"index_plan_read",
                              "SELECT plan::text FROM pgsluice.index_plan WHERE index_name = $1"};

const pg::Statement kKeepPlan{"index_plan_keep", R"sql(
  INSERT INTO pgsluice.index_plan (index_name, plan) VALUES ($1, $2::json)
  ON CONFLICT (index_name) DO UPDATE SET plan = excluded.plan)sql"};

/// Of "16401:7", see Catalog::MembersSql().
std::uint32_t OidOf(const std::string& member) {
  return static_cast<std::uint32_t>(std::stoul(member));
}

bool HasMember(const std::vector<std::string>& members, const std::string& member) {
  return std::any_of(members.begin(), members.end(), [&](const std::string& other) {
    const bool exact =
        other.find(':') != std::string::npos && member.find(':') != std::string::npos;
    return exact ? other == member : OidOf(other) == OidOf(member);  // older versions kept the oid
  });
}

/// Returns the partitions and children that were found when the plan was made: one that has come
/// since then is not attached yet. If the index covers many schemas, they have no numbers.
std::vector<std::string> MembersOf(pg::Session& session, const plan::Plan& plan,
                                   const std::vector<std::uint32_t>& known) {
  static const pg::Statement kMembers{"index_members", catalog::Catalog::MembersSql("$1::oid")};
  std::vector<std::string> members;
  if (plan.schemas != nullptr) {
    for (const std::uint32_t oid : known) members.push_back(std::to_string(oid));
    return members;
  }
  std::istringstream list(
      std::string(session.Exec(kMembers, {std::to_string(plan.root)}).Text(0, 0)));
  for (std::string member; std::getline(list, member, ',');) {
    if (std::find(known.begin(), known.end(), OidOf(member)) != known.end()) {
      members.push_back(std::move(member));
    }
  }
  return members;
}

bool Has(const std::vector<std::string>& items, const std::string& item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

/// Returns whether the engine, or a proxy in front of it, sent a response that refuses the request.
bool WasAnswered(const Error& error) {
  return error.disposition() != Disposition::kRetry ||
         dynamic_cast<const engine::IndexRefused*>(&error) != nullptr;
}

/// Returns N of "alias-00000N"; 0 for any other name.
int NumberOf(const std::string& alias, const std::string& name) {
  const std::size_t dash = name.rfind('-');
  const std::string digits = dash == std::string::npos ? "" : name.substr(dash + 1);
  if (digits.size() != 6 || name.substr(0, dash) != alias) return 0;
  if (digits.find_first_not_of("0123456789") != std::string::npos) return 0;
  return std::stoi(digits);
}

}  // namespace

std::string IndexManager::AliasOf(const plan::Plan& plan) const {
  return config_.elasticsearch.index_prefix + plan.name;
}

std::vector<std::string> IndexManager::CheckName(const plan::Plan& plan) {
  const std::string alias = AliasOf(plan);
  const std::vector<std::string> targets = engine_.AliasTargets(alias);
  for (const std::string& target : targets) CheckOwner(alias, target);
  // A killed process may have created the alias between these two requests. Only an index with
  // exactly this name belongs to another program.
  if (targets.empty() && engine_.Uuids(alias).contains(alias)) {
    throw Error(Disposition::kFatal,
                fmt::format("the engine has an index named '{}' that pgsluice did not make", alias),
                "choose another name or set elasticsearch.index_prefix");
  }
  return targets;
}

std::shared_ptr<const LiveIndex> IndexManager::Ensure(
    pg::Session& session, const std::shared_ptr<const plan::Plan>& plan,
    const std::vector<std::uint32_t>& descendants) {
  const std::string alias = AliasOf(*plan);
  Record old = IndexRecords(session).Load(plan->name);
  if (Yields(session, *plan, old)) return Remembered(session, plan);
  const std::vector<std::string> targets = CheckName(*plan);
  if (IsInPlace(old, targets)) {
    PutInPlace(session, plan->name, old.building);
    old = IndexRecords(session).Load(plan->name);
  }
  Record now = old;
  now.config_hash = DefinitionOf(*plan);
  now.relations = MembersOf(session, *plan, descendants);
  now.mapping = MappingHash(*plan);
  // If this mapping was in force before and another one is now, a process with a newer
  // configuration has replaced it, so it is kept.
  const auto mine = std::pair(now.config_hash, now.mapping);
  if (const auto known = ensured_.find(plan->name);
      known != ensured_.end() && known->second == mine && now.config_hash == old.config_hash) {
    now.mapping = old.mapping;
  }
  const bool ours = Has(targets, old.physical) && Uuid(old.physical) == old.uuid;
  if (ours) {
    // Two processes can create an index each if one of them loses its lock on the way.
    if (targets.size() > 1) PointTo(alias, targets, old.physical);
    // What the engine refused once stays refused until the index is created again.
    if (now.mapping != old.mapping || WasImpossible(plan->name)) {
      now.reason = Fit(*plan, now.physical);
    }
  } else {
    if (!old.physical.empty()) {
      Log(Level::kWarn, "sync", "the index was deleted or replaced: creating it again",
          {{"index", plan->name}});
    }
    now.physical = Create(*plan, alias, targets, old.building);
    now.uuid = Uuid(now.physical);
    now.reason.clear();
  }
  const bool newer = std::pair(now.config_hash, now.mapping) == mine;
  const std::string impossible = newer ? Impossible(*plan, now) : "";
  if (newer && impossible.empty()) {
    // A refused or aborted reindex does not start again by itself until something changes.
    if (now.mapping != old.mapping && now.building.empty()) now.refused.clear();
    ReindexByItself(*plan, now);
    MakeBuilding(*plan, old, now);
  }
  now.root_source = RootSource(session, *plan);
  auto live = Live(plan, now);
  FindSources(session, *live, true);
  Store(session, *live, old, now, ours);
  if (ours) LogChange(plan->name, old, now);
  KeepPlan(session, *plan);
  live->impossible = impossible;
  ensured_[plan->name] = mine;
  live->phase = PhaseOf(now.state);
  return live;
}

bool IndexManager::Yields(pg::Session& session, const plan::Plan& plan, const Record& old) const {
  const auto known = ensured_.find(plan.name);
  const std::string definition = DefinitionOf(plan);
  const bool replaced = known != ensured_.end() && known->second.first == definition &&
                        !old.config_hash.empty() && old.config_hash != definition;
  return replaced && SomeProcessRuns(session, plan.name, old.config_hash);
}

void IndexManager::Store(pg::Session& session, const LiveIndex& live, const Record& old,
                         Record& now, bool ours) {
  const std::string& name = live.plan->name;
  const bool changed = !ours || now.config_hash != old.config_hash;
  const bool built = now.building_uuid != old.building_uuid;
  pg::Transaction transaction(session);
  const bool many = live.plan->schemas != nullptr;
  if (many) {
    if (changed) FollowMembers(session, live, !ours);
    if (ours) FollowPartitions(session, live, old, now);
    if (built && live.targets.size() > 1) CreateScan(session, live.Only(live.targets[1]), false);
  } else if (changed) {
    // If `where` changed, no scan finds the documents that no longer belong to the index, so their
    // ids are walked as well.
    ForgetMembers(session, name);
    // Documents that were complete until now lack what is new, such as a column. Searches may
    // continue meanwhile, so the tasks get the present position.
    const bool complete = ours && !old.config_hash.empty();
    CreateScan(session, live, ours, complete ? PresentPosition(session) : kFromTheStart);
  } else {
    FollowPartitions(session, live, old, now);
    if (built && live.targets.size() > 1) CreateScan(session, live.Only(live.targets[1]), false);
  }
  if (changed) SaveNeeds(session, *live.plan);
  // In the transaction that creates the tasks: from its commit on, processes that know only the
  // old generation claim nothing, and the tasks wait for transactions of the old one.
  if (changed || built) RaiseGeneration(session);
  const bool filling = !CloseIfDone(session, live.physical);
  IndexRecords(session).Save(name, old, now, filling);
  transaction.Commit();
  if (changed && filling) Log(Level::kInfo, "sync", "backfill begins", {{"index", name}});
  if (built && !now.building_uuid.empty()) {
    Log(Level::kInfo, "sync", "reindex begins", {{"index", name}, {"physical", now.building}});
  }
}

std::shared_ptr<LiveIndex> IndexManager::Live(const std::shared_ptr<const plan::Plan>& plan,
                                              const Record& state) const {
  auto live = std::make_shared<LiveIndex>();
  live->plan = plan;
  live->alias = AliasOf(*plan);
  live->physical = state.physical;
  live->uuid = state.uuid;
  live->targets = {Target{live->alias, state.physical}};
  if (!state.building_uuid.empty()) {
    live->targets.push_back(Target{BuildingAlias(state.building), state.building});
  }
  live->root_source = std::stoi(state.root_source);
  live->reason = state.refused.empty() ? state.reason : state.refused;
  live->phase = PhaseOf(state.state);
  return live;
}

std::shared_ptr<const IndexSet> IndexManager::WithPhases(
    pg::Session& session, const std::shared_ptr<const IndexSet>& set) {
  std::shared_ptr<IndexSet> changed;
  const pg::Result rows = session.Exec(kPhases);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const auto known = set->indexes.find(std::string(rows.Text(row, 0)));
    if (known == set->indexes.end()) continue;
    const LiveIndex& index = *known->second;
    const IndexPhase phase = PhaseOf(rows.Text(row, 1));
    const bool filling = rows.Bool(row, 3);
    if (index.phase == phase && index.reason == rows.Text(row, 2) && index.filling == filling) {
      continue;
    }
    auto fresh = std::make_shared<LiveIndex>(index);
    fresh->phase = phase;
    fresh->reason = rows.Text(row, 2);
    fresh->filling = filling;
    if (!changed) changed = std::make_shared<IndexSet>(*set);
    changed->indexes[index.plan->name] = std::move(fresh);
  }
  if (!changed) return set;
  for (auto& [id, source] : changed->sources) {
    for (Route& route : source.routes) {
      route.index = changed->indexes.at(route.index->plan->name);
    }
  }
  return changed;
}

void IndexManager::FollowPartitions(pg::Session& session, const LiveIndex& index, const Record& old,
                                    const Record& now) {
  // One that left and came back is both: its rows may have changed without events meanwhile.
  for (const std::string& member : old.relations) {
    if (HasMember(now.relations, member)) continue;
    DropScanOf(session, index, OidOf(member));
    CreateWalk(session, index);
  }
  for (const std::string& member : now.relations) {
    if (!HasMember(old.relations, member)) CreateScanOf(session, index, {OidOf(member)});
  }
}

std::shared_ptr<const LiveIndex> IndexManager::Served(pg::Session& session,
                                                      const config::Index& index) const {
  const Record state = IndexRecords(session).Load(index.name);
  if (state.physical.empty()) return nullptr;
  const auto plan = LastPlan(session, index);
  if (plan == nullptr || !plan::HidesOnlyKnownFields(config_.auth, *plan)) return nullptr;
  try {
    const auto there = engine_.Uuids(AliasOf(*plan));
    if (there != std::map<std::string, std::string>{{state.physical, state.uuid}}) return nullptr;
  } catch (const Error& error) {
    // If the engine cannot be reached it answers no search either, and it may come back at any
    // time.
    if (error.disposition() != Disposition::kRetry) return nullptr;
  }
  return Live(plan, state);
}

std::shared_ptr<const plan::Plan> IndexManager::LastPlan(pg::Session& session,
                                                         const config::Index& index) const {
  const pg::Result kept = session.Exec(kLastPlan, {index.name});
  return kept.rows() == 0 ? nullptr : plan::FromJson(kept.Text(0, 0), index);
}

void IndexManager::KeepPlan(pg::Session& session, const plan::Plan& plan) {
  std::string text = plan::ToJson(plan);
  std::string& kept = kept_plans_[plan.name];
  if (kept == text) return;
  session.Exec(kKeepPlan, {plan.name, text});
  kept = std::move(text);
}

std::shared_ptr<const LiveIndex> IndexManager::Remembered(
    pg::Session& session, const std::shared_ptr<const plan::Plan>& plan) const {
  const Record state = IndexRecords(session).Load(plan->name);
  if (state.physical.empty()) return nullptr;
  auto live = Live(plan, state);
  FindSources(session, *live, false);
  return live;
}

void IndexManager::FindSources(pg::Session& session, LiveIndex& live, bool add) {
  if (live.plan->schemas == nullptr) return;
  live.member_sources =
      std::make_shared<const std::vector<int>>(MemberSources(session, *live.plan, add));
}

std::string IndexManager::Create(const plan::Plan& plan, const std::string& alias,
                                 const std::vector<std::string>& old, const std::string& building) {
  const std::string physical = NextName(alias, building);
  engine_.CreateIndex(physical, engine::IndexBody(plan, config_, engine_.Detect()));
  try {
    PointTo(alias, old, physical);
  } catch (const Error& error) {
    // Otherwise each further attempt would leave an unused index behind and use the next name.
    if (WasAnswered(error) && !Has(engine_.AliasTargets(alias), physical)) {
      engine_.DeleteIndex(physical);
    }
    throw;
  }
  Log(Level::kInfo, "sync", "index created", {{"index", plan.name}, {"physical", physical}});
  return physical;
}

void IndexManager::PointTo(const std::string& alias, const std::vector<std::string>& old,
                           const std::string& physical) {
  engine_.SwapAlias(alias, old, physical);
  // Left behind by an interrupted start or an earlier installation.
  for (const std::string& name : old) {
    if (name != physical) engine_.DeleteIndex(name);
  }
}

void IndexManager::CheckOwner(const std::string& alias, const std::string& physical) const {
  const json::Value mapping = engine_.GetMapping(physical);
  if (mapping.Find({"_meta", "pgsluice"}) != nullptr) return;
  throw Error(Disposition::kFatal,
              fmt::format("the alias '{}' points to index '{}', which pgsluice did not make", alias,
                          physical),
              "choose another name or set elasticsearch.index_prefix");
}

std::map<std::string, engine::IndexIdentity> IndexManager::AskEach(const IndexSet& set,
                                                                   Condition& condition) {
  std::map<std::string, engine::IndexIdentity> there;
  for (const auto& [name, index] : set.indexes) {
    try {
      for (const Target& target : index->targets) there.merge(engine_.Identities(target.name));
    } catch (const Error& error) {
      condition.blocked[name] = TroubleOf(error);
      condition.blocked[name].state = IndexPhase::kBlocked;
    }
  }
  return there;
}

IndexManager::Condition IndexManager::Inspect(const IndexSet& set) {
  std::vector<std::string> lists(1);
  for (const auto& [name, index] : set.indexes) {
    for (const Target& target : index->targets) {
      if (lists.back().size() + target.name.size() > kPathBytes) lists.emplace_back();
      lists.back() += (lists.back().empty() ? "" : ",") + target.name;
    }
  }
  std::map<std::string, engine::IndexIdentity> there;
  Condition condition;
  try {
    for (const std::string& aliases : lists) {
      if (!aliases.empty()) there.merge(engine_.Identities(aliases));
    }
  } catch (const Error& error) {
    if (!WasAnswered(error) || dynamic_cast<const engine::CredentialsRefused*>(&error) != nullptr)
      throw;
    there = AskEach(set, condition);
    if (there.empty()) throw;
  }
  for (const auto& [name, index] : set.indexes) {
    if (condition.blocked.contains(name)) continue;
    const engine::IndexIdentity& found = there[index->physical];
    condition.intact = condition.intact && found.uuid == index->uuid;
    std::vector<std::string> blocks;
    for (const Target& target : index->targets) {
      for (const std::string& block : there[target.physical].blocks) {
        if (!Has(blocks, block)) blocks.push_back(block);
      }
    }
    if (!blocks.empty()) condition.blocked[name] = TroubleOfBlocks(blocks);
  }
  return condition;
}

std::string IndexManager::NextName(const std::string& alias, const std::string& reserved) {
  int number = NumberOf(alias, reserved) + 1;
  for (const auto& [name, uuid] : engine_.Uuids(alias + "-*")) {
    number = std::max(number, NumberOf(alias, name) + 1);
  }
  return fmt::format("{}-{:06}", alias, number);
}

std::string IndexManager::Uuid(const std::string& physical) {
  const std::map<std::string, std::string> uuids = engine_.Uuids(physical);
  const auto found = uuids.find(physical);
  return found == uuids.end() ? std::string() : found->second;
}

}  // namespace pgsluice::sync
