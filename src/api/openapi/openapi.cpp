#include "api/openapi/openapi.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "api/openapi/openapi_parts.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/request.h"

namespace pgsluice::api {

namespace {

using json::ArrayPtr;
using json::Items;
using json::Members;
using json::ObjectPtr;
using json::Raw;
using Names = query::ParameterNames;

ObjectPtr Ref(std::string_view kind, std::string_view name) {
  return Members({{"$ref", fmt::format("#/components/{}/{}", kind, name)}});
}

ObjectPtr Schema(const std::string& name) { return Ref("schemas", name); }
ObjectPtr Type(const char* type) { return Members({{"type", type}}); }
ObjectPtr Nullable(const char* type) { return Members({{"type", Items({type, "null"})}}); }
ObjectPtr List(const ObjectPtr& items) { return Members({{"type", "array"}, {"items", items}}); }
ObjectPtr Map(const ObjectPtr& values) {
  return Members({{"type", "object"}, {"additionalProperties", values}});
}
ObjectPtr Object(const ArrayPtr& required, const ObjectPtr& properties) {
  return Members({{"type", "object"}, {"required", required}, {"properties", properties}});
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
  ArrayPtr parameters = Items();
  ObjectPtr body{};  ///< Schema; null: none.
  ObjectPtr answer;  ///< Schema.
  std::string answer_type = "application/json";
};

std::string ErrorName(const ErrorText& error) { return fmt::format("Error{}", error.status); }

ObjectPtr Content(const std::string& type, const ObjectPtr& schema) {
  return Members({{type, Members({{"schema", schema}})}});
}

ObjectPtr Describe(const Operation& operation) {
  ObjectPtr out = Members({{"operationId", operation.id},
                           {"summary", operation.summary},
                           {"parameters", operation.parameters}});
  if (!operation.body.isNull()) {
    out->set("requestBody", Members({{"required", true},
                                     {"content", Content("application/json", operation.body)}}));
  }
  ObjectPtr responses =
      Members({{"200", Members({{"description", "The answer."},
                                {"content", Content(operation.answer_type, operation.answer)}})}});
  for (const ErrorText& error : kErrors) {
    responses->set(std::to_string(error.status), Ref("responses", ErrorName(error)));
  }
  out->set("responses", responses);
  return out;
}

/// Returns the parameters of these names, after those in the path.
ArrayPtr Parameters(const Names& known, std::initializer_list<json::Built> in_path = {}) {
  ArrayPtr out = Items(in_path);
  for (const ParameterText& text : kParameterTexts) {
    const std::string_view name = text.body_name.empty() ? text.name : text.body_name;
    if (std::find(known.begin(), known.end(), name) == known.end()) continue;
    out->add(Ref("parameters", TypeName(text.name)));
  }
  return out;
}

ObjectPtr InPath(const char* name, const char* description, const ObjectPtr& schema) {
  return Members({{"name", name},
                  {"in", "path"},
                  {"required", true},
                  {"description", description},
                  {"schema", schema}});
}

ObjectPtr InQuery(const std::string& name, const ObjectPtr& schema) {
  return Members({{"name", name}, {"in", "query"}, {"schema", schema}});
}

bool IsList(const ParameterText& text) { return text.schema.starts_with(R"({"type":"array")"); }

/// Returns the schema for a JSON body, in which some parameters allow more than in a query string.
json::Built InBody(const ParameterText& text) {
  if (text.body_name == "filter") return Schema("Filter");
  if (text.body_name == "facets") return List(Members());
  if (text.body_name == "q_fields") return Map(Type("number"));
  // Code generators assume that a member with a default is always present.
  json::Value schema = json::Parse(text.schema);
  std::erase_if(schema.members, [](const auto& member) { return member.first == "default"; });
  return Raw(json::ToText(schema));
}

ObjectPtr SearchBody() {
  ObjectPtr properties = Members();
  for (const ParameterText& text : kParameterTexts) {
    if (!text.body_name.empty()) properties->set(std::string(text.body_name), InBody(text));
  }
  properties->set("facet_filters", Map(List(Members())));
  return Members({{"type", "object"}, {"additionalProperties", false}, {"properties", properties}});
}

/// Adds the document of an index, and the answers that contain documents.
void AddSchemas(ObjectPtr& schemas, const DescribedIndex& index, const std::string& type) {
  const ObjectPtr document = Schema(type + "Document");
  const ObjectPtr meta = Schema("Meta");
  schemas->set(type + "Document", DocumentSchema(index.schema));
  schemas->set(type + "Hit", Object(Items({"id", "score", "document"}),
                                    Members({{"id", Type("string")},
                                             {"score", Nullable("number")},
                                             {"document", document},
                                             {"highlight", Schema("Highlight")},
                                             {"distance_m", Nullable("number")},
                                             {"pinned", Type("boolean")},
                                             {"group", Schema("Group")},
                                             {"explanation", Schema("Explanation")}})));
  schemas->set(type + "SearchAnswer", Object(Items({"hits", "total", "facets", "page", "meta"}),
                                             Members({{"hits", List(Schema(type + "Hit"))},
                                                      {"total", Schema("Total")},
                                                      {"facets", Schema("Facets")},
                                                      {"page", Schema("Page")},
                                                      {"did_you_mean", Schema("DidYouMean")},
                                                      {"meta", meta}})));
  schemas->set(type + "DocumentAnswer",
               Object(Items({"id", "document"}),
                      Members({{"id", Type("string")}, {"document", document}, {"meta", meta}})));
  schemas->set(
      type + "DocumentsAnswer",
      Object(Items({"docs", "missing"}), Members({{"docs", List(Schema(type + "DocumentAnswer"))},
                                                  {"missing", List(Type("string"))}})));
}

ObjectPtr SharedParameters() {
  ObjectPtr out = Members();
  for (const ParameterText& text : kParameterTexts) {
    ObjectPtr parameter = InQuery(std::string(text.name), {});
    parameter->set("description", std::string(text.description));
    parameter->set("schema", Raw(std::string(text.schema)));
    if (IsList(text)) {
      parameter->set("style", "form");
      parameter->set("explode", false);
    }
    if (text.name == "filter") parameter->set("example", "status = live AND price < 50");
    out->set(TypeName(text.name), parameter);
  }
  return out;
}

ObjectPtr ErrorResponses() {
  ObjectPtr out = Members();
  for (const ErrorText& error : kErrors) {
    const ObjectPtr code = Members({{"enum", Raw(std::string(error.codes))}});
    const ObjectPtr codes =
        Members({{"type", "object"}, {"properties", Members({{"code", code}})}});
    out->set(
        ErrorName(error),
        Members({{"description", std::string(error.description)},
                 {"content", Content("application/problem+json",
                                     Members({{"allOf", Items({Schema("Problem"), codes})}}))}}));
  }
  return out;
}

ObjectPtr Components(const std::vector<DescribedIndex>& indexes,
                     const std::vector<std::string>& types, bool secured) {
  ObjectPtr schemas = Members();
  for (const auto& [name, schema] : json::Parse(kSharedSchemas).members) {
    schemas->set(name, Raw(json::ToText(schema)));
  }
  schemas->set("SearchBody", SearchBody());
  for (std::size_t i = 0; i < indexes.size(); ++i) AddSchemas(schemas, indexes[i], types[i]);
  ObjectPtr out = Members(
      {{"parameters", SharedParameters()}, {"responses", ErrorResponses()}, {"schemas", schemas}});
  if (secured) {
    const ObjectPtr key = Members({{"type", "apiKey"}, {"in", "header"}, {"name", "X-Api-Key"}});
    const ObjectPtr bearer = Members({{"type", "http"}, {"scheme", "bearer"}});
    out->set("securitySchemes", Members({{"bearer", bearer}, {"key", key}}));
  }
  return out;
}

/// Adds the query-string parameters for the facet of a field.
void AddFacetOptions(ArrayPtr& parameters, const plan::Field& field) {
  using plan::Kind;
  const auto add = [&](const std::string& option, const ObjectPtr& schema) {
    parameters->add(InQuery("facet_" + option + '.' + field.path, schema));
  };
  const bool date = field.kind == Kind::kDate;
  add("size", Members({{"type", "integer"}, {"minimum", 1}, {"maximum", 100}}));
  add("sort", Members({{"enum", Items({"count", "value"})}}));
  add("missing", Type("boolean"));
  if (!date && field.kind != Kind::kInteger && field.kind != Kind::kDecimal) return;
  add("ranges", Members({{"type", "string"}, {"examples", Items({"..50,50..100,100.."})}}));
  add("interval",
      date ? Members(
                 {{"enum", Items({"year", "quarter", "month", "week", "day", "hour", "minute"})}})
           : Members({{"type", "number"}, {"exclusiveMinimum", 0}}));
  if (date) {
    add("timezone", Members({{"type", "string"}, {"examples", Items({"Europe/Berlin"})}}));
  }
}

void AddSelections(ArrayPtr& parameters, const query::Schema& schema) {
  for (const plan::Field* field : schema.fields()) {
    if (!query::IsFacetable(*field)) continue;
    ObjectPtr selection = InQuery("facet." + field->path, List(Type("string")));
    selection->set("description", "Only these values; does not narrow its own facet.");
    selection->set("style", "form");
    selection->set("explode", true);
    parameters->add(selection);
    AddFacetOptions(parameters, *field);
  }
}

/// Returns the facetable fields, as an enumeration.
ObjectPtr FacetNames(const query::Schema& schema) {
  std::vector<std::string> paths;
  for (const plan::Field* field : schema.fields()) {
    if (query::IsFacetable(*field)) paths.push_back(field->path);
  }
  return paths.empty() ? Type("string") : Members({{"enum", Items(paths)}});
}

void AddPaths(ObjectPtr& paths, const DescribedIndex& index, const std::string& type,
              bool may_export) {
  const std::string base = "/v1/" + http::Encode(index.name);
  const auto get = [&](const std::string& verb, const std::string& summary,
                       const ArrayPtr& parameters, const std::string& answer) {
    return Describe({verb + type, summary, parameters, {}, Schema(answer)});
  };
  const auto post = [&](const std::string& verb, const std::string& summary,
                        const std::string& body, const std::string& answer) {
    return Describe({verb + type + "ByBody", summary, Items(), Schema(body), Schema(answer)});
  };
  const ObjectPtr id = InPath("id", "Id of the document.", Type("string"));
  const std::string found = type + "SearchAnswer";
  const std::string searches = "Searches " + index.name;
  ArrayPtr parameters = Parameters(query::kSearchParameters);
  AddSelections(parameters, index.schema);
  paths->set(base + "/search", Members({{"get", get("search", searches, parameters, found)},
                                        {"post", post("search", searches, "SearchBody", found)}}));
  paths->set(base + "/count",
             Members({{"get", get("count", "Counts documents", Parameters(query::kCountParameters),
                                  "Count")},
                      {"post", post("count", "Counts documents", "SearchBody", "Count")}}));
  paths->set(
      base + "/docs/{id}",
      Members({{"get", get("get", "One document", Parameters(query::kDocumentParameters, {id}),
                           type + "DocumentAnswer")}}));
  paths->set(base + "/docs/{id}/similar",
             Members({{"get", get("similar", "Documents like this one",
                                  Parameters(query::kSimilarParameters, {id}), found)}}));
  paths->set(base + "/docs/mget",
             Members({{"post", post("getMany", "Documents by id, in the order asked", "MultiGet",
                                    type + "DocumentsAnswer")}}));
  paths->set(base + "/suggest",
             Members({{"get", get("suggest", "Values that begin with q",
                                  Parameters(query::kSuggestParameters), "Suggestions")}}));
  const ObjectPtr field = InPath("field", "A field.", FacetNames(index.schema));
  paths->set(base + "/facets/{field}",
             Members({{"get", get("facet", "Values of a field and how often they occur",
                                  Parameters(query::kFacetParameters, {field}), "Facet")}}));
  if (!may_export) return;
  paths->set(base + "/export", Members({{"get", Describe({"export" + type,
                                                          "All documents, one per line",
                                                          Parameters(query::kExportParameters),
                                                          {},
                                                          Schema(type + "DocumentAnswer"),
                                                          "application/x-ndjson"})}}));
}

/// Returns the paths that do not belong to one index.
ObjectPtr CommonPaths() {
  const auto get = [](const char* id, const char* summary, const ArrayPtr& parameters,
                      const char* answer) {
    return Members({{"get", Describe({id, summary, parameters, {}, Schema(answer)})}});
  };
  const auto post = [](const char* id, const char* summary, const ObjectPtr& body,
                       const char* answer) {
    return Members({{"post", Describe({id, summary, Items(), body, Schema(answer)})}});
  };
  const ObjectPtr index = InPath("index", "Its name.", Type("string"));
  return Members(
      {{"/v1/indexes", get("indexes", "The indexes and their fields", Items(), "Indexes")},
       {"/v1/indexes/{index}", get("index", "One index", Items({index}), "Index")},
       {"/v1/sync", get("sync", "How far the sync is", Items(), "Sync")},
       {"/v1/sync/wait", get("waitForSync", "Waits until a position is searchable",
                             Parameters({"after", "wait"}), "Sync")},
       {"/v1/multi-search", post("multiSearch", "Several searches at once", Schema("MultiSearch"),
                                 "MultiSearchAnswer")},
       {"/v1/instantsearch",
        post("instantsearch", "The multi-query format of InstantSearch clients", Members(),
             "MultiResults")}});
}

}  // namespace

std::string OpenApi(const std::vector<DescribedIndex>& indexes, bool secured, bool may_export) {
  ObjectPtr out =
      Members({{"openapi", "3.1.0"},
               {"info", Members({{"title", "pgsluice"},
                                 {"version", PGSLUICE_VERSION},
                                 {"description",
                                  "Search over what PostgreSQL holds. Generated from the "
                                  "indexes as they are now."}})},
               {"servers", Items({Members({{"url", "/"}})})}});
  if (secured) {
    out->set("security", Items({Members({{"bearer", Items()}}), Members({{"key", Items()}})}));
  }
  const std::vector<std::string> types = TypeNames(indexes);
  ObjectPtr paths = CommonPaths();
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    AddPaths(paths, indexes[i], types[i], may_export);
  }
  out->set("paths", paths);
  out->set("components", Components(indexes, types, secured));
  return json::ToText(out);
}

}  // namespace pgsluice::api
