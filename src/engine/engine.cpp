#include "pgsluice/engine/engine.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "engine/answer.h"
#include "pgsluice/base/error.h"
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

// A deletion with an external version makes a missing index, whatever require_alias says; one
// action of another kind beside it that requires the alias keeps the engine from it. An empty
// update writes nothing, be there such a document or not.
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
  constexpr std::size_t kLongestPath = 3000;  // Engines refuse URLs of more than 4096 bytes.
  std::string path;
  const auto send = [&] {
    Require(Send(Make("POST", '/' + path + "/_refresh?ignore_unavailable=true")), "cannot refresh");
    path.clear();
  };
  for (const std::string& index : indexes) {
    path += (path.empty() ? "" : ",") + http::Encode(index);
    if (path.size() > kLongestPath) send();
  }
  if (!path.empty()) send();
}

std::int64_t Engine::Count(const std::string& index) {
  const std::string what = "cannot count " + index;
  const http::Response response = Send(Make("GET", Path(index, "/_count")));
  Require(response, what);
  const json::Value answer = ParseAnswer(response, what);
  const json::Value* count = answer.Find("count");
  return count == nullptr ? 0 : count->AsInt().value_or(0);
}

json::Value Engine::Get(const std::string& path) {
  const std::string what = "cannot read " + path;
  const http::Response response = Send(Make("GET", path));
  if (IsMissing(response)) return {};
  Require(response, what);
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

bool Engine::IndexExists(const std::string& index) { return !Uuids(http::Encode(index)).empty(); }

std::map<std::string, std::string> Engine::Uuids(const std::string& names) {
  const std::string path =
      "/" + names + "/_settings?expand_wildcards=all&filter_path=*.settings.index.uuid";
  std::map<std::string, std::string> uuids;
  for (const auto& [name, settings] : Get(path).members) {
    const json::Value* uuid = settings.Find({"settings", "index", "uuid"});
    if (uuid == nullptr) throw Error(Disposition::kRetry, path + ": an answer without uuid");
    uuids[name] = uuid->text;
  }
  return uuids;
}

void Engine::CreateIndex(const std::string& index, const std::string& body_json) {
  Require(Send(Make("PUT", Path(index), body_json)), "cannot create index " + index);
}

void Engine::DeleteIndex(const std::string& index) {
  const http::Response response = Send(Make("DELETE", Path(index)));
  if (!IsMissing(response)) Require(response, "cannot delete index " + index);
}

void Engine::SwapAlias(const std::string& alias, const std::vector<std::string>& from,
                       const std::string& to) {
  const std::string name = json::Quote(alias);
  std::string body =
      fmt::format(R"({{"actions":[{{"add":{{"index":{},"alias":{}}}}})", json::Quote(to), name);
  for (const std::string& old : from) {
    if (old == to) continue;
    body += fmt::format(R"(,{{"remove":{{"index":{},"alias":{}}}}})", json::Quote(old), name);
  }
  body += "]}";
  Require(Send(Make("POST", "/_aliases", body)), fmt::format("cannot point {} to {}", alias, to));
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
  Require(Send(Make("PUT", Path(index, "/_mapping"), body_json)),
          "cannot change the mapping of " + index);
}

void Engine::PutSettings(const std::string& index, const std::string& body_json) {
  Require(Send(Make("PUT", Path(index, "/_settings"), body_json)),
          "cannot change the settings of " + index);
}

Engine::IdPage Engine::Ids(const std::string& index, const std::string& after, int size,
                           bool with_documents) {
  // Engines rebuild what filter_path lets through, and a rebuilt number has lost its digits.
  std::string path = Path(index, "/_search?allow_partial_search_results=false");
  if (!with_documents) path += "&filter_path=hits.hits._id,hits.hits._routing";
  const std::string what = "cannot list the ids of " + index;
  std::string body =
      fmt::format(R"({{"size":{},"track_total_hits":false,"sort":[{{"__id":"asc"}}],"_source":{})",
                  size, with_documents);
  if (!after.empty()) body += fmt::format(R"(,"search_after":[{}])", json::Quote(after));
  body += '}';
  const http::Response response = Send(Make("POST", std::move(path), body));
  Require(response, what);
  const json::Value answer = ParseAnswer(response, what);
  IdPage page;
  const json::Value* hits = answer.Find({"hits", "hits"});
  if (hits == nullptr) return page;  // The filter leaves nothing of an empty page.
  for (const json::Value& hit : hits->items) {
    const json::Value* id = hit.Find("_id");
    if (id == nullptr) throw Error(Disposition::kRetry, what + ": a hit without _id");
    page.ids.push_back(id->text);
    const json::Value* routing = hit.Find("_routing");
    page.routings.push_back(routing == nullptr ? "" : routing->text);
    const json::Value* source = hit.Find("_source");
    if (!with_documents) continue;
    page.documents.push_back(
        source == nullptr ? "{}"
                          : response.body.substr(source->begin, source->end - source->begin));
  }
  return page;
}

}  // namespace pgsluice::engine
