#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "pgsluice/plan/plan.h"

/// The stored form of a plan, so that an index can be searched even if its definition no longer
/// fits the tables. Holds only the fields of the documents, no SQL, because no tables are read with
/// it.
namespace pgsluice::plan {

/// Returns the plan's fields, key and routing as JSON.
std::string ToJson(const Plan& plan);

/// Returns the stored plan, for searches with the present configuration of the index. Leaves out
/// paths of `config.search` that the documents do not have. Null if `text` cannot be read, or if
/// the configuration hides a path that the documents do not have, because the hidden field may have
/// another name in them.
std::shared_ptr<const Plan> FromJson(std::string_view text, const config::Index& config);

}  // namespace pgsluice::plan
