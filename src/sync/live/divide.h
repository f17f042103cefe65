#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "pgsluice/pg/session.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// Ids of an index that belong to the same schema, or all ids of an index of one table.
struct IdsOfOne {
  LiveIndex index;  ///< With the plan of that schema.
  std::vector<std::string> ids, routings;
};

struct DividedIds {
  std::vector<IdsOfOne> parts;
  std::vector<std::size_t> foreign;  ///< Positions of ids that no schema can have.
};

/// Divides ids among the schemas of an index. `routings` are in the order of the ids, or empty. Ids
/// of schemas whose definition does not fit at present are in neither result.
DividedIds DivideIds(pg::Session& session, const LiveIndex& index,
                     const std::vector<std::string>& ids, const std::vector<std::string>& routings);

/// Calls `use` for each schema of the index, or once if it is an index of one table.
template <typename Use>
void ForEachMember(const LiveIndex& index, const Use& use) {
  if (index.plan->schemas == nullptr) return use(index);
  for (std::size_t i = 0; i < index.plan->schemas->members.size(); ++i) use(index.Of(i));
}

}  // namespace pgsluice::sync
