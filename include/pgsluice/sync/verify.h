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

/// One document that is not as PostgreSQL says. A row whose document cannot be computed now (a dead
/// letter) always differs: "stale" when the engine has a document of it, else "missing".
struct Difference {
  std::string id;
  const char* kind = "";     ///< "missing", "stale" or "orphan".
  std::int64_t version = 0;  ///< Of the document in the engine; 0: there is none.
};

/// A document and what it is routed by; empty: its id.
struct Placed {
  std::string document;
  std::string routing;
  std::int64_t version = 0;  ///< In the engine.
};

/// Changes in flight were not applied in time: the sync is behind or does not run, so that nothing
/// can be said about some documents.
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

/// Compares every document of an index with PostgreSQL, by content and routing, while both live:
/// the table in block ranges against the engine, then the ids of the index against the table. A
/// candidate is looked at again after everything committed until then was applied, so that what was
/// merely in flight is not a difference. Memory is bounded by one chunk.
class Verifier {
 public:
  using Report = std::function<void(const Difference&)>;
  /// Hears how many documents are compared so far, and whether the rows are done, so that only ids
  /// of the engine without a row are looked for.
  using Advance = std::function<void(std::int64_t compared, bool rows_done)>;
  using Keys = std::vector<std::string>;

  /// `in_flight`: the work that is not a difference before it is done.
  /// How long changes in flight are waited for.
  static constexpr std::chrono::milliseconds kPatience{120'000};

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
  /// The same for these root keys only.
  VerifyReport VerifyKeys(const LiveIndex& index, const Keys& keys, const Report& report);
  /// The same for these ids that the engine has: are they those of rows?
  VerifyReport VerifyIds(const LiveIndex& index, const Keys& ids, const Report& report);
  /// Reports which documents of these ids still differ, of whatever kind.
  void Recheck(const LiveIndex& index, const Keys& ids, const Report& report);
  /// Compares the documents of these keys now, whether changes are in flight or not. Adds the
  /// number of documents to `compared`.
  std::vector<Difference> Compare(const LiveIndex& index, const Keys& keys, std::int64_t* compared);
  /// Which of these ids of the engine have no document in PostgreSQL now.
  std::vector<Difference> Orphans(const LiveIndex& index, const Keys& ids);
  /// Refreshes what differs: enqueues the keys, and a walk over all ids of the index for orphans
  /// that no key leads to. Returns at once; the sync does it. If somebody else wrote a document
  /// with a version above ours, the epoch is raised first, because our write would lose.
  void Repair(const LiveIndex& index, const std::vector<Difference>& differences);

 private:
  using Ids = std::vector<std::string>;

  void CompareTable(const LiveIndex& index, const Report& report, const Advance& advance,
                    VerifyReport& totals);
  void CompareIds(const LiveIndex& index, const Report& report, const Advance& advance,
                  VerifyReport& totals);
  /// The keys of those ids that have a document in PostgreSQL or whose ids tell their key.
  Keys KeysOf(const LiveIndex& index, const Ids& ids);
  struct Row {
    std::string id;
    std::optional<Placed> placed;  ///< None: the row is not, or is not to be indexed.
  };
  /// Of these keys, as PostgreSQL has them now. What cannot be computed is like no document.
  std::vector<Row> Rows(const LiveIndex& index, const Keys& keys);
  void AddRows(const LiveIndex& index, const Keys& keys, std::size_t begin, std::size_t end,
               std::vector<Row>& rows);
  using Documents = std::map<std::string, Placed>;
  /// The documents of these ids as PostgreSQL has them now; what has none is absent.
  Documents Read(const LiveIndex& index, const Ids& ids);
  /// Looks at candidates again: read, wait until everything committed until then was applied, ask
  /// the engine, read again. What is neither the one nor the other although it did not change in
  /// between differs.
  void Confirm(const LiveIndex& index, const std::vector<Difference>& candidates,
               const Report& report, VerifyReport& totals);

  /// Makes the versions of our next writes higher than those that the engine has of these.
  void RaiseAbove(const std::vector<Difference>& differences);

  pg::Session& session_;
  outbox::Outbox outbox_;
  engine::Engine& engine_;
  Consistency& consistency_;
  const Scope in_flight_;
  const std::chrono::milliseconds patience_;
  std::size_t bytes_ = 0;  ///< Of the documents last compared.
};

}  // namespace pgsluice::sync
