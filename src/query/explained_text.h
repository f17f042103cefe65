#pragma once

#include <string>
#include <vector>

#include "pgsluice/json/value.h"
#include "pgsluice/query/search_body.h"

namespace pgsluice::query {

/// A part of a score in words.
struct ScorePart {
  std::string part;
  double score = 0;
  std::string detail;
};

/// Returns which words of `q` found a document, from the engine's explanation of its score. If only
/// the best of several matches counts, that one.
std::vector<ScorePart> ExplainText(const SearchInput& input, const json::Value& explanation);

/// Returns how many letters are wrong, missing, added or swapped with a neighbour.
std::size_t TyposBetween(const std::string& a, const std::string& b);

}  // namespace pgsluice::query
