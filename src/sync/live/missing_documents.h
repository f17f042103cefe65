#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/plan/plan.h"

namespace pgsluice::sync {

/// Ids that an index has in the engine, sorted by what they can be.
struct SortedIds {
  std::vector<std::string> keys;     ///< Root keys, as JSON; with the routing that is known.
  std::vector<std::string> opaque;   ///< Hashes: only comparing finds their rows.
  std::vector<std::size_t> foreign;  ///< Places of ids that no row can have.
};

/// Sorts ids from the engine. `routings`: the routing of each document, if it is known.
/// `in_transaction`: the session has an open transaction, which must survive ids that are not keys.
SortedIds SortIds(pg::Session& session, const plan::Plan& plan, const std::vector<std::string>& ids,
                  const std::vector<std::string>& routings, bool in_transaction);

/// Returns the document ids of keys (JSON), in the order of the keys; none for a key that no row
/// can have.
std::vector<std::vector<std::string>> IdsOfKeys(pg::Session& session, const plan::Plan& plan,
                                                const std::vector<std::string>& keys,
                                                bool in_transaction);

/// A statement that finds which documents do not exist in PostgreSQL now, and its parameter. Its
/// rows have the columns of Plan::read_by_key, and all of them are deletions.
using MissingQuery = std::pair<pg::Statement, std::string>;

/// Returns the queries that together cover these ids, except the foreign ones. Keys are looked up;
/// hashes are compared with the ids of all rows.
std::vector<MissingQuery> MissingQueries(const plan::Plan& plan, const SortedIds& ids);
/// Returns a query with the same kind of rows, for ids that no row can have.
MissingQuery ForeignQuery(const std::vector<std::string>& ids,
                          const std::vector<std::string>& routings,
                          const std::vector<std::size_t>& foreign);

/// Returns the keys among the results of a MissingQuery for `ids` that must be synced instead of
/// deleting their documents. That is so in two cases. With a routing, the row may have moved to
/// another routing on the same shard. If a key has several ids, the query returns all that have no
/// row, most of which never had one. Empty otherwise, and for ids that are not keys.
std::vector<std::string> KeysToRefresh(const plan::Plan& plan, const pg::Result& missing,
                                       const std::vector<std::string>& ids);

}  // namespace pgsluice::sync
