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

/// What words of `q` a document was found by, from the engine's explanation of its score: of
/// several ways that count once, the best one.
std::vector<ScorePart> ExplainText(const SearchInput& input, const json::Value& explanation);

/// How many letters are wrong, left out, added or swapped with a neighbour.
std::size_t TyposBetween(const std::string& a, const std::string& b);

}  // namespace pgsluice::query
