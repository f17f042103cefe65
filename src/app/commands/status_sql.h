#pragma once

namespace pgsluice::app {

/// Returns whether a process follows the database: `pollers > 0` of view pgsluice.outbox_status.
/// Our sessions refuse to read views that are not the server's
/// (`restrict_nonsystem_relation_kind`). Any role can choose the name, so only roles that can
/// acknowledge events count.
inline constexpr const char* kIsPolledSql = R"sql(
SELECT pg_catalog.count(*) > 0 FROM pg_catalog.pg_stat_activity a
WHERE a.datname = pg_catalog.current_database() AND a.application_name = 'pgsluice listen'
  AND pg_catalog.has_table_privilege(a.usesysid, 'pgsluice.outbox'::regclass, 'DELETE'))sql";

/// Returns the status as JSON text. $1 = version of this program; $2 = phase, or NULL for the
/// status of another process; $3 = JSON object, by configured index, of what the caller knows
/// better than the database: {"documents","unsearchable","state","reason","remedy"}, all optional;
/// $4 = why it is degraded, "engine: …", or empty; $5 = name and version of the engine, or empty;
/// $6 = whether $3 has every configured index, so that all others are not configured; NULL: no.
inline constexpr const char* kStatusSql = R"sql(
SELECT json_build_object(
  'database', json_build_object('name', pg_catalog.current_database(), 'identity', (
    -- The same as kIdentitySql.
    SELECT pg_catalog.md5(pg_catalog.concat_ws('/', oid,
                                    extract(epoch FROM pg_catalog.pg_postmaster_start_time())))
    FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())),
  'phase', coalesce($2::text, CASE WHEN (
                -- The same as kIsPolledSql.
                SELECT pg_catalog.count(*) > 0 FROM pg_catalog.pg_stat_activity a
                WHERE a.datname = pg_catalog.current_database()
                  AND a.application_name = 'pgsluice listen'
                  AND pg_catalog.has_table_privilege(a.usesysid, 'pgsluice.outbox'::regclass, 'DELETE'))
                THEN 'running elsewhere' ELSE 'stopped' END),
  'reason', $4::text,
  'lag_ms', (SELECT coalesce(round(extract(epoch FROM clock_timestamp() - min(captured_at)) * 1000), 0)
             FROM pgsluice.outbox),
  'pending', (SELECT coalesce(sum(size), 0) FROM pgsluice.outbox),
  'dead_letters', (SELECT count(*) FROM pgsluice.dead_letter),
  'indexes', (
    SELECT coalesce(json_object_agg(n.name, json_build_object(
      'state', s.state,
      'reason', coalesce(k.known ->> 'reason', t.reason, nullif(i.refused, ''),
                         regexp_replace(i.reason, '; run ''pgsluice reindex [^;]*$', ''), ''),
      'remedy', coalesce(k.known ->> 'remedy', t.remedy, CASE s.state
        WHEN 'reindex_needed' THEN format('pgsluice reindex %s (searches continue meanwhile)', n.name)
        WHEN 'not_configured' THEN 'pgsluice prune (--dry-run lists what it would remove)' END),
      'building', i.building,
      'documents', k.known -> 'documents',
      'unsearchable', k.known -> 'unsearchable',
      'pending', (SELECT coalesce(sum(o.size), 0) FROM pgsluice.outbox o
                  WHERE o.source = i.root_source
                     OR o.source IN (SELECT r.id FROM pgsluice.member m
                                     JOIN pgsluice.source r ON r.relation::oid = m.relation
                                     WHERE m.index_name = n.name)),
      'dead_letters', (SELECT count(*) FROM pgsluice.dead_letter d WHERE d.index_name = n.name),
      'backfill', (SELECT json_build_object('done', done, 'total', total, 'eta_s', eta_s,
                     'idle_s', (SELECT round(extract(epoch FROM clock_timestamp() - max(b.updated_at)))
                                FROM pgsluice.backfill b
                                WHERE b.physical = coalesce(i.building, i.physical)))
                   FROM pgsluice.progress(coalesce(i.building, i.physical))
                   WHERE pieces_left > 0),
      'verified', (SELECT json_build_object(
                     'complete_at', to_char(p.complete_at AT TIME ZONE 'UTC',
                                            'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                     'compared', p.complete_compared, 'differences', p.complete_differences,
                     'repaired', p.complete_repaired)
                   FROM pgsluice.pass p
                   WHERE p.index_name = n.name AND p.complete_at IS NOT NULL))
      ORDER BY n.name), '{}')
    FROM (SELECT index_name FROM pgsluice.index_state
          UNION SELECT index_name FROM pgsluice.index_trouble
          UNION SELECT json_object_keys($3::json)) AS n (name)
    LEFT JOIN pgsluice.index_state i ON i.index_name = n.name
    CROSS JOIN LATERAL (SELECT $3::jsonb -> n.name) AS k (known)
    LEFT JOIN pgsluice.index_trouble t
      ON t.index_name = n.name AND ($2::text IS NULL OR k.known IS NULL)
    CROSS JOIN LATERAL (SELECT CASE
      WHEN $6::boolean AND k.known IS NULL
        AND NOT EXISTS (SELECT FROM pgsluice.definition d WHERE d.index_name = n.name)
        THEN 'not_configured'
      ELSE coalesce(k.known ->> 'state', t.state, i.state, 'backfilling') END) AS s (state)),
  'tables', (
    SELECT coalesce(json_object_agg(format('%I.%I', n.nspname, c.relname),
                                    json_build_object('attached', pgsluice.is_attached(s.id),
                                                      'mode', s.mode)), '{}')
    FROM pgsluice.source s JOIN pg_catalog.pg_class c ON c.oid = s.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE s.is_current),
  'versions', json_strip_nulls(json_build_object(
    'pgsluice', $1::text, 'postgresql', pg_catalog.current_setting('server_version'),
    'engine', nullif($5::text, ''))))::text
)sql";

/// Differs between databases, even if they have the same name: `database.identity` of the status.
inline constexpr const char* kIdentitySql = R"sql(
  SELECT pg_catalog.md5(pg_catalog.concat_ws('/', oid,
                                  extract(epoch FROM pg_catalog.pg_postmaster_start_time())))
  FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())sql";

}  // namespace pgsluice::app
