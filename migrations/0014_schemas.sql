-- What the sync stores about tables in many schemas ("tenant_*.orders").

DO $$
BEGIN
  -- For an index that exists for one schema: the name of its definition, and the schema's name.
  PERFORM pgsluice.add_column('pgsluice.index_state', 'of_definition', 'text');
  PERFORM pgsluice.add_column('pgsluice.index_state', 'of_schema', 'text');
  -- The state of the table and its triggers when they were last checked and found correct. With
  -- thousands of tables, a start then checks only those that have changed.
  PERFORM pgsluice.add_column('pgsluice.source', 'checked', 'text');
  -- Limits a walk to the ids of this schema; NULL: all ids.
  PERFORM pgsluice.add_column('pgsluice.backfill', 'schema_name', 'text');
  -- The source that the key belongs to; NULL: index_state.root_source.
  PERFORM pgsluice.add_column('pgsluice.dead_letter', 'source', 'int');
  -- The root table that the key belongs to; NULL: the one of the index.
  PERFORM pgsluice.add_column('pgsluice.refresh_time', 'relation', 'oid');
END $$;

-- The schemas of an index over many, and the definition that each was last filled with. If a hash is
-- empty or differs from the definition's, the schema's rows are read again before the index counts as
-- complete.
CREATE TABLE IF NOT EXISTS pgsluice.member (
  index_name  text NOT NULL,
  schema_name text NOT NULL,
  relation    oid NOT NULL,  -- the root table
  hash        text NOT NULL,
  PRIMARY KEY (index_name, schema_name)
);

-- An empty config_hash means that changes of the index may have been missed. They may be in any
-- schema, so all schemas are read again.
CREATE OR REPLACE FUNCTION pgsluice.forget_members() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgsluice.member SET hash = '' WHERE index_name = NEW.index_name AND hash <> '';
  RETURN NULL;
END
$$;
DO $$
BEGIN
  -- Creating the trigger waits for open writers, so it is created only once.
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
                 WHERE tgrelid = 'pgsluice.index_state'::regclass AND tgname = 'forget_members') THEN
    CREATE TRIGGER forget_members AFTER UPDATE OF config_hash ON pgsluice.index_state
      FOR EACH ROW WHEN (NEW.config_hash = '') EXECUTE FUNCTION pgsluice.forget_members();
  END IF;
END $$;

-- Marks that changes of one schema may have been missed, so that its rows are read again. Until a
-- process has created that task, the index has a definition that no process runs, so that its events
-- wait.
CREATE OR REPLACE FUNCTION pgsluice.mark_member(of_index text, of_relation oid) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE pgsluice.index_state SET config_hash = 'members', updated_at = now()
  WHERE index_name = of_index AND config_hash <> '';
  IF FOUND THEN
    UPDATE pgsluice.member SET hash = '' WHERE index_name = of_index AND relation = of_relation;
    UPDATE pgsluice.state SET generation = generation + 1;
  END IF;
END
$$;
REVOKE ALL ON FUNCTION pgsluice.forget_members(), pgsluice.mark_member(text, oid) FROM PUBLIC;

DO $$ BEGIN PERFORM pgsluice.grant_to_roles(); END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (14, '0014_schemas') ON CONFLICT DO NOTHING;
