"""A PostgreSQL with ssl = on, SCRAM and client certificates, PgBouncer before the writers, and roles that hold the least."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from running import ENGINE, Authority, OwnPostgres, Secured, Service, as_account, free_port, index_prefix, psql, run, until

PASSWORD = "correct-horse"


class Tls(Secured):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = Authority(f"{cls.directory}/other")
        cls.server = cls.stack.enter_context(
            OwnPostgres(["hostssl all by_certificate 127.0.0.1/32 cert", "hostssl all all 127.0.0.1/32 scram-sha-256"])
        )
        for name, certificate in {"good": ("server",), "expired": ("old", "IP:127.0.0.1", -1), "named": ("named", "DNS:db.example")}.items():
            pem, key = cls.authority.make(*certificate)
            cls.server.keep(f"{name}.pem", pem)
            cls.server.keep(f"{name}.key", key)
        cls.server.keep("ca.pem", cls.authority.file)
        cls.use("good")
        cls.server.sql("ALTER SYSTEM SET password_encryption = 'scram-sha-256'")
        cls.server.sql(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE by_certificate LOGIN")
        cls.server.sql("CREATE DATABASE shop OWNER app")
        cls.server.sql("SET ROLE app; CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'one')", "shop")

    @classmethod
    def use(cls, name):
        """The server shows this certificate from now on."""
        for setting, value in {"ssl_cert_file": f"{name}.pem", "ssl_key_file": f"{name}.key", "ssl_ca_file": "ca.pem", "ssl": "on"}.items():
            cls.server.sql(f"ALTER SYSTEM SET {setting} = '{value}'")
        cls.server.sql("SELECT pg_reload_conf()")
        shown = ["openssl", "s_client", "-starttls", "postgres", "-connect", f"127.0.0.1:{cls.server.port}"]
        subject = {"good": "server", "expired": "old", "named": "named"}[name]
        until(lambda: f"CN={subject}" in subprocess.run(shown, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout.replace(" ", ""), subject)

    def url(self, user="app", password=PASSWORD, ca=None, more=""):
        ca = ca or self.authority.file
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.server.port}/shop?sslmode=verify-full&sslrootcert={ca}{more}"

    def refused(self, url):
        code, _, text = run(["migrate", "status"], {"PGSLUICE_DATABASE_URL": url})
        self.assertEqual(code, 1, text)
        self.assertNotIn(PASSWORD, text)
        return text

    def test_verify_full_scram_and_a_client_certificate(self):
        good = self.url(more="&channel_binding=require")
        code, _, text = run(["migrate"], {"PGSLUICE_DATABASE_URL": good})
        self.assertEqual(code, 0, text)
        with index_prefix() as prefix:
            config = {"elasticsearch": {"urls": [ENGINE], "index_prefix": prefix}}
            with Service(config, {"PGSLUICE_DATABASE_URL": good}) as service:
                service.ready().finds("item", 1, "one")
                self.server.sql("UPDATE item SET name = 'two'", "shop")
                service.finds("item", 1, "two")
                clear = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'app' AND NOT ssl"
                self.assertEqual(self.server.sql(clear), "0")
                self.assertEqual(service.stop(), 0)
        pem, key = self.authority.make("by_certificate")
        with_certificate = self.url("by_certificate", "", more=f"&sslcert={pem}&sslkey={key}")
        code, _, text = run(["config", "check"], {"PGSLUICE_DATABASE_URL": with_certificate})
        self.assertIn("no permission to read public.item", text)  # It is in.
        pem, key = self.other.make("by_certificate")
        self.refused(self.url("by_certificate", "", more=f"&sslcert={pem}&sslkey={key}"))

    def test_each_mistake_has_its_message(self):
        texts = {"password": self.refused(self.url(password="wrong"))}
        self.assertIn('password authentication failed for user "app"', texts["password"])
        self.assertIn("check user and password", texts["password"])
        texts["authority"] = self.refused(self.url(ca=self.other.file))
        self.assertIn("certificate", texts["authority"])
        self.assertIn("sslrootcert", texts["authority"])
        texts["clear"] = self.refused(self.url().split("?")[0] + "?sslmode=disable")
        self.assertIn("no encryption", texts["clear"])
        self.assertIn("sslmode", texts["clear"])
        try:
            self.use("named")
            texts["name"] = self.refused(self.url())
            self.assertIn("does not match host name", texts["name"])
            self.use("expired")
            texts["expired"] = self.refused(self.url())
            self.assertIn("certificate has expired", texts["expired"])
            self.assertIn("must be renewed", texts["expired"])
        finally:
            self.use("good")
        self.assertEqual(len(set(texts.values())), len(texts))


class PgBouncer(unittest.TestCase):
    """Writers come through a pool in transaction mode, the service directly."""

    def test_writers_behind_a_pool(self):
        with OwnPostgres(["host all all 127.0.0.1/32 trust"]) as server, index_prefix() as prefix:
            direct = f"postgresql://postgres@127.0.0.1:{server.port}/postgres"
            server.sql("CREATE TABLE item (id int PRIMARY KEY, name text)")
            self.assertEqual(run(["migrate"], {"PGSLUICE_DATABASE_URL": direct})[0], 0)
            port = free_port()
            file = Path(server.directory, "pgbouncer.ini")
            file.write_text(
                f"[databases]\n* = host=127.0.0.1 port={server.port} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
                "unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
            )
            os.chmod(file, 0o644)
            binary = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
            pool = subprocess.Popen(as_account([binary, "-q", str(file)]), cwd=server.directory, stderr=subprocess.DEVNULL)
            # Many sessions of the pool share few of the server.
            pooled = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
            try:
                until(lambda: subprocess.run(["psql", "-XqAtc", "SELECT 1", pooled], capture_output=True).returncode == 0, "PgBouncer")
                config = {"elasticsearch": {"urls": [ENGINE], "index_prefix": prefix}}
                with Service(config, {"PGSLUICE_DATABASE_URL": direct}) as service:
                    service.ready()
                    for number in range(1, 21):
                        psql(pooled, f"INSERT INTO item VALUES ({number}, 'number {number}')")
                    psql(pooled, "UPDATE item SET name = name || '!'; DELETE FROM item WHERE id = 20")
                    service.finds("item", 19, "number 19!")
                    until(lambda: service.ask("/v1/item/docs/20")[0] == 404, "20 is gone")
            finally:
                pool.kill()
                pool.wait()


class Roles(unittest.TestCase):
    """docs/roles.sql, with exactly what it grants."""

    def test_owner_sync_and_status(self):
        with OwnPostgres(["host all all 127.0.0.1/32 trust"]) as server, index_prefix() as prefix:
            server.sql(
                "CREATE ROLE shop_owner LOGIN; CREATE SCHEMA shop AUTHORIZATION shop_owner; SET ROLE shop_owner; "
                "CREATE TABLE shop.item (id int PRIMARY KEY, name text); INSERT INTO shop.item VALUES (1, 'one')"
            )
            roles = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-v", "app_owner=shop_owner", "-v", "app_schema=shop"]
            steps = Path("docs/roles.sql").read_text()

            def apply(sql):
                done = subprocess.run([*roles, server.socket()], input=sql, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)

            def url(role):
                return {"PGSLUICE_DATABASE_URL": f"postgresql://{role}@127.0.0.1:{server.port}/postgres"}

            config = {
                "elasticsearch": {"urls": [ENGINE], "index_prefix": prefix},
                "indexes": {"item": {"table": "shop.item"}},
            }
            apply(steps)
            with tempfile.TemporaryDirectory() as directory:
                Path(directory, "pgsluice.json").write_text(json.dumps(config))
                code, _, text = run(["migrate"], url("pgsluice_owner"), directory)
                self.assertEqual(code, 0, text)
                self.assertNotIn("superuser", text)
                with Service(config, url("pgsluice_sync")) as service:
                    service.ready().finds("item", 1, "one")
                    server.sql("SET ROLE shop_owner; INSERT INTO shop.item VALUES (2, 'two'); UPDATE shop.item SET name = 'uno' WHERE id = 1")
                    service.finds("item", 2, "two")
                    service.finds("item", 1, "uno")
                    code, _, text = run(["backfill"], url("pgsluice_sync"), directory)
                    self.assertEqual(code, 0, text)
                    server.sql("TRUNCATE shop.item")
                    until(lambda: service.ask("/v1/item/docs/1")[0] == 404, lambda: service.log)
                    self.assertNotIn("permission denied", service.log)
                code, out, text = run(["verify"], url("pgsluice_sync"), directory)
                self.assertEqual(code, 0, text)
                code, out, text = run(["status", "--json"], url("pgsluice_status"), directory)
                self.assertEqual(code, 0, text)
                self.assertIn('"item"', out)
            apply(steps)  # Again: after an upgrade.
            for view in "status", "outbox_status":
                psql(url("pgsluice_status")["PGSLUICE_DATABASE_URL"], f"SELECT * FROM pgsluice.{view}")
            for role, sql in {
                "pgsluice_sync": ("INSERT INTO shop.item VALUES (9, 'x')", "CREATE TABLE pgsluice.x (a int)", "CREATE TABLE shop.x (a int)",
                                  "SELECT pgsluice.detach('shop.item')", "DROP TABLE shop.item", "SELECT pgsluice.grant_to_roles()",
                                  "CREATE TEMP TABLE t (id int, name text); CREATE TRIGGER t AFTER INSERT ON t REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgsluice.capture_1_insert()"),
                "pgsluice_status": ("SELECT * FROM shop.item", "SELECT * FROM pgsluice.outbox", "DELETE FROM pgsluice.dead_letter"),
                "pgsluice_owner": ("DROP TABLE shop.item",),
            }.items():  # fmt: skip
                for statement in sql:
                    with self.assertRaisesRegex(AssertionError, "permission denied|must be owner", msg=f"{role}: {statement}"):
                        psql(url(role)["PGSLUICE_DATABASE_URL"], statement)


if __name__ == "__main__":
    unittest.main(verbosity=2)
