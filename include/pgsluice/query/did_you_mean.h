#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/query/search_body.h"

/// Proposes another query for one that finds nothing. The documents of each proposal are counted
/// first, so that a caller never learns a word that occurs only in documents hidden from them.
namespace pgsluice::query {

/// Returns a search that counts how many documents each of several queries finds, with the filters
/// and the policy of `input`.
std::string CountEachBody(const SearchInput& input, const std::vector<std::string>& queries);
/// Returns how many documents each query of CountEachBody() finds; empty if the answer does not
/// contain the counts.
std::vector<std::int64_t> ReadCounts(std::string_view engine_answer);

/// Returns the words of a query that finds nothing; none if it has too many to propose another.
std::vector<std::string> MisspeltParts(const std::string& q);
/// Returns CountEachBody() of the words, together with the words of the index that are close to
/// each.
std::string CloseWordsBody(const SearchInput& input, const std::vector<std::string>& parts);
/// Returns what the caller may have meant, best first, from the engine's answer to
/// CloseWordsBody().
std::vector<std::string> Proposals(std::string_view engine_answer,
                                   const std::vector<std::string>& parts);

}  // namespace pgsluice::query
