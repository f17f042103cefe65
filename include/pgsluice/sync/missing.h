#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pgsluice/document/plan.h"

namespace pgsluice::sync {

/// A statement and its parameter: which of some `_id`s have no document now? Its rows are those of
/// Plan::read_by_key, of documents to delete only.
using MissingQuery = std::pair<pg::Statement, std::string>;

/// The queries that together cover `ids`: those that can be turned back into keys are looked up by
/// key, the others by computing the ids of all rows. `routings`: what each id was routed by, where
/// that is known, so that it is deleted in its shard.
std::vector<MissingQuery> MissingQueries(const document::Plan& plan,
                                         const std::vector<std::string>& ids,
                                         const std::vector<std::string>& routings = {});

/// A key that also tells what its document is routed by, so that the document is deleted there when
/// the row is gone or has another routing. Empty: by its id, which needs no telling.
std::string RoutedKey(std::string key, const std::string& routing);
/// Undoes that: what it was routed by; empty, and nothing is changed, where that is not told.
std::string TakeRouting(std::string& key);

/// For an index with a routing: the keys, with their documents' routings, of what such a query
/// found. They have to be refreshed, not deleted only: the row may have moved to another routing
/// that leads to the same shard. Empty without a routing, and for ids that are no keys.
std::vector<std::string> RoutedKeys(const document::Plan& plan, const pg::Result& missing);

}  // namespace pgsluice::sync
