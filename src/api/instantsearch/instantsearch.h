#pragma once

#include <string>
#include <string_view>

#include "pgsluice/json/value.h"
#include "pgsluice/query/request.h"
#include "pgsluice/query/schema.h"
#include "pgsluice/query/search_body.h"

/// Translates the multi-query format of InstantSearch clients (Algolia's REST API) to our requests.
namespace pgsluice::api {

struct InstantQuery {
  std::string name;   ///< indexName as sent.
  std::string index;  ///< Without the order that follows it.
  std::string sort;   ///< "price:desc" in "projects:price:desc" or "projects/sort/price:desc".
  json::Value params;
  query::HighlightTags tags;
  std::string facet_name, facet_query;  ///< A search in the values of a facet.
};

/// Reads `params` as an object, as URL-encoded text, or flattened into the item. Throws Problem
/// 400.
InstantQuery ReadInstant(const json::Value& item);
/// Throws Problem 400 for a parameter that is not known, or that cannot have its documented effect.
query::SearchRequest ToSearchRequest(const InstantQuery& query, const query::Schema& schema);

/// Adds filters by boxes, polygons and circles, and the order by distance. Throws Problem 400.
void AddPlaces(const json::Value& params, const query::Schema& schema,
               query::SearchRequest& request);

/// A request of a recommendation widget: documents similar to the one with this id, with `params`
/// like those of a search.
struct InstantSimilar {
  InstantQuery query;
  std::string id;
};
/// Throws Problem 400 that names what is not supported.
InstantSimilar ReadInstantSimilar(const json::Value& item);

/// Throws Problem 400 that names a parameter that is not supported.
void CheckInstant(const json::Value& params);
/// Returns where a word of `text` begins with `beginning`, ignoring the case of ASCII letters; else
/// npos.
std::size_t BeginningOf(const std::string& beginning, const std::string& text);
/// Returns whether no fields of the documents are wanted.
bool RetrievesNothing(const InstantQuery& query, const query::SearchRequest& request);

/// Reads `brand:Apple AND NOT (color:'dark red' OR price:10 TO 20)`.
query::Expr InstantFilters(const std::string& text);
/// Reads "hashtags:oss" or "hashtags:-oss".
query::Expr InstantFacetFilter(const std::string& text);
/// Reads "price>=10" or "price:10 TO 20".
query::Expr InstantNumericFilter(const std::string& text);

/// Translates our answer to theirs.
std::string InstantAnswer(std::string_view answer, const InstantQuery& query,
                          const query::SearchRequest& request);
std::string InstantFacetHits(std::string_view values, const InstantQuery& query);

}  // namespace pgsluice::api
