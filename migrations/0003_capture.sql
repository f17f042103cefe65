-- Capture: statement-level triggers that write the keys of changed rows to the outbox.
--
-- The generated functions are static SQL that contains the columns' names. A column that is renamed
-- or dropped later must not make the user's statement fail, so the names are resolved with a
-- fallback: an unqualified name inside LATERAL belongs to the transition table if that has such a
-- column, otherwise to the row of NULLs outside. The planner flattens both, so this costs nothing.

-- The functions run with the rights of the schema's owner, on values whose types belong to the
-- table's owner. So they call nothing on a value except PostgreSQL's own output functions, image
-- comparisons and hashes: never a cast, an operator found by its name, or a function of the type.
-- This holds even after ALTER TABLE gave a column another type, before the functions are replaced.
--
-- A shortened sample: the INSERT function of a table (id bigint, name text, owner_id bigint) that
-- captures id and owner_id.
--
--   INSERT INTO pgsluice.outbox (source, keys)            -- most statements change one row
--   SELECT 1, c.keys FROM (
--     SELECT json_build_array(e.key) AS keys FROM (
--       SELECT CASE WHEN pg_typeof(event.c1) < 16384      -- the guard: still a type of PostgreSQL,
--                    AND pg_typeof(event.c2) < 16384      -- although this code may be outdated
--              THEN json_build_array(event.c1, event.c2)  -- the key: id, owner_id
--              ELSE json_build_array(<text of c1>, <text of c2>) END AS key
--       FROM (SELECT NULL::text AS id, NULL::text AS name, NULL::text AS owner_id) AS missing,
--            LATERAL (SELECT id AS c1, owner_id AS c2 FROM new_rows) AS event) AS e) AS c
--   LIMIT 2;                                              -- a second one: there may be more
--   GET DIAGNOSTICS events = ROW_COUNT;
--   IF events > 1 THEN                                    -- then all further keys, 500 per row
--     INSERT INTO pgsluice.outbox (source, size, keys)
--     SELECT 1, e.size, e.keys FROM (
--       SELECT count(*) AS size, json_agg(k.key) AS keys
--       FROM (<the same keys> OFFSET 2) AS k GROUP BY <number of the row> / 500) AS e;
--   END IF;
--   IF events > 0 AND NOT pg_try_advisory_xact_lock_shared(1886612588, 1) AND ... THEN
--     PERFORM pg_notify('pgsluice', '');                  -- the poller sleeps: wake it
--   END IF;

-- Returns whether json_build_array() writes values of this type without loss, and equal values also
-- have equal texts, so that they can be compared as they are. All others (enums, numeric 1.0 =
-- 1.00, citext, float -0, jsonb, nondeterministic collations, types without equality) are compared
-- and captured as text.
CREATE OR REPLACE FUNCTION pgsluice.is_exact(type oid, collation_id oid) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT CASE
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

-- Returns whether the text of values of this type is independent of the session's settings.
CREATE OR REPLACE FUNCTION pgsluice.is_plain_text(type oid) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN t.typtype = 'd' THEN pgsluice.is_plain_text(t.typbasetype)
    ELSE t.typtype = 'e'
      OR type IN ('pg_catalog.text'::regtype, 'pg_catalog.varchar'::regtype,
                  'pg_catalog.bpchar'::regtype, 'pg_catalog.numeric'::regtype,
                  'pg_catalog.inet'::regtype, 'pg_catalog.cidr'::regtype,
                  'pg_catalog.macaddr'::regtype, 'pg_catalog.jsonb'::regtype)
  END
  FROM pg_catalog.pg_type t WHERE t.oid = type
$$;

-- Returns the columns that make a row one document: the primary key; else a unique index over NOT
-- NULL columns (the one with the fewest); else all columns. A deferrable unique index may hold
-- duplicates within a transaction. No other snapshot sees them, but this is not guaranteed, so it
-- does not count.
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

-- Returns the table and everything below it (partitions, inheritance children) that can have
-- triggers, because DML on a leaf does not fire triggers of its parent.
CREATE OR REPLACE FUNCTION pgsluice.members_of(relation regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE AS $$
  WITH RECURSIVE tree(oid) AS (
    SELECT relation::oid
    UNION
    SELECT inhrelid FROM pg_catalog.pg_inherits JOIN tree ON inhparent = tree.oid)
  SELECT c.oid::regclass FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid
  WHERE c.relkind IN ('r', 'p') ORDER BY c.oid
$$;

-- Returns SQL for the text of a value, which calls only its type's output function.
CREATE OR REPLACE FUNCTION pgsluice.text_sql(value text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT pg_catalog.format('CASE WHEN pg_catalog.num_nulls(%1$s) OPERATOR(pg_catalog.=) 0 '
    || 'THEN pg_catalog.concat(%1$s) END COLLATE pg_catalog."C"', value)
$$;

-- Returns whether identity_of() is a key; otherwise it is the whole row.
CREATE OR REPLACE FUNCTION pgsluice.has_key(relation regclass) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM pg_catalog.pg_index i
    WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
      AND i.indexprs IS NULL AND (i.indisprimary OR i.indimmediate)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = relation AND NOT a.attnotnull AND a.attnum = ANY (
                        (i.indkey::int2[])[0:i.indnkeyatts - 1])))
$$;

-- Returns the text of a value that may be long, for a row that is its own key. Texts above 1 MB are
-- replaced by a hash, because several of them would soon exceed the size of a value.
CREATE OR REPLACE FUNCTION pgsluice.key_text(value anyelement) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  content text;
BEGIN
  IF pg_typeof(value) = 'bytea'::regtype THEN
    IF octet_length(value) > 1000000 THEN
      RETURN 'sha256:' || encode(sha256(value), 'hex');
    END IF;
  END IF;
  content := concat(value);
  IF octet_length(content) > 1000000 THEN
    RETURN 'sha256:' || encode(sha256(convert_to(content, 'UTF8')), 'hex');
  END IF;
  RETURN content;
END
$$;

CREATE OR REPLACE FUNCTION pgsluice.key_text_sql(value text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT pg_catalog.format('CASE WHEN pg_catalog.num_nulls(%1$s) OPERATOR(pg_catalog.=) 0 THEN '
    || 'CASE WHEN pg_catalog.pg_column_size(%1$s) OPERATOR(pg_catalog.<) 1000 '
    || 'THEN pg_catalog.concat(%1$s) ELSE pgsluice.key_text(%1$s) END END '
    || 'COLLATE pg_catalog."C"', value)
$$;

-- Describes one column inside a generated function. `guard` is a condition over `value`, which
-- stands for the column. If it holds, json_build_array() may be called with the value itself,
-- because its type is PostgreSQL's own or the domain that the column had. NULL: the column is
-- captured as its text. `is_long`: a value may have any length.
CREATE OR REPLACE FUNCTION pgsluice.column_of(relation regclass, column_name text, value text,
                                              OUT sql text, OUT guard text, OUT plain boolean,
                                              OUT is_long boolean)
LANGUAGE sql STABLE AS $$
  SELECT pg_catalog.quote_ident(column_name),
    CASE WHEN pgsluice.is_exact(a.atttypid, a.attcollation) THEN pg_catalog.format(
      CASE WHEN t.typtype = 'd'
        THEN '(pg_catalog.pg_typeof(%1$s) OPERATOR(pg_catalog.<) 16384::pg_catalog.oid'
          || ' OR pg_catalog.pg_typeof(%1$s) OPERATOR(pg_catalog.=) %2$s::pg_catalog.oid)'
        ELSE 'pg_catalog.pg_typeof(%1$s) OPERATOR(pg_catalog.<) 16384::pg_catalog.oid' END,
      value, a.atttypid) END,
    pgsluice.is_plain_text(a.atttypid), t.typlen < 0
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = relation AND a.attname = column_name AND NOT a.attisdropped
$$;
DROP FUNCTION IF EXISTS pgsluice.column_sql(regclass, text);

-- Returns SQL for the JSON of a key, from the columns c1 to cn of `alias`; `guards` as in
-- column_of().
CREATE OR REPLACE FUNCTION pgsluice.key_sql(alias text, guards text[], count int) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  WITH piece AS (
    SELECT i, alias || '.c' || i AS value, guards[i] AS guard
    FROM pg_catalog.generate_series(1, count) AS i),
  built AS (
    SELECT pg_catalog.string_agg(value, ', ' ORDER BY i) AS as_they_are,
           pg_catalog.string_agg(CASE WHEN guard IS NULL THEN value
                                      ELSE pgsluice.text_sql(value) END, ', ' ORDER BY i) AS as_text,
           pg_catalog.string_agg(pg_catalog.replace(guard, '{}', value), ' AND ' ORDER BY i) AS guard
    FROM piece)
  SELECT CASE WHEN guard IS NULL THEN 'pg_catalog.json_build_array(' || as_they_are || ')'
    ELSE 'CASE WHEN ' || guard || ' THEN pg_catalog.json_build_array(' || as_they_are
      || ') ELSE pg_catalog.json_build_array(' || as_text || ') END' END
  FROM built
$$;

-- Returns how many keys share a row of the outbox. A row must never exceed the size of a value (1
-- GB), whatever the keys are. So it is many if all have a fixed size, fewer if an index bounds each
-- of them (2.7 kB, but compressed), else one.
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

-- Returns SQL for whether the rows n and o differ in any of these columns, bit by bit. Compares one
-- record of all columns, unless values are so long that the record may exceed the size of a value
-- (1 GB).
CREATE OR REPLACE FUNCTION pgsluice.differs_sql(names text[], long_names text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  WITH whole AS (
    SELECT 'pg_catalog.record_image_ne(ROW(' || pg_catalog.string_agg('n.' || c, ', ' ORDER BY ord)
      || '), ROW(' || pg_catalog.string_agg('o.' || c, ', ' ORDER BY ord) || '))' AS sql,
      pg_catalog.string_agg(pg_catalog.format('pg_catalog.record_image_ne(ROW(n.%1$s), ROW(o.%1$s))', c),
                            ' OR ' ORDER BY ord) AS by_column
    FROM pg_catalog.unnest(names) WITH ORDINALITY AS u(c, ord)),
  sizes AS (
    SELECT pg_catalog.string_agg(pg_catalog.format(
      'pg_catalog.pg_column_size(n.%1$s), pg_catalog.pg_column_size(o.%1$s)', c), ', ') AS sql
    FROM pg_catalog.unnest(long_names) AS c)
  SELECT CASE WHEN pg_catalog.cardinality(long_names) < 2 THEN whole.sql
    ELSE 'CASE WHEN greatest(' || sizes.sql || ') OPERATOR(pg_catalog.<) 100000 THEN ' || whole.sql
      || ' ELSE ' || whole.by_column || ' END' END
  FROM whole, sizes
$$;

-- Returns the queries for the keys of a statement.
-- `many` works for any number of rows, and each query returns `key`, a JSON array. INSERT and
-- DELETE have one query; UPDATE has one for the new and one for the old keys if all columns matter,
-- and a single one if only some are watched.
-- `one` works for a statement that changes one row, and returns `keys`, an array of keys. Its plan
-- has as few nodes as possible, because such a statement mainly pays for starting the plan. With
-- several rows, or pairs of a new and an old one, its result is still correct, but contains keys
-- twice.
-- `compares` is false if `one` cannot compare the old row with the new one and uses `many` instead.
-- That is so in a partitioned table, where a trigger may keep a row out of the partition that it
-- moves to.
DROP FUNCTION IF EXISTS pgsluice.event_sql(regclass, text[], text[], text, text, text);
CREATE FUNCTION pgsluice.event_sql(relation regclass, captured text[], watched text[],
                                   event text, old_rows text, new_rows text, OUT one text,
                                   OUT many text[], OUT compares boolean, OUT plain boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  names text[] := captured || coalesce(watched, '{}');
  fallback text;
  col record;
  guards text[] := '{}';
  whole boolean;            -- no key: the whole row identifies itself
  key_columns text := '';
  raw_columns text := '';   -- of watched columns, without conversion
  grouped text := '';       -- the same columns in a form by which rows can be grouped
  raw_names text := '';
  long_names text[] := '{}';
  keys text;
  new_keys text;
  old_keys text;
  rows_sql text[];
BEGIN
  SELECT pg_catalog.string_agg(
      DISTINCT 'NULL::pg_catalog.text AS ' || pg_catalog.quote_ident(n), ', ')
    INTO fallback FROM pg_catalog.unnest(names) AS n;
  plain := true;
  whole := NOT pgsluice.has_key(relation);
  FOR i IN 1 .. pg_catalog.array_length(names, 1) LOOP
    col := pgsluice.column_of(relation, names[i], '{}');
    IF col.sql IS NULL THEN
      RAISE EXCEPTION 'table % has no column "%"', relation, names[i];
    END IF;
    IF i <= pg_catalog.array_length(captured, 1) THEN
      plain := plain AND (col.guard IS NOT NULL OR col.plain);
      IF whole AND col.is_long THEN
        col.guard := NULL;
        col.sql := pgsluice.key_text_sql(col.sql);
      ELSIF col.guard IS NULL THEN
        col.sql := pgsluice.text_sql(col.sql);
      END IF;
      guards := guards || col.guard;
      key_columns := key_columns || CASE WHEN i > 1 THEN ', ' ELSE '' END
        || col.sql || ' AS c' || i;
    ELSIF event <> 'update' OR names[i] = ANY (captured) THEN
      CONTINUE;
    ELSE
      raw_columns := raw_columns || ', ' || col.sql || ' AS c' || i;
      raw_names := raw_names || ', c' || i;
      plain := plain AND (col.guard IS NOT NULL OR col.plain);
      grouped := grouped || ', ' || CASE
        WHEN col.guard IS NOT NULL AND NOT col.is_long THEN 'b.c' || i
        WHEN NOT col.is_long THEN pgsluice.text_sql('b.c' || i)
        ELSE pg_catalog.format('CASE WHEN pg_catalog.num_nulls(b.c%1$s) OPERATOR(pg_catalog.=) 0 THEN '
          || 'CASE WHEN pg_catalog.pg_column_size(b.c%1$s) OPERATOR(pg_catalog.<) 100000 '
          || 'THEN pg_catalog.concat(''='', b.c%1$s) ELSE pg_catalog.concat(b.side) END END '
          || 'COLLATE pg_catalog."C"', i) END;
    END IF;
    IF col.is_long THEN
      long_names := long_names || ('c' || i);
    END IF;
  END LOOP;
  SELECT pg_catalog.string_agg('c' || i, ', '), pg_catalog.string_agg('n.c' || i, ', '),
         pg_catalog.string_agg('o.c' || i, ', ')
    INTO keys, new_keys, old_keys
    FROM pg_catalog.generate_series(1, pg_catalog.array_length(captured, 1)) AS i;
  rows_sql := CASE
    WHEN event = 'insert' THEN ARRAY['SELECT ' || key_columns || ' FROM ' || new_rows]
    WHEN event = 'delete' THEN ARRAY['SELECT ' || key_columns || ' FROM ' || old_rows]
    WHEN watched IS NULL THEN ARRAY['SELECT ' || key_columns || ' FROM ' || new_rows,
                                    'SELECT ' || key_columns || ' FROM ' || old_rows]
    -- A row that occurs as often before as after the statement did not change. A row with a long
    -- value counts as changed, because its text may exceed the size of a value. This groups instead
    -- of joining old and new rows: plpgsql keeps a plan that was made for one row, and its nested
    -- loop would take quadratic time for 100,000 rows.
    ELSE ARRAY['SELECT ' || keys || ' FROM (SELECT ' || keys || ' FROM ('
      || 'SELECT ' || key_columns || raw_columns || ', 1 AS side FROM ' || new_rows || ' UNION ALL '
      || 'SELECT ' || key_columns || raw_columns || ', -1 FROM ' || old_rows || ') AS b GROUP BY '
      || keys || grouped
      || ' HAVING pg_catalog.sum(side) OPERATOR(pg_catalog.<>) 0) AS changed GROUP BY ' || keys]
  END;
  many := ARRAY(
    SELECT 'SELECT ' || pgsluice.key_sql('event', guards, pg_catalog.array_length(captured, 1))
           || ' AS key FROM (SELECT ' || fallback || ') AS missing, LATERAL (' || r || ') AS event'
    FROM pg_catalog.unnest(rows_sql) WITH ORDINALITY AS u(r, ord) ORDER BY ord);
  compares := event = 'update' AND (watched IS NULL
    OR EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = relation AND relkind = 'r'));
  one := CASE WHEN NOT compares
    THEN 'SELECT pg_catalog.json_build_array(e.key) AS keys FROM (' || many[1] || ') AS e'
    ELSE pg_catalog.format(
      'SELECT CASE WHEN pg_catalog.record_image_eq(ROW(%1$s), ROW(%2$s)) '
      || 'THEN pg_catalog.json_build_array(%7$s) '
      || 'ELSE pg_catalog.json_build_array(%7$s, %8$s) END AS keys FROM '
      || '(SELECT e.* FROM (SELECT %3$s) AS missing, LATERAL (SELECT %4$s FROM %5$s) AS e) AS n, '
      || '(SELECT e.* FROM (SELECT %3$s) AS missing, LATERAL (SELECT %4$s FROM %6$s) AS e) AS o',
      new_keys, old_keys, fallback, key_columns || raw_columns, new_rows, old_rows,
      pgsluice.key_sql('n', guards, pg_catalog.array_length(captured, 1)),
      pgsluice.key_sql('o', guards, pg_catalog.array_length(captured, 1)))
      || CASE WHEN watched IS NULL THEN ''
              ELSE ' WHERE ' || pgsluice.differs_sql(pg_catalog.string_to_array(keys || raw_names, ', '),
                                                     long_names) END
  END;
END
$$;

-- Returns SQL for the events of a statement that changes several rows, after the first `done` of
-- them: one row of the outbox per `per_row` keys. Old keys come in the order of the new ones, so
-- that unchanged keys make equal lists, which UNION removes. If the order differs, there are more
-- events than needed, but never fewer.
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

-- Returns the CREATE FUNCTION statement of one trigger function.
CREATE OR REPLACE FUNCTION pgsluice.function_sql(source int, relation regclass, captured text[],
                                                 watched text[], mode text, event text)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  settings text := '';
  by_row boolean := mode = 'row';
  per_row int := pgsluice.keys_per_row(relation, captured);
  counted text := E';\n  GET DIAGNOSTICS events = ROW_COUNT;';
  queries record;
  insert_sql text;
BEGIN
  IF event = 'truncate' THEN
    insert_sql := pg_catalog.format('INSERT INTO pgsluice.outbox (source) VALUES (%s)', source) || counted;
  ELSE
    queries := pgsluice.event_sql(relation, captured, watched, event,
      CASE WHEN by_row THEN '(SELECT ($1).*) AS old_rows' ELSE 'old_rows' END,
      CASE WHEN NOT by_row THEN 'new_rows'
           WHEN event = 'insert' THEN '(SELECT ($1).*) AS new_rows'
           ELSE '(SELECT ($2).*) AS new_rows' END);
    insert_sql := pg_catalog.format(
      E'INSERT INTO pgsluice.outbox (source, keys)\n  SELECT %s, c.keys FROM (%s) AS c', source, queries.one);
    -- Texts of values must not depend on the writer's settings. Otherwise no SET is needed, because
    -- all names in the function are qualified, and each SET costs a microsecond.
    IF NOT queries.plain THEN
      settings := ' SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 '
        || 'SET datestyle = ''ISO, YMD'' SET intervalstyle = ''postgres'' SET timezone = ''UTC'' '
        || 'SET bytea_output = ''hex''';
    END IF;
    IF by_row THEN
      -- plpgsql keeps its plan for NEW.*, which then fails if a column's type was changed in the
      -- session (a plan over a transition table is made again). So a row trigger uses EXECUTE,
      -- which makes a new plan each time.
      insert_sql := pg_catalog.format('EXECUTE %L USING %s', insert_sql,
        CASE event WHEN 'insert' THEN 'NEW' WHEN 'delete' THEN 'OLD' ELSE 'OLD, NEW' END) || counted;
    ELSIF queries.compares AND watched IS NOT NULL THEN
      -- With several rows, every pair of a new and an old row would count as changed.
      insert_sql := pg_catalog.format(
        E'PERFORM FROM new_rows OFFSET 1 LIMIT 1;\n  IF FOUND THEN\n  %s\n  ELSE\n  %s\n  END IF;',
        pgsluice.many_sql(source, queries.many, per_row, 0) || counted, insert_sql || counted);
    ELSE
      -- ROW_COUNT decides: 1 means that the statement changed one row, so this is complete; 2 that
      -- there are more rows; 0 is possible if new and old rows are needed, because either may be
      -- missing.
      insert_sql := insert_sql || ' LIMIT 2' || counted || pg_catalog.format(
        E'\n  IF events OPERATOR(pg_catalog.%s) 1 THEN\n  %s;\n'
        || E'  GET DIAGNOSTICS more = ROW_COUNT;\n  events := events OPERATOR(pg_catalog.+) more;\n  END IF;',
        CASE WHEN queries.compares THEN '<>' ELSE '>' END,
        pgsluice.many_sql(source, queries.many, per_row, CASE WHEN event = 'update' THEN 0 ELSE 2 END));
    END IF;
  END IF;
  -- The wake-up: sends a NOTIFY only if the poller holds the sleeper lock, which means that it
  -- sleeps. Sends none if prepared transactions are in use, because NOTIFY makes PREPARE
  -- TRANSACTION fail, or if the queue of notifications is half full, because COMMIT fails once it
  -- is full; in both cases the poller polls. use_column, because a column may be named like a
  -- plpgsql variable (found, tg_op).
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
     AND pg_catalog.current_setting('max_prepared_transactions') OPERATOR(pg_catalog.=) '0'
     AND pg_catalog.pg_notification_queue_usage() OPERATOR(pg_catalog.<) 0.5::pg_catalog.float8 THEN
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

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgsluice FROM PUBLIC;

INSERT INTO pgsluice.migrations (number, name) VALUES (3, '0003_capture') ON CONFLICT DO NOTHING;
