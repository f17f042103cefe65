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
-- length of a transaction, which no snapshot of others shows, but this is not guaranteed.
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

-- How many keys share a row of the outbox. A row must never grow beyond what a value may hold (1 GB),
-- whatever the keys are: many where all have a fixed size, fewer where an index bounds each of them
-- (2.7 kB, but compressed), else one.
CREATE OR REPLACE FUNCTION pgsluice.keys_per_row(relation regclass, captured text[]) RETURNS int
LANGUAGE sql STABLE AS $$
  SELECT coalesce(pg_catalog.min(CASE
    WHEN t.typlen > 0 THEN 500
    WHEN EXISTS (SELECT FROM pg_catalog.pg_index i
                 JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                 JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'btree'
                 WHERE i.indrelid = relation AND i.indisvalid AND i.indpred IS NULL
                   AND a.attnum = ANY (i.indkey)) THEN 100
    ELSE 1 END), 1)
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = relation AND a.attname = ANY (captured) AND NOT a.attisdropped
$$;

-- The queries for the keys of a statement; each answers `key`, a JSON array. INSERT, DELETE and UPDATE
-- of watched columns: one query. UPDATE where all columns matter: for the new keys and for the old.
CREATE OR REPLACE FUNCTION pgsluice.keys_sql(relation regclass, captured text[], watched text[],
                                             event text, old_rows text, new_rows text)
RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
  names text[] := captured || coalesce(watched, '{}');
  fallback text;
  all_columns text := '';
  keys text;
  event_keys text;
  one text;
  rows_sql text[];
BEGIN
  SELECT pg_catalog.string_agg(
      DISTINCT 'NULL::pg_catalog.text AS ' || pg_catalog.quote_ident(n), ', ')
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
  new_rows := 'SELECT ' || all_columns || ' FROM ' || new_rows;
  old_rows := 'SELECT ' || all_columns || ' FROM ' || old_rows;
  rows_sql := CASE
    WHEN event = 'insert' THEN ARRAY[new_rows]
    WHEN event = 'delete' THEN ARRAY[old_rows]
    WHEN watched IS NULL THEN ARRAY[new_rows, old_rows]
    -- Set operations, never a join of old and new: plpgsql keeps a plan made for one row, and a
    -- nested loop would be quadratic in 100,000.
    ELSE ARRAY['SELECT ' || keys || ' FROM ((' || new_rows || ' EXCEPT ' || old_rows
      || ') UNION ALL (' || old_rows || ' EXCEPT ' || new_rows || ')) AS changed GROUP BY ' || keys]
  END;
  RETURN ARRAY(
    SELECT 'SELECT pg_catalog.json_build_array(' || event_keys || ') AS key FROM (SELECT '
           || fallback || ') AS missing, LATERAL (' || r || ') AS event'
    FROM pg_catalog.unnest(rows_sql) WITH ORDINALITY AS u(r, ord) ORDER BY ord);
END
$$;

-- What a trigger function does first: the event of a statement that changes one row, with as few nodes
-- in its plan as can be, because starting a plan is what such a statement pays for. ROW_COUNT says how
-- it went: 1, that is all; 2, there are more rows, see many_sql; 0 where new and old rows are asked
-- for, either may be missing. Where there are more, these two say nothing wrong, only twice.
CREATE OR REPLACE FUNCTION pgsluice.one_sql(source int, queries text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT E'INSERT INTO pgsluice.outbox (source, keys)\n  SELECT ' || source || ', '
    || CASE WHEN pg_catalog.cardinality(queries) = 1
            THEN E'pg_catalog.json_build_array(n.key)\n  FROM (' || queries[1] || ') AS n'
            ELSE E'CASE WHEN n.key::pg_catalog.text OPERATOR(pg_catalog.=) o.key::pg_catalog.text '
              || 'THEN pg_catalog.json_build_array(n.key) '
              || E'ELSE pg_catalog.json_build_array(n.key, o.key) END\n  FROM (' || queries[1]
              || E') AS n,\n    (' || queries[2] || ') AS o' END
    || ' LIMIT 2'
$$;

-- And for more rows than one, after the first `done` of them: a row of the outbox for every so many
-- keys. Old keys come in the order of the new ones, so that equal keys make equal lists, and UNION
-- drops those; where they do not, there are more events than needed, never fewer.
CREATE OR REPLACE FUNCTION pgsluice.many_sql(source int, queries text[], per_row int, done int)
RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT E'INSERT INTO pgsluice.outbox (source, size, keys)\n  SELECT ' || source
    || E', e.size, e.keys::pg_catalog.json FROM (\n    '
    || pg_catalog.string_agg(pg_catalog.format(
      'SELECT pg_catalog.count(*)::pg_catalog.int4 AS size, '
      || 'pg_catalog.json_agg(k.key)::pg_catalog.text AS keys FROM (SELECT q.key, '
      || '(pg_catalog.row_number() OVER () OPERATOR(pg_catalog.-) 1) OPERATOR(pg_catalog./) %s '
      || 'AS part FROM (%s%s) AS q) AS k GROUP BY k.part',
      per_row, q, CASE WHEN done > 0 THEN ' OFFSET ' || done ELSE '' END), E'\n    UNION ' ORDER BY ord)
    || ') AS e'
  FROM pg_catalog.unnest(queries) WITH ORDINALITY AS u(q, ord)
$$;

-- CREATE FUNCTION of one trigger function.
CREATE OR REPLACE FUNCTION pgsluice.function_sql(source int, relation regclass, captured text[],
                                                 watched text[], mode text, event text)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  settings text := '';
  by_row boolean := mode = 'row' AND event <> 'truncate';
  per_row int := pgsluice.keys_per_row(relation, captured);
  queries text[];
  insert_sql text;
BEGIN
  IF event = 'truncate' THEN
    insert_sql := pg_catalog.format('INSERT INTO pgsluice.outbox (source) VALUES (%s)', source);
  ELSE
    queries := pgsluice.keys_sql(relation, captured, watched, event,
      CASE WHEN by_row THEN '(SELECT ($1).*) AS old_rows' ELSE 'old_rows' END,
      CASE WHEN NOT by_row THEN 'new_rows'
           WHEN event = 'insert' THEN '(SELECT ($1).*) AS new_rows'
           ELSE '(SELECT ($2).*) AS new_rows' END);
    insert_sql := pgsluice.one_sql(source, queries);
    -- Texts of values must not depend on what the writer has set. Else nothing in the function
    -- looks at the search path (all names in it are qualified), and each SET costs a microsecond.
    IF queries[1] LIKE '%::text AS c%' THEN
      settings := ' SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 '
        || 'SET datestyle = ''ISO, YMD'' SET intervalstyle = ''postgres'' SET timezone = ''UTC'' '
        || 'SET bytea_output = ''hex''';
    END IF;
  END IF;
  -- A plan that plpgsql keeps for NEW.* fails when a column's type changed in the session (the plan
  -- of a transition table is made anew), so by row it is made each time.
  IF by_row THEN
    insert_sql := pg_catalog.format('EXECUTE %L USING %s', insert_sql,
      CASE event WHEN 'insert' THEN 'NEW' WHEN 'delete' THEN 'OLD' ELSE 'OLD, NEW' END);
  END IF;
  insert_sql := insert_sql || E';\n  GET DIAGNOSTICS events = ROW_COUNT;';
  IF event <> 'truncate' AND NOT by_row THEN
    insert_sql := insert_sql || pg_catalog.format(
      E'\n  IF events OPERATOR(pg_catalog.%s THEN\n  %s;\n'
      || E'  GET DIAGNOSTICS more = ROW_COUNT;\n  events := events OPERATOR(pg_catalog.+) more;\n  END IF;',
      CASE WHEN pg_catalog.cardinality(queries) = 1 THEN '>) 1' ELSE '<>) 1' END,
      pgsluice.many_sql(source, queries, per_row, CASE WHEN event = 'update' THEN 0 ELSE 2 END));
  END IF;
  -- The wake-up: a NOTIFY only when the poller holds the sleeper lock, that is, sleeps; and never
  -- where prepared transactions are in use, because NOTIFY makes PREPARE TRANSACTION fail (the
  -- poller polls there). use_column: a column may be named like a plpgsql variable (found, tg_op).
  RETURN pg_catalog.format($f$CREATE OR REPLACE FUNCTION pgsluice.capture_%s_%s() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER%s AS %L;
REVOKE ALL ON FUNCTION pgsluice.capture_%s_%s() FROM PUBLIC;
$f$, source, event, settings, pg_catalog.format($body$
#variable_conflict use_column
DECLARE
  events pg_catalog.int8;
  more pg_catalog.int8;
BEGIN
  %s
  IF events OPERATOR(pg_catalog.>) 0
     AND NOT pg_catalog.pg_try_advisory_xact_lock_shared(1886612588, 1)
     AND pg_catalog.current_setting('max_prepared_transactions') OPERATOR(pg_catalog.=) '0' THEN
    PERFORM pg_catalog.pg_notify('pgsluice', '');
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
