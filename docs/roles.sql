-- Roles with the least privileges. Not a migration: run it by hand, as superuser or as whoever may
-- create roles and owns (or may SET ROLE to the owner of) the tables:
--
--   psql -v app_owner=shop_owner -v app_schema=shop -f docs/roles.sql
--
-- Give the roles a way to log in afterwards: ALTER ROLE pgsluice_sync PASSWORD '…'.
\set ON_ERROR_STOP on

-- Owns schema pgsluice: for `pgsluice migrate` and `pgsluice attach`, when you deploy.
SELECT 'CREATE ROLE pgsluice_owner LOGIN' WHERE to_regrole('pgsluice_owner') IS NULL \gexec
-- What `pgsluice run` connects as.
SELECT 'CREATE ROLE pgsluice_sync LOGIN' WHERE to_regrole('pgsluice_sync') IS NULL \gexec
-- For dashboards: counts, no keys, no documents.
SELECT 'CREATE ROLE pgsluice_status LOGIN' WHERE to_regrole('pgsluice_status') IS NULL \gexec

GRANT CREATE ON DATABASE :"DBNAME" TO pgsluice_owner;
-- Reading is needed to check the configuration against the tables.
GRANT USAGE ON SCHEMA :"app_schema" TO pgsluice_owner, pgsluice_sync;
GRANT SELECT, TRIGGER ON ALL TABLES IN SCHEMA :"app_schema" TO pgsluice_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA :"app_schema" TO pgsluice_sync;
ALTER DEFAULT PRIVILEGES FOR ROLE :"app_owner" IN SCHEMA :"app_schema"
  GRANT SELECT, TRIGGER ON TABLES TO pgsluice_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE :"app_owner" IN SCHEMA :"app_schema"
  GRANT SELECT ON TABLES TO pgsluice_sync;

-- After `pgsluice migrate up` (as pgsluice_owner): run the file again, this part is for then.
SELECT to_regnamespace('pgsluice') IS NOT NULL AS migrated \gset
\if :migrated
GRANT USAGE ON SCHEMA pgsluice TO pgsluice_sync, pgsluice_status;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgsluice TO pgsluice_sync;
REVOKE INSERT, UPDATE, DELETE ON pgsluice.migrations FROM pgsluice_sync;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA pgsluice TO pgsluice_sync;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgsluice TO pgsluice_sync;
REVOKE EXECUTE ON FUNCTION pgsluice.attach(regclass, text[], text[], text),
  pgsluice.detach(regclass) FROM pgsluice_sync;
GRANT SELECT ON pgsluice.migrations, pgsluice.index_state, pgsluice.source, pgsluice.backfill
  TO pgsluice_status;
GRANT SELECT (captured_at, source, size) ON pgsluice.outbox TO pgsluice_status;
GRANT SELECT (index_name) ON pgsluice.dead_letter TO pgsluice_status;
GRANT EXECUTE ON FUNCTION pgsluice.progress(text), pgsluice.lag(), pgsluice.is_attached(int),
  pgsluice.members_of(regclass) TO pgsluice_status;
\endif
