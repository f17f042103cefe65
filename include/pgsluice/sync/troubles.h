#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "pgsluice/base/backoff.h"
#include "pgsluice/base/error.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

using TroubleMap = std::map<std::string, IndexTrouble>;  ///< By index.

/// The troubles of single indexes as this process last saw them: logs when one begins, changes and
/// ends, records them in pgsluice.index_trouble, and says when to try again. Not thread-safe.
class Troubles {
 public:
  /// Puts `now` in place of what was. `configured`: all indexes of this process. With `record`
  /// false the database is left alone.
  void Replace(pg::Session& session, const TroubleMap& now,
               const std::vector<std::string>& configured, bool record);
  /// Whether an index is in trouble and it is time to see whether it still is.
  bool RetryIsDue() const;
  /// The same, whenever that is due.
  bool any() const { return !known_.empty(); }

 private:
  void Log(const TroubleMap& now) const;

  TroubleMap known_;
  bool first_ = true;
  Backoff backoff_{std::chrono::seconds(2), std::chrono::seconds(60)};
  std::chrono::steady_clock::time_point retry_at_;
};

/// What other processes recorded.
TroubleMap RecordedTroubles(pg::Session& session);

/// The trouble of an index whose definition has these errors.
IndexTrouble TroubleOf(const config::Findings& findings);
/// The trouble of an index that the engine refuses, with a remedy for that refusal.
IndexTrouble TroubleOf(const Error& refusal);
/// The trouble of an index with these blocks ("read_only_allow_delete").
IndexTrouble TroubleOfBlocks(const std::vector<std::string>& blocks);

}  // namespace pgsluice::sync
