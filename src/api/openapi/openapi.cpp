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

/// Returns "OrderItems" for "order-items", because code generators create types with these names.
/// Starts with a letter.
std::string TypeName(std::string_view name) {
  std::string out;
  bool first = true;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter && first) {
      out += static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c);
    } else if (letter || digit) {
      out += c;
    }
    first = !letter && !digit;
  }
  if (out.empty() || (out[0] >= '0' && out[0] <= '9')) out.insert(0, "Index");
  return out;
}

/// Returns a type name for each index; equal names get a number.
std::vector<std::string> TypeNames(const std::vector<DescribedIndex>& indexes) {
  std::vector<std::string> names;
  for (const DescribedIndex& index : indexes) {
    const std::string plain = TypeName(index.name);
    std::string name = plain;
    for (int i = 2; std::find(names.begin(), names.end(), name) != names.end(); ++i) {
      name = fmt::format("{}_{}", plain, i);
    }
    names.push_back(std::move(name));
  }
  return names;
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
    out += fmt::format(R"(,"{}":{})", error.status,
                       Ref("responses", fmt::format("Error{}", error.status)));
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
    out += Ref("parameters", TypeName(text.name));
  }
  return out;
}

std::string InPath(const char* name, const char* description, const std::string& schema) {
  return fmt::format(
      R"({{"name":"{}","in":"path","required":true,"description":"{}","schema":{}}})", name,
      description, schema);
}

bool IsList(const ParameterText& text) { return text.schema.starts_with(R"({"type":"array")"); }

/// Returns the schema for a JSON body, in which some parameters allow more than in a query string.
std::string InBody(const ParameterText& text) {
  if (text.body_name == "filter") return Ref("schemas", "Filter");
  if (text.body_name == "facets") return R"({"type":"array","items":{}})";
  if (text.body_name == "q_fields") {
    return R"({"type":"object","additionalProperties":{"type":"number"}})";
  }
  // Code generators assume that a member with a default is always present.
  std::string schema(text.schema);
  const std::size_t begin = schema.find(R"(,"default":)");
  if (begin != std::string::npos) schema.erase(begin, schema.find('}', begin) - begin);
  return schema;
}

std::string SearchBodySchema() {
  std::string body;
  for (const ParameterText& text : kParameterTexts) {
    if (text.body_name.empty()) continue;
    body += fmt::format(R"("{}":{},)", text.body_name, InBody(text));
  }
  return R"("SearchBody":{"type":"object","additionalProperties":false,"properties":{)" + body +
         R"("facet_filters":{"type":"object","additionalProperties":{"type":"array","items":{}}}}})";
}

/// Returns the document of an index, and the answers that contain documents.
std::string IndexSchemas(const DescribedIndex& index, const std::string& type) {
  const std::string document = Ref("schemas", type + "Document");
  const std::string meta = Ref("schemas", "Meta");
  std::string out = fmt::format(R"(,"{}Document":{})", type, DocumentSchema(index.schema));
  out += fmt::format(
      R"(,"{}Hit":{{"type":"object","required":["id","score","document"],"properties":{{"id":{{"type":"string"}},"score":{{"type":["number","null"]}},"document":{},"highlight":{},"distance_m":{{"type":["number","null"]}},"pinned":{{"type":"boolean"}},"group":{},"explanation":{}}}}})",
      type, document, Ref("schemas", "Highlight"), Ref("schemas", "Group"),
      Ref("schemas", "Explanation"));
  out += fmt::format(
      R"(,"{}SearchAnswer":{{"type":"object","required":["hits","total","facets","page","meta"],"properties":{{"hits":{{"type":"array","items":{}}},"total":{},"facets":{},"page":{},"did_you_mean":{},"meta":{}}}}})",
      type, Ref("schemas", type + "Hit"), Ref("schemas", "Total"), Ref("schemas", "Facets"),
      Ref("schemas", "Page"), Ref("schemas", "DidYouMean"), meta);
  out += fmt::format(
      R"(,"{}DocumentAnswer":{{"type":"object","required":["id","document"],"properties":{{"id":{{"type":"string"}},"document":{},"meta":{}}}}})",
      type, document, meta);
  return out +
         fmt::format(
             R"(,"{}DocumentsAnswer":{{"type":"object","required":["docs","missing"],"properties":{{"docs":{{"type":"array","items":{}}},"missing":{{"type":"array","items":{{"type":"string"}}}}}}}})",
             type, Ref("schemas", type + "DocumentAnswer"));
}

std::string Components(const std::vector<DescribedIndex>& indexes,
                       const std::vector<std::string>& types, bool secured) {
  std::string parameters;
  for (const ParameterText& text : kParameterTexts) {
    parameters +=
        fmt::format(R"({}"{}":{{"name":"{}","in":"query","description":"{}","schema":{}{}{}}})",
                    parameters.empty() ? "" : ",", TypeName(text.name), text.name, text.description,
                    text.schema, IsList(text) ? R"(,"style":"form","explode":false)" : "",
                    text.name == "filter" ? R"(,"example":"status = live AND price < 50")" : "");
  }
  std::string schemas(kSharedSchemas);
  schemas += "," + SearchBodySchema();
  for (std::size_t i = 0; i < indexes.size(); ++i) schemas += IndexSchemas(indexes[i], types[i]);
  std::string responses;
  for (const ErrorText& error : kErrors) {
    responses += fmt::format(
        R"({}"Error{}":{{"description":"{}","content":{{"application/problem+json":{{"schema":{{"allOf":[{},{{"type":"object","properties":{{"code":{{"enum":[{}]}}}}}}]}}}}}}}})",
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

/// Returns the query-string parameters for the facet of a field.
std::string FacetOptions(const plan::Field& field) {
  using plan::Kind;
  std::string out;
  const auto add = [&](const char* option, const char* schema) {
    out += fmt::format(R"(,{{"name":{},"in":"query","schema":{}}})",
                       json::Quote("facet_" + std::string(option) + "." + field.path), schema);
  };
  const bool date = field.kind == Kind::kDate;
  add("size", R"({"type":"integer","minimum":1,"maximum":100})");
  add("sort", R"({"enum":["count","value"]})");
  add("missing", R"({"type":"boolean"})");
  if (!date && field.kind != Kind::kInteger && field.kind != Kind::kDecimal) return out;
  add("ranges", R"({"type":"string","examples":["..50,50..100,100.."]})");
  add("interval", date ? R"({"enum":["year","quarter","month","week","day","hour","minute"]})"
                       : R"({"type":"number","exclusiveMinimum":0})");
  if (date) add("timezone", R"({"type":"string","examples":["Europe/Berlin"]})");
  return out;
}

std::string Selections(const query::Schema& schema) {
  std::string out;
  for (const plan::Field* field : schema.fields()) {
    if (!query::IsFacetable(*field)) continue;
    out += fmt::format(
        R"(,{{"name":{},"in":"query","description":"Only these values; does not narrow its own facet.","style":"form","explode":true,"schema":{{"type":"array","items":{{"type":"string"}}}}}})",
        json::Quote("facet." + field->path));
    out += FacetOptions(*field);
  }
  return out;
}

/// Returns the fields for which `fits` is true, as an enumeration.
std::string FieldEnum(const query::Schema& schema, bool (*fits)(const plan::Field&)) {
  std::string out;
  for (const plan::Field* field : schema.fields()) {
    if (fits(*field)) out += (out.empty() ? "" : ",") + json::Quote(field->path);
  }
  return out.empty() ? R"({"type":"string"})" : R"({"enum":[)" + out + "]}";
}

std::string IndexPaths(const DescribedIndex& index, const std::string& type, bool may_export) {
  const std::string base = "/v1/" + http::Encode(index.name);
  const std::string found = Ref("schemas", type + "SearchAnswer");
  const auto path = [&](const std::string& rest, const std::string& operations) {
    return "," + json::Quote(base + rest) + ":{" + operations + "}";
  };
  const auto get = [&](const std::string& verb, const std::string& summary,
                       const std::string& parameters, const std::string& answer) {
    return ToJson("get", {verb + type, summary, parameters, {}, answer});
  };
  const auto post = [&](const std::string& verb, const std::string& summary,
                        const std::string& body, const std::string& answer) {
    return ToJson("post", {verb + type + "ByBody", summary, {}, body, answer});
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
  out +=
      path("/docs/{id}", get("get", "One document", id + "," + Shared(query::kDocumentParameters),
                             Ref("schemas", type + "DocumentAnswer")));
  out += path("/docs/{id}/similar", get("similar", "Documents like this one",
                                        id + "," + Shared(query::kSimilarParameters), found));
  out += path("/docs/mget",
              post("getMany", "Documents by id, in the order asked", Ref("schemas", "MultiGet"),
                   Ref("schemas", type + "DocumentsAnswer")));
  out += path("/suggest", get("suggest", "Values that begin with q",
                              Shared(query::kSuggestParameters), Ref("schemas", "Suggestions")));
  out += path("/facets/{field}",
              get("facet", "Values of a field and how often they occur",
                  InPath("field", "A field.", FieldEnum(index.schema, query::IsFacetable)) + "," +
                      Shared(query::kFacetParameters),
                  Ref("schemas", "Facet")));
  if (may_export) {
    out += path("/export", ToJson("get", {"export" + type,
                                          "All documents, one per line",
                                          Shared(query::kExportParameters),
                                          {},
                                          Ref("schemas", type + "DocumentAnswer"),
                                          "application/x-ndjson"}));
  }
  return out;
}

}  // namespace

std::string OpenApi(const std::vector<DescribedIndex>& indexes, bool secured, bool may_export) {
  std::string out = fmt::format(
      R"({{"openapi":"3.1.0","info":{{"title":"pgsluice","version":"{}","description":"Search over what PostgreSQL holds. Generated from the indexes as they are now."}})",
      PGSLUICE_VERSION);
  out += R"(,"servers":[{"url":"/"}])";
  if (secured) out += R"(,"security":[{"bearer":[]},{"key":[]}])";
  const auto get = [](const char* id, const char* summary, const std::string& parameters,
                      const char* answer) {
    return ToJson("get", {id, summary, parameters, {}, Ref("schemas", answer)});
  };
  out += R"(,"paths":{"/v1/indexes":{)" +
         get("indexes", "The indexes and their fields", "", "Indexes") +
         R"(},"/v1/indexes/{index}":{)" +
         get("index", "One index", InPath("index", "Its name.", R"({"type":"string"})"), "Index") +
         R"(},"/v1/sync":{)" + get("sync", "How far the sync is", "", "Sync") +
         R"(},"/v1/sync/wait":{)" +
         get("waitForSync", "Waits until a position is searchable", Shared({"after", "wait"}),
             "Sync") +
         R"(},"/v1/multi-search":{)" +
         ToJson("post", {"multiSearch",
                         "Several searches at once",
                         {},
                         Ref("schemas", "MultiSearch"),
                         Ref("schemas", "MultiSearchAnswer")}) +
         R"(},"/v1/instantsearch":{)" +
         ToJson("post", {"instantsearch",
                         "The multi-query format of InstantSearch clients",
                         {},
                         "{}",
                         Ref("schemas", "MultiResults")}) +
         "}";
  const std::vector<std::string> types = TypeNames(indexes);
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    out += IndexPaths(indexes[i], types[i], may_export);
  }
  return out + R"(},"components":)" + Components(indexes, types, secured) + "}";
}

}  // namespace pgsluice::api
