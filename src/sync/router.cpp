#include "pgsluice/sync/router.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"
#include "pgsluice/sync/missing.h"

namespace pgsluice::sync {

namespace {

/// Whether keys of `captured` can be used as they are: the wanted columns come first.
bool BeginsWith(const std::vector<std::string>& captured, const std::vector<std::string>& wanted) {
  return wanted.size() <= captured.size() &&
         std::equal(wanted.begin(), wanted.end(), captured.begin());
}

Work MakeWork(const Route& route, int id, const IndexSet::EventSource& source,
              const std::unordered_set<std::string>& keys, bool truncated) {
  Work work{route, id, {}, truncated};
  const document::Plan& plan = *route.index->plan;
  const std::vector<std::string>& wanted = plan.sources[route.source].captured;
  const bool as_is = BeginsWith(source.captured, wanted);
  const bool routed = !plan.config.routing.empty() && plan.sources[route.source].table == plan.root;
  for (std::string key : keys) {
    const std::string routing = TakeRouting(key);
    if (!as_is) key = Project(key, source.captured, wanted);
    work.keys.push_back(routed ? RoutedKey(std::move(key), routing) : std::move(key));
  }
  return work;
}

}  // namespace

std::string Project(const std::string& key, const std::vector<std::string>& captured,
                    const std::vector<std::string>& wanted) {
  const json::Value array = json::Parse(key);
  std::string projected = "[";
  for (const std::string& column : wanted) {
    if (projected.size() > 1) projected += ',';
    const auto at = static_cast<std::size_t>(std::find(captured.begin(), captured.end(), column) -
                                             captured.begin());
    if (at < array.items.size()) {
      const json::Value& item = array.items[at];
      projected.append(key, item.begin, item.end - item.begin);
    } else {
      projected += "null";
    }
  }
  projected += ']';
  return projected;
}

std::vector<Work> RouteEvents(const IndexSet& set, const std::vector<outbox::Event>& events) {
  std::map<int, std::unordered_set<std::string>> keys;
  std::set<int> truncated;
  for (const outbox::Event& event : events) {
    auto& of_source = keys[event.source];
    if (event.key.empty()) {
      truncated.insert(event.source);
    } else {
      of_source.insert(event.key);
    }
  }
  std::vector<Work> work;
  for (const auto& [id, of_source] : keys) {
    const auto source = set.sources.find(id);
    if (source == set.sources.end()) {
      throw Error(Disposition::kRetry,
                  "an event names source " + std::to_string(id) + ", which was attached just now");
    }
    for (const Route& route : source->second.routes) {
      work.push_back(MakeWork(route, id, source->second, of_source, truncated.contains(id)));
    }
  }
  return work;
}

}  // namespace pgsluice::sync
