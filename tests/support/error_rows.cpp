#include "support/error_rows.h"

#include "unit/api/signed_token.h"

namespace pgsluice::api {

namespace {

using Row = ErrorRow;

const std::string kSearch = "/v1/projects/search";
const std::string kCount = "/v1/projects/count";

std::string Filter(const std::string& text, const std::string& path = kSearch) {
  return path + "?filter=" + http::Encode(text);
}
std::string Times(int count, const std::string& text, const std::string& between) {
  std::string out = text;
  for (int i = 1; i < count; ++i) out += between + text;
  return out;
}

std::vector<Row> FilterRows() {
  const std::string name = "invalid_filter";
  const std::string tree = R"({"filter":{"and":[{"id":{"equals":1}}]}})";
  const std::string list = R"({"filter":{"id":{"between":[1]}}})";
  const std::string depth = std::string(9, '(') + "id = 1" + std::string(9, ')');
  const std::string many = Times(101, "id = 1", " OR ");
  return {
      {400, name, Filter("id 1"), "", "filter", 3, "an operator was expected after 'id'", "IN"},
      {400, name, Filter("id = 1 AND"), "", "filter", 10, "a field was expected"},
      {400, name, Filter("(id = 1"), "", "filter", 7, "')' was expected"},
      {400, name, Filter("title = \"x"), "", "filter", 8, "a string is not closed"},
      {400, name, Filter("id = x", kCount), "", "filter", 5,
       "'x' is not a number, but 'id' needs one"},
      {400, name, Filter("status = lve"), "", "filter", 9,
       "'lve' is not a label of keyword, but 'status' needs one", "live"},
      {400, name, Filter("live > true"), "", "filter", 0,
       "'>' cannot be used with 'live' (boolean)", "!="},
      {400, name, Filter("tags[x = 1]"), "", "filter", 0,
       "'tags' holds no elements that are kept apart; [ ] needs a nested embed"},
      {400, name, kSearch, R"({"filter":"price < x"})", "filter", 8,
       "'x' is not a number, but 'price' needs one"},
      {400, name, kSearch, tree, "filter", tree.find("1}"), "operator 'equals' is not known", "eq"},
      {400, name, kCount, list, "filter", list.find("[1]"), "two values were expected"},
      {400, name, "/v1/instantsearch",
       R"([{"indexName":"projects","params":{"filters":"level >"}}])", "filters", 7,
       "a value was expected"},
      {400, "limit_exceeded", Filter(depth), "", "filter", 9,
       "a filter is nested at most 8 levels deep"},
      {400, "limit_exceeded", Filter(many), "", "filter", many.size() - 6,
       "a filter holds at most 100 comparisons"},
      {400, "limit_exceeded", Filter("id IN [" + Times(1001, "1", ",") + "]"), "", "filter", 2007,
       "a list holds at most 1000 values"},
  };
}

std::vector<Row> FieldRows() {
  const std::string name = "unknown_field";
  const std::string titel =
      "field 'titel' does not exist in index 'projects'; did you mean 'title'?";
  return {
      {400, name, Filter("id = 1 AND titel = x"), "", "filter", 11, titel, "title"},
      {400, name, Filter("orders[totl > 1]"), "", "filter", 7,
       "field 'totl' does not exist in 'orders'; did you mean 'total'?", "total"},
      {400, name, Filter("xyz = 1", "/v1/projects/export"), "", "filter", 0,
       "field 'xyz' does not exist in index 'projects'", "title"},
      {400, name, kSearch + "?sort=id,titel:desc", "", "sort", {}, titel},
      {400, name, kSearch + "?facets=titel", "", "facets", {}, titel},
      {400, name, kSearch + "?facet.titel=x", "", "facet.titel", {}, titel},
      {400, name, kSearch, R"({"facet_filters":{"titel":["x"]}})", "facet_filters", {}, titel},
      {400, name, kSearch + "?fields=titel", "", "fields", {}, titel, "title"},
      {400, name, kSearch + "?q=x&highlight=titel", "", "highlight", {}, titel},
      {400, name, kSearch + "?q=x&q.fields=titel%5E2", "", "q.fields", {}, titel},
      {400, name, kSearch, R"({"q":"x","q_fields":{"titel":2}})", "q_fields", {}, titel},
      {400, name, "/v1/projects/suggest?field=titel", "", "field", {}, titel},
      {400, name, "/v1/projects/facets/titel", "", "field", {}, titel},
      {400, name, "/v1/projects/docs/1?fields=titel", "", "fields", {}, titel, "title"},
      {400,
       name,
       "/v1/projects/docs/mget",
       R"({"ids":["1"],"fields":["titel"]})",
       "fields",
       {},
       titel,
       "title"},
  };
}

std::vector<Row> ParameterRows() {
  const std::string unknown = "unknown_parameter", invalid = "invalid_parameter";
  const std::string fliter = R"({"q":"x","fliter":"id = 1"})";
  const std::string page = R"({"page":0})";
  return {
      {400,
       unknown,
       kSearch + "?fliter=x",
       "",
       "fliter",
       {},
       "parameter 'fliter' is not known; did you mean 'filter'?",
       "q.fields"},
      {400,
       unknown,
       kSearch + "?q_fields=x",
       "",
       "q_fields",
       {},
       "parameter 'q_fields' is not known; did you mean 'q.fields'?",
       "q.fields"},
      {400,
       unknown,
       kCount + "?sort=id",
       "",
       "sort",
       {},
       "parameter 'sort' is not known",
       "filter"},
      {400, unknown, kSearch, fliter, "fliter", fliter.find("\"id"),
       "parameter 'fliter' is not known; did you mean 'filter'?", "q_fields"},
      {400, unknown, "/v1/multi-search", R"({"serches":[]})", "serches", 11,
       "parameter 'serches' is not known", "searches"},
      {400,
       invalid,
       kSearch + "?per_page=x",
       "",
       "per_page",
       {},
       "per_page: a whole number from 0 to 100 was expected"},
      {400, invalid, kSearch, page, "page", page.find('0'),
       "page: a whole number from 1 to 10000 was expected"},
      {400,
       invalid,
       kSearch + "?match=some",
       "",
       "match",
       {},
       "'some' is not possible for 'match'",
       "most"},
      {400, invalid, kSearch + "?sort=id:up", "", "sort", {}, "'up' is not an order", "desc"},
      {400,
       invalid,
       kSearch + "?sort=profile",
       "",
       "sort",
       {},
       "'profile' () cannot be used in 'sort'"},
      {400,
       invalid,
       kSearch + "?page=1&page=2",
       "",
       "page",
       {},
       "parameter 'page' is given more than once"},
      {400,
       invalid,
       kSearch + "?page=1&cursor=x",
       "",
       "cursor",
       {},
       "'cursor' and 'page' cannot be used together"},
      {400,
       invalid,
       kSearch + "?wait=soon",
       "",
       "wait",
       {},
       "wait: a time like 2s or 500ms was expected"},
      {400,
       invalid,
       kSearch + "?q=x&q.fields=title%5E0",
       "",
       "q.fields",
       {},
       "q.fields: a weight is a number above 0, at most 1000"},
      {400, invalid, "/v1/projects/suggest?q=x", "", "field", {}, "'field' is needed"},
      {400, invalid, "/v1/projects/docs/mget", R"({"ids":"1"})", "ids", 7,
       "ids: a list of ids was expected"},
      {400,
       invalid,
       "/v1/multi-search",
       R"({"searches":1})",
       "searches",
       {},
       "'searches' is a list of searches"},
      {400,
       invalid,
       "/v1/instantsearch",
       R"([{"params":{}}])",
       "indexName",
       {},
       "a request names its index"},
      {400, invalid, kSearch + "?q=%zz", "", "", {}, "the URL is not encoded correctly"},
      {400, invalid, kSearch + "?q=%ff", "", "", {}, "the URL is not UTF-8"},
      {400,
       invalid,
       kSearch + "?after=x",
       "",
       "after",
       {},
       "'after': no position",
       "",
       Given::kStuckSync},
      {400,
       "invalid_cursor",
       kSearch + "?cursor=abc",
       "",
       "cursor",
       {},
       "the cursor does not belong to this search; start again without it"},
      {400,
       "invalid_json",
       kSearch,
       "{\"q\":}",
       "",
       {},
       "line 1, column 6: invalid JSON: a value was expected"},
      {400, "invalid_json", kSearch, "[]", "", {}, "the body is not a JSON object"},
      {400,
       "invalid_json",
       "/v1/multi-search",
       "{",
       "",
       {},
       "line 1, column 2: invalid JSON: a member name in double quotes was expected"},
  };
}

std::vector<Row> LimitRows() {
  const std::string name = "limit_exceeded";
  const std::string ids = R"({"ids":[)" + Times(1001, "\"1\"", ",") + "]}";
  const std::string searches =
      R"({"searches":[)" + Times(11, R"({"index":"projects"})", ",") + "]}";
  const std::string facets = R"({"facets":{"tags":{"size":101}}})";
  return {
      {400, name, kSearch + "?per_page=101", "", "per_page", {}, "'per_page' is at most 100"},
      {400,
       name,
       kSearch + "?page=101&per_page=100",
       "",
       "page",
       {},
       "page * per_page is at most 10000; use 'cursor' to continue"},
      {400,
       name,
       kSearch + "?q=" + std::string(257, 'x'),
       "",
       "q",
       {},
       "'q' holds at most 256 characters"},
      {400,
       name,
       kSearch + "?sort=id,title,level,price,live",
       "",
       "sort",
       {},
       "'sort' holds at most 4 values"},
      {400,
       name,
       kSearch + "?facets=" + Times(11, "tags", ","),
       "",
       "facets",
       {},
       "'facets' holds at most 10 values"},
      {400, name, kSearch, facets, "facets", facets.find("101"), "'facets' is at most 100"},
      {400, name, "/v1/projects/facets/tags?size=101", "", "size", {}, "'size' is at most 100"},
      {400, name, kCount + "?wait=31s", "", "wait", {}, "'wait' is at most 30s"},
      {400, name, "/v1/projects/docs/mget", ids, "ids", 7, "'ids' holds at most 1000 values"},
      {400, name, "/v1/multi-search", searches, "searches", 12, "at most 10 searches at once"},
      {413,
       "body_too_large",
       kSearch,
       std::string(300 * 1024, ' '),
       "",
       {},
       "the body is larger than 262144 bytes"},
      {414,
       "uri_too_long",
       kSearch + "?q=" + std::string(9000, 'x'),
       "",
       "",
       {},
       "the URL is longer than 8192 bytes"},
      {431,
       "headers_too_large",
       kSearch,
       "",
       "",
       {},
       "the headers are longer than 16384 bytes",
       "",
       Given::kNothing,
       {{"A", std::string(6000, 'x')},
        {"B", std::string(6000, 'x')},
        {"C", std::string(6000, 'x')}}},
  };
}

std::vector<Row> HttpRows() {
  return {
      {404,
       "unknown_index",
       "/v1/project/search",
       "",
       "",
       {},
       "index 'project' does not exist; did you mean 'projects'?"},
      {404, "unknown_index", "/v1/indexes/nothing", "", "", {}, "index 'nothing' does not exist"},
      {404, "document_not_found", "/v1/projects/docs/7", "", "", {}, "there is no document '7'"},
      {404,
       "document_not_found",
       Filter("id = 2", "/v1/projects/docs/1"),
       "",
       "",
       {},
       "there is no document '1'"},
      {404, "not_found", "/v2/projects", "", "", {}, "there is nothing under this path"},
      {405,
       "method_not_allowed",
       kSearch,
       "",
       "",
       {},
       "/v1/{index}/search takes GET, HEAD, POST",
       "",
       Given::kNothing,
       {},
       "DELETE"},
      {405,
       "method_not_allowed",
       "/v1/projects/export",
       "{}",
       "",
       {},
       "/v1/{index}/export takes GET, HEAD"},
      {406,
       "not_acceptable",
       kSearch,
       "",
       "",
       {},
       "answers are JSON",
       "",
       Given::kNothing,
       {{"Accept", "image/png"}}},
      {415,
       "unsupported_media_type",
       kSearch,
       "{}",
       "",
       {},
       "the body must be application/json",
       "",
       Given::kNothing,
       {},
       "",
       "text/plain"},
  };
}

std::vector<Row> AccessRows() {
  const auto row = [](int status, const std::string& code, const std::string& detail,
                      const std::string& key, const std::string& path = kSearch) {
    Row made{status, code, path, "", "", {}, detail, "", Given::kKeys};
    if (!key.empty()) made.headers = {{"Authorization", "Bearer " + key}};
    return made;
  };
  const auto token = [](const std::string& claims) {
    return SignedToken(R"({"alg":"HS256"})", claims, "secret");
  };
  Row strong = row(403, "parameter_not_allowed", "the policy does not allow 'consistency'",
                   "some-key", kSearch + "?consistency=strong");
  strong.parameter = "consistency";
  const std::string unfit = "the claims do not fit the policy's filter";
  return {
      row(401, "missing_credentials", "an API key is needed", ""),
      row(401, "invalid_credentials", "the API key is not known", "wrong"),
      row(401, "invalid_credentials", "the token is not valid: its signature is wrong",
          token("{}") + "x"),
      row(401, "expired_credentials", "the API key has expired", "old-key"),
      row(401, "expired_credentials", "the token has expired", token(R"({"exp":1})")),
      row(403, "index_not_allowed", "index 'projects' is not allowed", "none-key"),
      row(403, "index_not_allowed", "index 'projects' is not allowed", "none-key",
          "/v1/indexes/projects"),
      row(403, "export_not_allowed", "the policy does not allow exports", "some-key",
          "/v1/projects/export"),
      row(403, "missing_claim", "claim 'level' is missing", token("{}")),
      row(403, "missing_claim", "claim 'level' is missing", token(R"({"level":null})")),
      strong,
      row(403, "missing_claim", unfit, token(R"({"level":"x"})")),
      row(403, "missing_claim", unfit, token(R"({"level":"x"})"), "/v1/indexes"),
      row(403, "missing_claim", unfit, token(R"({"level":"x"})"), "/v1/indexes/projects"),
      row(400, "unknown_field", "field 'secret' does not exist in index 'projects'", "some-key",
          kSearch + "?sort=secret"),
  };
}

std::vector<Row> ServiceRows() {
  const auto row = [](int status, const std::string& code, const std::string& detail, Given given,
                      const std::string& path = kSearch) {
    return Row{status, code, path, "", "", {}, detail, "", given};
  };
  const std::string away = "the search engine is not available";
  Row expired = row(410, "cursor_expired",
                    "the index was rebuilt with other types; start again without the "
                    "cursor",
                    Given::kOtherTypes, kSearch + "?sort=level&per_page=1&cursor=@");
  expired.parameter = "cursor";
  return {
      expired,
      row(429, "rate_limited", "too many requests", Given::kLimited),
      row(500, "internal_error", "the request could not be answered", Given::kDefect),
      row(502, "engine_error", "the search engine could not answer", Given::kEngineRefuses),
      row(502, "engine_error", "the search engine could not answer", Given::kEngineFails),
      row(503, "engine_unavailable", away, Given::kEngineDown),
      row(503, "engine_unavailable", away, Given::kEngineForbids),
      row(503, "engine_unavailable", "the search engine cannot be reached now", Given::kEngineGone),
      row(503, "index_not_ready", "the index is not ready yet", Given::kNoIndex),
      row(503, "index_not_ready", "the index is not ready yet", Given::kNoIndex,
          "/v1/projects/docs/1"),
      row(503, "overloaded", "the search engine is overloaded", Given::kEngineBusy),
      row(503, "overloaded", "too many requests at once", Given::kCrowded),
      row(504, "engine_timeout", "the search engine did not answer in time", Given::kEngineSilent),
      row(504, "engine_timeout", "the search engine did not answer in time", Given::kEngineSilent,
          "/v1/projects/suggest?field=title"),
      row(504, "engine_timeout", "the search engine did not answer in time", Given::kEngineLate),
      row(504, "sync_wait_timeout", "not searchable within 0 ms", Given::kStuckSync,
          kSearch + "?consistency=strong&wait=0ms"),
      row(504, "sync_wait_timeout", "not searchable within 1 ms", Given::kStuckSync,
          "/v1/sync/wait?after=9&wait=1ms"),
  };
}

}  // namespace

std::vector<RawErrorRow> RawErrorRows() {
  return {
      {411, "length_required", "POST /v1/projects/search HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {421, "host_not_allowed", "GET /v1/projects/search HTTP/1.1\r\nHost: evil.example\r\n\r\n"},
      {400, "invalid_parameter", "no request\r\n\r\n"},
      {408, "request_timeout", "GET /v1/projects/search HTTP/1.1\r\n"},
  };
}

std::vector<ErrorRow> ErrorRows() {
  std::vector<Row> rows;
  for (const auto& part : {FilterRows(), FieldRows(), ParameterRows(), LimitRows(), HttpRows(),
                           AccessRows(), ServiceRows()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace pgsluice::api
