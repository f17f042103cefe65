-- Roles with the least privileges. Not a migration: run it by hand, as superuser or as a role that
-- may create roles and owns (or may SET ROLE to the owner of) the tables. Before
-- `pgsluice migrate up` (as pgsluice_owner) or after it, once in each database:
--
--   psql -v app_owner=shop_owner -v app_schema=shop -f docs/roles.sql
--
-- Give the roles a way to log in afterwards: ALTER ROLE pgsluice_sync PASSWORD '…'.
\set ON_ERROR_STOP on

-- Owns schema pgsluice: for `pgsluice migrate` and `pgsluice attach`, when you deploy. The functions
-- behind the triggers run with its rights, so give it no others.
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

-- The schema is made here, so that the migrations find whom to grant the rest to, function by
-- function (pgsluice.grant_to_sync() and grant_to_status() in migrations/0010_rights.sql).
SELECT format('GRANT pgsluice_owner TO %I', current_user)
WHERE NOT pg_has_role(current_user, 'pgsluice_owner', 'MEMBER') \gexec
SELECT 'CREATE SCHEMA pgsluice AUTHORIZATION pgsluice_owner'
WHERE to_regnamespace('pgsluice') IS NULL \gexec
GRANT USAGE ON SCHEMA pgsluice TO pgsluice_sync, pgsluice_status;
SELECT 'SELECT pgsluice.grant_to_roles()'
WHERE to_regprocedure('pgsluice.grant_to_roles()') IS NOT NULL \gexec
