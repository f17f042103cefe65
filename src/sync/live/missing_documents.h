#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/plan/plan.h"

namespace pgsluice::sync {

/// Ids that an index has in the engine, by what they can be.
struct SortedIds {
  std::vector<std::string> keys;     ///< Root keys, as JSON; with the routing that is known.
  std::vector<std::string> opaque;   ///< Ids that are hashes: only comparing finds their rows.
  std::vector<std::size_t> foreign;  ///< Places of ids that no row can have.
};

/// Sorts ids that the engine has. `routings`: what each was routed by, where that is known.
/// `in_transaction`: the session has one open, which has to survive ids that are no keys.
SortedIds SortIds(pg::Session& session, const plan::Plan& plan, const std::vector<std::string>& ids,
                  const std::vector<std::string>& routings, bool in_transaction);

/// Returns the ids of the documents of keys (JSON), by the keys' places; none for a key that no row
/// can have.
std::vector<std::vector<std::string>> IdsOfKeys(pg::Session& session, const plan::Plan& plan,
                                                const std::vector<std::string>& keys,
                                                bool in_transaction);

/// A statement and its parameter: which documents are missing in PostgreSQL now? Its rows are those
/// of Plan::read_by_key, of documents to delete only.
using MissingQuery = std::pair<pg::Statement, std::string>;

/// The queries that together cover these ids, the foreign ones aside: keys are looked up, and what
/// is opaque is compared with the ids of all rows.
std::vector<MissingQuery> MissingQueries(const plan::Plan& plan, const SortedIds& ids);
/// A query that returns such rows of ids that no row can have.
MissingQuery ForeignQuery(const std::vector<std::string>& ids,
                          const std::vector<std::string>& routings,
                          const std::vector<std::size_t>& foreign);

/// The keys of what a MissingQuery for `ids` found, if they have to be refreshed instead of
/// deleting its rows. So it is with a routing, which the keys get: the row may have moved to
/// another one that leads to the same shard. And if a key has several ids: the query returns all
/// that have no row, most of which never had. Empty otherwise, and for ids that are no keys.
std::vector<std::string> KeysToRefresh(const plan::Plan& plan, const pg::Result& missing,
                                       const std::vector<std::string>& ids);

}  // namespace pgsluice::sync
