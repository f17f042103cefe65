#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "api/instantsearch/instantsearch.h"
#include "api/rest/service.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/cursor.h"
#include "pgsluice/query/cursor_values.h"
#include "pgsluice/query/distinct.h"
#include "pgsluice/query/hits.h"

/// Endpoints that query an index: search, count, facets, suggest.
namespace pgsluice::api {

using Clock = std::chrono::steady_clock;

namespace {

std::int64_t MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}

/// Returns a regular expression for texts with a word that begins with `text`, ignoring the case of
/// ASCII letters. Engines accept 1,000 characters, so only the beginning of a longer text is used,
/// and KeepBeginning() filters the rest.
std::string Beginning(const std::string& text) {
  constexpr std::size_t kLongest = 990;
  std::string out = R"((.*[ _/.,;:()'&+\-])?)";
  for (const char c : text) {
    const bool inside = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;  // Inside a character.
    if (out.size() > kLongest && !inside) break;
    const char other = static_cast<char>(c ^ 0x20);
    const char lower = static_cast<char>(c | 0x20);
    if (lower >= 'a' && lower <= 'z') {
      out += {'[', c, other, ']'};
      continue;
    }
    if (std::string_view(".?+*|{}[]()\"\\#@&<>~^$-").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out + ".*";
}

/// Removes the buckets of a facet that have no word beginning with `prefix`.
void KeepBeginning(json::Value& value, const std::string& prefix) {
  for (auto& [name, member] : value.members) {
    if (name != "buckets") {
      KeepBeginning(member, prefix);
      continue;
    }
    std::erase_if(member.items, [&prefix](const json::Value& bucket) {
      const json::Value* key = bucket.Find("key");
      return key == nullptr || BeginningOf(prefix, key->text) == std::string::npos;
    });
  }
}

/// Returns milliseconds since 1970.
std::int64_t Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool IsFirstPage(const query::SearchInput& input) {
  const query::SearchRequest& request = input.request;
  return request.page == 1 && !request.offset && input.after.empty() && input.skip == 0 &&
         request.facets.empty() && request.highlight.empty() && !request.explain &&
         !input.tuning.HasAges();
}

/// Returns the body of the same search for its first page, hits only; a cursor belongs to this.
std::string FirstPage(const query::SearchInput& input) {
  query::SearchRequest first = input.request;
  first.page = 1;
  first.offset.reset();
  first.facets.clear();
  first.highlight.clear();
  first.explain = false;
  query::Tuning tuning = input.tuning;
  tuning.now_ms = 0;
  return query::SearchBody(
      {input.schema, first, input.allowed, input.opensearch, {}, {}, input.tools, tuning});
}

/// Returns the content of a cursor after a page of groups; empty if it is the last page.
std::string NextOffset(const query::SearchInput& input) {
  const int size = query::PerPage(input);
  const int from = input.skip > 0 ? input.skip : (input.request.page - 1) * size;
  return from + 2 * size <= 10000 ? query::OffsetPayload(from + size) : "";
}

}  // namespace

/// Returns the groups of an answer, and the sizes of those that are not among its first ones.
query::Groups Service::GroupsOf(const ResolvedRequest& asked, const query::SearchInput& input,
                                const std::string& answer, const Request& request) {
  query::Groups groups(answer);
  const std::string unknown = groups.exact() ? "" : groups.Unknown(answer);
  if (!unknown.empty()) {
    groups.Learn(AskEngine("/" + http::Encode(asked.index.alias) + "/_search",
                           query::SizesBody(input, unknown), request));
  }
  return groups;
}

Response Service::Search(const Request& request, const Access& access) {
  Response response;
  std::string timing;
  response.body =
      RunSearch(ParseSearch(request, access, query::kSearchParameters), request, {}, &timing);
  response.headers.emplace_back("Server-Timing", timing);
  return response;
}

std::string Service::RunOnce(const ResolvedRequest& asked, const Request& request,
                             const std::optional<query::HighlightTags>& tags, std::string* timing,
                             bool& nothing) {
  const auto start = Clock::now();
  query::SearchInput input = asked.Input();
  input.tags = tags;
  input.tuning.now_ms = Now();
  WithEngine(request.id, [&] { input.opensearch = backend_.engine->Detect().opensearch; });
  const query::Projection projection(asked.schema, asked.request.fields,
                                     asked.request.numbers_as_strings);
  const std::string& cursor = asked.request.cursor;
  const auto keys = backend_.cursor_keys(cursor);
  const bool distinct = !asked.request.distinct.empty();
  if (!cursor.empty()) {
    const std::string payload = keys->Open(cursor, Binding(asked, FirstPage(input)));
    if (distinct) {
      input.skip = query::ReadOffset(payload);
    } else {
      input.tuning.now_ms = query::CursorTime(payload).value_or(input.tuning.now_ms);
      input.after = query::SearchAfter(input, payload);
    }
  }
  const std::string body = query::SearchBody(input);
  Partial partial = BringUp(asked, request);
  const std::string position = freshness_.Position();
  const std::string answer =
      AskEngine("/" + http::Encode(asked.index.alias) + "/_search", body, request);
  std::optional<query::Groups> groups;
  if (distinct) input.groups = &groups.emplace(GroupsOf(asked, input, answer, request));
  std::string out;
  out.reserve(answer.size() + 512);
  out = "{";
  const query::AnswerFacts facts = query::AppendAnswer(out, answer, input, projection);
  if (facts.partial && partial == Partial::kNo) partial = Partial::kShards;
  nothing = facts.hits == 0 && (facts.counted ? facts.total == 0 : asked.request.page == 1) &&
            input.after.empty() && input.skip == 0;
  std::string next = "null";
  if (!facts.last_sort.empty()) {
    const std::string payload =
        distinct ? NextOffset(input) : query::CursorPayload(input, facts.last_sort);
    const std::string binding = Binding(asked, IsFirstPage(input) ? body : FirstPage(input));
    if (!payload.empty()) next = json::Quote(keys->Seal(payload, binding));
  }
  out += fmt::format(
      R"(,"page":{{"number":{},"size":{},"next_cursor":{}}},"meta":{{{},"took_ms":{},"engine_ms":{},"position":{}}}}})",
      asked.request.page, query::PerPage(input), next, Meta(asked, request, partial),
      MillisecondsSince(start), facts.engine_ms, json::Quote(position));
  if (timing != nullptr) {
    *timing = fmt::format("engine;dur={}, total;dur={}", facts.engine_ms, MillisecondsSince(start));
  }
  return out;
}

std::string Service::Binding(const ResolvedRequest& asked, const std::string& first_page) {
  return asked.index.plan->name + "\n" + asked.access.caller() + "\n" + first_page;
}

Response Service::Count(const Request& request, const Access& access) {
  const ResolvedRequest asked = ParseSearch(request, access, query::kCountParameters);
  const Partial partial = BringUp(asked, request);
  const std::string count = CountOf(asked, request);
  Response response;
  response.body =
      fmt::format(R"({{"count":{},"meta":{{{}}}}})", count, Meta(asked, request, partial));
  return response;
}

Response Service::Facet(const Request& request, const Access& access) {
  ResolvedRequest asked = ParseSearch(request, access, query::kFacetParameters);
  const std::string prefix = std::move(asked.request.q);
  asked.request.q.clear();
  asked.UseRules();
  Response response;
  response.body = ValuesOf(asked, request.segments[3], prefix, request);
  return response;
}

Response Service::Suggest(const Request& request, const Access& access) {
  ResolvedRequest asked = ParseSearch(request, access, query::kSuggestParameters);
  if (asked.request.field.empty()) {
    query::Reject("invalid_parameter", "field", std::nullopt, "'field' is needed");
  }
  const std::string prefix = std::move(asked.request.q);
  asked.request.q.clear();
  asked.UseRules();
  const json::Value values = json::Parse(ValuesOf(asked, asked.request.field, prefix, request));
  Response response;
  response.body = R"({"suggestions":)" + json::ToText(*values.Find("values")) + R"(,"meta":)" +
                  json::ToText(*values.Find("meta")) + "}";
  return response;
}

std::string Service::ValuesOf(const ResolvedRequest& asked, const std::string& path,
                              const std::string& prefix, const Request& request) {
  asked.access.CheckFacets("facets");
  const query::Facet facet{path, asked.request.size, false};
  const plan::Field* field = asked.schema.Find(facet.path);
  std::string include;
  if (!prefix.empty() && field != nullptr &&
      (field->kind == plan::Kind::kText || field->kind == plan::Kind::kKeyword ||
       field->kind == plan::Kind::kEnum)) {
    include = R"(,"include":)" + json::Quote(Beginning(prefix));
  }
  std::string body = query::CountBody(asked.Input());
  body.pop_back();
  body += fmt::format(R"(,"size":0,"track_total_hits":false,"aggs":{{"f0":{}}}}})",
                      query::FacetAggregation(asked.schema, facet, {}, {include, "field"}));
  const Partial partial = BringUp(asked, request);
  const std::string answer = AskEngine(WholeSearch(asked.index), body, request);
  json::Value found =
      query::ParsePart(query::MemberOf(query::MemberOf(answer, "aggregations"), "f0"));
  if (!include.empty()) KeepBeginning(found, prefix);
  std::string out = query::FacetJson(found, *field, facet);
  out.pop_back();
  return out + R"(,"meta":{)" + Meta(asked, request, partial) + "}}";
}

}  // namespace pgsluice::api
