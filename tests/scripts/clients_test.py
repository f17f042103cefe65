"""See clients_test.sh."""

import hashlib
import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from running import ENGINE, Service, database, index_prefix, psql, run, until

MODULES = Path(os.environ["CLIENTS_TEST_MODULES"])
KEY = "pgsluice_clients"
SQL = """
CREATE TYPE state AS ENUM ('draft', 'live');
CREATE TABLE items (
  id int PRIMARY KEY, name text, state state NOT NULL, price numeric(10, 2), token uuid NOT NULL DEFAULT gen_random_uuid(),
  made_at timestamptz NOT NULL);
CREATE TABLE tag (item_id int REFERENCES items, label text NOT NULL, PRIMARY KEY (item_id, label));
INSERT INTO items (id, name, state, price, made_at) VALUES
  (1, 'blue lamp', 'live', 20, '2024-01-02 03:04:05Z'), (2, 'blue pen', 'live', 2, now()), (3, 'red pen', 'draft', 3, now());
INSERT INTO tag VALUES (1, 'new'), (1, 'sale')"""


def configuration(prefix):
    return {
        "mcp": True,
        "elasticsearch": {"urls": [ENGINE], "index_prefix": prefix},
        "indexes": {
            "shop-items": {"table": "items", "embed": {"tags": {"table": "tag", "columns": ["label"], "order_by": "label"}}},
        },
        "auth": {
            "keys": [{"name": "test", "sha256": hashlib.sha256(KEY.encode()).hexdigest(), "policy": "all"}],
            "policies": {"all": {"indexes": {"*": {}}}},
        },
    }


def node(*arguments):
    done = subprocess.run(["node", *map(str, arguments)], cwd=MODULES, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.stdout}{done.stderr}")
    return done.stdout


class Clients(unittest.TestCase):
    def test_clients(self):
        with database() as url, index_prefix() as prefix:
            psql(url, SQL)
            self.assertEqual(run(["migrate", "up", "--no-attach"], {"PGSLUICE_DATABASE_URL": url})[0], 0)
            with Service(configuration(prefix), {"PGSLUICE_DATABASE_URL": url}) as service:
                service.ready()
                until(lambda: service.ask("/v1/shop-items/docs/3", {"X-Api-Key": KEY})[0] == 200, lambda: service.log)
                run(["wait", "--timeout", "60s"], service.environment, service.directory)
                self.check_names(json.loads(service.ask("/openapi.json", {"X-Api-Key": KEY})[1]))
                self.generate(service)
                shutil.copy("tests/clients/use_mcp.mjs", MODULES)
                self.assertIn("ok", node("use_mcp.mjs", f"http://{service.api}", KEY))

    def check_names(self, document):
        for kind, components in document["components"].items():
            for name in components:
                self.assertRegex(name, r"^[A-Za-z][A-Za-z0-9_]*$", kind)
        self.assertTrue(document["servers"])

    def generate(self, service):
        (MODULES / "openapi.json").write_text(service.ask("/openapi.json", {"X-Api-Key": KEY})[1])
        shutil.copy("tests/clients/use_typescript.ts", MODULES)
        node("node_modules/openapi-typescript/bin/cli.js", "openapi.json", "-o", "api.d.ts")
        node("node_modules/typescript/bin/tsc", "--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--module", "nodenext",
             "use_typescript.ts")  # fmt: skip
        self.assertIn("ok", node("use_typescript.js", f"http://{service.api}", KEY))


if __name__ == "__main__":
    unittest.main(verbosity=2)
