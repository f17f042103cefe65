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

/// The troubles of single indexes as this process last saw them. Logs when one begins, changes or
/// ends, records them in pgsluice.index_trouble, and knows when to try again. Not thread-safe.
class Troubles {
 public:
  /// Replaces the known troubles by `now`. `configured` names all indexes of this process. With
  /// `record` false nothing is written to the database.
  void Replace(pg::Session& session, const TroubleMap& now,
               const std::vector<std::string>& configured, bool record);
  /// Returns whether an index is in trouble and it is time to try it again.
  bool RetryIsDue() const;
  /// Returns whether an index is in trouble.
  bool any() const { return !known_.empty(); }

 private:
  void Log(const TroubleMap& now) const;

  TroubleMap known_;
  bool first_ = true;
  Backoff backoff_{std::chrono::seconds(2), std::chrono::seconds(60)};
  std::chrono::steady_clock::time_point retry_at_;
};

/// Returns the troubles that other processes recorded.
TroubleMap RecordedTroubles(pg::Session& session);

/// Returns the trouble of an index whose definition has these errors.
IndexTrouble TroubleOf(const config::Findings& findings);
/// Returns the trouble of an index that the engine refuses, with a remedy for that refusal.
IndexTrouble TroubleOf(const Error& refusal);
/// Returns the trouble of an index with these blocks ("read_only_allow_delete").
IndexTrouble TroubleOfBlocks(const std::vector<std::string>& blocks);

}  // namespace pgsluice::sync
