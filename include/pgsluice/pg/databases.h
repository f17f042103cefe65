#pragma once

#include <string>
#include <vector>

#include "pgsluice/pg/session.h"

/// The databases of a server.
namespace pgsluice::pg {

/// Those that the role may connect to, except templates, by name.
std::vector<std::string> ListDatabases(Session& session);

/// Whether it has an ordinary or partitioned table in schema public.
bool HasTables(Session& session);

/// The connection string with another database. Throws Error(kFatal) if it is not one.
std::string WithDatabase(const std::string& url, const std::string& database);

}  // namespace pgsluice::pg
