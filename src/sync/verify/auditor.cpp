#include "sync/verify/auditor.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <string_view>

#include "pgsluice/observe/log.h"
#include "pgsluice/pg/pool.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/pg/text_array.h"
#include "pgsluice/sync/advisory_lock.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/consistency.h"
#include "pgsluice/sync/definitions.h"
#include "pgsluice/sync/verify.h"
#include "sync/run_loop.h"
#include "sync/verify/pass.h"
#include "sync/verify/pass_reader.h"

namespace pgsluice::sync {

namespace {

using observe::Level;
using observe::Log;
using std::chrono::milliseconds;

// The shortest time between the starts of two passes, so that small indexes are not compared all
// the time.
constexpr milliseconds kBetweenPasses{10'000};
// The pause before something is tried again that cannot be compared now.
constexpr milliseconds kNotNow{2000};
// The pause while differences of a view are written, so that live changes do not wait for all of
// them.
constexpr milliseconds kUntilWritten{50};
// The most rows per step.
constexpr std::int64_t kRowsPerStep = 4096;
// The most repaired ids before they are checked again.
constexpr std::size_t kMostMending = 1000;
// How long to wait for changes in flight. Short, so that a stop is not delayed.
constexpr milliseconds kPatience{3000};

// Not zero: RunLoop() would take it as a sign that the troubles are over.
constexpr Next kGoOn{milliseconds(1), true};

constexpr std::array<const char*, 3> kKinds = {"missing", "stale", "orphan"};

const pg::Statement kDeadLetters{"pass_dead_letters", R"sql(
  SELECT document_id FROM pgsluice.dead_letter
  WHERE index_name = $1 AND document_id = ANY ($2::text[]))sql"};

class Auditor {
 public:
  Auditor(const Shared& shared, pg::Session& session)
      : shared_(shared),
        session_(session),
        passes_(session),
        reader_(session, shared.engine),
        pool_(shared.database, 1),
        consistency_(pool_, shared.monitor) {}

  Next Step() {
    const std::shared_ptr<const IndexSet> set = shared_.registry.Current();
    std::vector<Pass> passes = passes_.Load(Names(*set));
    Show(passes);
    until_rate_ = shared_.config.verify ? passes_.UntilRate() : milliseconds(0);
    // Views that are read at intervals do not wait for the others.
    std::stable_partition(passes.begin(), passes.end(), [&](const Pass& pass) {
      return IsByInterval(*set->indexes.at(pass.index));
    });
    milliseconds wait = kBetweenPasses;
    std::erase_if(strangers_, [&](const auto& held) { return !set->indexes.contains(held.first); });
    ReportStrangers();
    for (Pass& pass : passes) {
      const LiveIndex& index = *set->indexes.at(pass.index);
      const milliseconds until = Until(*set, index, pass);
      if (until.count() <= 0 && Take(*set, index, pass)) return Advance(*set, index, pass);
      wait = std::min(wait, until.count() <= 0 ? kNotNow : until);
    }
    return {wait, true};
  }

 private:
  static bool IsByInterval(const LiveIndex& index) {
    return index.plan->config.refresh_every.count() > 0;
  }

  /// Returns the indexes that this process may have to compare.
  std::vector<std::string> Names(const IndexSet& set) const {
    std::vector<std::string> names;
    for (const auto& [name, index] : set.indexes) {
      if (shared_.config.verify || IsByInterval(*index)) names.push_back(name);
    }
    return names;
  }

  /// Returns whether the index matches its definition in force, so that a difference is an error.
  bool IsReady(const IndexSet& set, const LiveIndex& index) const {
    const bool whole =
        index.phase == IndexPhase::kLive || index.phase == IndexPhase::kReindexNeeded;
    const std::string& name = index.plan->name;
    return index.in_force && whole && !index.filling && !set.troubles.contains(name) &&
           !shared_.holds.Has(name);
  }

  /// Returns the time until the next step of a pass; zero or less: now.
  milliseconds Until(const IndexSet& set, const LiveIndex& index, const Pass& pass) {
    if (!IsReady(set, index)) {
      passes_.Unlock(pass.index);
      return kNotNow;
    }
    const bool idle = pass.stage == Pass::Stage::kIdle;
    if (IsByInterval(index)) {
      if (idle) return index.plan->config.refresh_every - pass.since_start;
      return AreWritten(pass.index) ? milliseconds(0) : kUntilWritten;
    }
    const bool paused = idle && !pass.subject.empty();  // the first pass begins at once
    return std::max(paused ? kBetweenPasses - pass.since_start : milliseconds(0), until_rate_);
  }

  /// Takes the lock of an index. Loads the pass again, because another process may have advanced it
  /// before.
  bool Take(const IndexSet& set, const LiveIndex& index, Pass& pass) {
    if (passes_.Holds(pass.index)) return true;
    strangers_.erase(pass.index);
    if (!passes_.Lock(pass.index)) {
      if (std::string holder = passes_.Stranger(pass.index); !holder.empty()) {
        strangers_.emplace(pass.index, std::move(holder));
      }
      return false;
    }
    pass = passes_.Load({pass.index}).at(0);
    if (Until(set, index, pass).count() <= 0) return true;
    passes_.Unlock(pass.index);
    return false;
  }

  /// Reports the sessions that the previous steps found.
  void ReportStrangers() {
    if (strangers_.empty()) return shared_.monitor.Recovered("verify");
    const auto& [index, holder] = *strangers_.begin();
    shared_.monitor.Trouble(
        "verify", fmt::format("{} holds pgsluice's lock for the comparison of index {}; {}", holder,
                              index, kEndStranger));
  }

  Next Advance(const IndexSet& set, const LiveIndex& index, Pass& pass) {
    const std::string subject =
        fmt::format("{} {} {}", index.physical, index.uuid, DefinitionOf(*index.plan));
    if (pass.stage == Pass::Stage::kIdle || pass.subject != subject) passes_.Begin(pass, subject);
    Verifier verifier(session_, shared_.engine, consistency_, ScopeOf(set, pass.index), kPatience);
    try {
      if (pass.mending.size() >= kMostMending) CompareAgain(verifier, index, pass);
      const std::int64_t rows = Compare(verifier, index, pass);
      if (pass.stage == Pass::Stage::kIdle) {
        CompareAgain(verifier, index, pass);
        Complete(index, pass);
        return kGoOn;
      }
      passes_.Save(pass, IsByInterval(index) ? milliseconds(0) : CostOf(rows));
    } catch (const StillInFlight&) {
      return {kNotNow, true};  // the step is repeated
    }
    return kGoOn;
  }

  milliseconds CostOf(std::int64_t rows) const {
    return milliseconds(std::max<std::int64_t>(rows * 1000 / Rate(), 1));
  }
  std::int64_t Rate() const { return shared_.config.verify->rows_per_second; }

  /// Does one step and returns the number of rows or ids. The stage is kIdle after the last one.
  std::int64_t Compare(Verifier& verifier, const LiveIndex& index, Pass& pass) {
    const bool by_interval = IsByInterval(index);
    const std::int64_t most = by_interval ? kRowsPerStep : std::min(Rate(), kRowsPerStep);
    const bool of_rows = pass.stage == Pass::Stage::kRows;
    const std::vector<std::string> some =
        of_rows ? reader_.NextKeys(index, pass, most) : reader_.NextIds(index, pass, most);
    std::vector<Difference> differences;
    const LiveIndex of_keys =
        of_rows && !some.empty() ? PassReader::PartOf(index, pass.relation) : index;
    if (by_interval) {
      differences =
          of_rows ? verifier.Compare(of_keys, some, &pass.compared) : verifier.Orphans(index, some);
    } else {
      const auto report = [&](const Difference& found) { differences.push_back(found); };
      if (of_rows) {
        pass.compared += verifier.VerifyKeys(of_keys, some, report).compared;
      } else {
        verifier.VerifyIds(index, some, report);
      }
    }
    if (!by_interval) ForgetDeadLetters(pass.index, differences);
    if (differences.empty()) return static_cast<std::int64_t>(some.size());
    if (by_interval) {
      Repair(verifier, index, differences);
      written_.insert_or_assign(pass.index, PresentPosition(session_));
    } else {
      Found(verifier, index, pass, differences);
    }
    return static_cast<std::int64_t>(some.size());
  }

  /// Removes documents that the engine refuses: they are reported as dead letters, and another
  /// attempt would not repair them.
  void ForgetDeadLetters(const std::string& index, std::vector<Difference>& differences) {
    if (differences.empty()) return;
    std::vector<std::string> ids;
    for (const Difference& one : differences) ids.push_back(one.id);
    const pg::Result rows = session_.Exec(kDeadLetters, {index, pg::TextArray(ids)});
    std::set<std::string_view> dead;
    for (std::size_t row = 0; row < rows.rows(); ++row) dead.insert(rows.Text(row, 0));
    std::erase_if(differences, [&](const Difference& one) { return dead.contains(one.id); });
  }

  /// Reports differences that the comparison found, and repairs them if configured.
  void Found(Verifier& verifier, const LiveIndex& index, Pass& pass,
             const std::vector<Difference>& differences) {
    // Repaired first, because the step is repeated if that fails.
    const bool repair = shared_.config.verify->repair;
    const bool repaired = repair && Repair(verifier, index, differences);
    std::map<std::string, int> counts;
    for (const Difference& one : differences) {
      ++counts[one.kind];
      shared_.monitor.VerifyDifferences(pass.index, one.kind).Add();
      // Ids contain values of rows, so they are logged at debug level only.
      Log(Level::kDebug, "verify", "a document differs",
          {{"index", pass.index}, {"id", one.id}, {"kind", one.kind}});
      if (repaired) pass.mending.push_back(one.id);
    }
    pass.differences += static_cast<std::int64_t>(differences.size());
    Log(Level::kError, "verify", "documents differ from PostgreSQL",
        {{"index", pass.index},
         {"missing", std::to_string(counts["missing"])},
         {"stale", std::to_string(counts["stale"])},
         {"orphan", std::to_string(counts["orphan"])},
         {"remedy",
          repair ? "they are written again" : "pgsluice verify " + pass.index + " --repair"}});
  }

  bool Repair(Verifier& verifier, const LiveIndex& index,
              const std::vector<Difference>& differences) {
    try {
      verifier.Repair(index, differences);
    } catch (const Error& error) {
      const bool of_documents = error.disposition() == Disposition::kReject &&
                                dynamic_cast<const pg::SqlError*>(&error) == nullptr;
      if (!of_documents) throw;
      Log(Level::kError, "verify", "cannot repair documents: " + error.Full(),
          {{"index", index.plan->name}});
      return false;
    }
    shared_.work.Signal();
    shared_.backfill.Signal();  // orphans that no key leads to
    return true;
  }

  /// Counts which of the repaired documents are correct now.
  void CompareAgain(Verifier& verifier, const LiveIndex& index, Pass& pass) {
    if (pass.mending.empty()) return;
    std::int64_t left = 0;
    verifier.Recheck(index, pass.mending, [&](const Difference&) { ++left; });
    pass.repaired += static_cast<std::int64_t>(pass.mending.size()) - left;
    pass.mending.clear();
    if (left == 0) return;
    Log(Level::kError, "verify", "documents still differ after their repair",
        {{"index", pass.index},
         {"documents", std::to_string(left)},
         {"see", "pgsluice dead-letters list"}});
  }

  void Complete(const LiveIndex& index, Pass& pass) {
    passes_.Save(pass, milliseconds(0));
    passes_.Complete(pass);
    passes_.Unlock(pass.index);
    const Level level = IsByInterval(index) ? Level::kDebug : Level::kInfo;
    Log(level, "verify", IsByInterval(index) ? "the view was read" : "every document was compared",
        {{"index", pass.index},
         {"compared", std::to_string(pass.compared)},
         {"differences", std::to_string(pass.differences)},
         {"repaired", std::to_string(pass.repaired)}});
  }

  /// Returns whether the differences that the last steps found in a view are written.
  bool AreWritten(const std::string& index) {
    const auto position = written_.find(index);
    if (position == written_.end()) return true;
    const Scope scope = ScopeOf(*shared_.registry.Current(), index);
    if (UnfinishedUpTo(session_, position->second, scope).any()) return false;
    written_.erase(position);
    return true;
  }

  void Show(const std::vector<Pass>& passes) {
    for (const Pass& pass : passes) {
      shared_.monitor.VerifyComplete(pass.index)
          .Set(static_cast<double>(pass.complete_at.value_or(0)));
      for (const char* kind : kKinds) shared_.monitor.VerifyDifferences(pass.index, kind);
    }
  }

  const Shared& shared_;
  pg::Session& session_;
  Passes passes_;
  PassReader reader_;
  pg::Pool pool_;
  Consistency consistency_;
  milliseconds until_rate_{0};  ///< From the last read of the rate in this step.
  /// For each index with an interval, the position of its last events in the outbox.
  std::map<std::string, std::int64_t> written_;
  /// By index, the session that holds the lock of its pass and does not belong to pgsluice.
  std::map<std::string, std::string> strangers_;
};

}  // namespace

void RunAuditor(const Shared& shared, const std::stop_token& stop) {
  RunLoop(shared, "pgsluice verify", shared.passes, stop, [&](pg::Session& session) -> Step {
    auto auditor = std::make_shared<Auditor>(shared, session);
    return [auditor] { return auditor->Step(); };
  });
}

}  // namespace pgsluice::sync
