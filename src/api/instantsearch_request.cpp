#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "api/instantsearch.h"
#include "api/message.h"
#include "pgsluice/query/problem.h"

namespace pgsluice::api {

namespace {

using json::Value;
using query::Expr;
using query::Op;

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
  return std::min(std::stoi(text), limit);
}

/// A list; from URL-encoded parameters it comes as JSON text or separated by commas.
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

Expr Predicate(std::string path, Op op, std::vector<std::string> values) {
  Expr expr;
  expr.kind = Expr::Kind::kPredicate;
  expr.path = std::move(path);
  expr.op = op;
  for (std::string& text : values) {
    query::Literal literal;
    literal.text = std::move(text);
    literal.quoted = true;
    expr.values.push_back(std::move(literal));
  }
  return expr;
}

/// "hashtags:oss", "hashtags:-oss".
Expr FacetPredicate(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) Invalid("facetFilters", "'" + text + "' is no attribute:value");
  std::string value = text.substr(colon + 1);
  const bool negated = value.size() > 1 && value[0] == '-';
  if (negated) value.erase(0, 1);
  if (value.size() > 1 && value[0] == '\\' && value[1] == '-') value.erase(0, 1);
  return Predicate(text.substr(0, colon), negated ? Op::kNe : Op::kEq, {std::move(value)});
}

std::string Trimmed(const std::string& text) {
  const std::size_t from = text.find_first_not_of(' ');
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(' ') - from + 1);
}

/// "price>=10", "price:10 TO 20".
Expr NumericPredicate(const std::string& text) {
  const std::size_t to = text.find(" TO ");
  const std::size_t colon = text.find(':');
  if (to != std::string::npos && colon < to) {
    return Predicate(
        Trimmed(text.substr(0, colon)), Op::kBetween,
        {Trimmed(text.substr(colon + 1, to - colon - 1)), Trimmed(text.substr(to + 4))});
  }
  for (const auto& [sign, op] : std::initializer_list<std::pair<const char*, Op>>{{"<=", Op::kLe},
                                                                                  {">=", Op::kGe},
                                                                                  {"!=", Op::kNe},
                                                                                  {"<", Op::kLt},
                                                                                  {">", Op::kGt},
                                                                                  {"=", Op::kEq},
                                                                                  {":", Op::kEq}}) {
    const std::size_t at = text.find(sign);
    if (at == std::string::npos) continue;
    return Predicate(Trimmed(text.substr(0, at)), op,
                     {Trimmed(text.substr(at + std::string_view(sign).size()))});
  }
  Invalid("numericFilters", "'" + text + "' is no comparison");
}

/// Items are joined by AND, lists within by OR.
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

/// `brand:Apple AND NOT color:'dark red'` in our spelling.
std::string OurSpelling(const std::string& filters) {
  std::string out;
  char quote = 0;
  bool named = false;  // A colon of this word was seen.
  for (const char c : filters) {
    if (quote != 0) {
      out += c == quote ? '"' : c;
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
      out += '"';
    } else if (c == ':' && !named) {
      named = true;
      out += " = ";
    } else {
      if (c == ' ' || c == '(' || c == ')') named = false;
      out += c;
    }
  }
  return out;
}

std::vector<std::string> Highlighted(const Value& params, const query::Schema& schema) {
  std::vector<std::string> wanted = TextsOf(params, "attributesToHighlight");
  const bool all = params.Find("attributesToHighlight") == nullptr ||
                   std::find(wanted.begin(), wanted.end(), "*") != wanted.end();
  std::vector<std::string> paths;
  for (const document::Field* field : schema.fields()) {
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
  const int size = std::max(NumberOf(params, "maxValuesPerFacet", 10, 100), 1);
  for (std::string& path : facets) request.facets.push_back({std::move(path), size, true});
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
  const int size = NumberOf(params, "hitsPerPage", schema.plan().config.search.per_page, 100);
  request.per_page = size;
  request.page = NumberOf(params, "page", 0, size == 0 ? 0 : 10000 / size - 1) + 1;
  request.size = std::max(NumberOf(params, "maxFacetHits", 10, 100), 1);
  AddFacets(params, schema, request);
  AddFilters(params, "facetFilters", FacetPredicate, request.filter);
  AddFilters(params, "numericFilters", NumericPredicate, request.filter);
  const std::string filters = TextOf(params, "filters");
  if (!filters.empty()) {
    request.filter.parts.push_back(query::ParseFilter(OurSpelling(filters), {"filters", false}));
  }
  if (query::CountPredicates(request.filter) > query::kMaxPredicates) {
    query::Reject("limit_exceeded", "facetFilters", std::nullopt, "too many comparisons");
  }
  for (std::string& path : TextsOf(params, "attributesToRetrieve")) {
    if (path != "*" && path != "objectID" && schema.Find(path) != nullptr) {
      request.fields.push_back(std::move(path));
    }
  }
  if (size > 0) request.highlight = Highlighted(params, schema);
  return request;
}

}  // namespace pgsluice::api
