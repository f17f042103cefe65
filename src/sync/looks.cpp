#include "pgsluice/sync/looks.h"

#include "pgsluice/catalog/catalog.h"

namespace pgsluice::sync {

std::string StateOfTables(const std::string& fingerprint, const std::string& triggers) {
  return fingerprint + "/" + triggers;
}

Looks ReadLooks(pg::Session& session) {
  static const pg::Statement kLooks{
      "looks", "WITH present (fingerprint) AS MATERIALIZED (" + catalog::Catalog::FingerprintSql() +
                   "), now_is (tables) AS MATERIALIZED (SELECT fingerprint || '/' || coalesce((" +
                   kTriggersSql + R"sql()::text, '') FROM present)
  SELECT present.fingerprint,
         NOT EXISTS (SELECT FROM pgsluice.process p
                     WHERE p.lost_at IS NULL AND p.tables IS DISTINCT FROM now_is.tables),
         EXISTS (SELECT FROM pgsluice.state s WHERE s.tables = now_is.tables),
         EXISTS (SELECT FROM pgsluice.process p WHERE p.lost_at IS NULL)
  FROM present, now_is)sql"};
  const pg::Result row = session.Exec(kLooks);
  return {std::string(row.Text(0, 0)), row.Bool(0, 1), row.Bool(0, 2), row.Bool(0, 3)};
}

}  // namespace pgsluice::sync
