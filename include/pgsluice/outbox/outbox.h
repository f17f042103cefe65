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

/// The outbox table and the tables around it. Does not know about documents or engines.
namespace pgsluice::outbox {

/// A claim ends with the row that makes its keys exceed this length, so that it fits into memory.
inline constexpr std::size_t kClaimBytes = 64 * 1024;

/// The channel on which writers wake a sleeping poller.
inline constexpr const char* kChannel = "pgsluice";

/// A changed key. Events of one statement share a row of the outbox, and so its id.
struct Event {
  std::int64_t id = 0;  ///< Of the outbox row.
  int source = 0;       ///< pgsluice.source.id: table and meaning of the key.
  std::string key;  ///< JSON array, positional by the source's captured columns; empty: TRUNCATE.
  std::int64_t captured_at_us = 0;  ///< Unix time in microseconds, by the database's clock.
  /// JSON array of the indexes that still need the event; empty: all that it concerns.
  std::string waiting_for{};
};

/// Which events a process claims.
struct Interest {
  std::set<int> leave;              ///< Sources whose events are left for other processes.
  std::vector<std::string> mine;    ///< Indexes that the process writes. Empty if `others` is.
  std::vector<std::string> others;  ///< Indexes in force that other processes write.
};

/// Returns `leave` as an SQL array.
std::string LeaveOf(const Interest& interest);

struct DeadLetter {
  std::int64_t id = 0;
  std::string index, document_id, key, error;
  int status = 0;
  int attempts = 0;
  std::string first_at, last_at;  ///< ISO 8601, UTC.
  std::string database = {};      ///< Its name, if there are several databases; set by the caller.
};

/// The outbox through one session. Used by one thread; must not outlive the session.
class Outbox {
 public:
  explicit Outbox(pg::Session& session) : session_(session) {}

  /// Claims the events of up to `limit` rows, oldest first, until the transaction ends. Skips rows
  /// that another session has claimed. Returns fewer if their keys are long (see kClaimBytes).
  /// Returns nullopt if `generation` is no longer that of pgsluice.state, because then the caller
  /// would write documents of an old shape, or not to every index. Call inside a READ COMMITTED
  /// transaction.
  std::optional<std::vector<Event>> Claim(int limit, std::int64_t floor, int generation,
                                          const Interest& interest = {});
  /// Deletes claimed rows. Call in the same transaction.
  void Ack(const std::vector<std::int64_t>& ids);
  /// Keeps claimed rows for the indexes in `names`, which another process writes. Call in the same
  /// transaction.
  void KeepFor(const std::vector<std::int64_t>& ids, const std::vector<std::string>& names);
  /// Adds events for keys of `source`.
  void Enqueue(int source, const std::vector<std::string>& keys);

  /// Records a document that cannot be written. `source` is the source of its key, if it is not the
  /// index's own.
  void RecordDeadLetter(const std::string& index, const std::string& document_id,
                        const std::string& key, const std::string& error, int status,
                        std::optional<int> source = {});
  /// Returns whether the index has dead letters. Asks the database once per batch, or outside a
  /// batch once per second.
  bool HasDeadLetters(const std::string& index);
  void DropDeadLetters(const std::string& index, const std::vector<std::string>& document_ids);

 private:
  pg::Session& session_;
  std::map<std::string, bool> dead_;  ///< Which indexes have dead letters, as last read.
  std::chrono::steady_clock::time_point dead_read_{};
};

/// The id below which no event is left or can still appear. Claims begin there, so that they do not
/// walk over dead entries of the index while something holds back vacuum (20 times slower after a
/// million events). How it moves: sample S, the last id taken from the sequence, then get a new
/// transaction id X. When every transaction older than X has ended, no id up to S can become
/// visible any longer; src/outbox/floor.cpp says why. One per process; thread-safe.
class Floor {
 public:
  Floor() = default;
  /// Creates the floor of claims with `interest`: events that these leave alone may lie below it.
  explicit Floor(Interest interest) : interest_(std::move(interest)) {}
  std::int64_t value() const { return value_; }
  /// Moves the floor if possible, a few times per second at most. Call outside a transaction.
  void Advance(pg::Session& session);
  /// Starts again from 0. Call it for every new session, because its server may assign the same ids
  /// again (failover with loss, restored copy).
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

/// The floors of claims that leave events for other processes, or for later. Such a claim begins
/// after these events, so that a large backlog of them costs it nothing. Used by one thread; must
/// not outlive the session.
class Floors {
 public:
  explicit Floors(pg::Session& session) : session_(session) {}
  /// Returns the best start of a claim with `interest`. `base`: the start of every claim. Call
  /// outside a transaction.
  std::int64_t From(std::int64_t base, int generation, const Interest& interest);
  /// Moves the floor that From() used last. Call outside a transaction.
  void Advance();

 private:
  pg::Session& session_;
  int generation_ = -1;
  std::map<std::string, Floor> floors_;  ///< By the text of the interest.
  Floor* last_ = nullptr;                ///< Null if no events are left alone.
};

/// Reads pgsluice.state.generation, which rises when documents get another shape or place.
int ReadGeneration(pg::Session& session);

/// Takes the exclusive sleeper lock, so that writers send a NOTIFY from now on. Returns false while
/// a writer is in flight or another process sleeps.
bool TrySleep(pg::Session& session);
void Awake(pg::Session& session);

/// Returns whether Claim() might find an event.
bool HasVisible(pg::Session& session, std::int64_t floor, const Interest& interest = {});

struct Lag {
  /// Visible events (changed keys), counted over at most a million rows.
  std::int64_t pending = 0;
  double oldest_age_s = 0;
};
Lag ReadLag(pg::Session& session, std::int64_t floor);

std::map<std::string, std::int64_t> CountDeadLetters(pg::Session& session);
std::vector<DeadLetter> ListDeadLetters(pg::Session& session);
/// Enqueues the keys of dead letters (all if `ids` is empty). They stay listed until their document
/// is written. Returns their number.
std::int64_t RetryDeadLetters(pg::Session& session, const std::vector<std::int64_t>& ids);
/// Enqueues the keys of all dead letters of one index.
std::int64_t RetryDeadLettersOf(pg::Session& session, const std::string& index);
std::int64_t DiscardDeadLetters(pg::Session& session, const std::vector<std::int64_t>& ids);

}  // namespace pgsluice::outbox
