#pragma once

#include "pgsluice/pg/session.h"

namespace pgsluice::migrate::sql {

inline constexpr const char* kTimeouts =
    "SET LOCAL lock_timeout = '3s'; SET LOCAL statement_timeout = 0";

// Only roles with rights on our schema can hold this lock. If two sessions create the schema at the
// same time, the unique index over schema names stops one of them.
inline constexpr const char* kLock = "LOCK TABLE pgsluice.migrations IN SHARE ROW EXCLUSIVE MODE";

// The hash of a migration's text shows whether it was applied with this text.
inline constexpr const char* kAddContent =
    "ALTER TABLE pgsluice.migrations ADD COLUMN IF NOT EXISTS content text";

inline const pg::Statement kHasContent{"migrate_has_content", R"sql(
  SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                 JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'pgsluice' AND c.relname = 'migrations'
                   AND a.attname = 'content' AND NOT a.attisdropped))sql"};

inline const pg::Statement kSetContent{"migrate_set_content", R"sql(
  UPDATE pgsluice.migrations SET content = $2 WHERE number = $1::int)sql"};

inline const pg::Statement kIsSuperuser{"migrate_is_superuser", R"sql(
  SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)sql"};

inline const pg::Statement kHasGrants{"migrate_has_grants", R"sql(
  SELECT EXISTS (SELECT FROM pg_catalog.pg_proc p
                 JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                 WHERE n.nspname = 'pgsluice' AND p.proname = 'grant_to_roles'))sql"};

inline constexpr const char* kGrant = "SELECT pgsluice.grant_to_roles()";

// Reads pg_class, because a regclass raises an error if the role may not use the schema.
inline const pg::Statement kHasTable{"migrate_has_table", R"sql(
  SELECT EXISTS (SELECT FROM pg_catalog.pg_class c
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'pgsluice' AND c.relname = 'migrations'))sql"};

inline const pg::Statement kHasSchema{"migrate_has_schema", R"sql(
  SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'pgsluice'))sql"};

// `content` is NULL if the table has no such column, because the name then refers to the outer
// query.
inline const pg::Statement kApplied{"migrate_applied", R"sql(
  SELECT m.number, m.name, pg_catalog.to_char(m.applied_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
         coalesce(m.content, '')
  FROM (SELECT NULL::text AS content) AS missing, LATERAL (
    SELECT number, name, applied_at, content FROM pgsluice.migrations) AS m
  ORDER BY m.number)sql"};

inline const pg::Statement kWhoAndWhere{"migrate_who", R"sql(
  SELECT pg_catalog.quote_ident(current_user), pg_catalog.quote_ident(current_database()),
         coalesce((SELECT pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(nspowner))
                   FROM pg_catalog.pg_namespace WHERE nspname = 'pgsluice'), ''))sql"};

// Tables with a trigger of ours. Clones on partitions are removed with the trigger of their parent.
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
