#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::query {

/// Returns the characters of a UTF-8 text; a byte that is not UTF-8 is one character.
std::vector<char32_t> Characters(std::string_view text);
std::size_t CountCharacters(std::string_view text);
std::string ToUtf8(const std::vector<char32_t>& characters);

/// Returns the text in lower case and, for Latin letters, without accents. Words of the
/// configuration are compared with words of a query in this form.
std::string Folded(std::string_view text);
/// Returns the words of a folded text: runs of letters, digits and all characters beyond ASCII.
std::vector<std::string> FoldedWords(std::string_view text);

/// Returns whether `a` becomes `b` by adding, removing or replacing one letter, or by swapping two
/// neighbours.
bool IsOneTypoApart(const std::vector<char32_t>& a, const std::vector<char32_t>& b);

}  // namespace pgsluice::query
