-- State of single indexes: what is wrong with one, and the fields that it was last searched by.

-- Troubles of single indexes, as the last process that had them reported. An index without trouble
-- has no row.
CREATE TABLE IF NOT EXISTS pgsluice.index_trouble (
  index_name text PRIMARY KEY,
  state      text NOT NULL CHECK (state IN ('broken', 'blocked')),
  reason     text NOT NULL,       -- the cause
  remedy     text NOT NULL,       -- what to do
  since      timestamptz NOT NULL DEFAULT now()
);

-- The fields of the documents in an index, so that it can be searched even if its definition no
-- longer fits the tables.
CREATE TABLE IF NOT EXISTS pgsluice.index_plan (
  index_name text PRIMARY KEY,
  plan       json NOT NULL
);

INSERT INTO pgsluice.migrations (number, name) VALUES (7, '0007_index_states') ON CONFLICT DO NOTHING;
