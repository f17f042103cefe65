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
  bool truncated = false;         ///< The table was emptied.
  std::int64_t position = 0;      ///< The lowest id of the events.
};

/// Sorts a batch of events by what they concern. Events of the sources in `gone` concern nothing.
/// Throws Error(kRetry) for an event of another source that `set` does not know yet.
std::vector<Work> RouteEvents(const IndexSet& set, const std::vector<outbox::Event>& events,
                              const std::set<int>& gone = {});

/// The indexes that still have to take an event after this process did its part: those that other
/// processes write, and those in `refused`. Empty: it is done.
std::vector<std::string> OthersOf(const IndexSet& set, const outbox::Event& event,
                                  const std::set<std::string>& refused = {});

/// What the process claims while the indexes in `held` are left alone.
outbox::Interest InterestNow(const IndexSet& set, const std::vector<std::string>& held);

/// An event key in the order of `wanted` instead of `captured`; a column that was not captured is
/// null.
std::string Project(const std::string& key, const std::vector<std::string>& captured,
                    const std::vector<std::string>& wanted);

}  // namespace pgsluice::sync
