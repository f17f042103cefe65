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

/// Thrown if the index got other fields while a request waited for the sync: what was made of the
/// request before the wait would leave them out. The request has to be answered again.
struct Redefined {};

/// Makes answers as current as requests demand, and reports how current they are. Thread-safe.
class ConsistentReads {
 public:
  ConsistentReads(const Backend& backend, Gate& gate, SearchEngine& engine)
      : backend_(backend),
        sync_(backend.sync),
        gate_(gate),
        engine_(engine),
        freshness_(backend.sync) {}

  /// Waits as the request wants (`consistency=strong`, `after`), then lets the engine show what was
  /// written. Returns kBackfilling if documents may be missing because the first copy of the index
  /// is not complete, kBroken if the index serves its last documents because its definition does
  /// not fit. Throws Problem 503 for such an index if its configuration refuses searches until
  /// then, 504 if the wait took too long. Throws Redefined.
  Partial BringUp(const ResolvedRequest& asked, const Request& request);
  /// Waits until everything up to the token is written to one index, or to all if `index` is empty.
  /// The wait ends early if the connection `caller` is closed. Throws Problem.
  void WaitFor(const std::string& token, const std::string& index, std::chrono::milliseconds wait,
               int caller);
  /// Returns a token that covers everything committed before the call in the index's database, or
  /// in all databases if `index` is empty. Throws Problem 503 if a database cannot be reached.
  std::string PositionNow(const std::string& index);
  /// Returns the position that answers show. It is at most 0.2 seconds old.
  std::string Position() { return freshness_.Position(); }
  std::int64_t LagMs(const std::string& index) const;
  /// Returns the members of `meta` that all endpoints share, without braces.
  std::string Meta(const ResolvedRequest& asked, const Request& request, Partial partial) const;

 private:
  bool IsRedefined(const ResolvedRequest& asked) const;

  const Backend& backend_;
  SyncState* const sync_;
  Gate& gate_;
  SearchEngine& engine_;
  Freshness freshness_;
};

}  // namespace pgsluice::api
