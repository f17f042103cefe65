#pragma once

#include <string>

#include "plan/tree/embed_tree.h"

namespace pgsluice::plan {

/// Finds the columns that lead from `above` to `table`: those in `on`, or else those of the only
/// foreign key between the two. Otherwise reports the candidates and returns false.
bool ResolveOn(const config::On& on, const catalog::Table& above, const std::string& place,
               Step& step, Building& building);

}  // namespace pgsluice::plan
