#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// The fields of the documents of some schemas, and the number of these schemas.
struct FieldsOfSome {
  const std::vector<Field>* fields;
  std::size_t schemas;
};

/// Returns all fields. A field that differs among schemas is as it is in most of them.
std::vector<Field> MergeFields(const std::vector<FieldsOfSome>& all);

/// Returns why the engine cannot index documents with `fields` if the mapping has the fields
/// `merged`; empty if it can.
std::string Conflict(const std::vector<Field>& fields, const std::vector<Field>& merged);

}  // namespace pgsluice::plan
