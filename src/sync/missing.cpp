#include "pgsluice/sync/missing.h"

#include "pgsluice/json/writer.h"

namespace pgsluice::sync {

namespace {

void AddItem(std::string& array, const std::string& item) {
  array += array.empty() ? "[" : ",";
  array += item;
}

}  // namespace

std::vector<MissingQuery> MissingQueries(const document::Plan& plan,
                                         const std::vector<std::string>& ids,
                                         const std::vector<std::string>& routings) {
  const bool routed = !plan.config.routing.empty();
  std::string keys;
  std::string opaque;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::string key = plan.KeyOfId(ids[i]);
    if (key.empty()) {
      AddItem(opaque, json::Quote(ids[i]));
      continue;
    }
    if (routed && i < routings.size() && !routings[i].empty()) {
      key.back() = ',';
      key += json::Quote(routings[i]) + "]";
    }
    AddItem(keys, key);
  }
  std::vector<MissingQuery> queries;
  if (!keys.empty()) {
    queries.push_back({plan.missing_keys, keys + "]"});
  }
  if (!opaque.empty()) {
    queries.push_back({{"missing_ids", "SELECT version, id, NULL, NULL FROM (" +
                                           plan.missing_ids.sql + ") AS d(id, version)"},
                       opaque + "]"});
  }
  return queries;
}

}  // namespace pgsluice::sync
