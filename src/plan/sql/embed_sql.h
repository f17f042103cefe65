#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "plan/sql/value_sql.h"
#include "plan/tree/embed_tree.h"

namespace pgsluice::plan {

/// What a level of embeds adds to the statement of its parent.
struct EmbedSql {
  std::vector<std::string> ctes;  ///< In the order of their definition.
  std::string joins;              ///< To the parent's alias.
  std::vector<Member> members;
};

/// The rows that embeds hang on.
struct Parents {
  std::string cte;    ///< Has them.
  std::string alias;  ///< What the statement calls them.
  const catalog::Table& table;
  bool neighbours = false;  ///< They lie side by side, so that their keys may do so, too.
};

/// Set-based SQL: per embed one grouped query over the rows that belong to any parent of the chunk,
/// joined to the parents afterwards.
EmbedSql BuildEmbeds(const std::vector<std::unique_ptr<Node>>& nodes, const Parents& parents);

/// The columns of the parent that its embeds join on.
std::set<std::string> ParentColumns(const std::vector<std::unique_ptr<Node>>& nodes);

}  // namespace pgsluice::plan
