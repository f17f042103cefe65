-- pgsluice.attach() and detach(): capture on a table, and off again without trace.

-- The SQL that attach() runs, for teams that change tables with a tool of their own. Empty when the
-- table is attached that way already. `source_id` NULL: a new number is taken.
CREATE OR REPLACE FUNCTION pgsluice.attach_sql(
  relation regclass, columns text[] DEFAULT NULL, captured text[] DEFAULT NULL,
  mode text DEFAULT 'statement')
RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kind "char" := (SELECT relkind FROM pg_class WHERE oid = relation);
  identity text[] := pgsluice.identity_of(relation);
  all_captured text[];
  known pgsluice.source;
  source_id int;
  same boolean;
  sql text := '';
  member regclass;
  event text;
BEGIN
  IF kind NOT IN ('r', 'p') THEN
    RAISE EXCEPTION '% cannot be attached', relation
      USING HINT = 'Only tables and partitioned tables have triggers; give a view its "sources".';
  END IF;
  IF mode NOT IN ('statement', 'row') THEN
    RAISE EXCEPTION 'mode is "%"', mode USING HINT = 'Use ''statement'' or ''row''.';
  END IF;
  all_captured := identity || ARRAY(
    SELECT c FROM unnest(captured) WITH ORDINALITY AS u(c, ord)
    WHERE c <> ALL (identity) ORDER BY ord);
  SELECT * INTO known FROM pgsluice.source s WHERE s.relation = attach_sql.relation AND s.is_current;
  same := known.id IS NOT NULL AND known.identity = identity AND known.captured = all_captured
    AND known.watched IS NOT DISTINCT FROM columns AND known.mode = attach_sql.mode;
  source_id := CASE WHEN same THEN known.id
                    ELSE nextval('pgsluice.source_id_seq') END;
  IF NOT same THEN
    IF known.id IS NOT NULL THEN
      sql := sql || format(E'UPDATE pgsluice.source SET is_current = false WHERE id = %s;\n', known.id);
    END IF;
    sql := sql || format(
      E'INSERT INTO pgsluice.source (id, relation, schema_name, table_name, identity, captured, '
      || E'watched, mode)\nSELECT %s, c.oid, n.nspname, c.relname, %L, %L, %L, %L FROM pg_catalog.pg_class c '
      || E'JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %L::regclass;\n',
      source_id, identity, all_captured, columns, mode, relation);
    FOREACH event IN ARRAY ARRAY['insert', 'update', 'delete', 'truncate'] LOOP
      sql := sql || pgsluice.function_sql(source_id, relation, all_captured, columns, mode, event);
    END LOOP;
  END IF;
  FOR member IN SELECT pgsluice.members_of(relation) LOOP
    FOREACH event IN ARRAY ARRAY['insert', 'update', 'delete', 'truncate'] LOOP
      CONTINUE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = member
                            AND t.tgname = format('pgsluice_%s_%s', source_id, event));
      -- A row trigger of a partitioned table is cloned to its partitions by PostgreSQL.
      CONTINUE WHEN mode = 'row' AND event <> 'truncate' AND member <> relation AND kind = 'p';
      sql := sql || pgsluice.trigger_sql(source_id, member, mode, event);
    END LOOP;
  END LOOP;
  IF NOT same AND known.id IS NOT NULL THEN
    sql := sql || pgsluice.drop_functions_sql(known.id);
  END IF;
  RETURN sql;
END
$$;

-- Dropping the functions takes the triggers with them, wherever they are.
CREATE OR REPLACE FUNCTION pgsluice.drop_functions_sql(source_id int) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT string_agg(format(E'DROP FUNCTION IF EXISTS pgsluice.capture_%s_%s() CASCADE;\n',
                           source_id, event), '')
  FROM unnest(ARRAY['insert', 'update', 'delete', 'truncate']) AS event
$$;

-- Puts capture on a table, its partitions and its children; again when partitions were added.
--   columns   changes of other columns write no event; NULL: all columns matter
--   captured  columns in the event key behind the identity (what joins lead through)
--   mode      'row': FOR EACH ROW, ENABLE ALWAYS, for tables written by logical replication
-- Answers the source number. Attached in the same way already: changes nothing, takes no lock.
-- Waits for writers of the table, readers go on; gives up after 2 s (55P03), so that nobody queues
-- behind it for long: call it again.
CREATE OR REPLACE FUNCTION pgsluice.attach(
  relation regclass, columns text[] DEFAULT NULL, captured text[] DEFAULT NULL,
  mode text DEFAULT 'statement')
RETURNS int
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' SET client_min_messages = warning AS $$
DECLARE
  sql text;
BEGIN
  -- One at a time: two would create the same triggers.
  PERFORM pg_catalog.pg_advisory_xact_lock(1886612588, 3);
  sql := pgsluice.attach_sql(relation, columns, captured, mode);
  IF sql <> '' THEN
    EXECUTE sql;
  END IF;
  RETURN (SELECT id FROM pgsluice.source s WHERE s.relation = attach.relation AND s.is_current);
END
$$;

CREATE OR REPLACE FUNCTION pgsluice.detach_sql(relation regclass) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(pgsluice.drop_functions_sql(s.id)
    || format(E'DELETE FROM pgsluice.outbox WHERE source = %1$s;\nDELETE FROM pgsluice.source WHERE id = %1$s;\n',
              s.id), ''), '')
  FROM pgsluice.source s WHERE s.relation = detach_sql.relation
$$;

-- Takes capture off a table, its partitions and children. Events that wait are given up.
CREATE OR REPLACE FUNCTION pgsluice.detach(relation regclass) RETURNS void
LANGUAGE plpgsql VOLATILE SET lock_timeout = '2s' SET client_min_messages = warning AS $$
DECLARE
  sql text := pgsluice.detach_sql(relation);
BEGIN
  IF sql <> '' THEN
    EXECUTE sql;
  END IF;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgsluice FROM PUBLIC;

INSERT INTO pgsluice.migrations (number, name) VALUES (4, '0004_attach') ON CONFLICT DO NOTHING;
