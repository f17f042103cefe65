#include "sync/live/routed_key.h"

#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::sync {

std::string RoutedKey(std::string key, const std::string& routing) {
  if (routing.empty()) return key;
  key.back() = ',';
  return key + R"({"text":)" + json::Quote(routing) + "}]";
}

std::string TakeRouting(std::string& key) {
  // Captured values are never objects, so an object at the end is a routing.
  if (key.size() < 2 || key.compare(key.size() - 2, 2, "}]") != 0) return {};
  const json::Value array = json::Parse(key);
  const json::Value* text = array.items.back().Find("text");
  std::string routing = text == nullptr ? "" : text->text;
  key.erase(array.items.back().begin);
  key.back() = ']';  // where the comma was
  return routing;
}

}  // namespace pgsluice::sync
