#pragma once

#include <string>
#include <string_view>

#include "pgsluice/query/search_body.h"

namespace pgsluice::query {

/// A hit as the engine explains it; JSON texts, empty if the engine sent none.
struct ExplainedHit {
  std::string id;
  double score = 0;
  std::string_view explanation, matched, document;
};

/// Returns [{"part","score","detail"},…], which explains the place of a hit in words. The scores
/// add up to the hit's score. Fields that are hidden from the caller are not named.
std::string ExplanationJson(const SearchInput& input, const ExplainedHit& hit);

}  // namespace pgsluice::query
