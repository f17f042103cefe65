#pragma once

#include <string>
#include <string_view>

#include "pgsluice/query/search_body.h"

namespace pgsluice::query {

/// Returns a search for documents whose texts are similar to those of `document`, the stored JSON
/// of the document with this id. Compares only texts that the caller may see. Filters, page and
/// policy come from `input`. Throws Problem.
std::string SimilarBody(const SearchInput& input, const std::string& id, std::string_view document);

}  // namespace pgsluice::query
