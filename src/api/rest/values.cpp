#include <spdlog/fmt/fmt.h>

#include "api/instantsearch/instantsearch.h"
#include "api/rest/searcher.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/hits.h"

/// Lists the values of a field, for facets and suggestions.
namespace pgsluice::api {

namespace {

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

}  // namespace

std::string Searcher::ValuesOf(const ResolvedRequest& asked, const std::string& path,
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
  const Partial partial = reads_.BringUp(asked, request);
  const std::string answer = engine_.Ask(WholeSearch(asked.index), body, request);
  json::Value found =
      query::ParsePart(query::MemberOf(query::MemberOf(answer, "aggregations"), "f0"));
  if (!include.empty()) KeepBeginning(found, prefix);
  std::string out = query::FacetJson(found, *field, facet);
  out.pop_back();
  return out + R"(,"meta":{)" + reads_.Meta(asked, request, partial) + "}}";
}

}  // namespace pgsluice::api
