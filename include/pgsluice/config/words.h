#pragma once

#include <chrono>
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

/// The field of an order as in `default_sort`: of "price:desc", "distance(location, 48, 11)".
/// Empty for "_score", which is none.
std::string FieldOfOrder(std::string_view item);

/// How a number is taken before it counts in `search.ranking`, as the engines name it.
const std::vector<std::string>& Modifiers();
/// "12h", "30d", "2w": whole seconds above 0, at most 100 years. Nothing for anything else.
std::optional<std::chrono::seconds> ParseHalfLife(std::string_view text);
std::optional<std::string> CheckHalfLife(std::string_view text);

}  // namespace pgsluice::config
