#include "support/random_request.h"

#include <algorithm>

#include "pgsluice/http/transport.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::testing {

namespace {

const std::vector<std::string> kVisible = {"id",         "title",  "level",      "live",
                                           "created_at", "status", "tags",       "profile",
                                           "address",    "owner",  "owner.name", "orders.state"};
const std::vector<std::string> kNotThere = {
    "secret", "price",          "owner.code", "orders.total",  "nothing",
    "__id",   "__all",          "_id",        "title.keyword", "__enum.status",
    "*",      "secret.keyword", "profile.a"};
const std::vector<std::string> kValues = {
    "garden", "1",    "2",   "7770777001", "zqxother",   "zqxhidden", "true", "2024-01-03",
    "live",   "null", "oss", "10.0.0.2",   "7770777.25", "sent",      "x",    "7770777"};
const std::vector<std::string> kWords = {"garden",           "tools",     "gardn", "kitch",
                                         "zqxother",         "zqxhidden", "oss",   "ann",
                                         "\"garden tools\"", "-table"};
const std::vector<std::string> kSearchNames = {
    "q",    "q_fields", "match",    "typos",  "prefix",    "filter", "facets",  "facet_filters",
    "sort", "page",     "per_page", "fields", "highlight", "count",  "numbers", "distinct"};
const std::vector<std::string> kCountNames = {"q",      "q_fields", "match",        "typos",
                                              "prefix", "filter",   "facet_filters"};
const std::vector<std::string> kDocumentNames = {"fields", "numbers", "filter"};

bool Has(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::string Object(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string out;
  for (const auto& [name, value] : members) {
    out += (out.empty() ? "" : ",") + json::Quote(name) + ":" + value;
  }
  return "{" + out + "}";
}

}  // namespace

const std::string& RandomRequest::Of(const std::vector<std::string>& list) {
  return list[static_cast<std::size_t>(Below(static_cast<int>(list.size())))];
}

std::string RandomRequest::Path() { return Of(Below(8) == 0 ? kNotThere : kVisible); }

std::string RandomRequest::Paths(int most) {
  std::string out;
  std::vector<std::string> used;
  for (int i = 1 + Below(most); i > 0; --i) {
    const std::string path = Path();
    if (Has(used, path)) continue;
    used.push_back(path);
    out += (out.empty() ? "" : ",") + path;
  }
  return out;
}

std::string RandomRequest::Value() { return Of(kValues); }

std::string RandomRequest::Predicate(const std::string& path) {
  // Values that usually fit the field.
  const std::vector<std::string> fits =
      path == "id" || path == "level" ? std::vector<std::string>{"1", "2", "40", "7770777001"}
      : path == "live"                ? std::vector<std::string>{"true", "false"}
      : path == "status"              ? std::vector<std::string>{"draft", "live"}
      : path == "created_at"          ? std::vector<std::string>{"2024-01-03", "2024-01-06"}
      : path == "address"             ? std::vector<std::string>{"10.0.0.2", "10.0.0.4"}
                                      : kValues;
  const auto value = [&] { return Below(8) == 0 ? Value() : Of(fits); };
  switch (Below(9)) {
    case 0:
      return path + " IS NULL";
    case 1:
      return path + " EXISTS";
    case 2:
      return path + " != " + value();
    case 3:
      return path + (Below(2) == 0 ? " IN [" : " NOT IN [") + value() + ", " + value() + "]";
    case 4:
      return path + " >= " + value();
    case 5:
      return path + " < " + value();
    case 6:
      return path + " STARTS WITH " + value().substr(0, 2);
    case 7:
      return path + " CONTAINS " + value();
    default:
      return path + " = " + value();
  }
}

std::string RandomRequest::Filter(int depth) {
  switch (depth == 0 ? 0 : Below(6)) {
    case 1:
      return "NOT " + Filter(depth - 1);
    case 2:
      return "(" + Filter(depth - 1) + " AND " + Filter(depth - 1) + ")";
    case 3:
      return "(" + Filter(depth - 1) + " OR " + Filter(depth - 1) + ")";
    case 4:
      return "orders[" + Predicate(Below(5) == 0 ? "total" : "state") + "]";
    default:
      return Predicate(Path());
  }
}

std::string RandomRequest::Tree() {
  const std::vector<std::string> ops = {"eq", "ne", "lt", "gte", "prefix", "contains"};
  const std::string leaf = Object({{Path(), Object({{Of(ops), json::Quote(Value())}})}});
  if (Below(3) == 0) return leaf;
  const std::string null =
      Object({{Path(), Below(2) == 0 ? R"({"is_null":true})" : R"({"exists":true})"}});
  return Object({{Below(2) == 0 ? "and" : "or", "[" + leaf + "," + null + "]"}});
}

std::string RandomRequest::Member(const std::string& name) {
  if (name == "q") return json::Quote(Of(kWords) + (Below(2) == 0 ? " " + Of(kWords) : ""));
  if (name == "q_fields") return json::Quote(Of({"title", "tags", "owner.name", Path()}));
  if (name == "highlight") return json::Quote(Of({"title", "tags", "owner.name", Path()}));
  if (name == "match") return json::Quote(Of({"all", "any", "most"}));
  if (name == "typos") return json::Quote(Of({"auto", "0", "1", "2"}));
  if (name == "prefix") return Of({"true", "false"});
  if (name == "filter") return Below(4) == 0 ? Tree() : json::Quote(Filter(Below(3)));
  if (name == "facets") return Below(3) == 0 ? FacetOptions() : json::Quote(Paths(3));
  if (name == "distinct") return json::Quote(Of({"title", "level", "status", Path()}));
  if (name == "sort") return json::Quote(Path() + Of({"", ":desc", ":asc:nulls_first"}));
  if (name == "page") return std::to_string(1 + Below(3));
  if (name == "per_page" || name == "size") return std::to_string(1 + Below(30));
  if (name == "fields") return json::Quote(Paths(4));
  if (name == "count") return json::Quote(Of({"exact", "estimated", "none"}));
  if (name == "numbers") return json::Quote(Of({"string", "number"}));
  if (name == "field") return json::Quote(Path());
  return Object({{Path(), "[" + json::Quote(Value()) + "," + json::Quote(Value()) + "]"}});
}

std::string RandomRequest::FacetOptions() {
  const std::string options =
      Of({R"("missing":true)", R"("size":3,"sort":"value")", R"("ranges":["..2","2..7770777001"])",
          R"("interval":"day")", R"("interval":100,"sort":"count")"});
  return R"([{"field":)" + json::Quote(Path()) + "," + options + "}]";
}

RandomRequest::Members RandomRequest::Parameters(const std::vector<std::string>& names) {
  Members members;
  const int some = 1 + Below(4);
  for (int i = 0; i < some; ++i) {
    const std::string& name = Of(names);
    const bool there = std::any_of(members.begin(), members.end(),
                                   [&](const auto& member) { return member.first == name; });
    if (!there) members.emplace_back(name, Member(name));
  }
  return members;
}

TenantRequest RandomRequest::Get(const std::string& path, const Members& members) {
  std::string query;
  const auto add = [&query](const std::string& name, const std::string& text) {
    query += (query.empty() ? "?" : "&") + http::Encode(name) + "=" + http::Encode(text);
  };
  for (const auto& [name, member] : members) {
    const json::Value value = json::Parse(member);
    if (name == "facet_filters") {
      for (const auto& [field, list] : value.members) {
        for (const json::Value& item : list.items) add("facet." + field, item.text);
      }
    } else if (name == "facets" && value.IsArray()) {
      add("facet_missing." + value.items[0].Find("field")->text, "true");
    } else if (value.IsObject()) {
      add(name, "level = 1");  // Trees are allowed in bodies only.
    } else {
      add(name == "q_fields" ? "q.fields" : name,
          value.IsBool() ? (value.boolean ? "true" : "false") : value.text);
    }
  }
  return {Below(20) == 0 ? "HEAD" : "GET", path + query, ""};
}

TenantRequest RandomRequest::Post(const std::string& path, const Members& members) {
  return {"POST", path, Object(members)};
}

TenantRequest RandomRequest::Search() {
  Members members = Parameters(kSearchNames);
  const auto has = [&members](const char* name) {
    return std::any_of(members.begin(), members.end(),
                       [name](const auto& member) { return member.first == name; });
  };
  if (has("q") && !has("sort") && Below(3) > 0) members.emplace_back("sort", R"("id:desc")");
  const bool scored = has("q") && !has("sort");
  TenantRequest request =
      Below(2) == 0 ? Get("/v1/projects/search", members) : Post("/v1/projects/search", members);
  request.scored = scored;
  return request;
}

TenantRequest RandomRequest::ById() {
  const std::vector<std::string> ids = {"1", "4", "40", "7770777001", "7770777002", "none", ""};
  if (Below(4) == 0) {
    TenantRequest similar =
        Get("/v1/projects/docs/" + Of({"1", "4", "7770777001", "7770777002", "none"}) + "/similar",
            Parameters(kDocumentNames));
    similar.scored = true;
    return similar;
  }
  if (Below(2) == 0) {
    return Get("/v1/projects/docs/" + Of({"1", "4", "7770777001", "7770777002", "none"}),
               Parameters(kDocumentNames));
  }
  Members members = Parameters(kDocumentNames);
  members.emplace_back("ids", "[" + json::Quote(Of(ids)) + "," + json::Quote(Of(ids)) + "]");
  return Post("/v1/projects/docs/mget", members);
}

TenantRequest RandomRequest::Multi() {
  std::string list;
  bool scored = false;
  for (int i = 1 + Below(3); i > 0; --i) {
    Members members = Parameters(kSearchNames);
    for (const auto& [name, value] : members) scored = scored || name == "q";
    members.emplace_back("index", Below(10) == 0 ? R"("project")" : R"("projects")");
    list += (list.empty() ? "" : ",") + Object(members);
  }
  const std::string merge = Below(4) == 0 ? R"("merge":true,)" : "";
  return {"POST", "/v1/multi-search", "{" + merge + R"("searches":[)" + list + "]}", scored};
}

TenantRequest RandomRequest::Instant() {
  Members params;
  const bool words = Below(2) == 0;
  if (words) params.emplace_back("query", json::Quote(Of(kWords)));
  if (Below(2) == 0) {
    params.emplace_back("facets", Of({R"(["tags","status"])", R"(["*"])", R"(["price"])",
                                      R"(["secret"])", R"(["orders.total","level"])"}));
  }
  if (Below(2) == 0) {
    params.emplace_back("facetFilters", "[" + json::Quote(Path() + ":" + Value()) + "]");
  }
  if (Below(4) == 0) {
    params.emplace_back("numericFilters",
                        "[" + json::Quote(Of({"level>=1", "price>1", "orders.total>1"})) + "]");
  }
  if (Below(4) == 0) params.emplace_back("filters", json::Quote(Path() + ":" + Value()));
  if (Below(3) == 0) {
    params.emplace_back("attributesToRetrieve",
                        "[" + json::Quote(Path()) + "," + json::Quote(Path()) + "]");
  }
  if (Below(3) == 0) params.emplace_back("attributesToHighlight", R"(["*"])");
  if (Below(3) == 0) params.emplace_back("hitsPerPage", std::to_string(Below(30)));
  Members item = {
      {"indexName", json::Quote(Of({"projects", "projects:id:desc", "projects:price"}))},
      {"params", Object(params)}};
  if (Below(5) == 0) item.emplace_back("facet", json::Quote(Path()));
  const bool sorted = item[0].second != R"("projects")";
  return {"POST", "/v1/instantsearch", "[" + Object(item) + "]", words && !sorted};
}

TenantRequest RandomRequest::Make() {
  const std::vector<std::string> suggest = {"q", "field", "size", "filter"};
  const std::vector<std::string> facet = {"q", "size", "filter"};
  const std::vector<std::string> whole = {"q", "match", "filter", "fields", "numbers"};
  switch (Below(12)) {
    case 0:
      return Below(2) == 0 ? Get("/v1/projects/count", Parameters(kCountNames))
                           : Post("/v1/projects/count", Parameters(kCountNames));
    case 1:
      return ById();
    case 2:
      return Get("/v1/projects/facets/" + Path(), Parameters(facet));
    case 3:
      return Get("/v1/projects/suggest", Parameters(suggest));
    case 4:
      return Get("/v1/projects/export", Parameters(whole));
    case 5:
      return Multi();
    case 6:
      return Instant();
    case 7:
      return {"GET",
              Of({"/v1/indexes", "/v1/indexes/projects", "/openapi.json", "/v1/sync",
                  "/v1/project/search", "/v1/sync/wait?after=1"}),
              ""};
    default:
      return Search();
  }
}

}  // namespace pgsluice::testing
