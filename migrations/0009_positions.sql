-- Work that is not an event (a first copy, a refill, the walk behind a TRUNCATE) has a place in the
-- order of changes as well: who waits for a position waits for the work at or below it.
ALTER TABLE pgsluice.backfill
  ADD COLUMN IF NOT EXISTS position bigint DEFAULT 0;  -- 0: documents may be missing, whatever the
                                                       -- position; NULL: nobody waits for it

INSERT INTO pgsluice.migrations (number, name) VALUES (9, '0009_positions') ON CONFLICT DO NOTHING;
