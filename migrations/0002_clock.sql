-- The version of a document: the clock of the snapshot at which it was read.

-- The views are replaced with a short timeout, so that no session queues behind this for long.
DO $$ BEGIN PERFORM pg_catalog.set_config('lock_timeout', '3s', true); END $$;

-- Returns the number of transactions that have ended in this snapshot: xmax is one above the
-- highest transaction that has ended, and xip lists those below it that still run. Snapshots of one
-- primary are totally ordered, and every top-level transaction that ends adds at least one. So a
-- later snapshot never has a smaller clock, and equal clocks see the same data (proof in
-- docs/correctness.md). A transaction does not find its own id in xip although it still runs, so it
-- is subtracted. Otherwise a poller, which gets an id through FOR UPDATE, would be one ahead of the
-- others.
CREATE OR REPLACE FUNCTION pgsluice.clock() RETURNS bigint
LANGUAGE sql STABLE PARALLEL RESTRICTED AS $$
  SELECT pg_catalog.pg_snapshot_xmax(s)::pg_catalog.text::bigint
       - (SELECT pg_catalog.count(*) FROM pg_catalog.pg_snapshot_xip(s))
       - CASE WHEN pg_catalog.pg_current_xact_id_if_assigned() < pg_catalog.pg_snapshot_xmax(s)
              THEN 1 ELSE 0 END
  FROM pg_catalog.pg_current_snapshot() AS s
$$;

-- Returns epoch << 48 | clock, for external_gte. Call it in the statement that reads the documents.
CREATE OR REPLACE FUNCTION pgsluice.version() RETURNS bigint
LANGUAGE sql STABLE PARALLEL RESTRICTED AS $$
  SELECT (epoch::bigint << 48) | pgsluice.clock() FROM pgsluice.state
$$;

-- Identifies the server as far as an ordinary role can: system identifier, timeline, start. After a
-- crash, transaction ids that were never written to WAL are assigned again, so a restart counts as
-- another server. Raising the epoch costs nothing.
CREATE OR REPLACE FUNCTION pgsluice.server_identity() RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  identity text := pg_catalog.pg_postmaster_start_time()::text;
BEGIN
  BEGIN
    identity := (SELECT system_identifier FROM pg_catalog.pg_control_system())
      || '/' || (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()) || '/' || identity;
  EXCEPTION WHEN insufficient_privilege THEN
    NULL;
  END;
  RETURN identity;
END
$$;

-- Call it after every start and reconnect with the highest version that the process has issued. If
-- the present version is below that, or the server is another one, it raises the epoch and returns
-- true. It also raises the generation, so that no session writes documents of the new epoch before
-- the watcher of its process has stored the epoch with the indexes.
CREATE OR REPLACE FUNCTION pgsluice.check_epoch(issued bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  known pgsluice.state;
  present text := pgsluice.server_identity();
  highest_known bigint;
  back boolean;
BEGIN
  SELECT * INTO known FROM pgsluice.state FOR UPDATE;
  highest_known := greatest(known.highest, issued);
  back := pgsluice.version() < highest_known;
  IF back OR (known.server IS NOT NULL AND known.server <> present) THEN
    UPDATE pgsluice.state
    SET epoch = greatest(epoch::bigint, highest_known >> 48) + 1, highest = highest_known,
        server = present, generation = generation + 1;
    RETURN true;
  END IF;
  IF known.server IS NULL OR known.highest < highest_known THEN
    UPDATE pgsluice.state SET highest = highest_known, server = present;
  END IF;
  RETURN false;
END
$$;

-- Returns a token for `after`: at or above the events of everything committed before the call. Call
-- it after COMMIT. For applications: GRANT USAGE ON SCHEMA pgsluice and EXECUTE on this function.
CREATE OR REPLACE FUNCTION pgsluice.position() RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT (CASE WHEN is_called THEN last_value ELSE 0 END)::text FROM pgsluice.outbox_id_seq
$$;

-- Counts waiting events (changed keys) per table.
CREATE OR REPLACE FUNCTION pgsluice.lag(OUT table_name text, OUT pending bigint, OUT oldest_age interval)
RETURNS SETOF record
LANGUAGE sql STABLE AS $$
  SELECT pg_catalog.quote_ident(s.schema_name) || '.' || pg_catalog.quote_ident(s.table_name),
         coalesce(pg_catalog.sum(o.size), 0), coalesce(pg_catalog.now() - pg_catalog.min(o.captured_at), '0')
  FROM pgsluice.source s LEFT JOIN pgsluice.outbox o ON o.source = s.id
  GROUP BY s.schema_name, s.table_name
  ORDER BY 1
$$;

-- Reports how far the reading of tables into a physical index is, in rows. Estimates what is left
-- from the rows per block read so far, or before that from the planner's statistics. Estimates the
-- time from the speed of the last minute (tasks that began earlier count with their share).
CREATE OR REPLACE FUNCTION pgsluice.progress(of_physical text, OUT pieces_left bigint,
  OUT done bigint, OUT total bigint, OUT eta_s bigint)
LANGUAGE sql STABLE AS $$
  WITH pieces AS (
    SELECT * FROM pgsluice.backfill WHERE physical = of_physical),
  relations AS (
    SELECT relation, sum(rows) AS rows, sum(next_block - first_block) AS read,
           sum(end_block - next_block) AS rest
    FROM pieces WHERE first_block IS NOT NULL GROUP BY relation),
  amounts AS (
    SELECT coalesce(sum(rows), 0) AS done,
           coalesce(sum(CASE WHEN read > 0 THEN rest * rows / read
                             WHEN relpages > 0 THEN rest * greatest(reltuples, 0) / relpages
                             WHEN relkind = 'v' THEN 0
                             ELSE rest * 50 END), 0)::numeric AS rest
    FROM relations LEFT JOIN pg_catalog.pg_class c ON c.oid = relation),
  minute AS (
    SELECT sum(rows * extract(epoch FROM updated_at - greatest(started_at, since))
               / greatest(extract(epoch FROM updated_at - started_at), 0.001))
           / greatest(extract(epoch FROM pg_catalog.clock_timestamp()
                                         - greatest(min(started_at), min(since))), 0.001) AS speed
    FROM pieces, (SELECT pg_catalog.clock_timestamp() - interval '60 s') AS window_of(since)
    WHERE first_block IS NOT NULL AND started_at IS NOT NULL AND updated_at > since)
  SELECT (SELECT count(*) FROM pieces WHERE state = 'pending'), amounts.done,
         ceil(amounts.done + amounts.rest), ceil(amounts.rest / nullif(speed, 0))
  FROM amounts, minute
$$;

-- One row: what waits in the outbox, and whether any process is there to take it. Reads only the
-- ends of the outbox and statistics, so that it may be queried often.
CREATE OR REPLACE VIEW pgsluice.outbox_status AS
  SELECT (SELECT pg_catalog.now() - o.captured_at FROM pgsluice.outbox o ORDER BY o.id LIMIT 1)
           AS oldest_age,
         (SELECT coalesce(pg_catalog.max(o.id) - pg_catalog.min(o.id) + 1, 0)
          FROM pgsluice.outbox o) AS rows_at_most,
         pg_catalog.pg_table_size('pgsluice.outbox'::regclass) AS bytes,
         (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a
          WHERE a.datname = pg_catalog.current_database()
            AND a.application_name = 'pgsluice listen'
            -- Any role can choose this name.
            AND pg_catalog.has_table_privilege(a.usesysid, 'pgsluice.outbox'::regclass, 'DELETE'))
           AS pollers;

CREATE OR REPLACE VIEW pgsluice.status AS
  SELECT i.index_name, i.physical, i.state, i.reason, i.updated_at,
         (SELECT count(*) FROM pgsluice.dead_letter d WHERE d.index_name = i.index_name)
           AS dead_letters,
         (SELECT count(*) FROM pgsluice.backfill b
          WHERE b.physical = i.physical AND b.state = 'pending') AS backfill_pieces_left,
         o.oldest_age AS oldest_event_age, o.pollers
  FROM pgsluice.index_state i, pgsluice.outbox_status o;

REVOKE ALL ON FUNCTION pgsluice.clock(), pgsluice.version(), pgsluice.server_identity(),
  pgsluice.check_epoch(bigint), pgsluice.position(), pgsluice.lag(), pgsluice.progress(text)
  FROM PUBLIC;

INSERT INTO pgsluice.migrations (number, name) VALUES (2, '0002_clock') ON CONFLICT DO NOTHING;
