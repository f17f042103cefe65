#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/base/mutex.h"
#include "pgsluice/pg/session.h"

/// The outbox table and what surrounds it. Knows nothing of documents or engines.
namespace pgsluice::outbox {

/// A claim ends with the row that makes its keys this long, so that it fits into memory.
inline constexpr std::size_t kClaimBytes = 64 * 1024;

/// The channel on which writers wake a sleeping poller.
inline constexpr const char* kChannel = "pgsluice";

/// A changed key. Events of one statement share a row of the outbox, and so its id.
struct Event {
  std::int64_t id = 0;  ///< Of the row.
  int source = 0;       ///< pgsluice.source.id: table and meaning of the key.
  std::string key;  ///< JSON array, positional by the source's captured columns; empty: TRUNCATE.
  std::int64_t captured_at_us = 0;  ///< Unix time in microseconds, by the database's clock.
  /// JSON array of the indexes that still have to take it; empty: all that it concerns.
  std::string waiting_for{};
};

/// Which events a process claims.
struct Interest {
  std::set<int> leave;              ///< Sources whose events stay for others.
  std::vector<std::string> mine;    ///< Indexes that the process writes. Empty if `others` is.
  std::vector<std::string> others;  ///< Indexes in force that other processes write.
};

/// `leave` as an SQL array.
std::string LeaveOf(const Interest& interest);

struct DeadLetter {
  std::int64_t id = 0;
  std::string index, document_id, key, error;
  int status = 0;
  int attempts = 0;
  std::string first_at, last_at;  ///< ISO 8601, UTC.
  std::string database = {};      ///< Its name, if there are several; set by the caller.
};

/// The outbox as one session sees it. Used by one thread; must not outlive the session.
class Outbox {
 public:
  explicit Outbox(pg::Session& session) : session_(session) {}

  /// Takes the events of up to `limit` rows, oldest first, that nobody else has taken, until the
  /// transaction ends; fewer when their keys are long (see kClaimBytes). Nothing at all when
  /// `generation` is no longer that of pgsluice.state: then the caller writes documents of an old
  /// shape, or not to every index. Call inside a READ COMMITTED transaction.
  std::optional<std::vector<Event>> Claim(int limit, std::int64_t floor, int generation,
                                          const Interest& interest = {});
  /// Removes claimed rows. In the same transaction.
  void Ack(const std::vector<std::int64_t>& ids);
  /// Keeps claimed rows for the indexes in `names`, which another process writes. In the same
  /// transaction.
  void KeepFor(const std::vector<std::int64_t>& ids, const std::vector<std::string>& names);
  /// New events for keys of `source`.
  void Enqueue(int source, const std::vector<std::string>& keys);

  void RecordDeadLetter(const std::string& index, const std::string& document_id,
                        const std::string& key, const std::string& error, int status);
  /// Whether the index has dead letters: asked once for a batch, without one once in a second.
  bool HasDeadLetters(const std::string& index);
  void DropDeadLetters(const std::string& index, const std::vector<std::string>& document_ids);

 private:
  pg::Session& session_;
  std::map<std::string, bool> dead_;  ///< Which indexes have any, as last read.
  std::chrono::steady_clock::time_point dead_read_{};
};

/// The low-water mark below which no event is or can appear, so that a claim does not walk the dead
/// entries of the index when something pins the vacuum horizon (measured: 20 times slower after a
/// million events). Rule, with its proof in notes on the sequence: sample S = last id taken, then
/// take a new transaction id X; once every older transaction is over, no id <= S can still become
/// visible. One per process; thread-safe.
class Floor {
 public:
  Floor() = default;
  /// Of the events that claims with `interest` take: those that they leave alone lie below it.
  explicit Floor(Interest interest) : interest_(std::move(interest)) {}
  std::int64_t value() const { return value_; }
  /// Moves the floor when it can; at most a few times a second. Call outside a transaction.
  void Advance(pg::Session& session);
  /// Begins anew: to be called with every new session, whose server may be one that gives the same
  /// ids again (failover with loss, restored copy).
  void Reset();

 private:
  const Interest interest_{};
  std::atomic<std::int64_t> value_{0};
  base::Mutex mutex_;
  std::chrono::steady_clock::time_point sampled_ PGSLUICE_GUARDED_BY(mutex_){};
  std::chrono::steady_clock::time_point swept_ PGSLUICE_GUARDED_BY(mutex_){};
  std::int64_t sample_ PGSLUICE_GUARDED_BY(mutex_) = -1;  ///< S; -1: none is waiting.
  std::string sample_xid_ PGSLUICE_GUARDED_BY(mutex_);    ///< X.
};

/// Where claims begin that leave events for other processes, or for later, alone: behind those, so
/// that a large backlog of them costs a claim nothing. Used by one thread; must not outlive the
/// session.
class Floors {
 public:
  explicit Floors(pg::Session& session) : session_(session) {}
  /// Where a claim with `interest` begins at best. `base`: where every claim does. Call outside a
  /// transaction.
  std::int64_t From(std::int64_t base, int generation, const Interest& interest);
  /// Moves the floor that was asked for last. Call outside a transaction.
  void Advance();

 private:
  pg::Session& session_;
  int generation_ = -1;
  std::map<std::string, Floor> floors_;  ///< By the text of their interest.
  Floor* last_ = nullptr;                ///< Null if nothing is left alone.
};

/// pgsluice.state.generation: rises when documents get another shape or place.
int ReadGeneration(pg::Session& session);

/// Takes the exclusive sleeper lock: from now on writers send a NOTIFY. False while a writer is in
/// flight or another process sleeps.
bool TrySleep(pg::Session& session);
void Awake(pg::Session& session);

/// Whether Claim() would find something that nobody holds.
bool HasVisible(pg::Session& session, std::int64_t floor, const Interest& interest = {});

struct Lag {
  std::int64_t pending = 0;  ///< Visible events (changed keys), of a million rows at most.
  double oldest_age_s = 0;
};
Lag ReadLag(pg::Session& session, std::int64_t floor);

std::map<std::string, std::int64_t> CountDeadLetters(pg::Session& session);
std::vector<DeadLetter> ListDeadLetters(pg::Session& session);
/// Enqueues the keys of dead letters (all, when `ids` is empty); they stay listed until their
/// document is written. Answers how many.
std::int64_t RetryDeadLetters(pg::Session& session, const std::vector<std::int64_t>& ids);
/// The same for all of one index.
std::int64_t RetryDeadLettersOf(pg::Session& session, const std::string& index);
std::int64_t DiscardDeadLetters(pg::Session& session, const std::vector<std::int64_t>& ids);

}  // namespace pgsluice::outbox
