-- Fills every table of a schema in the shape of an application, by what the catalog says of its columns.

-- An expression for row g of a column of this type.
CREATE FUNCTION public.fill_value(type oid, typmod int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  t pg_type;
  long int := CASE WHEN typmod > 4 THEN typmod - 4 ELSE 40 END;
BEGIN
  SELECT * INTO t FROM pg_type WHERE oid = type;
  IF t.typtype = 'd' AND t.typname IN ('color') THEN RETURN 'lpad(to_hex(g * 4099 % 16777216), 6, ''0'')'; END IF;
  IF t.typtype = 'd' AND t.typname = 'translated' THEN RETURN 'jsonb_build_object(''en_US'', ''Name '' || g)'; END IF;
  IF t.typtype = 'd' THEN
    RETURN format('(%s)::%s', public.fill_value(t.typbasetype, t.typtypmod), type::regtype);
  ELSIF t.typtype = 'e' THEN
    RETURN format('(enum_range(NULL::%1$s))[1 + g %% cardinality(enum_range(NULL::%1$s))]', type::regtype);
  ELSIF t.typtype = 'c' THEN
    RETURN (SELECT format('ROW(%s)::%s', string_agg(public.fill_value(atttypid, atttypmod), ', ' ORDER BY attnum), type::regtype)
            FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0);
  ELSIF t.typcategory = 'A' THEN
    RETURN format('CASE g %% 3 WHEN 1 THEN ''{}'' ELSE ARRAY[%s, NULL]::%s END', public.fill_value(t.typelem, -1), type::regtype);
  END IF;
  RETURN CASE t.typname
    WHEN 'bool' THEN 'g % 2 = 0'
    WHEN 'numeric' THEN 'g + 0.50'
    WHEN 'money' THEN '(g + 0.5)::numeric::money'
    WHEN 'float4' THEN 'g / 4.0' WHEN 'float8' THEN 'g / 3.0'
    WHEN 'date' THEN 'date ''2024-01-01'' + g'
    WHEN 'timestamp' THEN 'timestamp ''2024-01-14 03:04:05.6'' + g * interval ''9 h'''
    WHEN 'timestamptz' THEN 'timestamptz ''2024-01-14 03:04:05.6+02'' + g * interval ''9 h'''
    WHEN 'timetz' THEN 'timetz ''10:11:12+01''' WHEN 'interval' THEN 'g * interval ''1 day 2 h'''
    WHEN 'uuid' THEN 'md5(g::text)::uuid' WHEN 'bytea' THEN 'sha256(g::text::bytea)'
    WHEN 'inet' THEN 'inet ''10.0.0.0'' + g' WHEN 'cidr' THEN '(''10.'' || g || ''.0.0/16'')::cidr'
    WHEN 'macaddr' THEN 'macaddr ''08:00:2b:01:02:03''' WHEN 'point' THEN 'point(g, -g)'
    WHEN 'json' THEN '(''{"n": '' || g || '', "list": [1, null, "x"]}'')::json'
    WHEN 'jsonb' THEN 'jsonb_build_object(''n'', g, ''deep'', jsonb_build_object(''a b'', ''text '' || g))'
    WHEN 'tsvector' THEN 'to_tsvector(''simple'', ''words of row '' || g)'
    WHEN 'xml' THEN '(''<row n="'' || g || ''"/>'')::xml'
    WHEN 'bit' THEN format('%s::bit(%s)', 'g', greatest(typmod, 1)) WHEN 'varbit' THEN 'g::bit(4)::varbit'
    WHEN 'int4range' THEN 'int4range(g, g + 5)' WHEN 'int8range' THEN 'int8range(g, g + 5)'
    WHEN 'daterange' THEN 'daterange(date ''2024-01-01'' + g, date ''2024-06-01'')'
    WHEN 'tstzrange' THEN 'tstzrange(timestamptz ''2024-01-01 00:00Z'', timestamptz ''2024-06-01 00:00Z'' + g * interval ''1 h'')'
    WHEN 'bpchar' THEN format('left(''x'' || g, %s)', long)
    WHEN 'text' THEN '''Text "of" row '' || g || E''\\n\\\\ ü'''
    WHEN 'varchar' THEN format('left(md5(g::text), %s)', long)
    ELSE 'g' END;
END $$;

-- Rows 1 to `rows` of a table. Foreign keys lead to rows that are there.
CREATE FUNCTION public.fill_table(relation regclass, rows int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  names text := '';
  vals text := '';
  joins text := '';
  covered smallint[] := '{}';
  k record;
  a record;
BEGIN
  FOR k IN SELECT oid, conkey, confkey, confrelid FROM pg_constraint WHERE conrelid = relation AND contype = 'f' ORDER BY oid LOOP
    CONTINUE WHEN covered && k.conkey;
    covered := covered || k.conkey;
    joins := joins || (SELECT format(' LEFT JOIN LATERAL (SELECT %s FROM %s AS r ORDER BY md5(r::text || g) LIMIT 1) AS f%s ON true',
      string_agg(format('r.%I AS c%s', p.attname, n), ', '), k.confrelid::regclass, k.oid)
      FROM unnest(k.confkey) WITH ORDINALITY AS u(num, n) JOIN pg_attribute p ON p.attrelid = k.confrelid AND p.attnum = u.num);
    SELECT names || string_agg(format(', %I', p.attname), '' ORDER BY n), vals || string_agg(format(', f%s.c%s', k.oid, n), '' ORDER BY n) INTO names, vals
      FROM unnest(k.conkey) WITH ORDINALITY AS u(num, n) JOIN pg_attribute p ON p.attrelid = relation AND p.attnum = u.num;
  END LOOP;
  FOR a IN SELECT attnum, attname, atttypid, atttypmod, attnotnull, pg_get_expr(adbin, adrelid) AS default_value FROM pg_attribute
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = '' ORDER BY attnum LOOP
    CONTINUE WHEN a.attnum = ANY (covered) OR a.default_value LIKE 'nextval(%' OR a.attname = 'region' OR a.attname = 'partition_id' AND a.default_value IS NOT NULL;
    names := names || format(', %I', a.attname);
    vals := vals || ', ' || CASE WHEN a.attnotnull THEN '' ELSE 'CASE WHEN g % 5 = ' || a.attnum % 5 || ' THEN NULL ELSE ' END
      || public.fill_value(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN '' ELSE ' END' END;
  END LOOP;
  IF names = '' THEN
    EXECUTE format('INSERT INTO %s SELECT FROM generate_series(1, %s)', relation, rows);
  ELSE
    EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM generate_series(1, %s) AS g%s ON CONFLICT DO NOTHING',
      relation, substr(names, 3), substr(vals, 3), rows, joins);
  END IF;
END $$;

-- Every table, those first that the others refer to. Returns the tables that stayed empty.
CREATE FUNCTION public.fill(rows int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  relation regclass;
  n bigint;
  empty text := '';
BEGIN
  FOR round IN 1..4 LOOP
    empty := '';
    FOR relation IN SELECT c.oid FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY c.oid LOOP
      EXECUTE format('SELECT count(*) FROM %s', relation) INTO n;
      CONTINUE WHEN n > 0;
      BEGIN
        PERFORM public.fill_table(relation, rows);
        EXECUTE format('SELECT count(*) FROM %s', relation) INTO n;
        IF n = 0 THEN empty := empty || format('%s; ', relation); END IF;
      EXCEPTION WHEN OTHERS THEN
        empty := empty || format('%s: %s; ', relation, SQLERRM);
      END;
    END LOOP;
  END LOOP;
  RETURN empty;
END $$;
