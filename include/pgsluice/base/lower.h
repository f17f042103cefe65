#pragma once

#include <string>
#include <string_view>

namespace pgsluice::base {

/// Returns UTF-8 text in lower case, by Unicode's rules, independent of any locale: "İ" becomes
/// "i̇", and a sigma at the end of a word becomes "ς". Java does the same, so a search engine
/// considers the result lower case.
std::string Lower(std::string_view text);

/// Returns the longest beginning of UTF-8 text that is at most `bytes` long and does not cut a
/// character.
std::string_view Prefix(std::string_view text, std::size_t bytes);

}  // namespace pgsluice::base
