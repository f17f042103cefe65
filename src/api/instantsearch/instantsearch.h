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
/// Throws Problem 400 if a parameter is not known or cannot do what it means.
query::SearchRequest ToSearchRequest(const InstantQuery& query, const query::Schema& schema);

/// Filters by boxes, polygons and circles, and sorts by distance. Throws Problem 400.
void AddPlaces(const json::Value& params, const query::Schema& schema,
               query::SearchRequest& request);

/// What a recommendation widget asks: documents like the one with this id, with `params` as those
/// of a search.
struct InstantSimilar {
  InstantQuery query;
  std::string id;
};
/// Throws Problem 400 that names what does not work here.
InstantSimilar ReadInstantSimilar(const json::Value& item);

/// Throws Problem 400 that names a parameter which does not work here.
void CheckInstant(const json::Value& params);
/// Where a word of `text` begins with `beginning`, letters of ASCII in either case; else npos.
std::size_t BeginningOf(const std::string& beginning, const std::string& text);
/// Whether the documents' own fields are wanted at all.
bool RetrievesNothing(const InstantQuery& query, const query::SearchRequest& request);

/// `brand:Apple AND NOT (color:'dark red' OR price:10 TO 20)`.
query::Expr InstantFilters(const std::string& text);
/// "hashtags:oss", "hashtags:-oss".
query::Expr InstantFacetFilter(const std::string& text);
/// "price>=10", "price:10 TO 20".
query::Expr InstantNumericFilter(const std::string& text);

/// From our answers to theirs.
std::string InstantAnswer(std::string_view answer, const InstantQuery& query,
                          const query::SearchRequest& request);
std::string InstantFacetHits(std::string_view values, const InstantQuery& query);

}  // namespace pgsluice::api
