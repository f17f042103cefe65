#pragma once

#include "pgsluice/pg/session.h"

// The statements that read the catalog. Each qualifies all objects with their schema, takes no
// parameters and covers the same relations: kRelations of all schemas except the system's and ours.
namespace pgsluice::catalog::sql {

inline const pg::Statement kRelations{"catalog_relations", R"sql(
  SELECT c.oid, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0), n.nspname, c.relname,
         c.relkind, c.relispartition,
         coalesce(pg_catalog.row_security_active(c.oid), false),
         coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                  AND (pg_catalog.has_table_privilege(c.oid, 'SELECT')
                       OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT')), false),
         pg_catalog.floor(c.reltuples)::bigint,
         (SELECT pg_catalog.string_agg(w.xmin::text, ' ' ORDER BY w.oid)
          FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND c.relkind IN ('v', 'm')),
         -- This role, or the owner of our schema, may attach it, or it is attached already.
         pg_catalog.has_table_privilege(c.oid, 'TRIGGER')
         OR coalesce((SELECT pg_catalog.has_table_privilege(o.nspowner, c.oid, 'TRIGGER')
                      FROM pg_catalog.pg_namespace o WHERE o.nspname = 'pgsluice'), false)
         OR EXISTS (SELECT FROM pg_catalog.pg_trigger g
                    JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid
                    JOIN pg_catalog.pg_namespace o ON o.oid = f.pronamespace
                    WHERE g.tgrelid = c.oid AND o.nspname = 'pgsluice'),
         pg_catalog.pg_get_userbyid(c.relowner)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgsluice')
  ORDER BY n.nspname, c.relname)sql"};

inline const pg::Statement kColumns{"catalog_columns", R"sql(
  SELECT a.attrelid, a.attnum, a.attname, a.atttypid,
         pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '',
         coalesce(l.collisdeterministic, true),
         coalesce(pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'), false)
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgsluice')
    AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum)sql"};

// Everything that a statement depends on if it names a relation and its columns. Without GROUP BY
// the result covers several relations together.
inline constexpr const char* kLayout = R"sql(
  SELECT coalesce(pg_catalog.bit_xor(pg_catalog.hash_record_extended(
           ROW(c.oid, n.nspname, c.relname, a.attnum, a.attname, a.atttypid), 0)), 0)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid)sql";

inline const pg::Statement kLayouts{"catalog_layouts", R"sql(
  SELECT c.oid, pg_catalog.bit_xor(pg_catalog.hash_record_extended(
           ROW(c.oid, n.nspname, c.relname, a.attnum, a.attname, a.atttypid), 0))
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgsluice')
    AND a.attnum > 0 AND NOT a.attisdropped
  GROUP BY c.oid)sql"};

// The types of columns and their parts: bases of domains, elements of arrays, subtypes of ranges,
// ranges of multiranges.
inline const pg::Statement kTypes{"catalog_types", R"sql(
  WITH RECURSIVE used (oid) AS (
    SELECT a.atttypid
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgsluice')
      AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT part.oid
    FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid
    CROSS JOIN LATERAL (
      SELECT t.typbasetype WHERE t.typtype = 'd'
      UNION ALL
      SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
      UNION ALL
      SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid
      UNION ALL
      SELECT t.typelem WHERE t.typsubscript = 'pg_catalog.array_subscript_handler'::regproc
      UNION ALL
      SELECT a.atttypid FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = t.typrelid AND t.typtype = 'c' AND a.attnum > 0
        AND NOT a.attisdropped) AS part (oid))
  SELECT t.oid, t.typname, n.nspname, t.typtype, t.typbasetype,
         pg_catalog.format_type(t.oid, NULL), pg_catalog.format_type(t.typbasetype, t.typtypmod),
         coalesce((SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid),
                  (SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid), 0),
         CASE WHEN t.typtype <> 'd'
                   AND t.typsubscript = 'pg_catalog.array_subscript_handler'::regproc
              THEN t.typelem ELSE 0 END,
         EXISTS (SELECT FROM pg_catalog.pg_cast k
                 WHERE k.castsource = t.oid AND k.castcontext = 'i' AND k.oid >= 16384)
  FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace)sql"};

// The attributes of composite types, including the row types of tables.
inline const pg::Statement kAttributes{"catalog_attributes", R"sql(
  SELECT t.oid, a.attname, a.atttypid, pg_catalog.format_type(a.atttypid, a.atttypmod)
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgsluice')
    AND EXISTS (SELECT FROM pg_catalog.pg_attribute u
                JOIN pg_catalog.pg_class c ON c.oid = u.attrelid
                WHERE u.atttypid IN (t.oid, t.typarray) AND u.attnum > 0 AND NOT u.attisdropped
                  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
                UNION ALL
                SELECT FROM pg_catalog.pg_type d WHERE d.typbasetype IN (t.oid, t.typarray)
                UNION ALL
                SELECT FROM pg_catalog.pg_range r WHERE r.rngsubtype IN (t.oid, t.typarray))
  ORDER BY t.oid, a.attnum)sql"};

inline const pg::Statement kLabels{"catalog_labels", R"sql(
  SELECT enumtypid, enumlabel FROM pg_catalog.pg_enum ORDER BY enumtypid, enumsortorder)sql"};

// One row per index and key column. An expression has no name; INCLUDE columns are not part of the
// key.
inline const pg::Statement kIndexes{"catalog_indexes", R"sql(
  SELECT i.indrelid, i.indexrelid, x.relname, i.indisunique, i.indisprimary,
         i.indpred IS NOT NULL, a.attname, m.amname = 'btree'
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_am m ON m.oid = x.relam
  JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL pg_catalog.generate_series(0, i.indnkeyatts - 1) AS position
  LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = i.indrelid AND a.attnum = i.indkey[position] AND a.attnum > 0
  WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgsluice')
    AND i.indisvalid AND i.indislive AND m.amname IN ('btree', 'hash')
  ORDER BY i.indrelid, x.relname, i.indexrelid, position)sql"};

// One row per constraint and column, without the copies that PostgreSQL keeps for the partitions of
// the referenced table.
inline const pg::Statement kForeignKeys{"catalog_foreign_keys", R"sql(
  SELECT k.oid, k.conname, k.conrelid, k.confrelid, a.attname, f.attname
  FROM pg_catalog.pg_constraint k
  LEFT JOIN pg_catalog.pg_constraint parent ON parent.oid = k.conparentid
  CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey))
    WITH ORDINALITY AS pair (own, target, position)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.own
  JOIN pg_catalog.pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = pair.target
  WHERE k.contype = 'f' AND parent.conrelid IS DISTINCT FROM k.conrelid
  ORDER BY k.conrelid, k.conname, k.oid, pair.position)sql"};

inline const pg::Statement kChildren{"catalog_children", R"sql(
  SELECT inhparent, inhrelid FROM pg_catalog.pg_inherits WHERE NOT inhdetachpending
  ORDER BY inhparent, inhrelid)sql"};

// A sum of hashes does not depend on the order of rows, so no sort is needed. The hash of a record
// is a weighted sum of its fields' hashes, so two rows could swap a field unnoticed (two tables
// their names); hashing it once more prevents that. Columns that vacuum, analyze, TRUNCATE and
// REINDEX change are left out. A view is represented by the version of its rule, a column by that
// of its row, so a name that is changed and changed back is noticed.
inline const pg::Statement kFingerprint{"catalog_fingerprint", R"sql(
  WITH relation AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition, c.relrowsecurity,
           c.relforcerowsecurity, c.relacl, c.relowner
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgsluice'))
  SELECT pg_catalog.md5(pg_catalog.concat_ws(' ',
    (SELECT pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
       relation, 0), 0)) FROM relation),
    (SELECT pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
       ROW(a.attrelid, a.attnum, a.attname,
              a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated, a.attcollation, a.attacl,
              a.xmin::text), 1), 0))
     FROM pg_catalog.pg_attribute a JOIN relation ON relation.oid = a.attrelid
     WHERE a.attnum > 0 AND NOT a.attisdropped),
    (SELECT pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
       ROW(t.oid, t.typname, t.typnamespace,
              t.typtype, t.typbasetype, t.typtypmod), 2), 0))
     FROM pg_catalog.pg_type t WHERE t.typtype IN ('d', 'e', 'r', 'm')),
    (SELECT pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
       ROW(enumtypid, enumsortorder, enumlabel),
              3), 0))
     FROM pg_catalog.pg_enum),
    (SELECT pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
       ROW(i.indexrelid, i.indrelid,
              i.indisunique, i.indisprimary, i.indisvalid, i.indkey::text,
              i.indpred IS NULL), 4), 0))
     FROM pg_catalog.pg_index i JOIN relation ON relation.oid = i.indrelid),
    (SELECT pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
       ROW(k.oid, k.conname, k.conrelid,
              k.confrelid, k.conkey, k.confkey), 5), 0))
     FROM pg_catalog.pg_constraint k WHERE k.contype = 'f'),
    (SELECT pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
       ROW(inhparent, inhrelid,
              inhdetachpending, pg_inherits.xmin::text), 6), 0))
     FROM pg_catalog.pg_inherits),
    (SELECT pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
       ROW(w.ev_class, w.xmin::text), 7), 0))
     FROM pg_catalog.pg_rewrite w JOIN relation ON relation.oid = w.ev_class),
    (SELECT pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
       ROW(k.castsource, k.casttarget), 8), 0))
     FROM pg_catalog.pg_cast k WHERE k.castcontext = 'i' AND k.oid >= 16384))))sql"};

}  // namespace pgsluice::catalog::sql
