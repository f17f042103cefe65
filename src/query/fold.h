#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::query {

/// The characters of a UTF-8 text; a byte that is not UTF-8 is one character.
std::vector<char32_t> Characters(std::string_view text);
std::size_t CountCharacters(std::string_view text);
std::string ToUtf8(const std::vector<char32_t>& characters);

/// In lower case and, for Latin letters, without accents: how words of the configuration are
/// compared with words of a query.
std::string Folded(std::string_view text);
/// The words of a folded text: runs of letters, digits and whatever is not ASCII.
std::vector<std::string> FoldedWords(std::string_view text);

/// Whether `a` becomes `b` by one letter more, less or another, or two neighbours swapped.
bool IsOneTypoApart(const std::vector<char32_t>& a, const std::vector<char32_t>& b);

}  // namespace pgsluice::query
