#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "pgsluice/query/search_body.h"

/// The query of a search, changed by `search.ranking` and `search.rules`.
namespace pgsluice::query {

/// How much one point of a boost adds to the score of the text, as a share of that score. Small
/// enough to order documents that match about equally well, without lifting a typo above an exact
/// word.
constexpr double kShareOfText = 0.1;

/// Returns whether there is anything to change. `ranked`: hits are wanted, not only their number.
bool IsTuned(const SearchInput& input, bool ranked);
/// Returns `filter` and `text` (may be empty) as one query, with boosts and rules.
std::string TunedQuery(const SearchInput& input, const Dsl& filter, const std::string& text,
                       bool ranked);

/// Returns a schema with the hidden fields as well, because ranking and rules may use them.
Schema WholeSchema(const Schema& schema);
/// Returns the boosts that fit the index, in their order.
std::vector<Boost> UsableBoosts(const SearchInput& input);
/// Returns the time from which ages are counted. It moves in steps of a hundredth of the half-life,
/// so that the pages of a search have the same order.
std::int64_t OriginOf(const Boost& boost, std::int64_t now_ms);
/// Returns the name under which the engine reports that the filter of a boost matches.
std::string NameOfBoost(std::size_t number);

}  // namespace pgsluice::query
