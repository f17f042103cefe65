#include "sync/live/timer.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>

#include "pgsluice/pg/text_array.h"
#include "sync/live/times.h"
#include "sync/run_loop.h"

namespace pgsluice::sync {

namespace {

using std::chrono::milliseconds;

// The most due documents of an index in the outbox at a time. A live change waits for no more than
// these, which takes the engine about a tenth of a second.
constexpr int kAtOnce = 1000;
// A limit, so that a changed clock, or a machine that was suspended, is noticed in time.
constexpr milliseconds kLongestRest{800};
// Pauses until the due documents are written: the first one, and the longest one while the index is
// not written.
constexpr milliseconds kFirstPause{10}, kLongestPause{500};

const pg::Statement kUntilNext{"refresh_time_next", R"sql(
  SELECT ceil(extract(epoch FROM min(next.at) - pg_catalog.clock_timestamp()) * 1000)::bigint
  FROM pg_catalog.unnest($1::text[]) AS names (name),
       LATERAL (SELECT min(t.at) AS at FROM pgsluice.refresh_time t
                WHERE t.index_name = names.name) AS next)sql"};

class Timer {
 public:
  Timer(const Shared& shared, pg::Session& session) : shared_(shared), session_(session) {}

  Next Step() {
    const std::shared_ptr<const IndexSet> set = shared_.registry.Current();
    ForgetWritten();
    std::vector<std::string> free;
    bool released = false;
    for (const auto& [name, index] : set->indexes) {
      const bool ours = index->in_force && !index->plan->keep_times.sql.empty();
      if (!ours || shared_.holds.Has(name) || released_.contains(name)) continue;
      std::vector<std::int64_t> ids = ReleaseDue(session_, *index, kAtOnce);
      if (ids.empty()) {
        free.push_back(name);
      } else {
        released_[name] = std::move(ids);
        released = true;
      }
    }
    if (released) {
      pause_ = kFirstPause;
      shared_.work.Signal();
    }
    if (!released_.empty()) {
      const milliseconds pause = pause_;
      pause_ = std::min(pause_ * 5 / 4, kLongestPause);
      return {pause, true};
    }
    return {UntilNext(free), true};
  }

 private:
  void ForgetWritten() {
    for (auto entry = released_.begin(); entry != released_.end();) {
      entry->second = StillWaiting(session_, entry->second);
      entry = entry->second.empty() ? released_.erase(entry) : std::next(entry);
    }
  }

  milliseconds UntilNext(const std::vector<std::string>& names) {
    if (names.empty()) return kLongestRest;
    const pg::Result rows = session_.Exec(kUntilNext, {pg::TextArray(names)});
    if (rows.IsNull(0, 0)) return kLongestRest;
    return std::clamp(milliseconds(rows.Int(0, 0)), milliseconds(1), kLongestRest);
  }

  const Shared& shared_;
  pg::Session& session_;
  /// Outbox rows that it released for each index and that are not acknowledged yet.
  std::map<std::string, std::vector<std::int64_t>> released_;
  milliseconds pause_ = kFirstPause;
};

}  // namespace

void RunTimer(const Shared& shared, const std::stop_token& stop) {
  RunLoop(shared, "pgsluice timer", shared.times, stop, [&](pg::Session& session) -> Step {
    auto timer = std::make_shared<Timer>(shared, session);
    return [timer] { return timer->Step(); };
  });
}

}  // namespace pgsluice::sync
