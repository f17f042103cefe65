#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "pgsluice/query/search_body.h"

/// The query of a search whose order or hits `search.ranking` and `search.rules` change.
namespace pgsluice::query {

/// How much one point of a boost adds to the score of the text, in parts of that score: so little
/// that a boost orders documents that match about as well, and does not lift a typo above a word.
constexpr double kShareOfText = 0.1;

/// Whether there is anything to change. `ranked`: hits are wanted, not only their number.
bool IsTuned(const SearchInput& input, bool ranked);
/// `filter` and `text` (may be empty) as one query, with boosts and rules.
std::string TunedQuery(const SearchInput& input, const Dsl& filter, const std::string& text,
                       bool ranked);

/// A schema with the hidden fields too: ranking and rules may use them.
Schema WholeSchema(const Schema& schema);
/// The boosts that fit the index, in their order.
std::vector<Boost> UsableBoosts(const SearchInput& input);
/// Where ages are counted from: it moves in steps of a hundredth of the half-life, so that the
/// pages of a search have one order.
std::int64_t OriginOf(const Boost& boost, std::int64_t now_ms);
/// As the engine names a document that the filter of a boost finds.
std::string NameOfBoost(std::size_t number);

}  // namespace pgsluice::query
