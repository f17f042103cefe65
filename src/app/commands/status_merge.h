#pragma once

#include <string>
#include <vector>

#include "pgsluice/json/value.h"

namespace pgsluice::app {

/// The `status --json` of one of several databases.
struct StatusPart {
  std::string database;  ///< Empty: the server as a whole.
  std::string json;
};

/// Combines the status of several databases: the longest lag, the sums of counts, the database of
/// each index, tables as shop.public.projects, and "databases" with the details of each.
std::string MergeStatus(const std::vector<StatusPart>& parts);

/// Returns the part of a combined status that belongs to one database.
std::string StatusOf(const json::Value& merged, const std::string& database);

/// Returns the status of a database of which nothing else is known.
std::string Degraded(const std::string& reason);

/// Returns "database shop: …": a reason of one database, for the combined list.
std::string ReasonOf(const std::string& database, const std::string& reason);

}  // namespace pgsluice::app
