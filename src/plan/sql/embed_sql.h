#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "plan/sql/value_sql.h"
#include "plan/tree/embed_tree.h"

namespace pgsluice::plan {

/// The parts that a level of embeds adds to the statement of its parent.
struct EmbedSql {
  std::vector<std::string> ctes;  ///< In the order of their definition.
  std::string joins;              ///< To the parent's alias.
  std::vector<Member> members;
};

/// The rows that the embeds belong to.
struct Parents {
  std::string cte;    ///< Contains them.
  std::string alias;  ///< Their name in the statement.
  const catalog::Table& table;
  bool neighbours = false;  ///< They are adjacent, so their keys may be, too.
};

/// Builds set-based SQL: one grouped query per embed over the rows that belong to any parent of the
/// chunk, joined to the parents afterwards.
EmbedSql BuildEmbeds(const std::vector<std::unique_ptr<Node>>& nodes, const Parents& parents);

/// Returns the parent's columns that its embeds join on.
std::set<std::string> ParentColumns(const std::vector<std::unique_ptr<Node>>& nodes);

}  // namespace pgsluice::plan
