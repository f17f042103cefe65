-- Keeps the owners of tables and types from running code with the rights of the schema's owner or
-- of the role that syncs.

-- Returns `value` if it has the type of `witness`. Otherwise the server refuses the statement,
-- instead of looking for a cast. Costs nothing, because the planner inlines it.
CREATE OR REPLACE FUNCTION pgsluice.typed(value anyelement, witness anyelement) RETURNS anyelement
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT value $$;

-- Returns the JSON of an array with several dimensions, from the JSON of its elements in their
-- order.
CREATE OR REPLACE FUNCTION pgsluice.nested(elements text[], dimensions int[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  WITH lists AS (  -- how many elements a list holds, for each level except the outermost
    SELECT (SELECT pg_catalog.round(pg_catalog.exp(pg_catalog.sum(pg_catalog.ln(d))))::bigint
            FROM pg_catalog.unnest(dimensions[level:]) AS d) AS length
    FROM pg_catalog.generate_series(2, pg_catalog.cardinality(dimensions)) AS level)
  SELECT '[' || pg_catalog.string_agg(
    pg_catalog.repeat('[', (SELECT pg_catalog.count(*) FROM lists WHERE (n - 1) % length = 0)::int)
    || coalesce(element, 'null')
    || pg_catalog.repeat(']', (SELECT pg_catalog.count(*) FROM lists WHERE n % length = 0)::int),
    ',' ORDER BY n) || ']'
  FROM pg_catalog.unnest(elements) WITH ORDINALITY AS e(element, n)
$$;

-- Grants what the role of `run`, `sync`, `serve`, `backfill`, `reindex`, `verify` and `wait` needs.
-- Lists the functions by name, because trigger functions run with the rights of the schema's owner,
-- and a role that may execute them could put them on its own tables.
CREATE OR REPLACE FUNCTION pgsluice.grant_to_sync(role regrole) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  functions CONSTANT text[] := ARRAY['claim', 'clock', 'version', 'server_identity', 'check_epoch',
    'position', 'lag', 'progress', 'typed', 'nested', 'key_text', 'attend', 'forget_dropped',
    'mark_gap', 'mark_member', 'needs_attention', 'is_attached', 'is_ours', 'enter_generation',
    -- Functions that check whether a table is attached correctly; they generate SQL but do not run
    -- it.
    'attach_sql', 'identity_of', 'members_of', 'has_key', 'has_column', 'keys_per_row', 'is_exact',
    'is_plain_text', 'column_of', 'text_sql', 'key_text_sql', 'key_sql', 'differs_sql', 'event_sql',
    'many_sql', 'function_sql', 'trigger_sql', 'trigger_states', 'gap_sql', 'drop_functions_sql'];
BEGIN
  EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgsluice FROM %1$s; '
    'REVOKE ALL ON ALL TABLES IN SCHEMA pgsluice FROM %1$s; '
    'GRANT USAGE ON SCHEMA pgsluice TO %1$s; '
    'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgsluice TO %1$s; '
    'REVOKE INSERT, UPDATE, DELETE ON pgsluice.migrations FROM %1$s; '
    'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA pgsluice TO %1$s', role);
  EXECUTE coalesce((
    SELECT string_agg(format('GRANT EXECUTE ON FUNCTION %s TO %s', p.oid::regprocedure, role), '; ')
    FROM pg_proc p WHERE p.pronamespace = 'pgsluice'::regnamespace
      AND p.proname = ANY (functions)), 'SELECT');
END
$$;

-- Grants what dashboards and `status` need: counts, but no keys and no documents.
CREATE OR REPLACE FUNCTION pgsluice.grant_to_status(role regrole) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgsluice FROM %1$s; '
    'REVOKE ALL ON ALL TABLES IN SCHEMA pgsluice FROM %1$s; '
    'GRANT USAGE ON SCHEMA pgsluice TO %1$s; '
    'GRANT SELECT ON pgsluice.migrations, pgsluice.index_state, pgsluice.source, '
    'pgsluice.backfill, pgsluice.index_trouble, pgsluice.definition, pgsluice.status, '
    'pgsluice.outbox_status TO %1$s; '
    'GRANT SELECT (captured_at, source, size) ON pgsluice.outbox TO %1$s; '
    'GRANT SELECT (index_name) ON pgsluice.dead_letter TO %1$s; '
    'GRANT EXECUTE ON FUNCTION pgsluice.progress(text), pgsluice.lag(), pgsluice.is_attached(int), '
    'pgsluice.members_of(regclass) TO %1$s', role);
  -- These tables are created by later migrations.
  IF to_regclass('pgsluice.member') IS NOT NULL THEN
    EXECUTE format('GRANT SELECT ON pgsluice.member TO %s', role);
  END IF;
  IF to_regclass('pgsluice.pass') IS NOT NULL THEN
    EXECUTE format('GRANT SELECT (index_name, complete_at, complete_compared, complete_differences, '
      'complete_repaired) ON pgsluice.pass TO %s', role);
  END IF;
END
$$;

-- Grants this to the roles of docs/roles.sql, which have USAGE on the schema. The roles may be
-- created before or after the migrations; `migrate up` calls this when it has applied something.
CREATE OR REPLACE FUNCTION pgsluice.grant_to_roles() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pgsluice_sync'
             AND has_schema_privilege(oid, 'pgsluice', 'USAGE') AND NOT rolsuper) THEN
    PERFORM pgsluice.grant_to_sync('pgsluice_sync');
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pgsluice_status'
             AND has_schema_privilege(oid, 'pgsluice', 'USAGE') AND NOT rolsuper) THEN
    PERFORM pgsluice.grant_to_status('pgsluice_status');
  END IF;
END
$$;

REVOKE ALL ON FUNCTION pgsluice.typed(anyelement, anyelement), pgsluice.nested(text[], int[]),
  pgsluice.grant_to_sync(regrole), pgsluice.grant_to_status(regrole), pgsluice.grant_to_roles()
  FROM PUBLIC;
DO $$ BEGIN PERFORM pgsluice.grant_to_roles(); END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (10, '0010_rights') ON CONFLICT DO NOTHING;
