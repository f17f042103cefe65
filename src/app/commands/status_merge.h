#pragma once

#include <string>
#include <vector>

#include "pgsluice/json/value.h"

namespace pgsluice::app {

/// What `status --json` says of one of several databases.
struct StatusPart {
  std::string database;  ///< Empty: of the server as a whole.
  std::string json;
};

/// The status of several databases as one: lag is the longest, counts are sums, an index says which
/// database it belongs to, tables are called shop.public.projects, and "databases" has what is the
/// database's own.
std::string MergeStatus(const std::vector<StatusPart>& parts);

/// The part of a merged status that belongs to one database.
std::string StatusOf(const json::Value& merged, const std::string& database);

/// "database shop: …": a reason of one database, for the list of all.
std::string ReasonOf(const std::string& database, const std::string& reason);

}  // namespace pgsluice::app
