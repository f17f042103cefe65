#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pgsluice/outbox/outbox.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// The times at which documents change by themselves (`refresh_at`): the rows of
/// pgsluice.refresh_time.
class Times {
 public:
  using Keys = std::vector<std::string>;

  Times(pg::Session& session, outbox::Outbox& outbox) : session_(session), outbox_(outbox) {}

  /// Saves the times of root keys that were synced, in the transaction that acknowledges them. A
  /// row whose time cannot be computed becomes a dead letter. Returns whether one of the times is
  /// near. Does nothing for an index without `refresh_at`.
  bool Keep(const LiveIndex& index, const Keys& keys);
  /// Saves the times of the rows in blocks [begin, end) of a relation, whether or not `where` holds
  /// for them. Returns false, and saves nothing, if the time of one of these rows cannot be
  /// computed.
  bool KeepBlocks(const LiveIndex& index, const std::string& relation, std::int64_t begin,
                  std::int64_t end);
  /// Saves the times of all rows of a view.
  bool KeepAll(const LiveIndex& index);

 private:
  void KeepRange(const LiveIndex& index, const Keys& keys, std::size_t begin, std::size_t end,
                 bool& near);
  /// Runs `statement` behind a savepoint. Returns false if the value of a row made it fail.
  template <typename Statement>
  bool Try(const Statement& statement);

  pg::Session& session_;
  outbox::Outbox& outbox_;
};

/// Turns up to `most` due times of an index into events, the oldest first. Returns the ids of the
/// outbox rows. Call outside a transaction.
std::vector<std::int64_t> ReleaseDue(pg::Session& session, const LiveIndex& index, int most);
/// Returns which of these outbox rows are not acknowledged yet.
std::vector<std::int64_t> StillWaiting(pg::Session& session, const std::vector<std::int64_t>& ids);

}  // namespace pgsluice::sync
