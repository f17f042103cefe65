#include "fuzz/fuzz.h"
#include "pgsluice/json/equal.h"
#include "pgsluice/json/utf8.h"
#include "pgsluice/json/writer.h"
#include "plan/sql/ids.h"
#include "sync/live/routed_key.h"
#include "sync/live/router.h"

/// Reads keys in the form of the outbox, and the ids of documents.
namespace pgsluice::fuzz {
namespace {

/// Joins texts of key columns like IdSql().
std::string IdOf(const std::vector<std::string>& parts) {
  std::string id;
  for (const std::string& part : parts) {
    if (&part != parts.data()) id += '|';
    for (const char c : part) {
      if ((c == '|' || c == '\\') && parts.size() > 1) id += '\\';
      id += c;
    }
  }
  return id;
}

void CheckId(std::string_view text, std::size_t columns) {
  const std::string key = plan::KeyOfIdText(text, columns);
  if (key.empty()) return;
  const json::Value array = json::Parse(key);
  Require(array.IsArray() && array.items.size() == columns, "another number of columns", key);
  std::vector<std::string> parts;
  for (const json::Value& item : array.items) parts.push_back(item.text);
  Require(plan::KeyOfIdText(IdOf(parts), columns) == key, "not the same id", key);
}

void CheckKey(const std::string& key) {
  const json::Value array = json::Parse(key);
  Require(json::Equal(json::Parse(sync::ProjectKey(key, {"a", "b"}, {"a", "b"})),
                      json::Parse(sync::ProjectKey(sync::ProjectKey(key, {"a", "b"}, {"b", "a"}),
                                                   {"b", "a"}, {"a", "b"}))),
          "another key", key);
  const std::string absent = sync::ProjectKey(key, {"a"}, {"c"});
  Require(absent == "[null]", absent, key);
  // Captured values are never objects.
  if (array.items.empty() || array.items.back().IsObject()) return;
  for (const std::string& routing : {std::string("r\"]"), key}) {
    std::string routed = sync::RoutedKey(key, routing);
    RequireJson(routed);
    Require(sync::TakeRouting(routed) == routing && routed == key, "another routing", key);
  }
}

}  // namespace
}  // namespace pgsluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  const std::string text(fuzz::Text(data, size));
  if (text.find('\0') == std::string::npos && json::IsUtf8(text)) {
    for (const std::size_t columns : {1U, 2U, 3U}) fuzz::CheckId(text, columns);
  }
  json::Value keys;
  try {
    keys = json::Parse(text);
  } catch (const Error&) {
    return 0;
  }
  if (!keys.IsArray()) return 0;
  for (const json::Value& key : keys.items) {
    if (key.IsArray()) fuzz::CheckKey(text.substr(key.begin, key.end - key.begin));
  }
  return 0;
}
