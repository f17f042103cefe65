#include <algorithm>

#include "outbox/outbox_sql.h"
#include "pgsluice/outbox/outbox.h"
#include "pgsluice/pg/text_array.h"

namespace pgsluice::outbox {

namespace {

constexpr std::chrono::milliseconds kBetweenMoves{200};
// A check below the floor at this interval, in case ids were written by hand.
constexpr std::chrono::minutes kBetweenSweeps{5};
// Indexes that are held at different times create a few floors.
constexpr std::size_t kMostFloors = 16;

}  // namespace

void Floor::Reset() {
  const base::MutexLock lock(mutex_);
  value_ = 0;
  sample_ = -1;
}

void Floor::Advance(pg::Session& session) {
  // Another thread is moving the floor already.
  if (!mutex_.try_lock()) return;
  const base::MutexLock lock(mutex_, std::adopt_lock);
  const auto now = std::chrono::steady_clock::now();
  if (now - sampled_ < kBetweenMoves) return;
  sampled_ = now;
  if (now - swept_ > kBetweenSweeps) {
    swept_ = now;
    const pg::Result below = session.Exec(
        sql::kFloorSweep, {std::to_string(value_), LeaveOf(interest_),
                           pg::TextArray(interest_.mine), pg::TextArray(interest_.others)});
    if (below.rows() > 0) value_ = below.Int(0, 0);
  }
  // The new floor is the lowest waiting event up to S, or S + 1. Returns no row while a
  // transaction older than X is running.
  if (sample_ >= 0) {
    const pg::Result moved =
        session.Exec(sql::kFloorMove, {std::to_string(value_), std::to_string(sample_), sample_xid_,
                                       LeaveOf(interest_), pg::TextArray(interest_.mine),
                                       pg::TextArray(interest_.others)});
    if (moved.rows() == 0) return;  // an older transaction is still open
    value_ = moved.Int(0, 0);
  }
  // Sample the last id first, the transaction id after that. No writer can take an id at or below S
  // after this point. Every writer that took one before has a smaller transaction id than X,
  // because writers get a transaction id before they take an id of the outbox. So when all of these
  // have ended, their events are visible or will never exist.
  sample_ = session.Exec(sql::kFloorSample).Int(0, 0);
  sample_xid_ = session.Exec(sql::kFloorXid).Text(0, 0);
}

std::int64_t Floors::From(std::int64_t base, int generation, const Interest& interest) {
  last_ = nullptr;
  if (interest.leave.empty() && interest.others.empty()) return base;
  if (generation != generation_ || floors_.size() > kMostFloors) floors_.clear();
  generation_ = generation;
  const std::string key =
      LeaveOf(interest) + pg::TextArray(interest.mine) + '/' + pg::TextArray(interest.others);
  last_ = &floors_.try_emplace(key, interest).first->second;
  return std::max(base, last_->value());
}

void Floors::Advance() {
  if (last_ != nullptr) last_->Advance(session_);
}

}  // namespace pgsluice::outbox
