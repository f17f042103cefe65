"""pgsluice on an Elasticsearch with its own security. OpenSearch's security plugin, API keys and tokens: engine_security_test.py, before a gate."""

import base64
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import unittest
import urllib.request
from pathlib import Path

from running import Secured, Service, database, free_port, psql, run, until

USERS = ("admin:admin-password:superuser", "sync:sync-password:pgsluice", "nobody:nobody-password")


def role_of_the_documentation():
    return re.search(r"```yaml\n(pgsluice:\n.*?)```", Path("docs/operations.md").read_text(), re.S)[1]


class Elasticsearch(Secured):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        data = tempfile.mkdtemp(prefix="pgsluice_es_", dir="/tmp")
        cls.stack.callback(shutil.rmtree, data)
        os.chmod(data, 0o755)
        roles = Path(cls.directory, "roles.yml")
        roles.write_text(role_of_the_documentation())
        certificate, key = cls.authority.make("engine")
        port = free_port()
        cls.url = f"https://127.0.0.1:{port}"
        log = Path(cls.directory, "engine.log")
        with log.open("w") as out:
            command = ["tests/scripts/secure_elasticsearch", data, str(port), certificate, key, str(roles), *USERS]
            engine = subprocess.Popen(command, stdout=out, stderr=out)
        cls.stack.callback(engine.wait)
        cls.stack.callback(lambda: os.killpg(engine.pid, signal.SIGKILL))  # it heads a session of its own

        def answers():
            assert engine.poll() is None, log.read_text()
            return "cluster_name" in cls.ask("/_cluster/health")

        until(answers, log.read_text, 600)
        cls.database = cls.stack.enter_context(database())
        psql(cls.database, "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'one')")
        code, _, text = run(["migrate"], {"PGSLUICE_DATABASE_URL": cls.database})
        assert code == 0, text

    @classmethod
    def ask(cls, path):
        """As superuser."""
        secret = base64.b64encode(b"admin:admin-password").decode()
        request = urllib.request.Request(cls.url + path, headers={"Authorization": f"Basic {secret}"})
        try:
            with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=cls.authority.file), timeout=30) as answer:
                return answer.read().decode()
        except OSError as error:
            return str(error)

    def service(self, user, password, **more):
        engine = {"urls": [self.url], "index_prefix": "shop-", "ca_file": self.authority.file, "username": user, "password": password}
        return Service({"elasticsearch": engine | more}, {"PGSLUICE_DATABASE_URL": self.database})

    def test_the_role_of_the_documentation_is_enough(self):
        with self.service("sync", "sync-password") as service:
            service.ready().finds("item", 1, '"name"')
            psql(self.database, "UPDATE item SET name = 'changed'; ALTER TABLE item ADD COLUMN n int DEFAULT 7")
            service.finds("item", 1, "changed")
            service.finds("item", 1, '"n":7')
            status, body = service.ask("/v1/item/search?q=changed&filter=n%20%3D%207&facets=n&consistency=strong")
            self.assertEqual((status, '"id":"1"' in body), (200, True), body)
            environment = service.environment | {"PGSLUICE_CONFIG": f"{service.directory}/pgsluice.json"}
            for command in (["reindex", "item"], ["verify"]):
                code, _, text = run(command, environment)
                self.assertEqual(code, 0, text)
            self.assertIn("shop-item-000002", self.ask("/_cat/aliases"))
            service.finds("item", 1, "changed")
            self.assertEqual(service.stop(), 0)

    def test_what_is_wrong_is_told_apart(self):
        with self.service("sync", "wrong-password") as service:
            service.says("401")
            self.assertEqual(service.process.wait(20), 1)
        with self.service("nobody", "nobody-password") as service:
            service.says("403")
            self.assertEqual(service.process.wait(20), 1)
            self.assertNotIn("nobody-password", service.log)
        with self.service("sync", "sync-password", index_prefix="other-") as service:
            service.says("403").says("other-item")
        with self.service("sync", "sync-password", ca_file="/etc/ssl/certs/ca-certificates.crt") as service:
            service.unready("certificate")


if __name__ == "__main__":
    unittest.main(verbosity=2)
