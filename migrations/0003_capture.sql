-- Capture: statement-level triggers that write the keys of changed rows to the outbox.
--
-- The generated functions are static SQL with the columns' names in it. A column that is renamed or
-- dropped later must not make the user's statement fail, so the names are looked up with a fallback:
-- an unqualified name inside LATERAL belongs to the transition table if that has such a column, else
-- to the row of NULLs outside. The planner flattens both; it costs nothing.

-- Whether values that are equal also have equal texts, so that they can be compared as they are.
-- Everything else (numeric 1.0 = 1.00, citext, float -0, jsonb, nondeterministic collations, types
-- without equality) is compared and captured as text.
CREATE OR REPLACE FUNCTION pgsluice.is_exact(type oid, collation_id oid) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN t.typtype = 'e' THEN true
    WHEN t.typtype = 'd' THEN pgsluice.is_exact(t.typbasetype, collation_id)
    WHEN type IN ('pg_catalog.text'::regtype, 'pg_catalog.varchar'::regtype)
      THEN coalesce((SELECT collisdeterministic FROM pg_catalog.pg_collation c
                     WHERE c.oid = collation_id), true)
    ELSE type IN ('pg_catalog.int2'::regtype, 'pg_catalog.int4'::regtype,
                  'pg_catalog.int8'::regtype, 'pg_catalog.oid'::regtype,
                  'pg_catalog.uuid'::regtype, 'pg_catalog.bool'::regtype,
                  'pg_catalog.date'::regtype, 'pg_catalog.timestamp'::regtype,
                  'pg_catalog.timestamptz'::regtype)
  END
  FROM pg_catalog.pg_type t WHERE t.oid = type
$$;

-- The columns that make a row one document: primary key; else a unique index over NOT NULL columns
-- (the one with the fewest); else all columns. A deferrable unique index may hold duplicates for the
-- length of a transaction, which no snapshot of others shows, but it is no promise to rely on.
CREATE OR REPLACE FUNCTION pgsluice.identity_of(relation regclass) RETURNS text[]
LANGUAGE sql STABLE AS $$
  WITH usable AS (
    SELECT i.indexrelid, i.indisprimary, i.indnkeyatts,
           ARRAY(SELECT k.attnum
                 FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, ord)
                 WHERE k.ord <= i.indnkeyatts ORDER BY k.ord) AS attnums
    FROM pg_catalog.pg_index i
    WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
      AND i.indexprs IS NULL AND (i.indisprimary OR i.indimmediate)),
  best AS (
    SELECT attnums FROM usable u
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = relation AND a.attnum = ANY (u.attnums)
                        AND NOT a.attnotnull)
    ORDER BY indisprimary DESC, indnkeyatts, indexrelid LIMIT 1)
  SELECT coalesce(
    (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.ord)
     FROM best, pg_catalog.unnest(best.attnums) WITH ORDINALITY AS k(attnum, ord)
     JOIN pg_catalog.pg_attribute a ON a.attrelid = relation AND a.attnum = k.attnum),
    (SELECT pg_catalog.array_agg(attname::text ORDER BY attnum)
     FROM pg_catalog.pg_attribute
     WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped),
    '{}')
$$;

-- The table and everything below it (partitions, inheritance children) that can carry triggers:
-- DML on a leaf fires nothing on its parent.
CREATE OR REPLACE FUNCTION pgsluice.members_of(relation regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE AS $$
  WITH RECURSIVE tree(oid) AS (
    SELECT relation::oid
    UNION
    SELECT inhrelid FROM pg_catalog.pg_inherits JOIN tree ON inhparent = tree.oid)
  SELECT c.oid::regclass FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid
  WHERE c.relkind IN ('r', 'p') ORDER BY c.oid
$$;

-- One column inside a generated function: as it is, or as text.
CREATE OR REPLACE FUNCTION pgsluice.column_sql(relation regclass, column_name text) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT pg_catalog.quote_ident(column_name)
    || CASE WHEN pgsluice.is_exact(a.atttypid, a.attcollation) THEN '' ELSE '::text' END
  FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = relation AND a.attname = column_name AND NOT a.attisdropped
$$;

-- The query for the distinct keys of a statement. `event`: insert, delete, update.
CREATE OR REPLACE FUNCTION pgsluice.keys_sql(relation regclass, captured text[], watched text[],
                                             event text, old_rows text, new_rows text)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  names text[] := captured || coalesce(watched, '{}');
  fallback text;
  all_columns text := '';
  keys text;
  event_keys text;
  one text;
  rows_sql text;
BEGIN
  SELECT pg_catalog.string_agg(DISTINCT 'NULL::text AS ' || pg_catalog.quote_ident(n), ', ')
    INTO fallback FROM pg_catalog.unnest(names) AS n;
  FOR i IN 1 .. pg_catalog.array_length(names, 1) LOOP
    one := pgsluice.column_sql(relation, names[i]);
    IF one IS NULL THEN
      RAISE EXCEPTION 'table % has no column "%"', relation, names[i];
    END IF;
    CONTINUE WHEN event <> 'update' AND i > pg_catalog.array_length(captured, 1);
    all_columns := all_columns || CASE WHEN i > 1 THEN ', ' ELSE '' END || one || ' AS c' || i;
  END LOOP;
  SELECT pg_catalog.string_agg('c' || i, ', '), pg_catalog.string_agg('event.c' || i, ', ')
    INTO keys, event_keys
    FROM pg_catalog.generate_series(1, pg_catalog.array_length(captured, 1)) AS i;
  rows_sql := CASE
    WHEN event = 'insert' THEN 'SELECT ' || all_columns || ' FROM ' || new_rows
    WHEN event = 'delete' THEN 'SELECT ' || all_columns || ' FROM ' || old_rows
    -- Set operations, never a join of old and new: plpgsql keeps a plan made for one row, and a
    -- nested loop would be quadratic in 100,000.
    WHEN watched IS NULL THEN
      'SELECT ' || all_columns || ' FROM ' || new_rows || ' UNION SELECT ' || all_columns
      || ' FROM ' || old_rows
    ELSE
      'SELECT ' || keys || ' FROM ((SELECT ' || all_columns || ' FROM ' || new_rows
      || ' EXCEPT SELECT ' || all_columns || ' FROM ' || old_rows || ') UNION ALL (SELECT '
      || all_columns || ' FROM ' || old_rows || ' EXCEPT SELECT ' || all_columns || ' FROM '
      || new_rows || ')) AS changed GROUP BY ' || keys
  END;
  RETURN 'SELECT jsonb_build_array(' || event_keys || ') AS key FROM (SELECT ' || fallback
    || ') AS missing, LATERAL (' || rows_sql || ') AS event';
END
$$;

-- CREATE FUNCTION of one trigger function.
CREATE OR REPLACE FUNCTION pgsluice.function_sql(source int, relation regclass, captured text[],
                                                 watched text[], mode text, event text)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  settings text := 'search_path = pg_catalog, pg_temp';
  by_row boolean := mode = 'row' AND event <> 'truncate';
  insert_sql text;
BEGIN
  IF event = 'truncate' THEN
    insert_sql := pg_catalog.format('VALUES (%s, NULL::jsonb)', source);
  ELSE
    insert_sql := pg_catalog.format('SELECT %s, e.key FROM (%s) AS e', source,
      pgsluice.keys_sql(relation, captured, watched, event,
        CASE WHEN by_row THEN '(SELECT ($1).*) AS old_rows' ELSE 'old_rows' END,
        CASE WHEN NOT by_row THEN 'new_rows'
             WHEN event = 'insert' THEN '(SELECT ($1).*) AS new_rows'
             ELSE '(SELECT ($2).*) AS new_rows' END));
    -- Texts of values must not depend on what the writer has set.
    IF insert_sql LIKE '%::text AS c%' THEN
      settings := settings || ' SET extra_float_digits = 1 SET datestyle = ''ISO, YMD'''
        || ' SET intervalstyle = ''postgres'' SET timezone = ''UTC'' SET bytea_output = ''hex''';
    END IF;
  END IF;
  insert_sql := E'INSERT INTO pgsluice.outbox (source, key)\n  ' || insert_sql;
  -- A plan that plpgsql keeps for NEW.* fails when a column's type changed in the session (the plan
  -- of a transition table is made anew), so by row it is made each time.
  IF by_row THEN
    insert_sql := pg_catalog.format('EXECUTE %L USING %s', insert_sql,
      CASE event WHEN 'insert' THEN 'NEW' WHEN 'delete' THEN 'OLD' ELSE 'OLD, NEW' END);
  END IF;
  -- The wake-up: a NOTIFY only when the poller holds the sleeper lock, that is, sleeps; and never
  -- where prepared transactions are in use, because NOTIFY makes PREPARE TRANSACTION fail (the
  -- poller polls there). use_column: a column may be named like a plpgsql variable (found, tg_op).
  RETURN pg_catalog.format($f$CREATE OR REPLACE FUNCTION pgsluice.capture_%s_%s() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET %s AS %L;
REVOKE ALL ON FUNCTION pgsluice.capture_%s_%s() FROM PUBLIC;
$f$, source, event, settings, pg_catalog.format($body$
#variable_conflict use_column
DECLARE
  events bigint;
BEGIN
  %s;
  GET DIAGNOSTICS events = ROW_COUNT;
  IF events > 0 AND NOT pg_try_advisory_xact_lock_shared(1886612588, 1)
     AND current_setting('max_prepared_transactions') = '0' THEN
    PERFORM pg_notify('pgsluice', '');
  END IF;
  RETURN NULL;
END
$body$, insert_sql), source, event);
END
$$;

CREATE OR REPLACE FUNCTION pgsluice.trigger_sql(source int, member regclass, mode text, event text)
RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT pg_catalog.format(
    E'CREATE TRIGGER pgsluice_%1$s_%2$s AFTER %3$s ON %4$s%5$s FOR EACH %6$s '
    || E'EXECUTE FUNCTION pgsluice.capture_%1$s_%2$s();\n%7$s',
    source, event, pg_catalog.upper(event), member,
    CASE WHEN mode = 'row' OR event = 'truncate' THEN ''
         ELSE ' REFERENCING'
           || CASE WHEN event IN ('update', 'delete') THEN ' OLD TABLE AS old_rows' ELSE '' END
           || CASE WHEN event IN ('update', 'insert') THEN ' NEW TABLE AS new_rows' ELSE '' END
    END,
    CASE WHEN mode = 'row' AND event <> 'truncate' THEN 'ROW' ELSE 'STATEMENT' END,
    CASE WHEN mode = 'row'
         THEN pg_catalog.format(E'ALTER TABLE %s ENABLE ALWAYS TRIGGER pgsluice_%s_%s;\n',
                                member, source, event) ELSE '' END)
$$;

INSERT INTO pgsluice.migrations (number, name) VALUES (3, '0003_capture') ON CONFLICT DO NOTHING;
