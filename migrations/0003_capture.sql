-- Capture: statement-level triggers that write the keys of changed rows to the outbox.
--
-- The generated functions are static SQL with the columns' names in it. A column that is renamed or
-- dropped later must not make the user's statement fail, so the names are looked up with a fallback:
-- an unqualified name inside LATERAL belongs to the transition table if that has such a column, else
-- to the row of NULLs outside. The planner flattens both; it costs nothing.

-- The functions run with the rights of the schema's owner, on values whose types belong to the
-- table's owner. So nothing is called on a value but PostgreSQL's own output functions, image
-- comparisons and hashes: never a cast, an operator found by its name, or a function of the type. Not
-- even after ALTER TABLE gave a column another type, of which these functions know nothing yet.

-- Whether json_build_array() writes values of this type without loss, and values that are equal also
-- have equal texts, so that they can be compared as they are. Everything else (enums, numeric
-- 1.0 = 1.00, citext, float -0, jsonb, nondeterministic collations, types without equality) is
-- compared and captured as text.
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

-- Whether the text of values of this type is the same whatever a session has set.
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

-- The text of a value, by its type's output function alone.
CREATE OR REPLACE FUNCTION pgsluice.text_sql(value text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT pg_catalog.format('CASE WHEN pg_catalog.num_nulls(%1$s) OPERATOR(pg_catalog.=) 0 '
    || 'THEN pg_catalog.concat(%1$s) END COLLATE pg_catalog."C"', value)
$$;

-- Whether identity_of() is a key: else it is the whole row.
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

-- The text of a value that may be long, in the key of a row that is its own key: a hash of what is
-- longer than 1 MB, because such texts would soon be more than fits into a value.
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

-- One column inside a generated function. `guard` is a condition over `value`, which stands for the
-- column: json_build_array() may see it as it is, because its type is PostgreSQL's own or the domain
-- that the column had. NULL: the column goes as its text. `is_long`: a value may be of any length.
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

-- JSON of a key, from the columns c1 to cn of `alias`; `guards` as in column_of().
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

-- Whether the rows n and o differ in any of these columns, bit by bit. Together in one record, unless
-- values are so long that the record may become longer than a value can be (1 GB).
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

-- The queries for the keys of a statement. `many`, for any number of rows: each answers `key`, a JSON
-- array; INSERT and DELETE have one, UPDATE where all columns matter one for the new keys and one for
-- the old, UPDATE of watched columns one. `one`, for a statement that changes one row: answers `keys`,
-- an array of keys, with as few nodes in its plan as can be, because starting a plan is what such a
-- statement pays for. Of more rows, or pairs of a new and an old one, it says nothing wrong, only
-- twice. Where it cannot compare the pair, `compares` is false and it is made of `many`: in a
-- partitioned table, where a row that moves may be gone because a trigger keeps it out.
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
  whole boolean;            -- the row is its own key
  key_columns text := '';
  raw_columns text := '';   -- of watched columns, as they are
  grouped text := '';       -- the same, so that rows can be grouped by them
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
    -- Rows that are there before as often as after did not change; a row with a long value counts as
    -- changed, because its text may be longer than a text can be. Never a join of old and new: plpgsql
    -- keeps a plan made for one row, and a nested loop would be quadratic in 100,000.
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

-- The events of a statement that changes more rows than one, after the first `done` of them: a row of
-- the outbox for every so many keys. Old keys come in the order of the new ones, so that equal keys
-- make equal lists, and UNION drops those; where they do not, there are more events than needed, never
-- fewer.
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
    -- Texts of values must not depend on what the writer has set. Else nothing in the function
    -- looks at the search path (all names in it are qualified), and each SET costs a microsecond.
    IF NOT queries.plain THEN
      settings := ' SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 '
        || 'SET datestyle = ''ISO, YMD'' SET intervalstyle = ''postgres'' SET timezone = ''UTC'' '
        || 'SET bytea_output = ''hex''';
    END IF;
    IF by_row THEN
      -- A plan that plpgsql keeps for NEW.* fails when a column's type changed in the session (the plan
      -- of a transition table is made anew), so by row it is made each time.
      insert_sql := pg_catalog.format('EXECUTE %L USING %s', insert_sql,
        CASE event WHEN 'insert' THEN 'NEW' WHEN 'delete' THEN 'OLD' ELSE 'OLD, NEW' END) || counted;
    ELSIF queries.compares AND watched IS NOT NULL THEN
      -- Pairs of more rows than one would all count as changed.
      insert_sql := pg_catalog.format(
        E'PERFORM FROM new_rows OFFSET 1 LIMIT 1;\n  IF FOUND THEN\n  %s\n  ELSE\n  %s\n  END IF;',
        pgsluice.many_sql(source, queries.many, per_row, 0) || counted, insert_sql || counted);
    ELSE
      -- ROW_COUNT says how it went: 1, that is all; 2, there are more rows; 0 where new and old rows are
      -- asked for, either may be missing.
      insert_sql := insert_sql || ' LIMIT 2' || counted || pg_catalog.format(
        E'\n  IF events OPERATOR(pg_catalog.%s) 1 THEN\n  %s;\n'
        || E'  GET DIAGNOSTICS more = ROW_COUNT;\n  events := events OPERATOR(pg_catalog.+) more;\n  END IF;',
        CASE WHEN queries.compares THEN '<>' ELSE '>' END,
        pgsluice.many_sql(source, queries.many, per_row, CASE WHEN event = 'update' THEN 0 ELSE 2 END));
    END IF;
  END IF;
  -- The wake-up: a NOTIFY only when the poller holds the sleeper lock, that is, sleeps. Never if
  -- prepared transactions are in use, because NOTIFY makes PREPARE TRANSACTION fail, nor if the queue
  -- of notifications fills up, because the COMMIT fails once it is full; the poller polls then. use_column: a column may be named like a plpgsql variable (found, tg_op).
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
