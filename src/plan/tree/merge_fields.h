#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// The fields of documents that look the same, and how many schemas have such documents.
struct FieldsOfSome {
  const std::vector<Field>* fields;
  std::size_t schemas;
};

/// All fields. One that differs among schemas is as most of them have it.
std::vector<Field> MergeFields(const std::vector<FieldsOfSome>& all);

/// Why the engine cannot take documents with `fields` where the mapping is that of `merged`; empty
/// if it can.
std::string Conflict(const std::vector<Field>& fields, const std::vector<Field>& merged);

}  // namespace pgsluice::plan
