#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/plan/plan.h"
#include "plan/sql/read_sql.h"
#include "plan/tree/embed_tree.h"

namespace pgsluice::plan {

/// Returns the tables whose changes affect the index, each with its way up to the root. The root
/// comes first; `root_columns` are those that its documents read (empty: all).
std::vector<Source> BuildSources(const RootSql& root, const std::set<std::string>& root_columns,
                                 const std::vector<std::unique_ptr<Node>>& nodes,
                                 const std::string& name, Building& building);

}  // namespace pgsluice::plan
