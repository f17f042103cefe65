-- Which state of the tables the running processes know: those that wait for everything committed up
-- to now wait until a change of the tables was looked at as well.

DO $$
BEGIN
  -- The state that all indexes of the process fit; NULL: it is just looking.
  PERFORM pgsluice.add_column('pgsluice.process', 'tables', 'text');
  -- As some process saw it last, for the time in which none runs.
  PERFORM pgsluice.add_column('pgsluice.state', 'tables', 'text');
END $$;

INSERT INTO pgsluice.migrations (number, name) VALUES (13, '0013_looks') ON CONFLICT DO NOTHING;
