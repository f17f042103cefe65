#pragma once

#include <string>
#include <string_view>

#include "pgsluice/json/value.h"
#include "pgsluice/query/request.h"
#include "pgsluice/query/schema.h"
#include "pgsluice/query/search_body.h"

/// The multi-query format that InstantSearch clients speak (Algolia's REST API), in our terms.
namespace pgsluice::api {

struct InstantQuery {
  std::string name;   ///< indexName as sent.
  std::string index;  ///< Without the order behind it.
  std::string sort;   ///< "price:desc" of "projects:price:desc" or "projects/sort/price:desc".
  json::Value params;
  query::HighlightTags tags;
  std::string facet_name, facet_query;  ///< A search inside the values of a facet.
};

/// `params` as object, as URL-encoded text, or flattened into the item. Throws Problem 400.
InstantQuery ReadInstant(const json::Value& item);
/// Parameters that are not known are left out, as clients send many.
query::SearchRequest ToSearchRequest(const InstantQuery& query, const query::Schema& schema);

/// From our answers to theirs.
std::string InstantAnswer(std::string_view answer, const InstantQuery& query,
                          const query::SearchRequest& request);
std::string InstantFacetHits(std::string_view values, const InstantQuery& query);

}  // namespace pgsluice::api
