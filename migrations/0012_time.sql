-- Documents that change by time, and passes that compare whole indexes in the background.

-- When a document changes by itself (`refresh_at`): its next time, if that is still to come. Written
-- by the transaction that acknowledges the document's row, or by the task of a backfill that reads
-- it. A time that is due becomes an event for this index alone and leaves the table in the same
-- statement, so that each time is applied once, by whichever process is there.
CREATE TABLE IF NOT EXISTS pgsluice.refresh_time (
  index_name  text NOT NULL,
  document_id text NOT NULL,         -- `_id`, at most 512 bytes; a key may be longer than an index takes
  key         text NOT NULL,         -- root key, as in an event: a JSON array
  at          timestamptz NOT NULL,
  version     bigint NOT NULL,       -- of the snapshot that read it: a later one wins
  PRIMARY KEY (index_name, document_id)
);
DO $$
BEGIN
  PERFORM pgsluice.add_index('refresh_time_due', 'pgsluice.refresh_time (index_name, at)');
END $$;

-- A pass compares every document of an index with PostgreSQL: first the rows (stage 'rows'), then the
-- ids of the index ('ids'). One row per index: how far the present pass is, and what the last complete
-- one found. A process holds the advisory lock (1886612591, hashtext(index_name)) during a pass.
CREATE TABLE IF NOT EXISTS pgsluice.pass (
  index_name text PRIMARY KEY,
  subject    text NOT NULL DEFAULT '',        -- the index and the definition that are compared
  stage      text NOT NULL DEFAULT 'idle' CHECK (stage IN ('idle', 'rows', 'ids')),
  relation   oid NOT NULL DEFAULT 0,          -- that is read, with its storage
  filenode   oid NOT NULL DEFAULT 0,
  next_block bigint NOT NULL DEFAULT 0,       -- blocks below it are compared
  reached    text NOT NULL DEFAULT '',        -- without blocks: the last key or id compared
  mending    jsonb NOT NULL DEFAULT '[]',     -- ids that were given to repair and not looked at again
  compared    bigint NOT NULL DEFAULT 0,
  differences bigint NOT NULL DEFAULT 0,
  repaired    bigint NOT NULL DEFAULT 0,
  started_at  timestamptz NOT NULL DEFAULT now(),
  next_at     timestamptz NOT NULL DEFAULT now(),  -- the rate: no row is compared before the latest one
  complete_at timestamptz,                    -- the end of the last complete pass, with its result
  complete_compared    bigint NOT NULL DEFAULT 0,
  complete_differences bigint NOT NULL DEFAULT 0,
  complete_repaired    bigint NOT NULL DEFAULT 0
);

-- The roles of docs/roles.sql, if there are any: the tables are younger than their rights.
DO $$ BEGIN PERFORM pgsluice.grant_to_roles(); END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (12, '0012_time') ON CONFLICT DO NOTHING;
