-- Documents that change by time, and passes that compare whole indexes in the background.

-- When a document changes by itself (`refresh_at`): its next time, if that is in the future.
-- Written by the transaction that acknowledges the document's row, or by the backfill task that
-- reads it. When the time has come, it becomes an event for this index alone and is removed in the
-- same statement, so that each time is applied exactly once, by any process.
CREATE TABLE IF NOT EXISTS pgsluice.refresh_time (
  index_name  text NOT NULL,
  document_id text NOT NULL,         -- `_id`, at most 512 bytes; a key may be longer than an index takes
  key         text NOT NULL,         -- root key, as in an event: a JSON array
  at          timestamptz NOT NULL,
  version     bigint NOT NULL,       -- of the snapshot that read the row; a later one wins
  PRIMARY KEY (index_name, document_id)
);
DO $$
BEGIN
  PERFORM pgsluice.add_index('refresh_time_due', 'pgsluice.refresh_time (index_name, at)');
END $$;

-- A pass compares every document of an index with PostgreSQL: first the rows (stage 'rows'), then
-- the ids of the index ('ids'). One row per index: how far the present pass is, and the result of
-- the last complete one. A process holds the advisory lock (1886612591, hashtext(index_name))
-- during a pass.
CREATE TABLE IF NOT EXISTS pgsluice.pass (
  index_name text PRIMARY KEY,
  subject    text NOT NULL DEFAULT '',        -- the index and the definition that are compared
  stage      text NOT NULL DEFAULT 'idle' CHECK (stage IN ('idle', 'rows', 'ids')),
  relation   oid NOT NULL DEFAULT 0,          -- the relation that is being read, with its storage
  filenode   oid NOT NULL DEFAULT 0,
  next_block bigint NOT NULL DEFAULT 0,       -- blocks below it have been compared
  reached    text NOT NULL DEFAULT '',        -- without blocks: the last key or id that was compared
  mending    jsonb NOT NULL DEFAULT '[]',     -- ids that were repaired and not checked again yet
  compared    bigint NOT NULL DEFAULT 0,
  differences bigint NOT NULL DEFAULT 0,
  repaired    bigint NOT NULL DEFAULT 0,
  started_at  timestamptz NOT NULL DEFAULT now(),
  next_at     timestamptz NOT NULL DEFAULT now(),  -- keeps the rate: no row is compared before the latest of these times
  complete_at timestamptz,                    -- the end of the last complete pass, with its result
  complete_compared    bigint NOT NULL DEFAULT 0,
  complete_differences bigint NOT NULL DEFAULT 0,
  complete_repaired    bigint NOT NULL DEFAULT 0
);

-- Grants rights to the roles of docs/roles.sql, if they exist, because the tables were created
-- after them.
DO $$ BEGIN PERFORM pgsluice.grant_to_roles(); END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (12, '0012_time') ON CONFLICT DO NOTHING;
