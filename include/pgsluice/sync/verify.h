#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/base/error.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/outbox/outbox.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/consistency.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// One document that differs from PostgreSQL. A row whose document cannot be computed now (a dead
/// letter) always differs: "stale" if the engine has a document for it, otherwise "missing".
struct Difference {
  std::string id;
  const char* kind = "";     ///< "missing", "stale" or "orphan".
  std::int64_t version = 0;  ///< Of the document in the engine; 0: there is none.
};

/// A document and its routing; an empty routing means that the id is used.
struct Placed {
  std::string document;
  std::string routing;
  std::int64_t version = 0;  ///< In the engine.
};

/// Changes in flight were not applied in time, because the sync is behind or does not run. Without
/// them the comparison of some documents has no result.
class StillInFlight : public Error {
 public:
  explicit StillInFlight(std::chrono::milliseconds waited)
      : Error(Disposition::kRetry,
              "changes in flight were not applied within " +
                  std::to_string(std::chrono::ceil<std::chrono::seconds>(waited).count()) + " s",
              "is 'pgsluice run' or 'pgsluice sync' running?") {}
};

struct VerifyReport {
  std::int64_t compared = 0;
  std::int64_t differences = 0;
};

/// Compares every document of an index with PostgreSQL, by content and routing, while changes
/// continue: first the table in block ranges with the engine, then the ids of the index with the
/// table. A candidate is checked again after everything committed until then was applied, so that a
/// change in flight does not count as a difference. Memory is bounded by one chunk.
class Verifier {
 public:
  using Report = std::function<void(const Difference&)>;
  /// Called with the number of documents compared so far. `rows_done`: all rows are compared, and
  /// only ids in the engine without a row are left to check.
  using Advance = std::function<void(std::int64_t compared, bool rows_done)>;
  using Keys = std::vector<std::string>;

  /// How long to wait for changes in flight.
  static constexpr std::chrono::milliseconds kPatience{120'000};

  /// `in_flight`: work that has to be done before a document counts as different.
  Verifier(pg::Session& session, engine::Engine& engine, Consistency& consistency,
           Scope in_flight = {}, std::chrono::milliseconds patience = kPatience)
      : session_(session),
        outbox_(session),
        engine_(engine),
        consistency_(consistency),
        in_flight_(std::move(in_flight)),
        patience_(patience) {}

  /// Reports every difference to `report`. Throws StillInFlight if something in flight is not
  /// applied in time.
  VerifyReport Verify(const LiveIndex& index, const Report& report, const Advance& advance = {});
  /// Like Verify(), for these root keys only.
  VerifyReport VerifyKeys(const LiveIndex& index, const Keys& keys, const Report& report);
  /// Like Verify(), for these ids from the engine: reports those that do not belong to a row.
  VerifyReport VerifyIds(const LiveIndex& index, const Keys& ids, const Report& report);
  /// Reports which of these documents still differ, in any way.
  void Recheck(const LiveIndex& index, const Keys& ids, const Report& report);
  /// Compares the documents of these keys now, without waiting for changes in flight. Adds the
  /// number of documents to `compared`.
  std::vector<Difference> Compare(const LiveIndex& index, const Keys& keys, std::int64_t* compared);
  /// Returns those of these ids from the engine that have no document in PostgreSQL now.
  std::vector<Difference> Orphans(const LiveIndex& index, const Keys& ids);
  /// Enqueues the keys of documents that differ, and a walk over all ids of the index for orphans
  /// whose keys are not known. Returns at once; the sync writes the documents. If a document has a
  /// version above ours, because another program wrote it, the epoch is raised first, otherwise our
  /// write would lose.
  void Repair(const LiveIndex& index, const std::vector<Difference>& differences);

 private:
  using Ids = std::vector<std::string>;

  void CompareTable(const LiveIndex& index, const Report& report, const Advance& advance,
                    VerifyReport& totals);
  void AddOrphans(const LiveIndex& index, const Ids& ids, std::vector<Difference>& orphans);
  void CompareIds(const LiveIndex& index, const Report& report, const Advance& advance,
                  VerifyReport& totals);
  /// Returns the keys of those ids that have a document in PostgreSQL or whose ids contain their
  /// key.
  Keys KeysOf(const LiveIndex& index, const Ids& ids);
  struct Row {
    std::string id;
    std::optional<Placed> placed;  ///< None: the row does not exist, or is not to be indexed.
  };
  /// Returns the present rows of these keys in PostgreSQL. A document that cannot be computed is
  /// equal to no document.
  std::vector<Row> Rows(const LiveIndex& index, const Keys& keys);
  void AddRows(const LiveIndex& index, const Keys& keys, std::size_t begin, std::size_t end,
               std::vector<Row>& rows);
  using Documents = std::map<std::string, Placed>;
  /// Returns the present documents of these ids in PostgreSQL; ids without a document are absent.
  Documents Read(const LiveIndex& index, const Ids& ids);
  /// Checks candidates again: reads them, waits until everything committed until then was applied,
  /// asks the engine, and reads them again. A document differs if it did not change between the two
  /// reads and the engine has something else.
  void Confirm(const LiveIndex& index, const std::vector<Difference>& candidates,
               const Report& report, VerifyReport& totals);

  /// Raises the versions of our next writes above those that these documents have in the engine.
  void RaiseAbove(const std::vector<Difference>& differences);

  pg::Session& session_;
  outbox::Outbox outbox_;
  engine::Engine& engine_;
  Consistency& consistency_;
  const Scope in_flight_;
  const std::chrono::milliseconds patience_;
  std::size_t bytes_ = 0;  ///< Size of the documents last compared.
};

}  // namespace pgsluice::sync
