-- Gives work that is not an event (a first copy, a refill, the walk after a TRUNCATE) a place in
-- the order of changes: a reader that waits for a position also waits for the work at or below it.
DO $$
BEGIN
  -- 0: documents may be missing, whatever the position; NULL: no reader waits for it.
  PERFORM pgsluice.add_column('pgsluice.backfill', 'position', 'bigint DEFAULT 0');
END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (9, '0009_positions') ON CONFLICT DO NOTHING;
