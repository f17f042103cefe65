#pragma once

#include <string>

#include "pgsluice/query/facet_request.h"
#include "pgsluice/query/filter_dsl.h"
#include "pgsluice/query/schema.h"

namespace pgsluice::query {

/// How a facet is counted, beside what the caller asked.
struct FacetContext {
  std::string include = {};  ///< R"(,"include":"a.*")": only these values.
  std::string parameter = "facets";
  /// An aggregation that counts the values of `distinct`; empty: documents are counted.
  std::string distinct = {};
};

/// The aggregation of a facet over the documents that `others`, the selections in other facets,
/// leave. It counts documents of the root, or values of `distinct`. Throws Problem.
std::string FacetAggregation(const Schema& schema, const Facet& facet, const Dsl& others,
                             const FacetContext& context = {});

/// {"values":[…],"other":n}, with "missing" and "stats" if they were asked, of the answer to
/// FacetAggregation(). Throws Problem limit_exceeded if there are too many intervals.
std::string FacetJson(const json::Value& aggregation, const plan::Field& field, const Facet& facet);

/// A number of the engine, whole ones without a fraction.
std::string PlainNumber(const json::Value& number);

}  // namespace pgsluice::query
