-- A walk over the ids of an index removes what a TRUNCATE left behind. A killed or disconnected
-- poller may have sent a request before that arrives later, with documents that no event would
-- remove, because none has their keys. So the ids are walked a second time when no such request can
-- be left.
DO $$
BEGIN
  -- Not before this time; NULL: no second walk is needed.
  PERFORM pgsluice.add_column('pgsluice.index_state', 'walk_again', 'timestamptz');
END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (5, '0005_walk_again') ON CONFLICT DO NOTHING;
