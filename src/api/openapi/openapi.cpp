#include "api/openapi/openapi.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "api/openapi/openapi_parts.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/request.h"

namespace pgsluice::api {

namespace {

using Names = query::ParameterNames;

std::string Ref(std::string_view kind, std::string_view name) {
  return fmt::format(R"({{"$ref":"#/components/{}/{}"}})", kind, name);
}

/// Component names may not hold what index names may.
std::string Component(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    out += fine ? std::string(1, c) : fmt::format(".{:02x}", static_cast<unsigned char>(c));
  }
  return "index." + out;
}

struct Operation {
  std::string id, summary;
  std::string parameters{};  ///< JSON, comma-separated.
  std::string body{};        ///< Schema.
  std::string answer;        ///< Schema.
  std::string answer_type = "application/json";
};

std::string ErrorRefs() {
  std::string out;
  for (const ErrorText& error : kErrors) {
    out += fmt::format(R"(,"{}":{})", error.status, Ref("responses", std::to_string(error.status)));
  }
  return out;
}

std::string ToJson(const char* method, const Operation& operation) {
  std::string out =
      fmt::format(R"("{}":{{"operationId":{},"summary":{},"parameters":[{}])", method,
                  json::Quote(operation.id), json::Quote(operation.summary), operation.parameters);
  if (!operation.body.empty()) {
    out += fmt::format(
        R"(,"requestBody":{{"required":true,"content":{{"application/json":{{"schema":{}}}}}}})",
        operation.body);
  }
  static const std::string errors = ErrorRefs();
  return out +
         fmt::format(
             R"(,"responses":{{"200":{{"description":"The answer.","content":{{"{}":{{"schema":{}}}}}}}{}}}}})",
             operation.answer_type, operation.answer, errors);
}

std::string Shared(const Names& known) {
  std::string out;
  for (const ParameterText& text : kParameterTexts) {
    const std::string_view name = text.body_name.empty() ? text.name : text.body_name;
    if (std::find(known.begin(), known.end(), name) == known.end()) continue;
    if (!out.empty()) out += ',';
    out += Ref("parameters", text.name);
  }
  return out;
}

std::string InPath(const char* name, const char* description, const std::string& schema) {
  return fmt::format(
      R"({{"name":"{}","in":"path","required":true,"description":"{}","schema":{}}})", name,
      description, schema);
}

std::string Components(const std::vector<DescribedIndex>& indexes, bool secured) {
  std::string parameters, body;
  for (const ParameterText& text : kParameterTexts) {
    parameters += fmt::format(
        R"({}"{}":{{"name":"{}","in":"query","description":"{}","schema":{}{}}})",
        parameters.empty() ? "" : ",", text.name, text.name, text.description, text.schema,
        text.name == "filter" ? R"(,"example":"status = live AND price < 50")" : "");
    // Lists and trees are possible in bodies, beside the short forms of a query string.
    const bool free =
        text.schema == R"({"type":"string"})" && text.name != "cursor" && text.name != "after";
    if (!text.body_name.empty()) {
      body += fmt::format(R"({}"{}":{})", body.empty() ? "" : ",", text.body_name,
                          free ? "{}" : text.schema);
    }
  }
  std::string schemas =
      std::string(kSharedSchemas) +
      R"(,"SearchBody":{"type":"object","additionalProperties":false,"properties":{)" + body +
      R"(,"facet_filters":{"type":"object"}}})";
  for (const DescribedIndex& index : indexes) {
    const std::string name = Component(index.name);
    const std::string document = Ref("schemas", name);
    schemas += fmt::format(R"(,"{}":{})", name, DocumentSchema(index.schema));
    schemas += fmt::format(
        R"(,"{}.found":{{"type":"object","required":["hits","total","facets","page","meta"],"properties":{{"hits":{{"type":"array","items":{{"type":"object","required":["id","score","document"],"properties":{{"id":{{"type":"string"}},"score":{{"type":["number","null"]}},"document":{},"highlight":{{"type":"object"}},"distance_m":{{"type":["number","null"]}},"pinned":{{"type":"boolean"}},"explanation":{}}}}}}},"total":{},"facets":{{"type":"object","additionalProperties":{}}},"page":{},"meta":{}}}}})",
        name, document, Ref("schemas", "Explanation"), Ref("schemas", "Total"),
        Ref("schemas", "Facet"), Ref("schemas", "Page"), Ref("schemas", "Meta"));
    schemas += fmt::format(
        R"(,"{}.one":{{"type":"object","required":["id","document"],"properties":{{"id":{{"type":"string"}},"document":{},"meta":{}}}}})",
        name, document, Ref("schemas", "Meta"));
    schemas += fmt::format(
        R"(,"{}.some":{{"type":"object","required":["docs","missing"],"properties":{{"docs":{{"type":"array","items":{}}},"missing":{{"type":"array","items":{{"type":"string"}}}}}}}})",
        name, Ref("schemas", name + ".one"));
  }
  std::string responses;
  for (const ErrorText& error : kErrors) {
    responses += fmt::format(
        R"({}"{}":{{"description":"{}","content":{{"application/problem+json":{{"schema":{{"allOf":[{},{{"type":"object","properties":{{"code":{{"enum":[{}]}}}}}}]}}}}}}}})",
        responses.empty() ? "" : ",", error.status, error.description, Ref("schemas", "Problem"),
        error.codes);
  }
  std::string out = fmt::format(R"({{"parameters":{{{}}},"responses":{{{}}},"schemas":{{{}}})",
                                parameters, responses, schemas);
  if (secured) {
    out +=
        R"(,"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"},"key":{"type":"apiKey","in":"header","name":"X-Api-Key"}})";
  }
  return out + "}";
}

std::string Selections(const query::Schema& schema) {
  std::string out;
  for (const document::Field* field : schema.fields()) {
    if (!query::IsFacetable(*field)) continue;
    out += fmt::format(
        R"(,{{"name":{},"in":"query","description":"Only these values; does not narrow its own facet.","schema":{{"type":"array","items":{{"type":"string"}}}},"explode":true}})",
        json::Quote("facet." + field->path));
  }
  return out;
}

/// Fields that `fits`, as an enumeration.
std::string FieldEnum(const query::Schema& schema, bool (*fits)(const document::Field&)) {
  std::string out;
  for (const document::Field* field : schema.fields()) {
    if (fits(*field)) out += (out.empty() ? "" : ",") + json::Quote(field->path);
  }
  return out.empty() ? R"({"type":"string"})" : R"({"enum":[)" + out + "]}";
}

std::string IndexPaths(const DescribedIndex& index, bool may_export) {
  const std::string base = "/v1/" + http::Encode(index.name);
  const std::string name = Component(index.name);
  const std::string found = Ref("schemas", name + ".found");
  const auto path = [&](const std::string& rest, const std::string& operations) {
    return "," + json::Quote(base + rest) + ":{" + operations + "}";
  };
  const auto get = [&](const std::string& verb, const std::string& summary,
                       const std::string& parameters, const std::string& answer) {
    return ToJson("get", {index.name + "." + verb, summary, parameters, {}, answer});
  };
  const auto post = [&](const std::string& verb, const std::string& summary,
                        const std::string& body, const std::string& answer) {
    return ToJson("post", {index.name + "." + verb + ".post", summary, {}, body, answer});
  };
  const std::string body = Ref("schemas", "SearchBody");
  const std::string id = InPath("id", "Id of the document.", R"({"type":"string"})");
  std::string out =
      path("/search", get("search", "Searches " + index.name,
                          Shared(query::kSearchParameters) + Selections(index.schema), found) +
                          "," + post("search", "Searches " + index.name, body, found));
  out += path("/count", get("count", "Counts documents", Shared(query::kCountParameters),
                            Ref("schemas", "Count")) +
                            "," + post("count", "Counts documents", body, Ref("schemas", "Count")));
  out += path("/docs/{id}",
              get("document", "One document", id + "," + Shared(query::kDocumentParameters),
                  Ref("schemas", name + ".one")));
  out += path("/docs/mget", post("mget", "Documents by id, in the order asked",
                                 Ref("schemas", "MultiGet"), Ref("schemas", name + ".some")));
  out += path("/suggest", get("suggest", "Values that begin with q",
                              Shared(query::kSuggestParameters), Ref("schemas", "Suggestions")));
  out += path("/facets/{field}",
              get("facet", "Values of a field and how often they occur",
                  InPath("field", "A field.", FieldEnum(index.schema, query::IsFacetable)) + "," +
                      Shared(query::kFacetParameters),
                  Ref("schemas", "Facet")));
  if (may_export) {
    out += path("/export", ToJson("get", {index.name + ".export",
                                          "All documents, one per line",
                                          Shared(query::kExportParameters),
                                          {},
                                          Ref("schemas", name + ".one"),
                                          "application/x-ndjson"}));
  }
  return out;
}

}  // namespace

std::string OpenApi(const std::vector<DescribedIndex>& indexes, bool secured, bool may_export) {
  std::string out = fmt::format(
      R"({{"openapi":"3.1.0","info":{{"title":"pgsluice","version":"{}","description":"Search over what PostgreSQL holds. Generated from the indexes as they are now."}})",
      PGSLUICE_VERSION);
  if (secured) out += R"(,"security":[{"bearer":[]},{"key":[]}])";
  const auto get = [](const char* id, const char* summary, const std::string& parameters,
                      const char* answer) {
    return ToJson("get", {id, summary, parameters, {}, Ref("schemas", answer)});
  };
  out +=
      R"(,"paths":{"/v1/indexes":{)" +
      get("indexes", "The indexes and their fields", "", "Indexes") +
      R"(},"/v1/indexes/{index}":{)" +
      get("index", "One index", InPath("index", "Its name.", R"({"type":"string"})"), "Index") +
      R"(},"/v1/sync":{)" + get("sync", "How far the sync is", "", "Sync") +
      R"(},"/v1/sync/wait":{)" +
      get("sync.wait", "Waits until a position is searchable", Shared({"after", "wait"}), "Sync") +
      R"(},"/v1/multi-search":{)" +
      ToJson("post", {"multi-search",
                      "Several searches at once",
                      {},
                      Ref("schemas", "MultiSearch"),
                      Ref("schemas", "MultiResults")}) +
      R"(},"/v1/instantsearch":{)" +
      ToJson("post", {"instantsearch",
                      "The multi-query format of InstantSearch clients",
                      {},
                      "{}",
                      Ref("schemas", "MultiResults")}) +
      "}";
  for (const DescribedIndex& index : indexes) out += IndexPaths(index, may_export);
  return out + R"(},"components":)" + Components(indexes, secured) + "}";
}

}  // namespace pgsluice::api
