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
                                         const std::vector<std::string>& ids) {
  std::string keys;
  std::string opaque;
  for (const std::string& id : ids) {
    const std::string key = plan.KeyOfId(id);
    if (key.empty()) {
      AddItem(opaque, json::Quote(id));
    } else {
      AddItem(keys, key);
    }
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
