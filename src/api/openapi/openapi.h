#pragma once

#include <string>
#include <vector>

#include "pgsluice/api/server.h"
#include "pgsluice/json/build.h"
#include "pgsluice/query/schema.h"

namespace pgsluice::api {

/// An index as one caller sees it.
struct DescribedIndex {
  std::string name;
  query::Schema schema;
};

/// Returns the OpenAPI 3.1 document of the API: paths, parameters, answers and documents of exactly
/// these indexes. `secured`: credentials are required.
std::string OpenApi(const std::vector<DescribedIndex>& indexes, bool secured, bool may_export);

/// Returns the JSON Schema of an index's documents.
json::ObjectPtr DocumentSchema(const query::Schema& schema);

}  // namespace pgsluice::api
