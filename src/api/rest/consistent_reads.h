#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/message.h"
#include "api/rest/freshness.h"
#include "api/rest/gate.h"
#include "api/rest/resolved_request.h"
#include "api/rest/search_engine.h"

namespace pgsluice::api {

/// Why an answer may not cover all documents.
enum class Partial { kNo, kShards, kBackfilling, kBroken };
/// Returns the text for `meta.reason`; empty for kNo.
std::string_view NameOf(Partial partial);

/// How current an answer has to be, and what it says about that. Thread-safe.
class ConsistentReads {
 public:
  ConsistentReads(const Backend& backend, Gate& gate, SearchEngine& engine)
      : sync_(backend.sync), gate_(gate), engine_(engine), freshness_(backend.sync) {}

  /// Waits as the request wants (`consistency=strong`, `after`), then lets the engine show what was
  /// written. Returns kBackfilling if documents may be missing because the first copy of the index
  /// is not complete, kBroken if the index serves its last documents because its definition does
  /// not fit. Throws Problem 503 for such an index if its configuration refuses searches until
  /// then, 504 if the wait took too long.
  Partial BringUp(const ResolvedRequest& asked, const Request& request);
  /// Waits until everything at or below the token is written: to one index, or to all if `index` is
  /// empty. `caller`: its socket; a caller that leaves ends the wait. Throws Problem.
  void WaitFor(const std::string& token, const std::string& index, std::chrono::milliseconds wait,
               int caller);
  /// A token at or above everything committed before the call: in the index's database, or in all
  /// if `index` is empty. Throws Problem 503 if the database cannot be asked.
  std::string PositionNow(const std::string& index);
  /// The position as answers show it, a fifth of a second old at most.
  std::string Position() { return freshness_.Position(); }
  std::int64_t LagMs(const std::string& index) const;
  /// The members of an answer's `meta` that every endpoint has, without braces.
  std::string Meta(const ResolvedRequest& asked, const Request& request, Partial partial) const;

 private:
  SyncState* const sync_;
  Gate& gate_;
  SearchEngine& engine_;
  Freshness freshness_;
};

}  // namespace pgsluice::api
