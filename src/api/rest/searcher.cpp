#include "api/rest/searcher.h"

#include <spdlog/fmt/fmt.h>

#include <chrono>

#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/cursor.h"
#include "pgsluice/query/cursor_values.h"

namespace pgsluice::api {

using Clock = std::chrono::steady_clock;

namespace {

std::int64_t MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
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

/// Returns what a cursor belongs to: index, caller and the body of the first page, for every page.
std::string Binding(const ResolvedRequest& asked, const std::string& first_page) {
  return asked.index.plan->name + "\n" + asked.access.caller() + "\n" + first_page;
}

}  // namespace

query::Groups Searcher::GroupsOf(const ResolvedRequest& asked, const query::SearchInput& input,
                                 const std::string& answer, const Request& request) {
  query::Groups groups(answer);
  const std::string unknown = groups.exact() ? "" : groups.Unknown(answer);
  if (!unknown.empty()) {
    groups.Learn(engine_.Ask("/" + http::Encode(asked.index.alias) + "/_search",
                             query::SizesBody(input, unknown), request));
  }
  return groups;
}

std::string Searcher::RunOnce(const ResolvedRequest& asked, const Request& request,
                              const std::optional<query::HighlightTags>& tags, std::string* timing,
                              bool& nothing) {
  const auto start = Clock::now();
  query::SearchInput input = asked.Input();
  input.tags = tags;
  input.tuning.now_ms = Now();
  input.opensearch = engine_.IsOpenSearch(request);
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
  Partial partial = reads_.BringUp(asked, request);
  const std::string position = reads_.Position();
  const std::string answer =
      engine_.Ask("/" + http::Encode(asked.index.alias) + "/_search", body, request);
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
      asked.request.page, query::PerPage(input), next, reads_.Meta(asked, request, partial),
      MillisecondsSince(start), facts.engine_ms, json::Quote(position));
  if (timing != nullptr) {
    *timing = fmt::format("engine;dur={}, total;dur={}", facts.engine_ms, MillisecondsSince(start));
  }
  return out;
}

}  // namespace pgsluice::api
