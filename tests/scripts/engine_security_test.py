"""Engines over HTTPS and with credentials of every kind; what is wrong with them is reported in log, /readyz and /status."""

import base64
import datetime
import unittest
from pathlib import Path

from gate import Gate
from running import ENGINE, Authority, Secured, Service, database, free_port, get, index_prefix, psql, run, until
from secure_engine import Answers, aws_signature

ID, KEY, TOKEN = "AKIAEXAMPLE", "a/secret+key", "a-session-token=="
EXPIRED = '{"message":"The security token included in the request is expired"}'


def only(authorization):
    def allow(request, _):
        given = request.headers.get("Authorization")
        if given is None:
            return 401, '{"error":{"type":"security_exception","reason":"missing authentication credentials"},"status":401}'
        if given != authorization:
            return 401, '{"error":{"type":"security_exception","reason":"unable to authenticate user"},"status":401}'
        return None

    return allow


class Case(Secured):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = cls.stack.enter_context(database())
        psql(cls.database, "CREATE TABLE item (id text PRIMARY KEY, name text); INSERT INTO item VALUES ('1', 'one'), ('a b/c*é,+', 'odd')")
        code, _, text = run(["migrate"], {"PGSLUICE_DATABASE_URL": cls.database})
        assert code == 0, text

    def setUp(self):
        self.prefix = self.enterContext(index_prefix()) if hasattr(self, "enterContext") else self._enter(index_prefix())
        psql(self.database, "DELETE FROM pgsluice.index_state; DELETE FROM pgsluice.backfill; DELETE FROM pgsluice.retired")

    def _enter(self, manager):
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def service(self, gate, environment=None, **engine):
        urls = gate if isinstance(gate, list) else [gate.url]
        config = {"elasticsearch": {"urls": urls, "index_prefix": self.prefix} | engine}
        return Service(config, {"PGSLUICE_DATABASE_URL": self.database} | (environment or {}))

    def works(self, gate, environment=None, **engine):
        with self.service(gate, environment, **engine) as service:
            service.ready().finds("item", 1, "")
            mark = f"changed for {self.id()}"
            psql(self.database, f"UPDATE item SET name = '{mark}' WHERE id = '1'")
            service.finds("item", 1, mark)
            service.finds("item", "a%20b%2Fc%2A%C3%A9%2C%2B", "odd")
            status, body = service.ask("/v1/item/search?consistency=strong&q=odd&filter=name%20STARTS%20WITH%20o&facets=name")
            self.assertEqual((status, "odd" in body), (200, True), body)
            self.assertEqual(service.stop(), 0)
            return service.log


class Tls(Case):
    def test_own_authority_and_client_certificate(self):
        server, client = self.authority.make("engine"), self.authority.make("client")
        with Gate(ENGINE, certificate=server, client_authority=self.authority.file) as gate:
            self.works(gate, ca_file=self.authority.file, client_cert_file=client[0], client_key_file=client[1])
            with self.service(gate, ca_file=self.authority.file) as service:
                service.unready("client certificate").says("client_cert_file")

    def test_what_is_wrong_with_a_certificate(self):
        texts = {}
        other = Authority(f"{self.directory}/other")
        for name, certificate, ca, wanted, hint in (
            ("authority", self.authority.make("engine"), other.file, "certificate", "set ca_file to the authority"),
            ("expired", self.authority.make("old", days=-1), self.authority.file, "certificate has expired", "must be renewed"),
            ("name", self.authority.make("named", "DNS:search.example"), self.authority.file, "certificate", "use the name that the certificate is for"),
        ):
            with Gate(ENGINE, certificate=certificate) as gate, self.service(gate, ca_file=ca) as service:
                service.unready(wanted).says(hint)
                texts[name] = get(f"http://{service.admin}/readyz")[1].replace(gate.url, "URL")
                self.assertIn("TLS failed", texts[name])
        self.assertEqual(len(set(texts.values())), 3, texts)


class Credentials(Case):
    def test_every_kind(self):
        certificate = self.authority.make("engine")
        basic = "Basic " + base64.b64encode("elastic:pass:word é".encode()).decode()
        for authorization, engine in (
            (basic, {"username": "elastic", "password": "pass:word é"}),
            ("ApiKey aWQ6a2V5", {"api_key": "aWQ6a2V5"}),
            ("Bearer some.token", {"bearer": "some.token"}),
        ):
            with self.subTest(engine), Gate(ENGINE, only(authorization), certificate) as gate:
                self.works(gate, ca_file=self.authority.file, **engine)
        with Gate(ENGINE, only(basic), certificate) as gate:
            inside = gate.url.replace("https://", "https://elastic:pass%3Aword%20%C3%A9@")
            self.works([inside], ca_file=self.authority.file)
        with Gate(ENGINE, only(basic), certificate) as gate:
            file = Path(self.directory, "password")
            file.write_text("pass:word é\n")
            files = {"PGSLUICE_ELASTICSEARCH_USERNAME": "elastic", "PGSLUICE_ELASTICSEARCH_PASSWORD_FILE": str(file)}
            self.works(gate, files | {"PGSLUICE_ELASTICSEARCH_CA_FILE": self.authority.file})

    def test_401_and_403_while_running(self):
        refusal = []
        with Gate(ENGINE, lambda *_: refusal[0] if refusal else None) as gate, self.service(gate) as service:
            service.ready()
            for status, reason, hint in (
                (401, "unable to authenticate user", "check the engine's username, password or api_key"),
                (403, "action [indices:data/write/bulk] is unauthorized", "privileges"),
            ):
                refusal[:] = [(status, f'{{"error":{{"type":"security_exception","reason":"{reason}"}},"status":{status}}}')]
                psql(self.database, f"UPDATE item SET name = 'during {status}' WHERE id = '1'")
                service.unready(f"{status}").says(reason).says(hint)
                refusal.clear()
                service.ready().finds("item", 1, f"during {status}")

    def test_an_address_that_is_gone_is_passed_over(self):
        with Gate(ENGINE) as one, Gate(ENGINE) as two:
            dead = f"http://127.0.0.1:{free_port()}"
            self.works([dead, one.url, two.url])
            self.assertTrue(one.seen and two.seen)


class Aws(Case):
    region, service_name = "eu-west-1", "es"

    def gate(self, token=TOKEN, problems=None, refuse=None):
        def allow(request, body):
            if refuse:
                return 403, refuse[0]
            wanted = aws_signature(request, body, ID, KEY, token, self.region, self.service_name)
            if request.headers.get("Authorization") == wanted:
                return None
            (problems if problems is not None else []).append((request.command, request.path, request.headers.get("Authorization"), wanted))
            return 403, '{"message":"The request signature we calculated does not match the signature you provided."}'

        return Gate(ENGINE, allow)

    def signed(self, environment, token=TOKEN):
        problems = []
        with self.gate(token, problems) as gate:
            environment = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": self.directory} | environment
            try:
                log = self.works(gate, environment, aws={"region": self.region, "service": self.service_name})
            finally:
                self.assertEqual(problems[:3], [])
            self.assertGreater(len(gate.seen), 5)
            for secret in (KEY, TOKEN):
                self.assertNotIn(secret, log)

    def test_environment(self):
        self.signed({"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": KEY, "AWS_SESSION_TOKEN": TOKEN})
        self.service_name = "aoss"
        self.setUp()
        self.signed({"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": KEY}, token="")

    def test_file_with_profiles(self):
        file = Path(self.directory, "credentials")
        file.write_text(f"[default]\naws_access_key_id = x\naws_secret_access_key = y\n\n[search]\naws_access_key_id = {ID}\naws_secret_access_key={KEY}\n")
        self.signed({"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_PROFILE": "search"}, token="")

    def answer(self):
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        return {"AccessKeyId": ID, "SecretAccessKey": KEY, "Token": TOKEN, "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def test_container(self):
        file = Path(self.directory, "token")
        file.write_text("let me in\n")
        table = {("GET", "/v1/credentials?x=1"): lambda headers: self.answer() if headers["Authorization"] == "let me in" else None}
        with Answers(table) as endpoint:
            self.signed({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{endpoint.url}/v1/credentials?x=1", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file)})
            self.assertEqual(len(endpoint.seen), 1)  # Kept until shortly before their end.

    def test_instance(self):
        def ours(answer):
            return lambda headers: answer() if headers["X-aws-ec2-metadata-token"] == "T" else None

        path = "/latest/meta-data/iam/security-credentials/"
        table = {
            ("PUT", "/latest/api/token"): lambda headers: "T" if headers["X-aws-ec2-metadata-token-ttl-seconds"] else None,
            ("GET", path): ours(lambda: "search-role"),
            ("GET", path + "search-role"): ours(self.answer),
        }
        with Answers(table) as endpoint:
            self.signed({"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint.url})

    def test_mistakes(self):
        aws = {"region": self.region, "service": self.service_name}
        none = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": self.directory}
        with self.gate() as gate, self.service(gate, none, aws=aws) as service:
            service.unready("there are no AWS credentials").says("AWS_ACCESS_KEY_ID")
        keys = none | {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": "wrong", "AWS_SESSION_TOKEN": TOKEN}
        with self.gate() as gate, self.service(gate, keys, aws=aws) as service:
            service.says("signature we calculated does not match").says("the clock")
            self.assertEqual(service.process.wait(20), 1)
        refuse = [EXPIRED]
        with self.gate(refuse=refuse) as gate, self.service(gate, keys | {"AWS_SECRET_ACCESS_KEY": KEY}, aws=aws) as service:
            service.unready("security token included in the request is expired").says("renew the AWS credentials")
            refuse.clear()
            service.ready()


if __name__ == "__main__":
    unittest.main(verbosity=2)
