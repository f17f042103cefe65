#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/pg/session.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// A row of pgsluice.index_state.
struct IndexRecord {
  std::string physical, uuid, config_hash, mapping;
  std::vector<std::string> relations;  ///< Partitions and children: Catalog::MembersSql().
  std::string root_source, state, reason;
  std::string building;       ///< The next physical index while a reindex runs.
  std::string building_uuid;  ///< Empty until it is made.
  std::string refused;        ///< Why the last reindex did not put it in place.

  bool operator==(const IndexRecord&) const = default;
};

/// What decides the phase of an index that is configured and fits the tables and the engine. (Those
/// that do not are broken or blocked, see Troubles; pgsluice.attend() marks those that no process
/// has in its configuration.)
struct PhaseFacts {
  bool filling = false;   ///< Documents of its present physical index are still to be read.
  bool building = false;  ///< A reindex was asked for and is not in place.
  bool refused = false;   ///< A reindex was not put in place, or its index was not made.
  bool needs = false;     ///< There is a reason for a reindex.
};

/// | filling | building | refused | needs | phase          |
/// | ------- | -------- | ------- | ----- | -------------- |
/// | yes     |          |         |       | backfilling    |
/// | no      | yes      | no      |       | reindexing     |
/// | no      |          | no      | no    | live           |
/// | no      | otherwise                  | reindex_needed |
IndexPhase PhaseOf(const PhaseFacts& facts);

/// The same table as an SQL expression over conditions.
std::string PhaseSql(const std::string& filling, const std::string& building,
                     const std::string& refused, const std::string& needs);

/// Reads and writes pgsluice.index_state, for a caller that holds the locks and the transaction:
/// the only place of the program where a row of it is inserted or updated, so that its phase is
/// always that of the table above. Must not outlive the session.
class IndexRecords {
 public:
  explicit IndexRecords(pg::Session& session) : session_(session) {}

  /// Returns an empty state if the index was never made.
  IndexRecord Load(const std::string& name) const;
  /// Sets the phase by the state, and saves it if it is not `old`.
  void Save(const std::string& name, const IndexRecord& old, IndexRecord& now, bool filling) const;

  /// A backfill that was asked for begins or continues at that rate (0: any). False if `physical`
  /// is no longer the index in place.
  bool SetRate(const std::string& name, const std::string& physical, std::int64_t rate) const;
  /// A backfill of a live index begins.
  void Backfilling(const std::string& name) const;
  /// Delays the next read of an index with a rate: it is due when the rows just read are.
  void KeepRate(const std::string& name, std::int64_t rows, double took_s) const;
  /// Forgets the finished tasks of a physical index. Returns the index and the rows that were read
  /// if its backfill is over by that.
  std::optional<std::pair<std::string, std::string>> Filled(const std::string& physical) const;
  std::int64_t BackfilledRows(const std::string& name) const;

  /// The ids of the index are to be walked once more in a minute.
  void WalkLater(const std::string& name) const;
  /// Returns those of `names` (a JSON array) whose second walk is due, once.
  std::vector<std::string> TakeDueWalks(const std::string& names) const;

  /// A reindex into `building` is asked for.
  void RequestReindex(const std::string& name, const std::string& building, bool keep_old) const;
  /// A reindex that was refused is tried again.
  void ContinueReindex(const std::string& name, bool keep_old) const;
  void RefuseReindex(const std::string& name, const std::string& building,
                     const std::string& reason) const;
  /// False if there is none.
  bool AbortReindex(const std::string& name) const;
  /// The uuid of the index that was built, if it is complete and nothing has happened to it.
  std::optional<std::string> ReadyToFinish(const std::string& name, const std::string& physical,
                                           const std::string& building) const;
  /// The index that was built takes the place of the one before, which is retired together with
  /// `alias`, the one that it was built under.
  void PutInPlace(const std::string& name, const std::string& building,
                  const std::string& alias) const;

 private:
  pg::Session& session_;
};

}  // namespace pgsluice::sync
