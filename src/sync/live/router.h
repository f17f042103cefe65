#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/outbox/outbox.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// The distinct event keys of one batch that concern one source of one index.
struct Work {
  Route route;
  int event_source = 0;           ///< pgsluice.source.id of the events.
  std::vector<std::string> keys;  ///< JSON arrays, positional by the plan source's `captured`.
  bool truncated = false;         ///< The table was truncated.
  std::int64_t position = 0;      ///< The lowest id of the events.
};

/// Groups a batch of events by the indexes that they concern. Ignores events of the sources in
/// `gone`. Throws Error(kRetry) for an event of any other source that `set` does not contain yet.
std::vector<Work> RouteEvents(const IndexSet& set, const std::vector<outbox::Event>& events,
                              const std::set<int>& gone = {});

/// Returns the indexes that still need an event after this process did its part: those that other
/// processes write, and those in `refused`. Empty: the event is done.
std::vector<std::string> OthersOf(const IndexSet& set, const outbox::Event& event,
                                  const std::set<std::string>& refused = {});

/// Returns which events the process claims while the indexes in `held` are left alone.
outbox::Interest InterestNow(const IndexSet& set, const std::vector<std::string>& held);

/// Returns an event key in the order of `wanted` instead of `captured`; a column that was not
/// captured is null.
std::string ProjectKey(const std::string& key, const std::vector<std::string>& captured,
                       const std::vector<std::string>& wanted);

}  // namespace pgsluice::sync
