#include "pgsluice/engine/engine.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "engine/answer.h"
#include "pgsluice/base/error.h"
#include "pgsluice/json/build.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::engine {

namespace {

http::Request Make(std::string method, std::string path, std::string_view body = {}) {
  http::Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.body = body;
  return request;
}

std::string Path(std::string_view index, std::string_view rest = {}) {
  return fmt::format("/{}{}", http::Encode(index), rest);
}

// Encodes names, but keeps commas and asterisks, which no index name contains.
std::string EncodeNames(std::string_view names) {
  std::string out;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find_first_of(",*"), names.size());
    out += http::Encode(names.substr(0, end));
    if (end < names.size()) out += names[end];
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return out;
}

/// Returns the names as few comma lists, because engines refuse URLs of more than 4096 bytes.
std::vector<std::string> Lists(const std::vector<std::string>& names) {
  constexpr std::size_t kLongestPath = 3000;
  std::vector<std::string> lists;
  for (const std::string& name : names) {
    if (lists.empty() || lists.back().size() > kLongestPath) lists.emplace_back();
    lists.back() += (lists.back().empty() ? "" : ",") + http::Encode(name);
  }
  return lists;
}

// A deletion with an external version creates a missing index, even with require_alias. Another
// kind of action in the same request that requires the alias prevents that. An update with an empty
// document writes nothing, whether or not the document exists.
constexpr std::string_view kGuard = "{\"update\":{\"_id\":\"pgsluice\"}}\n{\"doc\":{}}\n";

}  // namespace

Engine::Engine(std::shared_ptr<http::Transport> transport) : transport_(std::move(transport)) {}

http::Response Engine::Send(const http::Request& request) { return transport_->Send(request); }

BulkResult Engine::Bulk(const BulkBody& body, std::chrono::milliseconds timeout) {
  static constexpr std::string_view kRest =
      "/_bulk?require_alias=true"
      "&filter_path=errors,error,items.*.status,items.*.error.type,items.*.error.reason";
  http::Request request = Make("POST", Path(body.index(), kRest), body.text());
  request.content_type = "application/x-ndjson";
  request.timeout = timeout;
  const bool guarded = body.only_deletes();
  const std::string text = guarded ? std::string(body.text()).append(kGuard) : std::string();
  if (guarded) request.body = text;
  const http::Response response = Send(request);
  const std::size_t guards = guarded && response.status == 200 ? 1 : 0;
  BulkResult result = ReadBulkAnswer(response.status, response.body, body.size() + guards);
  if (!result.items.empty()) result.items.resize(body.size());
  return result;
}

void Engine::Refresh(const std::string& index) {
  Require(Send(Make("POST", Path(index, "/_refresh"))), "cannot refresh " + index);
}

void Engine::Refresh(const std::vector<std::string>& indexes) {
  for (const std::string& list : Lists(indexes)) {
    Require(Send(Make("POST", '/' + list + "/_refresh?ignore_unavailable=true")), "cannot refresh");
  }
}

std::int64_t Engine::Count(const std::string& index) {
  const std::string what = "cannot count " + index;
  const http::Response response = Send(Make("GET", Path(index, "/_count")));
  Require(response, what);
  const json::Value answer = ParseAnswer(response, what);
  const json::Value* count = answer.Find("count");
  return count == nullptr ? 0 : count->AsInt().value_or(0);
}

std::map<std::string, std::int64_t> Engine::CountUnsearchable(const std::vector<std::string>& names,
                                                              std::string_view marker) {
  const std::string what = "cannot count the values that no search finds";
  const std::string body = fmt::format(
      R"({{"size":0,"query":{{"bool":{{"should":[{{"exists":{{"field":"_ignored"}}}},)"
      R"({{"exists":{{"field":{}}}}}]}}}},"aggs":{{"of":{{"terms":{{"field":"_index","size":10000}}}}}}}})",
      json::Quote(marker));
  std::map<std::string, std::int64_t> counts;
  for (const std::string& list : Lists(names)) {
    const http::Response response =
        Send(Make("POST", '/' + list + "/_search?ignore_unavailable=true", body));
    Require(response, what);
    const json::Value answer = ParseAnswer(response, what);
    const json::Value* buckets = answer.Find({"aggregations", "of", "buckets"});
    if (buckets == nullptr) continue;
    for (const json::Value& bucket : buckets->items) {
      const json::Value* name = bucket.Find("key");
      const json::Value* count = bucket.Find("doc_count");
      if (name != nullptr && count != nullptr) {
        counts[name->text] = count->AsInt().value_or(0);
      }
    }
  }
  return counts;
}

json::Value Engine::Get(const std::string& path) {
  const std::string what = "cannot read " + path;
  const http::Response response = Send(Make("GET", path));
  if (IsMissing(response)) return {};
  RequireTaken(response, what);
  return ParseAnswer(response, what);
}

std::vector<std::string> Engine::AliasTargets(const std::string& alias) {
  std::vector<std::string> names;
  for (const auto& member : Get("/_alias/" + http::Encode(alias)).members) {
    names.push_back(member.first);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool Engine::IndexExists(const std::string& index) { return !Uuids(index).empty(); }

std::map<std::string, IndexIdentity> Engine::Identities(const std::string& names) {
  const std::string path = "/" + EncodeNames(names) +
                           "/_settings?expand_wildcards=all&filter_path="
                           "*.settings.index.uuid,*.settings.index.blocks";
  std::map<std::string, IndexIdentity> identities;
  for (const auto& [name, settings] : Get(path).members) {
    const json::Value* uuid = settings.Find({"settings", "index", "uuid"});
    if (uuid == nullptr) throw Error(Disposition::kRetry, path + ": an answer without uuid");
    IndexIdentity& identity = identities[name];
    identity.uuid = uuid->text;
    const json::Value* blocks = settings.Find({"settings", "index", "blocks"});
    if (blocks == nullptr) continue;
    for (const auto& [block, value] : blocks->members) {
      if (value.text == "true" || value.boolean) identity.blocks.push_back(block);
    }
  }
  return identities;
}

std::map<std::string, std::string> Engine::Uuids(const std::string& names) {
  std::map<std::string, std::string> uuids;
  for (auto& [name, identity] : Identities(names)) uuids[name] = std::move(identity.uuid);
  return uuids;
}

void Engine::CreateIndex(const std::string& index, const std::string& body_json,
                         const std::string& parameters) {
  RequireTaken(Send(Make("PUT", Path(index, parameters), body_json)),
               "cannot create index " + index);
}

void Engine::DeleteIndex(const std::string& index) {
  const http::Response response = Send(Make("DELETE", Path(index)));
  if (!IsMissing(response)) Require(response, "cannot delete index " + index);
}

void Engine::SwapAlias(const std::string& alias, const std::vector<std::string>& from,
                       const std::string& to) {
  const auto action = [&](const char* what, const std::string& index) {
    return json::Members({{what, json::Members({{"index", index}, {"alias", alias}})}});
  };
  json::ArrayPtr actions = json::Items({action("add", to)});
  for (const std::string& old : from) {
    if (old != to) actions->add(action("remove", old));
  }
  const std::string body = json::ToText(json::Members({{"actions", actions}}));
  RequireTaken(Send(Make("POST", "/_aliases", body)),
               fmt::format("cannot point {} to {}", alias, to));
}

void Engine::DeleteAlias(const std::string& index, const std::string& alias) {
  const http::Response response =
      Send(Make("DELETE", Path(index, "/_alias/" + http::Encode(alias))));
  if (!IsMissing(response)) Require(response, "cannot delete alias " + alias);
}

json::Value Engine::GetMapping(const std::string& index) {
  const json::Value answer = Get(Path(index, "/_mapping"));
  if (answer.IsNull()) throw Error(Disposition::kReject, "there is no index " + index);
  if (answer.members.empty()) return {};
  const json::Value* mapping = answer.members.front().second.Find("mappings");
  return mapping == nullptr ? json::Value() : *mapping;
}

void Engine::PutMapping(const std::string& index, const std::string& body_json) {
  RequireTaken(Send(Make("PUT", Path(index, "/_mapping"), body_json)),
               "cannot change the mapping of " + index);
}

void Engine::PutSettings(const std::string& index, const std::string& body_json) {
  RequireTaken(Send(Make("PUT", Path(index, "/_settings"), body_json)),
               "cannot change the settings of " + index);
}

namespace {

/// Where a page of ids ends: at the `__id` and sequence number of its last document, or at the
/// number alone among documents without `__id`, which come last. (One order for both would be
/// simpler, but OpenSearch fails if search_after contains a null.) Documents of other programs may
/// share their position, so the next page begins at that position and leaves out those that were
/// seen.
struct Cursor {
  bool ours = true;            ///< Documents with `__id`.
  std::string place;           ///< For search_after; empty: the start.
  std::set<std::string> seen;  ///< Documents at `place` that were returned.

  static Cursor Parse(const std::string& text) {
    Cursor cursor;
    if (text.empty()) return cursor;
    const json::Value value = json::Parse(text);
    // Written by another version of pgsluice: start again.
    if (value.items.size() != 2 || !value.items[0].IsArray()) return cursor;
    cursor.ours = value.items.at(0).items.size() == 2;
    cursor.place = json::ToText(value.items.at(0));
    for (const json::Value& id : value.items.at(1).items) cursor.seen.insert(id.text);
    return cursor;
  }
  std::string Text() const {
    const std::vector<std::string> ids(seen.begin(), seen.end());
    return json::ToText(json::Items({json::Raw(place), json::Items(ids)}));
  }
  std::string Body(int size, bool with_documents, const std::string& only) const {
    const json::ObjectPtr has_id = json::Members({{"exists", json::Members({{"field", "__id"}})}});
    const json::ObjectPtr has_none =
        json::Members({{"bool", json::Members({{"must_not", has_id}})}});
    json::ObjectPtr query = ours ? has_id : has_none;
    if (!only.empty()) {
      const json::ArrayPtr both = json::Items({query, json::Raw(only)});
      query = json::Members({{"bool", json::Members({{"filter", both}})}});
    }
    json::ArrayPtr sort = json::Items();
    if (ours) sort->add(json::Members({{"__id", "asc"}}));
    sort->add(json::Members({{"_seq_no", "asc"}}));
    json::ObjectPtr body = json::Members({{"size", static_cast<std::size_t>(size) + seen.size()},
                                          {"track_total_hits", false},
                                          {"query", query},
                                          {"sort", sort},
                                          {"_source", with_documents}});
    if (!place.empty()) body->set("search_after", json::Raw(place));
    return json::ToText(body);
  }
  /// Advances to a hit. Returns false if it was seen.
  bool Pass(const json::Value& hit, const std::string& name) {
    const json::Value* sort = hit.Find("sort");
    if (sort == nullptr || sort->items.size() != (ours ? 2U : 1U)) {
      throw Error(Disposition::kRetry, "a hit without its place in the order of ids");
    }
    const std::string before = std::to_string(sort->items.back().AsInt().value_or(0) - 1);
    std::string next =
        ours ? "[" + json::Quote(sort->items[0].text) + "," + before + "]" : "[" + before + "]";
    if (next != place) {
      place = std::move(next);
      seen.clear();
    }
    return seen.insert(name).second;
  }
};

}  // namespace

Engine::IdPage Engine::Ids(const std::string& index, const std::string& after, int size,
                           bool with_documents, const std::string& only) {
  // Engines rebuild the documents that filter_path selects, and rebuilt numbers have lost digits.
  std::string path = Path(index, "/_search?allow_partial_search_results=false");
  if (!with_documents) path += "&filter_path=hits.hits._id,hits.hits._routing,hits.hits.sort";
  const std::string what = "cannot list the ids of " + index;
  Cursor cursor = Cursor::Parse(after);
  IdPage page;
  while (true) {
    const http::Response response =
        Send(Make("POST", path, cursor.Body(size, with_documents, only)));
    Require(response, what);
    const json::Value answer = ParseAnswer(response, what);
    // The filter leaves nothing of an empty page.
    if (const json::Value* hits = answer.Find({"hits", "hits"})) {
      for (const json::Value& hit : hits->items) {
        const json::Value* id = hit.Find("_id");
        if (id == nullptr) throw Error(Disposition::kRetry, what + ": a hit without _id");
        const json::Value* routing = hit.Find("_routing");
        const std::string routed = routing == nullptr ? "" : routing->text;
        if (!cursor.Pass(hit, id->text + (routed.empty() ? "" : "\n" + routed))) continue;
        page.ids.push_back(id->text);
        page.routings.push_back(routed);
        const json::Value* source = hit.Find("_source");
        if (!with_documents) continue;
        page.documents.push_back(
            source == nullptr ? "{}"
                              : response.body.substr(source->begin, source->end - source->begin));
      }
    }
    if (!page.ids.empty() || !cursor.ours) break;
    cursor = {};
    cursor.ours = false;
  }
  page.next = cursor.Text();
  return page;
}

}  // namespace pgsluice::engine
