#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Parses the parts of the configuration that are about words.
namespace pgsluice::config {

/// Returns "standard" and the languages for which the engines have an analyzer.
const std::vector<std::string>& Languages();

/// A line of `search.synonyms`: each text in `from` also finds each in `to`.
struct SynonymLine {
  std::vector<std::string> from, to;
};
/// Returns nullopt if the line is neither "tv, television" nor "notebook => laptop".
std::optional<SynonymLine> ParseSynonyms(std::string_view line);
/// Returns what is wrong with a line, or nullopt.
std::optional<std::string> CheckSynonyms(std::string_view line);

/// Returns the field of an order such as "price:desc" or "distance(location, 48, 11)". Empty for
/// "_score", which is not a field.
std::string FieldOfOrder(std::string_view item);

/// Returns the functions that `search.ranking` can apply to a number, by the engines' names.
const std::vector<std::string>& Modifiers();
/// Parses "12h", "30d", "2w": whole seconds above 0, at most 100 years. Returns nullopt for any
/// other text.
std::optional<std::chrono::seconds> ParseHalfLife(std::string_view text);
std::optional<std::string> CheckHalfLife(std::string_view text);

}  // namespace pgsluice::config
