#pragma once

#include "pgsluice/pg/session.h"

namespace pgsluice::migrate::sql {

inline constexpr const char* kTimeouts =
    "SET LOCAL lock_timeout = '3s'; SET LOCAL statement_timeout = 0";

// Ours among the advisory locks of a database, see migrations/README.md: 1 sleepers, 2 index
// keepers, 3 attach().
inline const pg::Statement kLock{"migrate_lock",
                                 "SELECT pg_catalog.pg_advisory_xact_lock(1886612588, 4)"};

// Reads pg_class, not a regclass, which raises an error where the role may not use the schema.
inline const pg::Statement kHasTable{"migrate_has_table", R"sql(
  SELECT EXISTS (SELECT FROM pg_catalog.pg_class c
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'pgsluice' AND c.relname = 'migrations'))sql"};

inline const pg::Statement kHasSchema{"migrate_has_schema", R"sql(
  SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'pgsluice'))sql"};

inline const pg::Statement kApplied{"migrate_applied", R"sql(
  SELECT number, name, pg_catalog.to_char(applied_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  FROM pgsluice.migrations ORDER BY number)sql"};

inline const pg::Statement kWhoAndWhere{"migrate_who", R"sql(
  SELECT pg_catalog.quote_ident(current_user), pg_catalog.quote_ident(current_database()),
         coalesce((SELECT pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(nspowner))
                   FROM pg_catalog.pg_namespace WHERE nspname = 'pgsluice'), ''))sql"};

// Tables with a trigger of ours. Clones on partitions go with the trigger of their parent.
inline const pg::Statement kAttached{"migrate_attached", R"sql(
  SELECT DISTINCT t.tgrelid, t.tgrelid::pg_catalog.regclass::text
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = 'pgsluice' AND NOT t.tgisinternal AND t.tgparentid = 0
  ORDER BY 1)sql"};

inline const pg::Statement kHasDetach{"migrate_has_detach", R"sql(
  SELECT EXISTS (SELECT FROM pg_catalog.pg_proc p
                 JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                 WHERE n.nspname = 'pgsluice' AND p.proname = 'detach'))sql"};

inline const pg::Statement kDetach{"migrate_detach",
                                   "SELECT pgsluice.detach($1::oid::pg_catalog.regclass)"};

}  // namespace pgsluice::migrate::sql
