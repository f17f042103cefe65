#include "pgsluice/sync/epoch_keeper.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/base/error.h"
#include "pgsluice/json/build.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::sync {

namespace {

using observe::Level;
using observe::Log;

// Engines refuse a request line of more than 4096 bytes.
constexpr std::size_t kPathBytes = 3500;
// A member next to "pgsluice" in `_meta`, which records how the index was made.
constexpr const char* kMember = "pgsluice_epoch";

const pg::Statement kEpoch{"epoch", "SELECT epoch FROM pgsluice.state"};

// Raises the epoch above every version that the epoch $1 can have been used for.
const pg::Statement kRaise{"epoch_raise", R"sql(
  SELECT pgsluice.check_epoch((($1::bigint + 1) << 48) - 1))sql"};

const pg::Statement kFillAgain{
    "epoch_fill_again",
    "SELECT pgsluice.mark_gap(ARRAY(SELECT index_name FROM pgsluice.index_state))"};

std::vector<std::string> PhysicalsOf(const IndexSet& set) {
  std::vector<std::string> names;
  for (const auto& [name, index] : set.indexes) {
    for (const Target& target : index->targets) names.push_back(target.physical);
  }
  return names;
}

}  // namespace

bool EpochKeeper::Keep(pg::Session& session, const IndexSet& set) {
  const std::map<std::string, std::int64_t> kept = Read(PhysicalsOf(set));
  std::int64_t epoch = session.Exec(kEpoch).Int(0, 0);
  std::int64_t highest = 0;
  for (const auto& [index, other] : kept) highest = std::max(highest, other);
  const bool restored = highest > epoch;
  if (restored) {
    Log(Level::kWarn, "sync",
        "the indexes hold documents of a later epoch than the database, so it was restored. The "
        "epoch is raised above theirs, and every index is compared and filled again",
        {{"database", std::to_string(epoch)}, {"indexes", std::to_string(highest)}});
    pg::Transaction transaction(session);
    session.Exec(kRaise, {std::to_string(highest)});
    session.Exec(kFillAgain);
    transaction.Commit();
    epoch = session.Exec(kEpoch).Int(0, 0);
  }
  for (const auto& [index, other] : kept) {
    if (other < epoch) Write(index, epoch);
  }
  return restored;
}

std::map<std::string, std::int64_t> EpochKeeper::Read(const std::vector<std::string>& indexes) {
  std::map<std::string, std::int64_t> epochs;
  std::vector<std::string> lists;
  for (const std::string& index : indexes) {
    epochs[index] = 0;  // never raised
    if (lists.empty() || lists.back().size() + index.size() > kPathBytes) {
      lists.push_back(http::Encode(index));
    } else {
      lists.back() += "," + http::Encode(index);
    }
  }
  for (const std::string& list : lists) {
    const json::Value answer =
        engine_.Get("/" + list + "/_mapping?filter_path=*.mappings._meta." + std::string(kMember));
    for (const auto& [index, mapping] : answer.members) {
      const json::Value* epoch = mapping.Find({"mappings", "_meta", kMember});
      if (epoch != nullptr) epochs[index] = epoch->AsInt().value_or(0);
    }
  }
  return epochs;
}

void EpochKeeper::Write(const std::string& index, std::int64_t epoch) {
  try {
    const json::Value mapping = engine_.GetMapping(index);
    json::ObjectPtr meta = json::Members();
    // A change of `_meta` replaces all of it, so the other members are sent again.
    if (const json::Value* before = mapping.Find("_meta")) {
      for (const auto& [name, value] : before->members) {
        if (name != kMember) meta->set(name, json::Raw(json::ToText(value)));
      }
    }
    meta->set(kMember, epoch);
    engine_.PutMapping(index, json::ToText(json::Members({{"_meta", meta}})));
  } catch (const Error& error) {
    // An index that refuses this change refuses documents, too. It gets the epoch at the next
    // check.
    Log(Level::kWarn, "sync", "cannot store the epoch in an index: " + error.Full(),
        {{"index", index}});
  }
}

}  // namespace pgsluice::sync
