#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/query/search_body.h"

/// Another query for one that finds nothing. What is proposed is counted first, so that nobody
/// learns a word of documents that are hidden from them.
namespace pgsluice::query {

/// A search that counts how many documents each of several queries finds, under the filters and the
/// policy of `input`.
std::string CountEachBody(const SearchInput& input, const std::vector<std::string>& queries);
/// How many each query of CountEachBody() finds; empty if the answer does not hold them.
std::vector<std::int64_t> ReadCounts(std::string_view engine_answer);

/// The words of a query that finds nothing; none if it has too many to propose another.
std::vector<std::string> MisspeltParts(const std::string& q);
/// CountEachBody() of the words, with the words of the index that are close to each.
std::string CloseWordsBody(const SearchInput& input, const std::vector<std::string>& parts);
/// What could have been meant, best first, from the engine's answer to CloseWordsBody().
std::vector<std::string> Proposals(std::string_view engine_answer,
                                   const std::vector<std::string>& parts);

}  // namespace pgsluice::query
