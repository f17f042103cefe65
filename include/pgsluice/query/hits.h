#pragma once

#include <string_view>
#include <vector>

/// Ranges of an engine's answer that was validated: nothing is copied or built, so an answer costs
/// no more memory than its text.
namespace pgsluice::query {

/// One hit; JSON as the engine wrote it, empty if the member is missing.
struct Hit {
  std::string_view id, source, sort;
};
/// The hits of a _search. Throws Problem 502 engine_error if the answer has no list of hits, or a
/// hit without an id or a document.
std::vector<Hit> ReadHits(std::string_view answer);
/// The items of an array; none of anything else.
std::vector<std::string_view> ReadItems(std::string_view array);
/// The member of an object by its name; empty if there is none.
std::string_view MemberOf(std::string_view object, std::string_view name);

}  // namespace pgsluice::query
