#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "pgsluice/plan/plan.h"

/// What is kept of a plan so that an index can be searched although its definition no longer fits
/// the tables: the fields of its documents. No SQL, because nothing is read by it.
namespace pgsluice::plan {

/// The plan's fields, key and routing as JSON.
std::string ToJson(const Plan& plan);

/// The plan that was kept, for searches by the present configuration of the index. Paths of
/// `config.search` that the documents do not have are left out. Null if `text` cannot be read, or
/// if the configuration hides a path that the documents do not have: the field that it means may
/// have another name in them.
std::shared_ptr<const Plan> FromJson(std::string_view text, const config::Index& config);

}  // namespace pgsluice::plan
