#include "sync/live/router.h"

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_set>

#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"
#include "sync/live/routed_key.h"

namespace pgsluice::sync {

namespace {

/// Returns whether keys of `captured` can be used as they are: the wanted columns come first.
bool BeginsWith(const std::vector<std::string>& captured, const std::vector<std::string>& wanted) {
  return wanted.size() <= captured.size() &&
         std::equal(wanted.begin(), wanted.end(), captured.begin());
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Returns the texts of a JSON array; none if `json_array` is empty.
std::vector<std::string> Names(const std::string& json_array) {
  std::vector<std::string> names;
  if (json_array.empty()) return names;
  for (const json::Value& item : json::Parse(json_array).items) names.push_back(item.text);
  return names;
}

Work MakeWork(const Route& route, int id, const IndexSet::EventSource& source,
              const std::unordered_set<std::string>& keys, bool truncated) {
  Work work{route, id, {}, truncated};
  if (route.member) {
    work.route.index = std::make_shared<const LiveIndex>(route.index->Of(*route.member));
  }
  const plan::Plan& plan = *work.route.index->plan;
  const std::vector<std::string>& wanted = plan.sources[route.source].captured;
  const bool as_is = BeginsWith(source.captured, wanted);
  const bool routed = !plan.config.routing.empty() && plan.sources[route.source].table == plan.root;
  for (std::string key : keys) {
    const std::string routing = TakeRouting(key);
    if (!as_is) key = ProjectKey(key, source.captured, wanted);
    work.keys.push_back(routed ? RoutedKey(std::move(key), routing) : std::move(key));
  }
  return work;
}

}  // namespace

std::string ProjectKey(const std::string& key, const std::vector<std::string>& captured,
                       const std::vector<std::string>& wanted) {
  const json::Value array = json::Parse(key);
  std::string projected = "[";
  for (const std::string& column : wanted) {
    if (projected.size() > 1) projected += ',';
    const auto at = static_cast<std::size_t>(std::find(captured.begin(), captured.end(), column) -
                                             captured.begin());
    if (at < std::min(array.items.size(), captured.size())) {
      const json::Value& item = array.items[at];
      projected.append(key, item.begin, item.end - item.begin);
    } else {
      projected += "null";
    }
  }
  projected += ']';
  return projected;
}

std::vector<Work> RouteEvents(const IndexSet& set, const std::vector<outbox::Event>& events,
                              const std::set<int>& gone) {
  struct Group {
    std::unordered_set<std::string> keys;
    bool truncated = false;
    std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
  };
  // Grouped by source and by the indexes that still wait for the events.
  std::map<std::pair<int, std::string>, Group> groups;
  for (const outbox::Event& event : events) {
    if (gone.contains(event.source)) continue;
    Group& group = groups[{event.source, event.waiting_for}];
    group.lowest = std::min(group.lowest, event.id);
    if (event.key.empty()) {
      group.truncated = true;
    } else {
      group.keys.insert(event.key);
    }
  }
  std::vector<Work> work;
  for (const auto& [what, group] : groups) {
    const auto source = set.sources.find(what.first);
    if (source == set.sources.end()) {
      throw Error(Disposition::kRetry, "an event names source " + std::to_string(what.first) +
                                           ", which was attached just now");
    }
    const std::vector<std::string> waiting = Names(what.second);
    for (const Route& route : source->second.routes) {
      if (!waiting.empty() && !Contains(waiting, route.index->plan->name)) continue;
      work.push_back(MakeWork(route, what.first, source->second, group.keys, group.truncated));
      work.back().position = group.lowest;
    }
  }
  return work;
}

std::vector<std::string> OthersOf(const IndexSet& set, const outbox::Event& event,
                                  const std::set<std::string>& refused) {
  std::vector<std::string> others = Names(event.waiting_for);
  if (!others.empty()) {
    std::erase_if(others, [&](const std::string& name) {
      return !Contains(set.interest.others, name) && !refused.contains(name);
    });
    return others;
  }
  const auto source = set.sources.find(event.source);
  if (source == set.sources.end()) return others;
  others = source->second.others;
  for (const Route& route : source->second.routes) {
    const std::string& name = route.index->plan->name;
    if (refused.contains(name) && !Contains(others, name)) others.push_back(name);
  }
  return others;
}

outbox::Interest InterestNow(const IndexSet& set, const std::vector<std::string>& held) {
  outbox::Interest now = set.interest;
  if (held.empty()) return now;
  if (now.mine.empty()) {
    for (const auto& [name, index] : set.indexes) {
      if (index->in_force) now.mine.push_back(name);
    }
  }
  std::erase_if(now.mine, [&](const std::string& name) { return Contains(held, name); });
  // Treats held indexes like those of another process: their events stay, and events that other
  // indexes need as well are applied to those.
  now.others.insert(now.others.end(), held.begin(), held.end());
  return now;
}

}  // namespace pgsluice::sync
