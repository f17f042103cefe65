#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the configuration says about words.
namespace pgsluice::config {

/// "standard" and the languages that the engines have an analyzer for.
const std::vector<std::string>& Languages();

/// A line of `search.synonyms`: each of `from` also finds each of `to`.
struct SynonymLine {
  std::vector<std::string> from, to;
};
/// Nothing if the line is neither "tv, television" nor "notebook => laptop".
std::optional<SynonymLine> ParseSynonyms(std::string_view line);
/// What is wrong with a line, or nothing.
std::optional<std::string> CheckSynonyms(std::string_view line);

}  // namespace pgsluice::config
