-- Work that is not an event (a first copy, a refill, the walk behind a TRUNCATE) has a place in the
-- order of changes as well: who waits for a position waits for the work at or below it.
DO $$
BEGIN
  -- 0: documents may be missing, whatever the position; NULL: nobody waits for it.
  PERFORM pgsluice.add_column('pgsluice.backfill', 'position', 'bigint DEFAULT 0');
END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (9, '0009_positions') ON CONFLICT DO NOTHING;
