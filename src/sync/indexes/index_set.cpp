#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

const char* Name(IndexPhase phase) {
  switch (phase) {
    case IndexPhase::kLive:
      return "live";
    case IndexPhase::kBackfilling:
      return "backfilling";
    case IndexPhase::kReindexing:
      return "reindexing";
    case IndexPhase::kReindexNeeded:
      return "reindex_needed";
    case IndexPhase::kBroken:
      return "broken";
    case IndexPhase::kBlocked:
      return "blocked";
    case IndexPhase::kNotConfigured:
      return "not_configured";
  }
  return "";
}

IndexPhase PhaseOf(std::string_view name) {
  for (const IndexPhase phase : kIndexPhases) {
    if (Name(phase) == name) return phase;
  }
  return IndexPhase::kLive;
}

std::string BuildingAlias(const std::string& physical) { return physical + "-next"; }

LiveIndex LiveIndex::Only(const Target& target) const {
  LiveIndex one = *this;
  one.alias = target.name;
  one.physical = target.physical;
  one.targets = {target};
  one.whole = targets.size() == 1;
  return one;
}

LiveIndex LiveIndex::Of(std::size_t member) const {
  LiveIndex one = *this;
  one.plan = plan->Of(member);
  one.member_sources = nullptr;
  if (member_sources != nullptr) one.root_source = member_sources->at(member);
  return one;
}

std::shared_ptr<const IndexSet> IndexRegistry::Current() const {
  const base::MutexLock lock(mutex_);
  return set_;
}

void IndexRegistry::Replace(std::shared_ptr<const IndexSet> set) {
  const base::MutexLock lock(mutex_);
  set_ = std::move(set);
}

}  // namespace pgsluice::sync
