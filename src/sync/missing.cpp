#include "pgsluice/sync/missing.h"

#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::sync {

namespace {

void AddItem(std::string& array, const std::string& item) {
  array += array.empty() ? "[" : ",";
  array += item;
}

}  // namespace

std::string RoutedKey(std::string key, const std::string& routing) {
  if (routing.empty()) return key;
  key.back() = ',';
  return key + R"({"text":)" + json::Quote(routing) + "}]";
}

std::string TakeRouting(std::string& key) {
  // What is captured of a row is never an object.
  if (key.size() < 2 || key.compare(key.size() - 2, 2, "}]") != 0) return {};
  const json::Value array = json::Parse(key);
  const json::Value* text = array.items.back().Find("text");
  std::string routing = text == nullptr ? "" : text->text;
  key.erase(array.items.back().begin);
  key.back() = ']';  // where the comma was
  return routing;
}

std::vector<std::string> RoutedKeys(const document::Plan& plan, const pg::Result& missing) {
  constexpr std::size_t kId = 1, kRouting = 3;
  std::vector<std::string> keys;
  if (plan.config.routing.empty()) return keys;
  for (std::size_t row = 0; row < missing.rows(); ++row) {
    const std::string key = plan.KeyOfId(missing.Text(row, kId));
    if (!key.empty()) keys.push_back(RoutedKey(key, std::string(missing.Text(row, kRouting))));
  }
  return keys;
}

std::vector<MissingQuery> MissingQueries(const document::Plan& plan,
                                         const std::vector<std::string>& ids,
                                         const std::vector<std::string>& routings) {
  const bool routed = !plan.config.routing.empty();
  std::string keys;
  std::string opaque;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string key = plan.KeyOfId(ids[i]);
    if (key.empty()) {
      AddItem(opaque, json::Quote(ids[i]));
      continue;
    }
    AddItem(keys, routed && i < routings.size() ? RoutedKey(key, routings[i]) : key);
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
