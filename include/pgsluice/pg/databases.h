#pragma once

#include <string>
#include <vector>

#include "pgsluice/pg/session.h"

/// The databases of a server.
namespace pgsluice::pg {

/// Returns the names of the databases that the role may connect to, except templates, sorted.
std::vector<std::string> ListDatabases(Session& session);

/// Returns whether the database has an ordinary or partitioned table in schema public.
bool HasTables(Session& session);

/// Returns the connection string with another database. Throws Error(kFatal) if `url` is not a
/// connection string.
std::string WithDatabase(const std::string& url, const std::string& database);

}  // namespace pgsluice::pg
