#pragma once

#include <string_view>

/// The parts that are the same in every OpenAPI document.
namespace pgsluice::api {

struct ErrorText {
  int status;
  std::string_view description;
  std::string_view codes;  ///< A JSON array.
};

inline constexpr ErrorText kErrors[] = {
    {400, "The request is wrong.",
     R"(["invalid_filter","unknown_field","unknown_parameter","invalid_parameter","limit_exceeded","invalid_cursor","invalid_json"])"},
    {401, "Credentials are missing or not valid.",
     R"(["missing_credentials","invalid_credentials","expired_credentials"])"},
    {403, "Not allowed.",
     R"(["index_not_allowed","missing_claim","export_not_allowed","parameter_not_allowed"])"},
    {404, "Not found.", R"(["unknown_index","document_not_found","not_found"])"},
    {405, "Another method is needed.", R"(["method_not_allowed"])"},
    {406, "Answers are JSON.", R"(["not_acceptable"])"},
    {408, "The request came too slowly.", R"(["request_timeout"])"},
    {410, "The index was rebuilt; start again without the cursor.", R"(["cursor_expired"])"},
    {411, "A body needs Content-Length.", R"(["length_required"])"},
    {413, "The body is too large.", R"(["body_too_large"])"},
    {414, "The URL is too long.", R"(["uri_too_long"])"},
    {415, "The body must be JSON.", R"(["unsupported_media_type"])"},
    {421, "The server does not answer for this host.", R"(["host_not_allowed"])"},
    {429, "Too many requests; see Retry-After.", R"(["rate_limited"])"},
    {431, "The headers are too large.", R"(["headers_too_large"])"},
    {500, "An error in pgsluice.", R"(["internal_error"])"},
    {502, "The search engine could not answer.", R"(["engine_error"])"},
    {503, "Not available now; see Retry-After.",
     R"(["engine_unavailable","index_not_ready","overloaded"])"},
    {504, "Not in time.", R"(["engine_timeout","sync_wait_timeout"])"}};

struct ParameterText {
  std::string_view name;       ///< In a query string.
  std::string_view body_name;  ///< In a JSON body; empty: not allowed there.
  std::string_view schema;     ///< JSON Schema.
  std::string_view description;
};

inline constexpr ParameterText kParameterTexts[] = {
    {"q", "q", R"({"type":"string","maxLength":256})",
     R"(Text; empty finds all. "phrases" and -word work.)"},
    {"q.fields", "q_fields", R"({"type":"array","items":{"type":"string"}})",
     "Fields and weights: title^3,description."},
    {"match", "match", R"({"type":"string","enum":["all","any","most"],"default":"all"})",
     "How many of the words must be found."},
    {"typos", "typos", R"({"type":"string","enum":["auto","0","1","2"],"default":"auto"})",
     "Number of typos allowed in a word."},
    {"prefix", "prefix", R"({"type":"boolean","default":true})",
     "Whether the last word may be the beginning of a longer one."},
    {"filter", "filter", R"({"type":"string"})",
     "A condition, in three-valued logic as in SQL. Repeated: AND."},
    {"facets", "facets", R"({"type":"array","items":{"type":"string"}})",
     "Fields whose values are to be counted; in a body also objects with field, size, sort, "
     "missing, ranges, interval and timezone."},
    {"distinct", "distinct", R"({"type":"string"})",
     "One hit per value of this field, the best by the sort; total and facets count values."},
    {"sort", "sort", R"({"type":"array","items":{"type":"string"}})",
     "created_at:desc,name:asc:nulls_first; _score and distance(field, lat, lon) as well."},
    {"page", "page", R"({"type":"integer","minimum":1,"default":1})", "Page, from 1."},
    {"per_page", "per_page", R"({"type":"integer","minimum":0,"maximum":100})", "Hits per page."},
    {"cursor", "cursor", R"({"type":"string"})",
     "next_cursor of the previous answer; works at any depth."},
    {"fields", "fields", R"({"type":"array","items":{"type":"string"}})",
     "Fields of the documents to return."},
    {"highlight", "highlight", R"({"type":"array","items":{"type":"string"}})",
     "Text fields in which found words are marked with <em>; the rest is escaped."},
    {"highlight_fragments", "highlight_fragments",
     R"({"type":"integer","minimum":0,"maximum":20,"default":5})",
     "Number of fragments per field; 0: the whole text."},
    {"highlight_size", "highlight_size",
     R"({"type":"integer","minimum":20,"maximum":10000,"default":100})",
     "Characters of a fragment."},
    {"highlight_tag", "highlight_tag", R"({"type":"string","pattern":"^[a-z][a-z0-9-]{0,29}$"})",
     "The HTML element for marks, instead of em."},
    {"count", "count",
     R"({"type":"string","enum":["estimated","exact","none"],"default":"estimated"})",
     "Estimated is exact up to 10,000."},
    {"explain", "explain", R"({"type":"boolean","default":false})",
     "Each hit explains its score in words; the policy must allow it."},
    {"consistency", "consistency",
     R"({"type":"string","enum":["eventual","strong"],"default":"eventual"})",
     "strong: with everything committed before the request."},
    {"after", "after", R"({"type":"string"})",
     "With everything up to this position: 48213, or with several databases shop:48213."},
    {"wait", "wait", R"({"type":"string","default":"2s"})",
     "How long to wait for it; 30s at most."},
    {"numbers", "numbers", R"({"type":"string","enum":["number","string"],"default":"number"})",
     "int8 and numeric as strings."},
    {"field", "", R"({"type":"string"})", "The field whose values are suggested."},
    {"size", "", R"({"type":"integer","minimum":1,"maximum":100,"default":10})",
     "How many values."},
};

inline constexpr std::string_view kSharedSchemas = R"json({
"ProblemError":{"type":"object","properties":{"parameter":{"type":"string"},"offset":{"type":"integer"},
 "code":{"type":"string"},"detail":{"type":"string"},"allowed":{"type":"array","items":{"type":"string"}}}},
"Problem":{"type":"object","description":"RFC 9457.","required":["type","title","status","code","detail"],
 "properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"code":{"type":"string"},
  "detail":{"type":"string"},"instance":{"type":"string"},
  "errors":{"type":"array","items":{"$ref":"#/components/schemas/ProblemError"}}},
 "examples":[{"type":"urn:pgsluice:unknown_field","title":"Unknown field","status":400,"code":"unknown_field",
  "detail":"field 'hashtag.name' does not exist in index 'projects'; did you mean 'hashtags.name'?","instance":"urn:request:4711",
  "errors":[{"parameter":"filter","offset":0,"code":"unknown_field","detail":"field 'hashtag.name' does not exist"}]}]},
"Explanation":{"type":"array","items":{"$ref":"#/components/schemas/ExplanationPart"}},
"ExplanationPart":{"type":"object","required":["part","score","detail"],"properties":{
 "part":{"type":"string","enum":["text","ranking","rule","pin","order"]},"score":{"type":"number"},"detail":{"type":"string"}}},
"Filter":{"description":"A condition as text, or as a tree.","anyOf":[{"type":"string"},{"$ref":"#/components/schemas/FilterTree"}]},
"FilterTree":{"type":"object","description":"{\"and\":[{\"status\":{\"eq\":\"live\"}},{\"price\":{\"lt\":50}}]}","additionalProperties":true},
"Highlight":{"type":"object","description":"Field path to fragments.","additionalProperties":{"type":"array","items":{"type":"string"}}},
"Total":{"type":["object","null"],"required":["value","relation"],"properties":{"value":{"type":"integer"},"relation":{"type":"string","enum":["eq","gte"]}}},
"Page":{"type":"object","required":["number","size","next_cursor"],"properties":{"number":{"type":"integer"},"size":{"type":"integer"},
 "next_cursor":{"type":["string","null"]}}},
"Meta":{"type":"object","required":["index","lag_ms","request_id","partial"],"properties":{"index":{"type":"string"},"took_ms":{"type":"integer"},
 "engine_ms":{"type":"integer"},"lag_ms":{"type":"integer"},"position":{"type":"string"},"partial":{"type":"boolean"},
 "reason":{"type":"string","enum":["backfilling","broken","shards"]},"fallback":{"type":"string","enum":["most","any"]},"request_id":{"type":"string"}}},
"Stats":{"type":"object","required":["min","max","avg","sum","count"],"properties":{"min":{"type":["number","string","null"]},
 "max":{"type":["number","string","null"]},"avg":{"type":["number","string","null"]},"sum":{"type":["number","null"]},
 "count":{"type":"integer"}}},
"Group":{"type":"object","required":["value","count"],"properties":{"value":{},"count":{"type":"integer"}}},
"DidYouMean":{"type":"object","required":["q"],"properties":{"q":{"type":"string"}}},
"Value":{"type":"object","required":["value","count"],"properties":{"value":{},"from":{},"to":{},"count":{"type":"integer"}}},
"Values":{"type":"array","items":{"$ref":"#/components/schemas/Value"}},
"Facet":{"type":"object","required":["values","other"],"properties":{"values":{"$ref":"#/components/schemas/Values"},"other":{"type":"integer"},
 "missing":{"type":"integer"},"stats":{"$ref":"#/components/schemas/Stats"},"meta":{"$ref":"#/components/schemas/Meta"}}},
"Facets":{"type":"object","description":"Field path to its values.","additionalProperties":{"$ref":"#/components/schemas/Facet"}},
"Suggestions":{"type":"object","required":["suggestions"],"properties":{"suggestions":{"$ref":"#/components/schemas/Values"},
 "meta":{"$ref":"#/components/schemas/Meta"}}},
"Count":{"type":"object","required":["count","meta"],"properties":{"count":{"type":"integer"},"meta":{"$ref":"#/components/schemas/Meta"}}},
"Index":{"type":"object","required":["name","table","fields"],"properties":{"name":{"type":"string"},"table":{"type":"string"},
 "state":{"type":"string"},"documents":{"type":["integer","null"]},"fields":{"type":"array","items":{"$ref":"#/components/schemas/IndexField"}}}},
"IndexField":{"type":"object","required":["path","type"],"properties":{"path":{"type":"string"},"type":{"type":"string"},"nested":{"type":"boolean"},
 "searchable":{"type":"boolean"},"filterable":{"type":"boolean"},"sortable":{"type":"boolean"},"facetable":{"type":"boolean"}}},
"Indexes":{"type":"object","required":["indexes"],"properties":{"indexes":{"type":"array","items":{"$ref":"#/components/schemas/Index"}}}},
"Sync":{"type":"object","required":["position","pending","lag_ms","indexes"],"properties":{"position":{"type":"string"},
 "pending":{"type":"integer"},"lag_ms":{"type":"integer"},"indexes":{"type":"object"}}},
"MultiSearch":{"type":"object","required":["searches"],"properties":{"searches":{"type":"array","maxItems":10,"items":{"$ref":"#/components/schemas/IndexSearch"}},
 "merge":{"description":"One list of hits: true, or weights of indexes.","oneOf":[{"type":"boolean"},{"type":"object","required":["weights"],
  "additionalProperties":false,"properties":{"weights":{"type":"object","additionalProperties":{"type":"number","exclusiveMinimum":0,"maximum":1000}}}}]},
 "page":{"type":"integer","minimum":1},"per_page":{"type":"integer","minimum":0,"maximum":100}}},
"MergedHits":{"type":"object","required":["hits","total","page","meta"],"properties":{"hits":{"type":"array","items":{"type":"object",
 "required":["id","score","document","index"],"properties":{"id":{"type":"string"},"index":{"type":"string"},"score":{"type":["number","null"]},
 "document":{"type":"object"},"highlight":{"type":"object"},"group":{"$ref":"#/components/schemas/Group"}}}},
 "total":{"$ref":"#/components/schemas/Total"},"page":{"$ref":"#/components/schemas/Page"},
 "meta":{"type":"object","required":["indexes","lag_ms","request_id","partial"],"properties":{"indexes":{"type":"array","items":{"type":"string"}}}}}},
"IndexSearch":{"type":"object","description":"The index, with the parameters of SearchBody.","required":["index"],"properties":{"index":{"type":"string"}},
 "additionalProperties":true},
"MultiSearchAnswer":{"anyOf":[{"$ref":"#/components/schemas/MultiResults"},{"$ref":"#/components/schemas/MergedHits"}]},
"MultiResults":{"type":"object","required":["results"],"properties":{"results":{"type":"array","items":{"$ref":"#/components/schemas/MultiResult"}}}},
"MultiResult":{"type":"object","description":"A SearchAnswer of the index, or a Problem.","additionalProperties":true},
"MultiGet":{"type":"object","required":["ids"],"properties":{"ids":{"type":"array","maxItems":1000,"items":{"type":"string"}},
 "fields":{"type":"array","items":{"type":"string"}},"numbers":{"type":"string","enum":["number","string"]},"filter":{"$ref":"#/components/schemas/Filter"}}}})json";

}  // namespace pgsluice::api
