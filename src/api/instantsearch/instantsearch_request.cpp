#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "api/http/message.h"
#include "api/instantsearch/instantsearch.h"
#include "pgsluice/base/text.h"
#include "pgsluice/query/problem.h"

namespace pgsluice::api {

namespace {

using json::Value;
using query::Expr;

[[noreturn]] void Invalid(const char* parameter, const std::string& detail) {
  query::Reject("invalid_parameter", parameter, std::nullopt, detail);
}

std::string TextOf(const Value& params, const char* name, std::string otherwise = {}) {
  const Value* value = params.Find(name);
  if (value == nullptr || value->IsNull()) return otherwise;
  if (!value->IsString() && !value->IsNumber()) Invalid(name, "a text was expected");
  return value->text;
}

int NumberOf(const Value& params, const char* name, int otherwise, int limit) {
  const std::string text = TextOf(params, name);
  if (text.empty()) return otherwise;
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || text.size() > 9) Invalid(name, "a whole number was expected");
  const int number = std::stoi(text);
  if (number > limit) {
    query::Reject("limit_exceeded", name, std::nullopt,
                  fmt::format("'{}' is at most {}", name, limit));
  }
  return number;
}

/// Reads true or false, as JSON or as text. nullopt: it is not given.
std::optional<bool> BoolOf(const Value& params, const char* name) {
  const Value* value = params.Find(name);
  if (value == nullptr || value->IsNull()) return std::nullopt;
  if (value->IsBool()) return value->boolean;
  if (value->text == "true") return true;
  if (value->text == "false") return false;
  Invalid(name, "true or false was expected");
}

/// Reads a list. URL-encoded parameters contain it as JSON text or separated by commas.
Value ListOf(const Value& params, const char* name) {
  const Value* value = params.Find(name);
  Value list;
  list.type = json::Type::kArray;
  if (value == nullptr || value->IsNull()) return list;
  if (value->IsArray()) return *value;
  if (!value->IsString()) Invalid(name, "a list was expected");
  if (!value->text.empty() && value->text[0] == '[') {
    try {
      return json::Parse(value->text);
    } catch (const Error&) {
      Invalid(name, "a list was expected");
    }
  }
  for (std::size_t from = 0; from < value->text.size();) {
    const std::size_t end = std::min(value->text.find(',', from), value->text.size());
    Value& item = list.items.emplace_back();
    item.type = json::Type::kString;
    item.text = value->text.substr(from, end - from);
    from = end + 1;
  }
  return list;
}

std::vector<std::string> TextsOf(const Value& params, const char* name) {
  std::vector<std::string> texts;
  for (const Value& item : ListOf(params, name).items) {
    if (!item.IsString()) Invalid(name, "texts were expected");
    texts.push_back(item.text);
  }
  return texts;
}

/// Adds filters: items are combined with AND, lists within them with OR.
void AddFilters(const Value& params, const char* name, Expr (*read)(const std::string&),
                Expr& filter) {
  for (const Value& item : ListOf(params, name).items) {
    if (item.IsString()) {
      filter.parts.push_back(read(item.text));
      continue;
    }
    if (!item.IsArray()) Invalid(name, "texts and lists of texts were expected");
    Expr any;
    any.kind = Expr::Kind::kOr;
    for (const Value& choice : item.items) {
      if (!choice.IsString()) Invalid(name, "texts and lists of texts were expected");
      any.parts.push_back(read(choice.text));
    }
    if (!any.parts.empty()) filter.parts.push_back(std::move(any));
  }
}

std::vector<std::string> Highlighted(const Value& params, const query::Schema& schema) {
  std::vector<std::string> wanted = TextsOf(params, "attributesToHighlight");
  const bool all = params.Find("attributesToHighlight") == nullptr ||
                   std::find(wanted.begin(), wanted.end(), "*") != wanted.end();
  std::vector<std::string> paths;
  for (const plan::Field* field : schema.fields()) {
    const bool asked = all || std::find(wanted.begin(), wanted.end(), field->path) != wanted.end();
    if (asked && query::IsSearchable(*field) && paths.size() < 20) paths.push_back(field->path);
  }
  return paths;
}

void AddFacets(const Value& params, const query::Schema& schema, query::SearchRequest& request) {
  std::vector<std::string> facets = TextsOf(params, "facets");
  if (std::find(facets.begin(), facets.end(), "*") != facets.end()) {
    facets = schema.plan().config.search.facets;
    std::erase_if(facets, [&](const auto& path) { return schema.Find(path) == nullptr; });
  }
  query::DropRepeated(facets, [](const std::string& path) { return path; });
  if (facets.size() > 10) query::Reject("limit_exceeded", "facets", std::nullopt, "at most 10");
  const int size = std::max(NumberOf(params, "maxValuesPerFacet", 10, 1000), 1);
  const std::string order = TextOf(params, "sortFacetValuesBy", "count");
  if (order != "count" && order != "alpha") Invalid("sortFacetValuesBy", "count or alpha");
  for (std::string& path : facets) {
    query::Facet& facet = request.facets.emplace_back();
    facet.path = std::move(path);
    facet.size = size;
    if (order == "alpha") facet.order = query::Facet::Order::kValue;
  }
}

/// Returns all visible fields except those named with a minus.
std::vector<std::string> AllBut(const std::vector<std::string>& excluded,
                                const query::Schema& schema) {
  std::vector<std::string> paths;
  for (const plan::Field* field : schema.fields()) {
    if (!field->fields.empty()) continue;
    const bool out = std::any_of(excluded.begin(), excluded.end(), [&](const std::string& path) {
      return field->path == path || field->path.compare(0, path.size() + 1, path + ".") == 0;
    });
    if (!out) paths.push_back(field->path);
  }
  return paths;
}

/// Reads "attributesToRetrieve": names, "*" and "-name".
void AddRetrieved(const Value& params, const query::Schema& schema, query::SearchRequest& request) {
  std::vector<std::string> excluded;
  bool all = false;
  for (std::string& path : TextsOf(params, "attributesToRetrieve")) {
    all = all || path == "*";
    if (path.size() > 1 && path[0] == '-') {
      excluded.push_back(path.substr(1));
    } else if (path != "*" && path != "objectID" && schema.Find(path) != nullptr) {
      request.fields.push_back(std::move(path));
    }
  }
  if (all) request.fields.clear();
  if (!excluded.empty() && request.fields.empty()) request.fields = AllBut(excluded, schema);
}

/// Reads "page" and "hitsPerPage", or "offset" and "length".
void SetPage(const Value& params, const query::Schema& schema, query::SearchRequest& request) {
  const bool by_offset = !TextOf(params, "offset").empty() || !TextOf(params, "length").empty();
  const int usual = std::min(schema.plan().config.search.per_page, 100);
  const int size = by_offset && !TextOf(params, "length").empty()
                       ? NumberOf(params, "length", usual, 100)
                       : NumberOf(params, "hitsPerPage", usual, 100);
  request.per_page = size;
  if (by_offset) {
    request.offset = NumberOf(params, "offset", 0, 10000 - size);
  } else {
    request.page = NumberOf(params, "page", 0, size == 0 ? 10000 : 10000 / size - 1) + 1;
    if (size == 0) request.page = 1;
  }
}

/// Reads the parameters that decide how words are matched.
void SetMatching(const Value& params, query::SearchRequest& request) {
  const Value* typos = params.Find("typoTolerance");
  if (typos != nullptr && !typos->IsNull()) {
    const auto wanted = BoolOf(params, "typoTolerance");
    if (wanted && !*wanted) request.typos = 0;
  }
  const std::string type = TextOf(params, "queryType");
  if (type == "prefixNone") {
    request.prefix = false;
  } else if (!type.empty() && type != "prefixLast") {
    Invalid("queryType", "prefixLast and prefixNone are possible here");
  }
  for (std::string& path : TextsOf(params, "restrictSearchableAttributes")) {
    request.q_fields.emplace_back(std::move(path), 1);
  }
  request.q_fields_parameter = "restrictSearchableAttributes";
  if (BoolOf(params, "advancedSyntax").value_or(true)) return;
  // Quotes and minus signs have no special meaning then.
  std::replace(request.q.begin(), request.q.end(), '"', ' ');
  for (std::size_t at = 0; at < request.q.size(); ++at) {
    if (request.q[at] == '-' && (at == 0 || request.q[at - 1] == ' ')) request.q[at] = ' ';
  }
}

Value FromQuery(const std::string& text) {
  Value params;
  params.type = json::Type::kObject;
  for (const auto& [name, value] : ReadQuery(text)) {
    Value& member = params.members.emplace_back(name, Value()).second;
    member.type = json::Type::kString;
    member.text = value;
  }
  return params;
}

}  // namespace

InstantQuery ReadInstant(const Value& item) {
  if (!item.IsObject()) Invalid("requests", "a request is an object");
  InstantQuery query;
  query.name = TextOf(item, "indexName");
  if (query.name.empty()) Invalid("indexName", "a request names its index");
  const std::size_t slash = query.name.find("/sort/");
  const std::size_t end = std::min(query.name.find(':'), slash);
  query.index = query.name.substr(0, end);
  if (end != std::string::npos) query.sort = query.name.substr(end == slash ? end + 6 : end + 1);
  const Value* params = item.Find("params");
  query.params = params == nullptr ? item : params->IsString() ? FromQuery(params->text) : *params;
  query.tags = {TextOf(query.params, "highlightPreTag", "<em>"),
                TextOf(query.params, "highlightPostTag", "</em>")};
  query.facet_name = TextOf(item, "facet", TextOf(item, "facetName"));
  query.facet_query = TextOf(query.params, "facetQuery", TextOf(item, "facetQuery"));
  return query;
}

query::SearchRequest ToSearchRequest(const InstantQuery& query, const query::Schema& schema) {
  const Value& params = query.params;
  CheckInstant(params);
  Value known;
  known.type = json::Type::kObject;
  const auto add = [&known](const char* name, const std::string& text) {
    if (text.empty()) return;
    Value& member = known.members.emplace_back(name, Value()).second;
    member.type = json::Type::kString;
    member.text = text;
  };
  add("q", TextOf(params, "query"));
  add("sort", query.sort);
  query::SearchRequest request = query::ReadBody(known, query::kSearchParameters);
  SetPage(params, schema, request);
  SetMatching(params, request);
  request.use_rules = BoolOf(params, "enableRules").value_or(true);
  request.size = std::max(NumberOf(params, "maxFacetHits", 10, 100), 1);
  AddFacets(params, schema, request);
  AddFilters(params, "facetFilters", InstantFacetFilter, request.filter);
  AddFilters(params, "numericFilters", InstantNumericFilter, request.filter);
  const std::string filters = TextOf(params, "filters");
  if (!base::Trimmed(filters).empty()) request.filter.parts.push_back(InstantFilters(filters));
  AddPlaces(params, schema, request);
  if (query::CountPredicates(request.filter) > query::kMaxPredicates) {
    query::Reject("limit_exceeded", "facetFilters", std::nullopt, "too many comparisons");
  }
  AddRetrieved(params, schema, request);
  if (*request.per_page > 0) request.highlight = Highlighted(params, schema);
  return request;
}

}  // namespace pgsluice::api
