"""For tests that run the binary: servers of their own, the service, certificates. Everything listens on loopback."""

import contextlib
import datetime
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

BINARY = os.environ["PGSLUICE_BINARY"]
SERVER = os.environ.get("PGSLUICE_DATABASE_URL", "")
ENGINE = os.environ.get("PGSLUICE_ELASTICSEARCH_URL", "").split(",")[0]
ACCOUNT = "pgsluice-test"  # scripts/lib/common.sh makes it


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(condition, what, seconds=60):
    """Returns the first true answer."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"never: {what() if callable(what) else what}")
        time.sleep(0.05)


def get(url, headers=None, data=None, method=None):
    """Status and body; (0, reason) when there is no answer."""
    request = urllib.request.Request(url, headers=headers or {}, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def psql(url, sql):
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql, url], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout.strip()


@contextlib.contextmanager
def database(server=None):
    """A new database; its URL."""
    server = server or SERVER
    name = f"pgsluice_py_{os.getpid()}_{time.monotonic_ns()}"
    psql(server, f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        psql(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def index_prefix():
    prefix = f"py{os.getpid()}-{time.monotonic_ns()}-"
    try:
        yield prefix
    finally:
        for line in get(f"{ENGINE}/_cat/indices/{prefix}*?h=index")[1].split():
            get(f"{ENGINE}/{line}", method="DELETE")


def clean_environment(more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PGSLUICE_", "PG", "AWS_"))}
    return kept | more


def run(arguments, environment=None, directory=None):
    """Exit code, stdout, stderr of one command."""
    done = subprocess.run(
        [BINARY, *arguments], env=clean_environment(environment or {}), cwd=directory, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


class Service:
    """A running pgsluice."""

    def __init__(self, config, environment, command="run"):
        self.directory = tempfile.mkdtemp()
        self.api, self.admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
        file = Path(self.directory, "pgsluice.json")
        file.write_text(json.dumps(config))
        self.environment = {"PGSLUICE_LISTEN": self.api, "PGSLUICE_ADMIN_LISTEN": self.admin} | environment
        self.log = ""
        self.process = subprocess.Popen(
            [BINARY, command], cwd=self.directory, env=clean_environment(self.environment), stderr=subprocess.PIPE, text=True
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.log += line

    def says(self, text, seconds=60):
        def look():
            if text in self.log:
                return True
            if self.process.poll() is not None:
                self.reader.join()
                assert text in self.log, f"ended without saying {text!r}:\n{self.log}"
                return True
            return False

        until(look, lambda: f"{text!r} in the log:\n{self.log}", seconds)
        return self

    def ready(self):
        until(lambda: get(f"http://{self.admin}/readyz")[0] == 200, lambda: f"ready\n{self.log}")
        return self

    def unready(self, text):
        until(lambda: text in get(f"http://{self.admin}/readyz")[1], lambda: f"{text!r} in /readyz\n{self.log}")
        return self

    def ask(self, path, headers=None):
        return get(f"http://{self.api}{path}", headers)

    def finds(self, index, id_, text):
        until(lambda: text in self.ask(f"/v1/{index}/docs/{id_}")[1], lambda: f"{text} in {index}/{id_}\n{self.log}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        finally:
            self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stderr.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Authority:
    """Makes certificates."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.file = self._path("ca.pem")
        self._openssl("req", "-x509", *self._new_key("ca.key"), "-out", self.file, "-subj", "/CN=test authority", "-days", "2",
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
        Path(self._path("index.txt")).touch()
        Path(self._path("ca.conf")).write_text(
            f"[ca]\ndefault_ca=ours\n[ours]\ndatabase={self._path('index.txt')}\nnew_certs_dir={directory}\n"
            f"certificate={self.file}\nprivate_key={self._path('ca.key')}\ndefault_md=sha256\nrand_serial=yes\n"
            "unique_subject=no\npolicy=any\n[any]\ncommonName=supplied\n"
        )

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self._path(name)]

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def make(self, name, alternatives="IP:127.0.0.1,DNS:localhost", days=2):
        """Certificate and key; `days` of -1: it has expired."""
        certificate, key, request, names = (self._path(f"{name}.{end}") for end in ("pem", "key", "csr", "ext"))
        self._openssl("req", *self._new_key(f"{name}.key"), "-out", request, "-subj", f"/CN={name}")
        Path(names).write_text(
            f"subjectAltName={alternatives}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        )
        now = datetime.datetime.now(datetime.timezone.utc)
        begin, end = ((now + datetime.timedelta(days=n)).strftime("%Y%m%d%H%M%SZ") for n in (-2, days))
        self._openssl(
            "ca", "-batch", "-notext", "-config", self._path("ca.conf"), "-in", request, "-out", certificate,
            "-extfile", names, "-startdate", begin, "-enddate", end,
        )  # fmt: skip
        os.chmod(key, 0o600)
        return certificate, key


def as_account(command):
    if os.getuid() != 0:
        return command
    return ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups", "--", *command]


class OwnPostgres:
    """A server of the test's own. `hba`: the lines of pg_hba.conf for connections over TCP."""

    def __init__(self, hba, settings=()):
        versions = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
        self.bin = os.environ.get("PGSLUICE_TEST_PG_BIN") or versions[-1]
        self.directory = tempfile.mkdtemp(prefix="pgsluice_tls_", dir="/tmp")
        self.own(self.directory)
        self.data = f"{self.directory}/data"
        self.port = free_port()
        self.command("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        Path(self.data, "pg_hba.conf").write_text("local all all trust\n" + "".join(f"{line}\n" for line in hba))
        options = ["listen_addresses=127.0.0.1", f"unix_socket_directories={self.directory}", "fsync=off", *settings]
        self.process = subprocess.Popen(
            as_account([f"{self.bin}/postgres", "-D", self.data, "-p", str(self.port), *(f"-c{option}" for option in options)]),
            stderr=subprocess.DEVNULL,
        )
        until(lambda: subprocess.run(["psql", "-XqAtc", "SELECT 1", self.socket()], capture_output=True).returncode == 0, "PostgreSQL")

    def command(self, name, *arguments):
        subprocess.run(as_account([f"{self.bin}/{name}", *arguments]), check=True, capture_output=True, cwd=self.directory)

    def own(self, path):
        if os.getuid() == 0:
            entry = pwd.getpwnam(ACCOUNT)
            os.chown(path, entry.pw_uid, entry.pw_gid)

    def keep(self, name, file):
        """A copy in the data directory that only the server reads."""
        target = f"{self.data}/{name}"
        shutil.copy(file, target)
        os.chmod(target, 0o600)
        self.own(target)
        return name

    def socket(self, name="postgres"):
        """As superuser, past everything that is tested."""
        return f"host={self.directory} port={self.port} user=postgres dbname={name}"

    def sql(self, sql, name="postgres"):
        return psql(self.socket(name), sql)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


class Secured(unittest.TestCase):
    """Cases that share a directory, an authority, and whatever is entered in `stack`."""

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)  # also when something in setUpClass() does not start
        cls.directory = tempfile.mkdtemp()
        cls.stack.callback(shutil.rmtree, cls.directory)
        cls.authority = Authority(f"{cls.directory}/ours")
