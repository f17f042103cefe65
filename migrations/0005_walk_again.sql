-- A walk over the ids of an index removes what a TRUNCATE left. A request that a killed or cut-off
-- poller had sent before may arrive after it, with documents that nobody would remove: no event has
-- their keys. So the ids are walked once more when no such request can be left.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_attribute
                 WHERE attrelid = 'pgsluice.index_state'::regclass AND attname = 'walk_again') THEN
    PERFORM pg_catalog.set_config('lock_timeout', '3s', true);
    -- Not before; NULL: no need.
    ALTER TABLE pgsluice.index_state ADD COLUMN walk_again timestamptz;
  END IF;
END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (5, '0005_walk_again') ON CONFLICT DO NOTHING;
