#pragma once

#include <set>
#include <string>
#include <string_view>

#include "pgsluice/plan/plan.h"

/// How the text of an index is analysed, in one place for the mapping, the settings and the
/// queries.
namespace pgsluice::plan {

/// Sub-fields that the mapping adds.
constexpr std::string_view kPlain = "__plain";  ///< Of text with an analyzer: the words as written.
/// Of an identifier: its runs of letters and digits.
constexpr std::string_view kParts = "__parts";
/// Of an identifier: all of it, without separators.
constexpr std::string_view kJoined = "__joined";

/// Returns whether the engine has an analyzer for it; "standard" is not a language.
bool IsLanguage(std::string_view name);
/// Returns the index's name for a language's analyzer; empty for "standard".
std::string LanguageAnalyzer(const std::string& language);
/// Returns the languages that an index uses, without "standard".
std::set<std::string> LanguagesOf(const config::Index& index);

/// The analyzers of a field by their names in the index. Empty: the default one, which is ours.
struct Analyzers {
  std::string index, search;
  bool operator==(const Analyzers&) const = default;
};
Analyzers AnalyzersOf(const config::Index& index, const Field& field);
/// Returns the analyzers of `__all`.
Analyzers MainAnalyzers(const config::Index& index);

/// Returns whether a text field is copied to `__all`. Fields that are hidden from everybody are
/// not, and neither are fields with another analyzer, because other words would find them there
/// than in their own field.
bool IsInMain(const config::Index& index, const Field& field);

/// Returns whether `settings` replaces the analyzer of fields that do not name one.
bool ReplacesDefaultAnalyzer(const json::Value& settings);

}  // namespace pgsluice::plan
