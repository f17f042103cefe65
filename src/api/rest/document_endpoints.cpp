#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "api/openapi/openapi.h"
#include "api/rest/service.h"
#include "pgsluice/base/digest.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/hits.h"
#include "pgsluice/query/projection.h"

/// Endpoints that return documents by id, and the state of indexes and of the sync.
namespace pgsluice::api {

using query::Problem;

namespace {

std::string IdArray(const std::vector<std::string>& ids) {
  std::string out = "[";
  for (const std::string& id : ids) {
    if (out.size() > 1) out += ',';
    json::AppendString(out, id);
  }
  return out + "]";
}

/// Returns whether an If-None-Match contains the tag; weak comparison (RFC 9110, 13.1.2).
bool NamesTag(const std::string& header, const std::string& tag) {
  return header == "*" || header.find(tag.substr(2)) != std::string::npos;
}

}  // namespace

/// Returns {"<id>": document, …} from a search: the documents of `ids` that the caller may see. The
/// engine checks documents and filter together, so that a row that moved to another tenant is never
/// shown because of its old filter.
std::string Service::ById(const ResolvedRequest& asked, const std::vector<std::string>& ids,
                          const Request& request) {
  // No document has an empty id, and the engine refuses to search for one.
  std::vector<std::string> possible = ids;
  std::erase(possible, "");
  const query::Dsl wanted{query::Dsl::Kind::kText,
                          R"({"ids":{"values":)" + IdArray(possible) + "}}"};
  const query::Dsl filter = query::AllOf(
      {asked.allowed, query::TranslateFilter(asked.request.filter, asked.schema), wanted});
  const std::string body =
      fmt::format(R"({{"query":{},"size":{},"_source":true}})", filter.Text(), ids.size());
  return AskEngine(WholeSearch(asked.index), body, request);
}

/// Uses a search if anything except the id decides; otherwise reads in real time, which shows a
/// write before the next refresh.
std::string Service::SourceOf(const ResolvedRequest& asked, const std::string& id,
                              const Request& request) {
  const bool routed = !asked.index.plan->config.routing.empty();
  const bool filtered =
      asked.allowed.kind != query::Dsl::Kind::kAll || !asked.request.filter.parts.empty();
  // A proxy in front of the engine would resolve "." and ".." as steps of the path.
  const bool dots = id.find_first_not_of('.') == std::string::npos;
  if (filtered || routed || dots) {
    const std::string answer = ById(asked, {id}, request);
    const std::vector<query::Hit> hits = query::ReadHits(answer);
    return hits.empty() ? "" : std::string(hits.front().source);
  }
  const std::string answer =
      AskEngine(fmt::format("/{}/_doc/{}", http::Encode(asked.index.alias), http::Encode(id)), "",
                request, true);
  return std::string(query::MemberOf(answer, "_source"));
}

Problem Service::NoDocument(const std::string& id, Partial partial) {
  if (partial == Partial::kBackfilling) return StillCopied();
  return {404, "document_not_found", fmt::format("there is no document '{}'", id)};
}

Response Service::Document(const Request& request, const Access& access) {
  const ResolvedRequest asked = ParseSearch(request, access, query::kDocumentParameters);
  const query::Projection projection(asked.schema, asked.request.fields,
                                     asked.request.numbers_as_strings);
  const std::string& id = request.segments[3];
  const Partial partial = BringUp(asked, request);
  const std::string source = SourceOf(asked, id, request);
  if (source.empty()) throw NoDocument(id, partial);
  Response response;
  response.body = R"({"id":)" + json::Quote(id) + R"(,"document":)";
  projection.Append(response.body, source);
  // A weak tag, because it does not cover `meta`.
  const std::string tag = "W/\"" + base::Sha256(response.body).substr(0, 32) + "\"";
  response.headers = {{"ETag", tag}};
  if (NamesTag(request.if_none_match, tag)) {
    response.status = 304;
    response.body.clear();
    return response;
  }
  response.body += R"(,"meta":{)" + Meta(asked, request, partial) + "}}";
  return response;
}

Response Service::MultiGet(const Request& request, const Access& access) {
  const ResolvedRequest asked = ParseSearch(request, access, query::kMultiGetParameters);
  if (!asked.request.has_ids) {
    query::Reject("invalid_parameter", "ids", std::nullopt, "'ids' is needed: a list of ids");
  }
  const query::Projection projection(asked.schema, asked.request.fields,
                                     asked.request.numbers_as_strings);
  const Partial partial = BringUp(asked, request);
  std::map<std::string, std::string> documents;
  if (!asked.request.ids.empty()) {
    const std::string answer = ById(asked, asked.request.ids, request);
    for (const query::Hit& hit : query::ReadHits(answer)) {
      projection.Append(documents[query::ParsePart(hit.id).text], hit.source);
    }
  }
  std::vector<std::string> missing;
  std::string docs;
  for (const std::string& id : asked.request.ids) {
    const auto found = documents.find(id);
    if (found == documents.end()) {
      missing.push_back(id);
      continue;
    }
    if (!docs.empty()) docs += ',';
    docs += R"({"id":)" + json::Quote(id) + R"(,"document":)" + found->second + "}";
  }
  Response response;
  response.body = fmt::format(R"({{"docs":[{}],"missing":{},"meta":{{{}}}}})", docs,
                              IdArray(missing), Meta(asked, request, partial));
  return response;
}

std::string Service::IndexJson(const IndexInfo& index, const std::string& documents,
                               const Access& access) const {
  const query::Schema schema = access.SchemaOf(index.plan);
  std::string fields;
  for (const plan::Field* field : schema.fields()) {
    if (!fields.empty()) fields += ',';
    const std::string type = field->kind == plan::Kind::kObject ? "object" : field->pg_type;
    fields += fmt::format(
        R"({{"path":{},"type":{},"nested":{},"searchable":{},"filterable":{},"sortable":{},"facetable":{}}})",
        json::Quote(field->path), json::Quote(type), !field->nested_path.empty(),
        query::IsSearchable(*field), query::IsFilterable(*field), query::IsSortable(*field),
        query::IsFacetable(*field));
  }
  return fmt::format(R"({{"name":{},"table":{},"state":{},"documents":{},"fields":[{}]}})",
                     json::Quote(index.plan->name), json::Quote(index.plan->root_name),
                     json::Quote(index.state), documents, fields);
}

Response Service::Indexes(const Request& request, const Access& access) {
  const bool one = request.segments.size() == 3;
  std::vector<IndexInfo> shown;
  if (one) {
    shown.push_back(FindIndex(request.segments[2], access));
  } else {
    const auto indexes = backend_.indexes();
    for (const auto& [name, index] : *indexes) {
      if (index.plan != nullptr && access.Sees(name)) shown.push_back(index);
    }
  }
  const std::vector<std::string> documents = CountAll(shown, access, request);
  std::string list;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    list += (i > 0 ? "," : "") + IndexJson(shown[i], documents[i], access);
  }
  Response response;
  response.body = one ? list : R"({"indexes":[)" + list + "]}";
  return response;
}

Response Service::Describe(const Request& /*request*/, const Access& access) {
  std::vector<DescribedIndex> described;
  const auto indexes = backend_.indexes();
  for (const auto& [name, index] : *indexes) {
    if (index.plan != nullptr && access.Sees(name))
      described.push_back({name, access.SchemaOf(index.plan)});
  }
  const std::shared_ptr<const Settings> now = settings();
  const config::Auth& auth = now->auth;
  const bool secured = auth.anonymous.empty() && (!auth.keys.empty() || auth.jwt);
  Response response;
  response.body = OpenApi(described, secured, access.MayExport());
  return response;
}

std::string Service::SyncJson(const Access& access) {
  std::string list;
  const auto indexes = backend_.indexes();
  for (const auto& [name, index] : *indexes) {
    if (!access.Sees(name)) continue;
    if (!list.empty()) list += ',';
    list += json::Quote(name) + R"(:{"state":)" + json::Quote(index.state) + "}";
  }
  std::int64_t pending = 0, lag_ms = 0;
  if (SyncState* sync = backend_.sync; sync != nullptr) {
    for (const std::string& name : sync->DatabaseNames()) {
      pending += sync->pending(name);
      lag_ms = std::max(lag_ms, sync->lag_ms(name));
    }
  }
  return fmt::format(R"({{"position":{},"pending":{},"lag_ms":{},"indexes":{{{}}}}})",
                     json::Quote(freshness_.Position()), pending, lag_ms, list);
}

Response Service::Sync(const Request& /*request*/, const Access& access) {
  Response response;
  response.body = SyncJson(access);
  return response;
}

Response Service::SyncWait(const Request& request, const Access& access) {
  const query::SearchRequest asked = query::ReadParameters(request.parameters, {"after", "wait"});
  access.CheckStrong("sync/wait");
  if (backend_.sync != nullptr) {
    WaitFor(asked.after.empty() ? PositionNow("") : asked.after, "", asked.wait, request.socket);
    std::vector<std::string> aliases;
    std::string name;
    const auto indexes = backend_.indexes();
    for (const auto& [index, info] : *indexes) {
      if (info.plan == nullptr || !access.Sees(index)) continue;
      aliases.push_back(info.alias);
      name += info.alias + ',';
    }
    WithEngine(request.id,
               [&] { refreshes_.Run(name, [&] { backend_.engine->Refresh(aliases); }); });
  }
  return Sync(request, access);
}

}  // namespace pgsluice::api
