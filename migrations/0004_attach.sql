-- pgsluice.attach() and detach() put capture on a table and remove it without trace.

-- Returns the SQL that attach() runs, for teams that change tables with their own tool. Empty if
-- the table is already attached that way. `source_id` NULL: takes a new number.
CREATE OR REPLACE FUNCTION pgsluice.attach_sql(
  relation regclass, columns text[] DEFAULT NULL, captured text[] DEFAULT NULL,
  mode text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kind "char" := (SELECT relkind FROM pg_class WHERE oid = relation);
  identity text[] := pgsluice.identity_of(relation);
  all_captured text[];
  known pgsluice.source;
  source_id int;
  keep boolean;  -- keep the source and its triggers, so that no lock on the table is needed
  functions text := '';
  fingerprint text;
  sql text := '';
  member regclass;
  event text;
  events text[] := ARRAY['insert', 'update', 'delete', 'truncate'];
  enabled "char";
  present jsonb;
BEGIN
  IF kind NOT IN ('r', 'p') THEN
    RAISE EXCEPTION '% cannot be attached', relation
      USING HINT = 'Only tables and partitioned tables have triggers; give a view its "sources".';
  END IF;
  IF identity = '{}' THEN
    RAISE EXCEPTION '% cannot be attached: it has no columns', relation;
  END IF;
  SELECT * INTO known FROM pgsluice.source s WHERE s.relation = attach_sql.relation AND s.is_current;
  -- Other indexes made from this table, including those of other processes, need their columns as
  -- well.
  captured := captured || ARRAY(
    SELECT c FROM pgsluice.need n, unnest(n.captured) AS c
    WHERE n.relation = attach_sql.relation AND pgsluice.has_column(n.relation, c)
    GROUP BY c ORDER BY c);
  IF EXISTS (SELECT FROM pgsluice.need n
             WHERE n.relation = attach_sql.relation AND n.watched IS NULL) THEN
    columns := NULL;
  ELSIF columns IS NOT NULL THEN
    columns := columns || ARRAY(
      SELECT c FROM pgsluice.need n, unnest(n.watched) AS c
      WHERE n.relation = attach_sql.relation AND c <> ALL (columns)
        AND pgsluice.has_column(n.relation, c)
      GROUP BY c ORDER BY c);
  END IF;
  all_captured := identity || ARRAY(
    SELECT c FROM unnest(captured) WITH ORDINALITY AS u(c, ord)
    WHERE c <> ALL (identity) GROUP BY c ORDER BY min(ord));
  -- The order of the columns after the identity does not matter.
  IF known.captured @> all_captured AND known.captured <@ all_captured THEN
    all_captured := known.captured;
  END IF;
  IF known.watched @> columns AND known.watched <@ columns THEN
    columns := known.watched;
  END IF;
  -- A statement on a parent also writes into this table, but fires only its row triggers.
  IF EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = relation) THEN
    IF mode = 'statement' THEN
      RAISE EXCEPTION '% inherits from a table or is a partition: changes that are made through the '
        'parent would be missed', relation
        USING HINT = 'Leave mode out, or use ''row''.';
    END IF;
    mode := 'row';
  END IF;
  mode := coalesce(mode, known.mode, 'statement');
  IF mode NOT IN ('statement', 'row') THEN
    RAISE EXCEPTION 'mode is "%"', mode USING HINT = 'Use ''statement'' or ''row''.';
  END IF;
  -- A role that may not change the attachment accepts one that captures more than needed.
  IF known.identity = identity AND known.captured @> all_captured
     AND (known.watched IS NULL OR known.watched @> columns)
     AND NOT pg_has_role(current_user, (
       SELECT proowner FROM pg_proc
       WHERE oid = to_regprocedure(format('pgsluice.capture_%s_insert()', known.id))), 'USAGE') THEN
    all_captured := known.captured;
    columns := known.watched;
  END IF;
  keep := known.id IS NOT NULL AND known.identity = identity AND known.captured = all_captured
    AND known.mode = attach_sql.mode;
  source_id := CASE WHEN keep THEN known.id ELSE nextval('pgsluice.source_id_seq') END;
  FOREACH event IN ARRAY events LOOP
    functions := functions
      || pgsluice.function_sql(source_id, relation, all_captured, columns, mode, event);
  END LOOP;
  -- Also differs if a column changed its type, or if a newer pgsluice generates better functions.
  fingerprint := md5(functions);
  IF NOT keep THEN
    IF known.id IS NOT NULL THEN
      sql := sql || format(E'UPDATE pgsluice.source SET is_current = false WHERE id = %s;\n', known.id);
    END IF;
    sql := sql || format(
      E'INSERT INTO pgsluice.source (id, relation, schema_name, table_name, identity, captured, '
      || E'watched, mode, functions)\nSELECT %s, c.oid, n.nspname, c.relname, %L, %L, %L, %L, %L '
      || E'FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace '
      || E'WHERE c.oid = %L::pg_catalog.regclass;\n',
      source_id, identity, all_captured, columns, mode, fingerprint, relation) || functions;
  ELSIF known.functions <> fingerprint OR known.watched IS DISTINCT FROM columns
        OR EXISTS (SELECT FROM unnest(events) AS e
                   WHERE to_regprocedure(format('pgsluice.capture_%s_%s()', source_id, e)) IS NULL)
  THEN
    sql := sql || format(
      E'UPDATE pgsluice.source SET watched = %L, functions = %L WHERE id = %s;\n',
      columns, fingerprint, source_id) || functions;
  END IF;
  FOR member IN SELECT pgsluice.members_of(relation) LOOP
    FOREACH event IN ARRAY events LOOP
      enabled := (SELECT tgenabled FROM pg_trigger t
                  WHERE t.tgrelid = member AND t.tgname = format('pgsluice_%s_%s', source_id, event));
      CONTINUE WHEN enabled = 'A' OR enabled = 'O' AND mode <> 'row';
      -- PostgreSQL clones a row trigger of a partitioned table to its partitions.
      CONTINUE WHEN enabled IS NULL AND mode = 'row' AND event <> 'truncate' AND member <> relation
                    AND kind = 'p';
      sql := sql || CASE WHEN enabled IS NULL
        THEN pgsluice.trigger_sql(source_id, member, mode, event)
        ELSE format(E'ALTER TABLE %s ENABLE %sTRIGGER pgsluice_%s_%s;\n', member,
                    CASE mode WHEN 'row' THEN 'ALWAYS ' ELSE '' END,
                    source_id, event) END;
    END LOOP;
  END LOOP;
  IF NOT keep AND known.id IS NOT NULL THEN
    sql := sql || pgsluice.drop_functions_sql(known.id);
  END IF;
  -- Triggers that were missing, disabled or replaced did not capture everything.
  present := pgsluice.trigger_states(relation, known.id);
  -- Neither did statement triggers since the table became a partition or a child.
  IF known.id IS NULL OR known.mode = 'statement' AND mode = 'row'
     OR EXISTS (SELECT FROM jsonb_each(present) AS p(member, state)
                                 WHERE known.members ? p.member
                                   AND known.members -> p.member IS DISTINCT FROM p.state) THEN
    sql := sql || pgsluice.gap_sql(relation);
  END IF;
  IF sql <> '' OR NOT known.members @> present THEN
    sql := sql || format(E'UPDATE pgsluice.source SET members = pgsluice.trigger_states(relation, id) '
                         || E'WHERE id = %s;\n', source_id);
  END IF;
  RETURN sql;
END
$$;

-- Returns the triggers of source `source_id` on each member of a table and the columns that they
-- read, by oid of the member. Differs after any change of a trigger or of such a column, even if it
-- was undone: rows that were written while a column had another name have events with wrong keys,
-- or none.
CREATE OR REPLACE FUNCTION pgsluice.trigger_states(relation regclass, source_id int) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(m::oid::text, coalesce(
    (SELECT string_agg(concat(t.tgenabled, t.xmin), ' ' ORDER BY t.tgname) FROM pg_trigger t
     WHERE t.tgrelid = m AND t.tgname = ANY (ARRAY(
       SELECT format('pgsluice_%s_%s', source_id, e)::name
       FROM unnest(ARRAY['insert', 'update', 'delete', 'truncate']) AS e))), '')
    || ' ' || coalesce(
    (SELECT string_agg(a.xmin::text, ' ' ORDER BY a.attnum) FROM pg_attribute a, pgsluice.source s
     WHERE a.attrelid = m AND s.id = source_id AND a.attname = ANY (s.captured || s.watched)), '')), '{}')
  FROM pgsluice.members_of(relation) AS m
$$;

-- Returns SQL that records that the indexes made from the table may have missed changes.
CREATE OR REPLACE FUNCTION pgsluice.gap_sql(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format(E'SELECT pgsluice.mark_gap(ARRAY(\n  SELECT index_name FROM pgsluice.need '
                || E'WHERE process IS NULL AND relation = %L::pg_catalog.regclass));\n', relation)
$$;

CREATE OR REPLACE FUNCTION pgsluice.has_column(relation oid, column_name text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pg_attribute
                 WHERE attrelid = relation AND attname = column_name AND attnum > 0
                   AND NOT attisdropped)
$$;

-- Dropping the functions also drops the triggers, whatever table they are on.
CREATE OR REPLACE FUNCTION pgsluice.drop_functions_sql(source_id int) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(format(E'DROP FUNCTION IF EXISTS pgsluice.capture_%s_%s() CASCADE;\n',
                           source_id, event), '')
  FROM unnest(ARRAY['insert', 'update', 'delete', 'truncate']) AS event
$$;

-- Attaches a table, its partitions and its children. Call it again after partitions were added.
--   columns   changes of other columns do not create events; NULL: all columns matter
--   captured  columns that follow the identity in the event key (used by joins)
--   mode      'row': FOR EACH ROW, ENABLE ALWAYS, for tables written by logical replication, and
--             always for a partition or an inheritance child that is attached for itself, because
--             a statement on its parent fires only its row triggers; or 'statement'. NULL: as the
--             table is attached, 'statement' if it is not yet
-- Returns the source number. If the table is already attached the same way, it changes nothing and
-- takes no lock. Waits for writers of the table; readers continue. Gives up after 2 s (55P03), so
-- that no session queues behind it for long; call it again then.
CREATE OR REPLACE FUNCTION pgsluice.attach(
  relation regclass, columns text[] DEFAULT NULL, captured text[] DEFAULT NULL,
  mode text DEFAULT NULL)
RETURNS int
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
SET client_min_messages = warning AS $$
DECLARE
  sql text;
BEGIN
  -- One session at a time, because two would create the same triggers.
  LOCK TABLE pgsluice.source IN SHARE ROW EXCLUSIVE MODE;
  sql := pgsluice.attach_sql(relation, columns, captured, mode);
  IF sql <> '' THEN
    EXECUTE sql;
  END IF;
  RETURN (SELECT id FROM pgsluice.source s WHERE s.relation = attach.relation AND s.is_current);
EXCEPTION WHEN lock_not_available THEN
  RAISE EXCEPTION 'the lock on % could not be had in 2 s', relation
    USING ERRCODE = 'lock_not_available',
          HINT = 'A transaction has the table open for writing (see pg_locks). Try again.';
END
$$;

-- Events that a poller has claimed at this moment stay; it deletes them because their source does
-- not exist any longer.
CREATE OR REPLACE FUNCTION pgsluice.detach_sql(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(string_agg(pgsluice.drop_functions_sql(s.id)
    || format(E'DELETE FROM pgsluice.outbox WHERE id = ANY (ARRAY(\n'
              || E'  SELECT id FROM pgsluice.outbox WHERE source = %1$s FOR UPDATE SKIP LOCKED));\n'
              || E'DELETE FROM pgsluice.source WHERE id = %1$s;\n', s.id), '')
    || pgsluice.gap_sql(detach_sql.relation), '')
  FROM pgsluice.source s WHERE s.relation = detach_sql.relation
$$;

-- Detaches a table, its partitions and children. Deletes their waiting events.
CREATE OR REPLACE FUNCTION pgsluice.detach(relation regclass) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
SET client_min_messages = warning AS $$
DECLARE
  sql text;
BEGIN
  -- In the same order as attach() takes its locks.
  LOCK TABLE pgsluice.source IN SHARE ROW EXCLUSIVE MODE;
  sql := pgsluice.detach_sql(relation);
  IF sql <> '' THEN
    EXECUTE sql;
  END IF;
EXCEPTION WHEN lock_not_available THEN
  RAISE EXCEPTION 'the lock on % could not be had in 2 s', relation
    USING ERRCODE = 'lock_not_available',
          HINT = 'A transaction has the table open (see pg_locks). Try again.';
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgsluice FROM PUBLIC;

INSERT INTO pgsluice.migrations (number, name) VALUES (4, '0004_attach') ON CONFLICT DO NOTHING;
