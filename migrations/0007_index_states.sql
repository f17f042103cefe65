-- Each index stands alone: what is wrong with one index, and what it was last searched as.

-- Troubles of single indexes, as the process that met them last reported them. An index that works
-- has no row.
CREATE TABLE IF NOT EXISTS pgsluice.index_trouble (
  index_name text PRIMARY KEY,
  state      text NOT NULL CHECK (state IN ('broken', 'blocked')),
  reason     text NOT NULL,       -- the cause
  remedy     text NOT NULL,       -- what to do
  since      timestamptz NOT NULL DEFAULT now()
);

-- The fields of the documents that an index holds, so that it can be searched although its
-- definition no longer fits the tables.
CREATE TABLE IF NOT EXISTS pgsluice.index_plan (
  index_name text PRIMARY KEY,
  plan       json NOT NULL
);

INSERT INTO pgsluice.migrations (number, name) VALUES (7, '0007_index_states') ON CONFLICT DO NOTHING;
