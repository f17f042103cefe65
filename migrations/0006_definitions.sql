-- Records which definition of each index is in force, which processes run which definitions, and
-- which indexes still need an event.
--
-- A definition is in force while index_state.config_hash is not empty. While it is, an event that
-- concerns it is deleted only after a process that runs this definition has applied it. An empty
-- config_hash means that changes may have been missed: the index is filled again and its ids are
-- walked before the hash is set. Every change of the set of definitions in force raises
-- state.generation in the same transaction, so that pollers that know an older set claim nothing.

DO $$
BEGIN
  -- Indexes that still need the event; NULL: all.
  PERFORM pgsluice.add_column('pgsluice.outbox', 'waiting_for', 'text[]');
  -- Since when no process has run the definition in force.
  PERFORM pgsluice.add_column('pgsluice.index_state', 'unattended_since', 'timestamptz');
  -- The result of trigger_states() when the table was attached.
  PERFORM pgsluice.add_column('pgsluice.source', 'members', $d$jsonb NOT NULL DEFAULT '{}'$d$);
END $$;

-- The processes that write documents. Each holds the advisory lock (1886612590, id) as long as its
-- session lives, and removes its row when it stops.
CREATE TABLE IF NOT EXISTS pgsluice.process (
  id         int GENERATED ALWAYS AS IDENTITY (CYCLE) PRIMARY KEY,
  started_at timestamptz NOT NULL DEFAULT now(),
  lost_at    timestamptz  -- when its session was first found to have ended without leaving
);

-- The definition of each index in a process's configuration.
CREATE TABLE IF NOT EXISTS pgsluice.definition (
  process    int NOT NULL REFERENCES pgsluice.process ON DELETE CASCADE,
  index_name text NOT NULL,
  hash       text NOT NULL,  -- like index_state.config_hash; empty: it does not fit the tables now
  PRIMARY KEY (process, index_name)
);

-- Which columns of their tables definitions need: those that processes run, and those in force.
CREATE TABLE IF NOT EXISTS pgsluice.need (
  process    int REFERENCES pgsluice.process ON DELETE CASCADE,  -- NULL: the definition in force
  index_name text NOT NULL,
  relation   oid NOT NULL,
  captured   text[] NOT NULL,  -- as in pgsluice.source
  watched    text[]
);
DO $$
BEGIN
  PERFORM pgsluice.add_index('need_relation', 'pgsluice.need (relation)');
  PERFORM pgsluice.add_index('need_process', 'pgsluice.need (process)');
END $$;

-- Shows others that a transaction is running that writes documents of generation `known`, until the
-- transaction ends. Does not wait: a role that may only connect can hold one lock exclusively, but not
-- one of each of these classes.
CREATE OR REPLACE FUNCTION pgsluice.enter_generation(known int) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  class int := 1886612589;
BEGIN
  FOR attempt IN 1 .. 1000 LOOP
    IF pg_try_advisory_xact_lock_shared(class, known) THEN
      RETURN;
    END IF;
    class := 1886620000 + floor(random() * 100000)::int;
  END LOOP;
  RAISE EXCEPTION 'other sessions hold the advisory locks of generation %', known
    USING ERRCODE = 'lock_not_available',
          HINT = 'pg_locks shows who holds locks of class 1886612589; end them with pg_terminate_backend()';
END
$$;

-- Claims rows of the outbox, oldest first, until the transaction ends: at most `row_limit` rows.
-- Stops after the row that makes the keys `byte_limit` bytes long, so that a batch fits into
-- memory. Uses a cursor, because FOR UPDATE does not allow a running sum; the cursor locks only the
-- rows that it returns. `known` is the pgsluice.state.generation that the caller knows. If the
-- present one differs, the function returns one row of NULLs, and the caller has to check the
-- indexes again. The advisory lock shows others that a transaction of that generation is running.
-- Leaves alone events of the sources in `leave`, and events that wait only for indexes in `others`;
-- `mine` are the indexes that the caller writes.
DROP FUNCTION IF EXISTS pgsluice.claim(bigint, int, int, int, int[]);
CREATE OR REPLACE FUNCTION pgsluice.claim(
  low bigint, row_limit int, byte_limit int, known int, leave int[], mine text[], others text[])
RETURNS SETOF pgsluice.outbox
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET enable_sort = off AS $$
DECLARE
  waiting CURSOR FOR
    SELECT * FROM pgsluice.outbox o
    WHERE o.id >= low AND o.source <> ALL (leave)
      AND (o.waiting_for IS NULL OR o.waiting_for && mine OR NOT o.waiting_for && others)
    ORDER BY o.id LIMIT row_limit FOR UPDATE SKIP LOCKED;
  one pgsluice.outbox;
  bytes bigint := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock_shared(1886612589, known) THEN
    PERFORM pgsluice.enter_generation(known);
  END IF;
  -- A separate statement, so that its snapshot is later than the lock.
  IF known IS DISTINCT FROM (SELECT s.generation FROM pgsluice.state s) THEN
    RETURN NEXT one;
    RETURN;
  END IF;
  OPEN waiting;
  LOOP
    FETCH waiting INTO one;
    EXIT WHEN NOT FOUND;
    RETURN NEXT one;
    bytes := bytes + coalesce(octet_length(one.keys::text), 0);
    EXIT WHEN bytes >= byte_limit;
  END LOOP;
  CLOSE waiting;
END
$$;

-- Returns whether a session's role may delete events, because any role that may connect can take an
-- advisory lock. Returns false for NULL: a lock without a session belongs to a prepared transaction,
-- and pgsluice prepares none.
CREATE OR REPLACE FUNCTION pgsluice.is_ours(of_pid int) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce((SELECT has_table_privilege(a.usesysid, 'pgsluice.outbox', 'DELETE')
                   FROM pg_stat_activity a WHERE a.pid = of_pid), of_pid IS NOT NULL)
$$;
REVOKE ALL ON FUNCTION pgsluice.is_ours(int) FROM PUBLIC;

-- Returns whether the session of some process has ended although its row exists, or no process runs
-- some definition in force. If so, attend() has work to do, now or soon.
CREATE OR REPLACE FUNCTION pgsluice.needs_attention() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (SELECT count(*) FROM pgsluice.process)
         <> (SELECT count(*) FROM pg_locks
             WHERE locktype = 'advisory' AND classid = 1886612590 AND objsubid = 2 AND granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND pgsluice.is_ours(pid))
    OR EXISTS (SELECT FROM pgsluice.process WHERE lost_at IS NOT NULL)
    OR EXISTS (SELECT FROM pgsluice.index_state i
               WHERE i.config_hash <> ''
                 AND (i.unattended_since IS NOT NULL
                      OR NOT EXISTS (SELECT FROM pgsluice.definition d
                                     WHERE d.index_name = i.index_name AND d.hash = i.config_hash)))
$$;

-- Records that these indexes may have missed changes, or will from now on. Events stop waiting for
-- them. A process that has such an index in its configuration fills it again.
CREATE OR REPLACE FUNCTION pgsluice.mark_gap(of_indexes text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgsluice.index_state SET config_hash = '', unattended_since = NULL, updated_at = now()
  WHERE index_name = ANY (of_indexes) AND config_hash <> '';
  IF FOUND THEN
    DELETE FROM pgsluice.need WHERE process IS NULL AND index_name = ANY (of_indexes);
    UPDATE pgsluice.state SET generation = generation + 1;
  END IF;
END
$$;

-- Removes processes whose sessions ended more than `grace` ago, and marks definitions in force that
-- no process has run for `patience` as not maintained.
CREATE OR REPLACE FUNCTION pgsluice.attend(grace interval DEFAULT '10 s',
                                           patience interval DEFAULT '60 s') RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  left_alone text[];
BEGIN
  UPDATE pgsluice.process p SET lost_at = clock_timestamp()
  WHERE lost_at IS NULL
    AND NOT EXISTS (SELECT FROM pg_locks l
                    WHERE l.locktype = 'advisory' AND l.classid = 1886612590 AND l.objsubid = 2
                      AND l.objid = p.id::oid AND l.granted
                      AND l.database = (SELECT oid FROM pg_database
                                        WHERE datname = current_database())
                      AND pgsluice.is_ours(l.pid));
  DELETE FROM pgsluice.process WHERE lost_at <= clock_timestamp() - grace;
  UPDATE pgsluice.index_state i
  SET unattended_since = CASE WHEN attended THEN NULL ELSE clock_timestamp() END
  FROM (SELECT index_name, EXISTS (SELECT FROM pgsluice.definition d
                                   WHERE d.index_name = s.index_name
                                     AND d.hash = s.config_hash) AS attended
        FROM pgsluice.index_state s WHERE s.config_hash <> '') AS found
  WHERE i.index_name = found.index_name AND attended = (i.unattended_since IS NOT NULL);
  DELETE FROM pgsluice.need n
  WHERE process IS NULL AND NOT EXISTS (SELECT FROM pgsluice.index_state i
                                        WHERE i.index_name = n.index_name AND i.config_hash <> '');
  left_alone := ARRAY(SELECT index_name FROM pgsluice.index_state
                      WHERE config_hash <> ''
                        AND unattended_since <= clock_timestamp() - patience);
  IF left_alone <> '{}' THEN
    PERFORM pgsluice.mark_gap(left_alone);
    DELETE FROM pgsluice.backfill WHERE index_name = ANY (left_alone);
    UPDATE pgsluice.index_state i SET state = 'not_configured', walk_again = NULL
    WHERE index_name = ANY (left_alone)
      AND NOT EXISTS (SELECT FROM pgsluice.definition d WHERE d.index_name = i.index_name);
  END IF;
END
$$;

-- Returns whether every member of the table has its triggers, and they are enabled.
CREATE OR REPLACE FUNCTION pgsluice.is_attached(source_id int) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pgsluice.source WHERE id = source_id AND is_current)
    AND NOT EXISTS (
      SELECT FROM pgsluice.source s, pgsluice.members_of(s.relation) AS m,
                  unnest(ARRAY['insert', 'update', 'delete', 'truncate']) AS event
      WHERE s.id = source_id
        AND NOT EXISTS (SELECT FROM pg_trigger t
                        WHERE t.tgrelid = m AND t.tgenabled IN ('O', 'A')
                          AND t.tgname = format('pgsluice_%s_%s', s.id, event)))
$$;

-- Removes sources of dropped tables when no event names them any longer.
CREATE OR REPLACE FUNCTION pgsluice.forget_dropped() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
  dropped int;
BEGIN
  FOR dropped IN
    DELETE FROM pgsluice.source s
    WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = s.relation)
      AND NOT EXISTS (SELECT FROM pgsluice.outbox o WHERE o.source = s.id)
    RETURNING s.id
  LOOP
    BEGIN
      EXECUTE pgsluice.drop_functions_sql(dropped);
    EXCEPTION WHEN insufficient_privilege THEN
      NULL;  -- functions of another role, which are never called
    END;
  END LOOP;
END
$$;

REVOKE ALL ON FUNCTION pgsluice.enter_generation(int), pgsluice.is_attached(int), pgsluice.forget_dropped(), pgsluice.claim(bigint, int, int, int, int[], text[], text[]),
  pgsluice.needs_attention(), pgsluice.mark_gap(text[]), pgsluice.attend(interval, interval)
  FROM PUBLIC;

INSERT INTO pgsluice.migrations (number, name) VALUES (6, '0006_definitions') ON CONFLICT DO NOTHING;
