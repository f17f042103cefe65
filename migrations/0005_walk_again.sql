-- A walk over the ids of an index removes what a TRUNCATE left. A request that a killed or cut-off
-- poller had sent before may arrive after it, with documents that nobody would remove: no event has
-- their keys. So the ids are walked once more when no such request can be left.
DO $$
BEGIN
  -- Not before; NULL: no need.
  PERFORM pgsluice.add_column('pgsluice.index_state', 'walk_again', 'timestamptz');
END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (5, '0005_walk_again') ON CONFLICT DO NOTHING;
