#pragma once

#include "pgsluice/pg/session.h"

// The statements on the outbox and the tables around it.
namespace pgsluice::outbox::sql {

// Claims with SKIP LOCKED in a plain SELECT and acknowledges by id, because `DELETE … WHERE id IN
// (SELECT … LIMIT … SKIP LOCKED)` can delete more rows than it claims.
inline const pg::Statement kClaim{"outbox_claim", R"sql(
  SELECT id, source, keys::text, (extract(epoch FROM captured_at) * 1000000)::bigint,
         pg_catalog.to_json(waiting_for)::text
  FROM pgsluice.claim($1::bigint, $2::int, $3::int, $4::int, $5::int[], $6::text[],
                      $7::text[]))sql"};

inline const pg::Statement kGeneration{"generation", "SELECT generation FROM pgsluice.state"};

inline const pg::Statement kAck{"outbox_ack",
                                "DELETE FROM pgsluice.outbox WHERE id = ANY ($1::bigint[])"};

inline const pg::Statement kKeepFor{"outbox_keep_for", R"sql(
  UPDATE pgsluice.outbox SET waiting_for = $2::text[] WHERE id = ANY ($1::bigint[]))sql"};

// A transaction needs its transaction id before its event gets an id (see Floor). A trigger's
// writer has one, because its row is already written; our own statements ask for one.
inline const pg::Statement kEnqueue{"outbox_enqueue", R"sql(
  INSERT INTO pgsluice.outbox (source, size, keys)
  SELECT $1::int, $2::int, $3::json WHERE pg_catalog.pg_current_xact_id() IS NOT NULL)sql"};

inline const pg::Statement kHasVisible{"outbox_has_visible", R"sql(
  SELECT EXISTS (SELECT FROM pgsluice.outbox o
                 WHERE id >= $1::bigint AND source <> ALL ($2::int[])
                   AND (waiting_for IS NULL OR waiting_for && $3::text[]
                        OR NOT waiting_for && $4::text[])))sql"};

inline const pg::Statement kLag{"outbox_lag", R"sql(
  SELECT coalesce(sum(size), 0), coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - min(captured_at)), 0)
  FROM (SELECT size, captured_at FROM pgsluice.outbox WHERE id >= $1::bigint
        ORDER BY id LIMIT 1000000) AS waiting)sql"};

// The sleeper lock: see migrations/README.md.
inline const pg::Statement kTrySleep{"sleeper_try",
                                     "SELECT pg_catalog.pg_try_advisory_lock(1886612588, 1)"};
inline const pg::Statement kAwake{"sleeper_awake",
                                  "SELECT pg_catalog.pg_advisory_unlock(1886612588, 1)"};

// A new sequence has last_value 1 and is_called false.
inline const pg::Statement kFloorSample{"floor_sample", R"sql(
  SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END
  FROM pgsluice.outbox_id_seq)sql"};
inline const pg::Statement kFloorXid{"floor_xid", "SELECT pg_catalog.pg_current_xact_id()::text"};
inline const pg::Statement kFloorMove{"floor_move", R"sql(
  SELECT coalesce((SELECT id FROM pgsluice.outbox
                   WHERE id >= $1::bigint AND id <= $2::bigint AND source <> ALL ($4::int[])
                     AND (waiting_for IS NULL OR waiting_for && $5::text[]
                          OR NOT waiting_for && $6::text[])
                   ORDER BY id LIMIT 1),
                  $2::bigint + 1)
  WHERE pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()) >= $3::xid8)sql"};
inline const pg::Statement kFloorSweep{"floor_sweep", R"sql(
  SELECT id FROM pgsluice.outbox
  WHERE id < $1::bigint AND source <> ALL ($2::int[])
    AND (waiting_for IS NULL OR waiting_for && $3::text[] OR NOT waiting_for && $4::text[])
  ORDER BY id LIMIT 1)sql"};

inline const pg::Statement kRecordDead{"dead_record", R"sql(
  INSERT INTO pgsluice.dead_letter
    (index_name, document_id, key, error, status, attempts, first_at, last_at, source)
  VALUES ($1, $2, $3::jsonb, $4, $5::int, 1, pg_catalog.now(), pg_catalog.now(), $6::int)
  ON CONFLICT (index_name, document_id) DO UPDATE
  SET key = excluded.key, source = excluded.source, error = excluded.error, status = excluded.status,
      attempts = dead_letter.attempts + 1, last_at = excluded.last_at)sql"};
inline const pg::Statement kCountDead{
    "dead_count", "SELECT index_name, count(*) FROM pgsluice.dead_letter GROUP BY index_name"};
inline const pg::Statement kHasDead{
    "dead_has", "SELECT EXISTS (SELECT FROM pgsluice.dead_letter WHERE index_name = $1)"};
inline const pg::Statement kDropDead{"dead_drop", R"sql(
  DELETE FROM pgsluice.dead_letter WHERE index_name = $1
    AND document_id = ANY ($2::text[]))sql"};
inline const pg::Statement kListDead{"dead_list", R"sql(
  SELECT id, index_name, document_id, key::text, error, status, attempts,
         pg_catalog.to_char(first_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         pg_catalog.to_char(last_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  FROM pgsluice.dead_letter ORDER BY id)sql"};
// The event gets the index's source for document keys: see RootSource().
inline const pg::Statement kRetryDead{"dead_retry", R"sql(
  INSERT INTO pgsluice.outbox (source, keys)
  SELECT coalesce(d.source, i.root_source), pg_catalog.json_build_array(d.key)
  FROM pgsluice.dead_letter d JOIN pgsluice.index_state i USING (index_name)
  WHERE pg_catalog.pg_current_xact_id() IS NOT NULL
    AND ($1::bigint[] = '{}' OR d.id = ANY ($1::bigint[])))sql"};
inline const pg::Statement kRetryDeadOf{"dead_retry_of", R"sql(
  INSERT INTO pgsluice.outbox (source, keys)
  SELECT coalesce(d.source, i.root_source), pg_catalog.json_build_array(d.key)
  FROM pgsluice.dead_letter d JOIN pgsluice.index_state i USING (index_name)
  WHERE pg_catalog.pg_current_xact_id() IS NOT NULL AND d.index_name = $1)sql"};
inline const pg::Statement kDiscardDead{
    "dead_discard", "DELETE FROM pgsluice.dead_letter WHERE id = ANY ($1::bigint[])"};

}  // namespace pgsluice::outbox::sql
