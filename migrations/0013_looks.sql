-- Which state of the tables the running processes have checked. A reader that waits for everything
-- committed up to now also waits until changes of the tables were checked.

DO $$
BEGIN
  -- The state that all indexes of the process fit; NULL: it is just checking.
  PERFORM pgsluice.add_column('pgsluice.process', 'tables', 'text');
  -- The state that some process checked last, for the time in which none runs.
  PERFORM pgsluice.add_column('pgsluice.state', 'tables', 'text');
END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (13, '0013_looks') ON CONFLICT DO NOTHING;
