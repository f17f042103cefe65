-- The version of a write: the clock of the snapshot its document was read at.

-- Number of transactions completed in this snapshot: xmax counts all that began to complete, xip are
-- those still running. Snapshots of one primary are totally ordered and every completed top-level
-- transaction adds one, so a later snapshot never has a smaller clock and equal clocks see the same
-- data. A transaction does not find its own id in xip although it has not completed: take it off,
-- or a poller (which has an id, through FOR UPDATE) would be one ahead of the others.
CREATE OR REPLACE FUNCTION pgsluice.clock() RETURNS bigint
LANGUAGE sql STABLE PARALLEL RESTRICTED AS $$
  SELECT pg_catalog.pg_snapshot_xmax(s)::pg_catalog.text::bigint
       - (SELECT pg_catalog.count(*) FROM pg_catalog.pg_snapshot_xip(s))
       - CASE WHEN pg_catalog.pg_current_xact_id_if_assigned() < pg_catalog.pg_snapshot_xmax(s)
              THEN 1 ELSE 0 END
  FROM pg_catalog.pg_current_snapshot() AS s
$$;

-- epoch << 48 | clock, for external_gte. Call it in the statement that reads the documents.
CREATE OR REPLACE FUNCTION pgsluice.version() RETURNS bigint
LANGUAGE sql STABLE PARALLEL RESTRICTED AS $$
  SELECT (epoch::bigint << 48) | pgsluice.clock() FROM pgsluice.state
$$;

-- Which server this is, as far as an ordinary role can tell: system identifier, timeline, start.
-- After a crash ids that were never written to WAL are given again, so a restart counts as another
-- server; raising the epoch costs nothing.
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

-- To be called at every start and reconnect with the highest version the process has issued.
-- Raises the epoch, and answers true, when the present version is below what was issued or when the
-- server is another one than before.
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
        server = present;
    RETURN true;
  END IF;
  IF known.server IS NULL OR known.highest < highest_known THEN
    UPDATE pgsluice.state SET highest = highest_known, server = present;
  END IF;
  RETURN false;
END
$$;

-- A token for `after`: at or above the events of everything committed before the call. Take it
-- after COMMIT. For applications: GRANT USAGE ON SCHEMA pgsluice and EXECUTE on this function.
CREATE OR REPLACE FUNCTION pgsluice.position() RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT (CASE WHEN is_called THEN last_value ELSE 0 END)::text FROM pgsluice.outbox_id_seq
$$;

-- Events (changed keys) that wait, by table.
CREATE OR REPLACE FUNCTION pgsluice.lag(OUT table_name text, OUT pending bigint, OUT oldest_age interval)
RETURNS SETOF record
LANGUAGE sql STABLE AS $$
  SELECT pg_catalog.quote_ident(s.schema_name) || '.' || pg_catalog.quote_ident(s.table_name),
         coalesce(pg_catalog.sum(o.size), 0), coalesce(pg_catalog.now() - pg_catalog.min(o.captured_at), '0')
  FROM pgsluice.source s LEFT JOIN pgsluice.outbox o ON o.source = s.id
  GROUP BY s.schema_name, s.table_name
  ORDER BY 1
$$;

CREATE OR REPLACE VIEW pgsluice.status AS
  SELECT i.index_name, i.physical, i.state, i.reason, i.updated_at,
         (SELECT count(*) FROM pgsluice.dead_letter d WHERE d.index_name = i.index_name)
           AS dead_letters,
         (SELECT count(*) FROM pgsluice.backfill b
          WHERE b.physical = i.physical AND b.state = 'pending') AS backfill_pieces_left
  FROM pgsluice.index_state i;

REVOKE ALL ON FUNCTION pgsluice.clock(), pgsluice.version(), pgsluice.server_identity(),
  pgsluice.check_epoch(bigint), pgsluice.position(), pgsluice.lag() FROM PUBLIC;

INSERT INTO pgsluice.migrations (number, name) VALUES (2, '0002_clock') ON CONFLICT DO NOTHING;
