#pragma once

#include <string>

#include "plan/tree/embed_tree.h"

namespace pgsluice::plan {

/// The columns that lead from `above` to `table`: as given in `on`, else by the only foreign key
/// between the two. False with a problem that names the candidates.
bool ResolveOn(const config::On& on, const catalog::Table& above, const std::string& place,
               Step& step, Building& building);

}  // namespace pgsluice::plan
