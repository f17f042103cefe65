#pragma once

#include <string>
#include <string_view>

#include "pgsluice/query/search_body.h"

namespace pgsluice::query {

/// A search for documents whose texts are like those of `document`, the stored JSON of the one with
/// this id. Only texts that the caller may see are compared. Filters, page and policy are those of
/// `input`. Throws Problem.
std::string SimilarBody(const SearchInput& input, const std::string& id, std::string_view document);

}  // namespace pgsluice::query
