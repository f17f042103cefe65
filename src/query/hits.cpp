#include "pgsluice/query/hits.h"

#include "pgsluice/query/problem.h"
#include "query/json_cursor.h"

namespace pgsluice::query {

std::string_view MemberOf(std::string_view object, std::string_view name) {
  JsonCursor cursor(object);
  std::string_view member;
  if (!cursor.Enter('{')) return {};
  while (cursor.NextMember(member)) {
    const std::string_view value = cursor.Skip();
    if (member == name) return value;
  }
  return {};
}

std::vector<std::string_view> ReadItems(std::string_view array) {
  JsonCursor cursor(array);
  std::vector<std::string_view> items;
  if (!cursor.Enter('[')) return items;
  while (cursor.NextItem()) items.push_back(cursor.Skip());
  return items;
}

std::vector<Hit> ReadHits(std::string_view answer) {
  JsonCursor cursor(MemberOf(MemberOf(answer, "hits"), "hits"));
  if (!cursor.Enter('['))
    throw Problem(502, "engine_error", "the search engine's answer has no hits");
  std::vector<Hit> hits;
  while (cursor.NextItem()) {
    const std::string_view one = cursor.Skip();
    Hit hit{MemberOf(one, "_id"), MemberOf(one, "_source"), MemberOf(one, "sort")};
    if (hit.id.empty() || hit.source.empty()) {
      throw Problem(502, "engine_error",
                    "the search engine's answer has a hit without id or document");
    }
    hits.push_back(hit);
  }
  return hits;
}

}  // namespace pgsluice::query
