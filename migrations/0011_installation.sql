-- The secret of this installation. It signs the cursors of the API, so that they cannot be forged.
-- Created once, at random, and shared by all processes. The newest row signs; older rows are still
-- accepted. A role that can read it can forge cursors, so only the role that serves the API should
-- have SELECT.
CREATE TABLE IF NOT EXISTS pgsluice.installation_key (
  id      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key     bytea NOT NULL CHECK (octet_length(key) = 32),
  made_at timestamptz NOT NULL DEFAULT now()
);
REVOKE ALL ON pgsluice.installation_key FROM PUBLIC;

-- Returns 32 random bytes. gen_random_uuid() takes 122 random bits per call from the operating
-- system's generator, and needs no extension.
CREATE OR REPLACE FUNCTION pgsluice.new_key() RETURNS bytea
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(convert_to(string_agg(gen_random_uuid()::text, ''), 'UTF8'))
  FROM generate_series(1, 4)
$$;
REVOKE ALL ON FUNCTION pgsluice.new_key() FROM PUBLIC;

-- Creates a new key; running processes notice it within ten seconds. Cursors of the previous key
-- stay valid until the next rotation. If `keep_previous` is false (after a leak), they become 410
-- `cursor_expired` at once.
CREATE OR REPLACE FUNCTION pgsluice.rotate_key(keep_previous boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM pgsluice.installation_key k
  WHERE NOT keep_previous OR k.id < (SELECT max(n.id) FROM pgsluice.installation_key n);
  INSERT INTO pgsluice.installation_key (key) VALUES (pgsluice.new_key());
END
$$;
REVOKE ALL ON FUNCTION pgsluice.rotate_key(boolean) FROM PUBLIC;

INSERT INTO pgsluice.installation_key (key)
SELECT pgsluice.new_key() WHERE NOT EXISTS (SELECT FROM pgsluice.installation_key);

-- Grants rights to the roles of docs/roles.sql, if they exist, because the table was created after
-- them.
DO $$ BEGIN PERFORM pgsluice.grant_to_roles(); END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (11, '0011_installation') ON CONFLICT DO NOTHING;
