#include "api/rest/index_endpoints.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "api/openapi/openapi.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::api {

namespace {

std::string IndexJson(const IndexInfo& index, const std::string& documents, const Access& access) {
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

}  // namespace

Response IndexEndpoints::Indexes(const Request& request, const Access& access) {
  const bool one = request.segments.size() == 3;
  std::vector<IndexInfo> shown;
  if (one) {
    shown.push_back(resolver_.FindIndex(request.segments[2], access));
  } else {
    const auto indexes = resolver_.indexes();
    for (const auto& [name, index] : *indexes) {
      if (index.plan != nullptr && access.Sees(name)) shown.push_back(index);
    }
  }
  std::vector<SearchEngine::Counted> counted;
  for (const IndexInfo& index : shown) {
    counted.push_back({index.alias, Resolver::Allowed(index, access)});
  }
  const std::vector<std::string> documents = engine_.CountAll(counted, request);
  std::string list;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    list += (i > 0 ? "," : "") + IndexJson(shown[i], documents[i], access);
  }
  Response response;
  response.body = one ? list : R"({"indexes":[)" + list + "]}";
  return response;
}

Response IndexEndpoints::Describe(const Request& /*request*/, const Access& access) {
  std::vector<DescribedIndex> described;
  const auto indexes = resolver_.indexes();
  for (const auto& [name, index] : *indexes) {
    if (index.plan != nullptr && access.Sees(name))
      described.push_back({name, access.SchemaOf(index.plan)});
  }
  const std::shared_ptr<const Settings> now = resolver_.settings();
  const config::Auth& auth = now->auth;
  const bool secured = auth.anonymous.empty() && (!auth.keys.empty() || auth.jwt);
  Response response;
  response.body = OpenApi(described, secured, access.MayExport());
  return response;
}

Response IndexEndpoints::Sync(const Request& /*request*/, const Access& access) {
  std::string list;
  const auto indexes = resolver_.indexes();
  for (const auto& [name, index] : *indexes) {
    if (!access.Sees(name)) continue;
    if (!list.empty()) list += ',';
    list += json::Quote(name) + R"(:{"state":)" + json::Quote(index.state) + "}";
  }
  std::int64_t pending = 0, lag_ms = 0;
  if (sync_ != nullptr) {
    for (const std::string& name : sync_->DatabaseNames()) {
      pending += sync_->pending(name);
      lag_ms = std::max(lag_ms, sync_->lag_ms(name));
    }
  }
  Response response;
  response.body = fmt::format(R"({{"position":{},"pending":{},"lag_ms":{},"indexes":{{{}}}}})",
                              json::Quote(reads_.Position()), pending, lag_ms, list);
  return response;
}

Response IndexEndpoints::SyncWait(const Request& request, const Access& access) {
  const query::SearchRequest asked = query::ReadParameters(request.parameters, {"after", "wait"});
  access.CheckStrong("sync/wait");
  if (sync_ != nullptr) {
    reads_.WaitFor(asked.after.empty() ? reads_.PositionNow("") : asked.after, "", asked.wait,
                   request.socket);
    std::vector<std::string> aliases;
    const auto indexes = resolver_.indexes();
    for (const auto& [index, info] : *indexes) {
      if (info.plan == nullptr || !access.Sees(index)) continue;
      aliases.push_back(info.alias);
    }
    engine_.Refresh(aliases, request);
  }
  return Sync(request, access);
}

}  // namespace pgsluice::api
