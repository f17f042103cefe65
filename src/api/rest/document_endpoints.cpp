#include "api/rest/document_endpoints.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

#include "api/rest/problems.h"
#include "pgsluice/base/digest.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/hits.h"
#include "pgsluice/query/projection.h"
#include "pgsluice/query/similar.h"

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

Problem NoDocument(const std::string& id, Partial partial) {
  if (partial == Partial::kBackfilling) return StillCopied();
  return {404, "document_not_found", fmt::format("there is no document '{}'", id)};
}

}  // namespace

std::string DocumentEndpoints::ById(const ResolvedRequest& asked,
                                    const std::vector<std::string>& ids, const Request& request) {
  // No document has an empty id, and the engine refuses to search for one.
  std::vector<std::string> possible = ids;
  std::erase(possible, "");
  const query::Dsl wanted{query::Dsl::Kind::kText,
                          R"({"ids":{"values":)" + IdArray(possible) + "}}"};
  const query::Dsl filter = query::AllOf(
      {asked.allowed, query::TranslateFilter(asked.request.filter, asked.schema), wanted});
  const std::string body =
      fmt::format(R"({{"query":{},"size":{},"_source":true}})", filter.Text(), ids.size());
  return engine_.Ask(WholeSearch(asked.index), body, request);
}

/// Uses a search if anything except the id decides; otherwise reads in real time, which shows a
/// write before the next refresh.
std::string DocumentEndpoints::SourceOf(const ResolvedRequest& asked, const std::string& id,
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
      engine_.Ask(fmt::format("/{}/_doc/{}", http::Encode(asked.index.alias), http::Encode(id)), "",
                  request, true);
  return std::string(query::MemberOf(answer, "_source"));
}

Response DocumentEndpoints::Document(const Request& request, const Access& access) {
  const ResolvedRequest asked = resolver_.ParseSearch(request, access, query::kDocumentParameters);
  const query::Projection projection(asked.schema, asked.request.fields,
                                     asked.request.numbers_as_strings);
  const std::string& id = request.segments[3];
  const Partial partial = reads_.BringUp(asked, request);
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
  response.body += R"(,"meta":{)" + reads_.Meta(asked, request, partial) + "}}";
  return response;
}

Response DocumentEndpoints::MultiGet(const Request& request, const Access& access) {
  const ResolvedRequest asked = resolver_.ParseSearch(request, access, query::kMultiGetParameters);
  if (!asked.request.has_ids) {
    query::Reject("invalid_parameter", "ids", std::nullopt, "'ids' is needed: a list of ids");
  }
  const query::Projection projection(asked.schema, asked.request.fields,
                                     asked.request.numbers_as_strings);
  const Partial partial = reads_.BringUp(asked, request);
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
                              IdArray(missing), reads_.Meta(asked, request, partial));
  return response;
}

Response DocumentEndpoints::Similar(const Request& request, const Access& access) {
  Response response;
  response.body = RunSimilar(resolver_.ParseSearch(request, access, query::kSimilarParameters),
                             request.segments[3], request);
  return response;
}

std::string DocumentEndpoints::RunSimilar(const ResolvedRequest& asked, const std::string& id,
                                          const Request& request) {
  const auto start = std::chrono::steady_clock::now();
  const query::Projection projection(asked.schema, asked.request.fields,
                                     asked.request.numbers_as_strings);
  Partial partial = reads_.BringUp(asked, request);
  ResolvedRequest document = asked;  // The filter applies to the similar ones.
  document.request.filter = {};
  const std::string source = SourceOf(document, id, request);
  if (source.empty()) throw NoDocument(id, partial);
  query::SearchInput input = asked.Input();
  input.tuning = {};
  const std::string position = reads_.Position();
  const std::string answer = engine_.Ask("/" + http::Encode(asked.index.alias) + "/_search",
                                         query::SimilarBody(input, id, source), request);
  std::string out = "{";
  const query::AnswerFacts facts = query::AppendAnswer(out, answer, input, projection);
  if (facts.partial && partial == Partial::kNo) partial = Partial::kShards;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  return out +
         fmt::format(
             R"(,"page":{{"number":{},"size":{},"next_cursor":null}},"meta":{{{},"took_ms":{},"engine_ms":{},"position":{}}}}})",
             asked.request.page, query::PerPage(input), reads_.Meta(asked, request, partial),
             took.count(), facts.engine_ms, json::Quote(position));
}

}  // namespace pgsluice::api
