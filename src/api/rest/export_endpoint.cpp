#include "api/rest/export_endpoint.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/hits.h"
#include "pgsluice/query/projection.h"

namespace pgsluice::api {

namespace {

constexpr int kFirstPage = 100, kLargestPage = 2000;
constexpr std::size_t kPageBytes = 2U << 20U;

struct Walk {
  std::shared_ptr<const plan::Plan> plan;  // The projection points into it.
  query::Projection projection;
  std::string path, query;
  Request request;
  std::shared_ptr<Gate::Exporting> running;
  int size = kFirstPage;
  std::string after{};  ///< Id of the last document.
  bool over = false;

  std::string Body() const {
    std::string body = query;
    body.pop_back();
    body += fmt::format(
        R"(,"size":{},"track_total_hits":false,"sort":[{{"__id":"asc"}}],"_source":true)", size);
    if (!after.empty()) body += R"(,"search_after":[)" + json::Quote(after) + "]";
    return body + "}";
  }

  /// Returns the lines of a page; empty after the last one.
  std::string Lines(const std::string& answer) {
    const std::vector<query::Hit> hits = query::ReadHits(answer);
    std::string lines;
    for (const query::Hit& hit : hits) {
      const json::Value sort = query::ParsePart(hit.sort);
      if (sort.items.size() != 1 || !sort.items[0].IsString()) {
        throw query::Problem(502, "engine_error", "the answer holds a hit without its sort value");
      }
      after = sort.items[0].text;
      lines.append(R"({"id":)").append(hit.id).append(R"(,"document":)");
      projection.Append(lines, hit.source);
      lines += "}\n";
    }
    over = hits.size() < static_cast<std::size_t>(size);
    if (answer.size() > 2 * kPageBytes) size = std::max(size / 2, 1);
    if (answer.size() < kPageBytes) size = std::min(size * 2, kLargestPage);
    return lines;
  }
};

}  // namespace

Response ExportEndpoint::Export(const Request& request, const Access& access) {
  if (!access.MayExport()) {
    throw query::Problem(403, "export_not_allowed", "the policy does not allow exports");
  }
  ResolvedRequest asked = resolver_.ParseSearch(request, access, query::kExportParameters);
  const Partial partial = reads_.BringUp(asked, request);
  if (!asked.request.q.empty() &&
      engine_.Count(asked.index, query::CountBody(asked.Input()), request) == "0") {
    if (const auto other = searcher_.Fallback(asked, request)) asked.request = other->request;
  }
  auto walk = std::make_shared<Walk>(
      Walk{asked.index.plan,
           {asked.schema, asked.request.fields, asked.request.numbers_as_strings},
           WholeSearch(asked.index),
           query::CountBody(asked.Input()),
           request,
           std::make_shared<Gate::Exporting>(gate_, request.socket)});
  // The first page is requested now, so that an error becomes a problem instead of a truncated
  // stream.
  auto first = std::make_shared<std::string>(
      walk->Lines(engine_.Ask(walk->path, walk->Body(), walk->request)));
  Response response;
  response.content_type = "application/x-ndjson";
  if (partial != Partial::kNo) response.headers.emplace_back("Pgsluice-Partial", NameOf(partial));
  response.stream = [this, walk, first](const Sink& sink) {
    walk->running->Send(*first, sink);
    first->clear();
    first->shrink_to_fit();
    while (!walk->over) {
      if (gate_.stopping()) throw Error(Disposition::kRetry, "the service stops");
      walk->running->Send(walk->Lines(engine_.Ask(walk->path, walk->Body(), walk->request)), sink);
    }
  };
  return response;
}

}  // namespace pgsluice::api
