#include "pgsluice/pg/databases.h"

namespace pgsluice::pg {

namespace {

constexpr const char* kDatabases = R"sql(
  SELECT datname FROM pg_catalog.pg_database
  WHERE datallowconn AND NOT datistemplate
    AND pg_catalog.has_database_privilege(oid, 'CONNECT')
  ORDER BY datname)sql";

constexpr const char* kHasTables = R"sql(
  SELECT EXISTS (SELECT FROM pg_catalog.pg_class
                 WHERE relnamespace = pg_catalog.to_regnamespace('public')
                   AND relkind IN ('r', 'p') AND NOT relispartition))sql";

}  // namespace

bool HasTables(Session& session) { return session.Exec(kHasTables).Bool(0, 0); }

std::vector<std::string> ListDatabases(Session& session) {
  std::vector<std::string> names;
  const Result rows = session.Exec(kDatabases);
  for (std::size_t row = 0; row < rows.rows(); ++row) names.emplace_back(rows.Text(row, 0));
  return names;
}

}  // namespace pgsluice::pg
