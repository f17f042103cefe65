#pragma once

#include <set>
#include <string>
#include <string_view>

#include "pgsluice/plan/plan.h"

/// How the text of an index is analysed: one place for the mapping, the settings and the queries.
namespace pgsluice::plan {

/// Sub-fields that the mapping adds.
constexpr std::string_view kPlain = "__plain";  ///< Of text with an analyzer: the words as written.
constexpr std::string_view kParts = "__parts";  ///< Of an identifier: its letters and its digits.
constexpr std::string_view kJoined = "__joined";  ///< Of an identifier: all of it, no separators.

/// Whether the engine has an analyzer for it; "standard" is not a language.
bool IsLanguage(std::string_view name);
/// The index's name for a language's analyzer; empty for "standard".
std::string LanguageAnalyzer(const std::string& language);
/// The languages that an index uses, without "standard".
std::set<std::string> LanguagesOf(const config::Index& index);

/// The analyzers of a field by their names in the index. Empty: the default one, which is ours.
struct Analyzers {
  std::string index, search;
  bool operator==(const Analyzers&) const = default;
};
Analyzers AnalyzersOf(const config::Index& index, const Field& field);
/// Those of `__all`.
Analyzers MainAnalyzers(const config::Index& index);

/// Whether a text field is copied to `__all`: what is hidden from everybody is not, nor is what has
/// an analyzer of its own, because it would be found by other words than in its own field.
bool IsInMain(const config::Index& index, const Field& field);

/// Whether `settings` replaces the analyzer that fields without one get.
bool ReplacesDefaultAnalyzer(const json::Value& settings);

}  // namespace pgsluice::plan
