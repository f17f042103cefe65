#pragma once

#include <string>

#include "pgsluice/query/facet_request.h"
#include "pgsluice/query/filter_dsl.h"
#include "pgsluice/query/schema.h"

namespace pgsluice::query {

/// How a facet is counted, in addition to the caller's options.
struct FacetContext {
  std::string include = {};  ///< R"(,"include":"a.*")": only these values.
  std::string parameter = "facets";
  /// An aggregation that counts the values of `distinct`; empty: documents are counted.
  std::string distinct = {};
};

/// Returns the aggregation of a facet over the documents that `others` selects (the selections in
/// other facets). Counts documents of the root, or values of `distinct`. Throws Problem.
std::string FacetAggregation(const Schema& schema, const Facet& facet, const Dsl& others,
                             const FacetContext& context = {});

/// Returns {"values":[…],"other":n} from the answer to FacetAggregation(), with "missing" and
/// "stats" if requested. Throws Problem limit_exceeded if there are too many intervals.
std::string FacetJson(const json::Value& aggregation, const plan::Field& field, const Facet& facet);

/// Returns a number of the engine; whole numbers without a fraction.
std::string PlainNumber(const json::Value& number);

}  // namespace pgsluice::query
