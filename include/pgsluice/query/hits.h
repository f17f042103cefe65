#pragma once

#include <string_view>
#include <vector>

/// Ranges of an engine's answer that was validated. Nothing is copied, so an answer takes no more
/// memory than its text.
namespace pgsluice::query {

/// One hit; JSON as the engine wrote it, empty if the member is missing.
struct Hit {
  std::string_view id, source, sort;
};
/// Returns the hits of a _search. Throws Problem 502 engine_error if the answer has no list of
/// hits, or a hit without an id or a document.
std::vector<Hit> ReadHits(std::string_view answer);
/// Returns the items of an array; none for any other value.
std::vector<std::string_view> ReadItems(std::string_view array);
/// Returns the member of an object with this name; empty if there is none.
std::string_view MemberOf(std::string_view object, std::string_view name);

}  // namespace pgsluice::query
