"""The servers that the benchmark talks to, and what they cost."""
import http.client
import json
import os
import subprocess
import threading
import time
import urllib.parse

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()


def cpu_seconds(pid):
    """CPU of a process so far."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mb(pid):
    """Resident memory now and at its highest."""
    found = {}
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith(("VmRSS", "VmHWM")):
                found[line[:5]] = int(line.split()[1]) / 1024
    return found["VmRSS"], found["VmHWM"]


def machine_busy(since=None):
    """What to compare with later; then the part of the time that the machine's CPUs were at work."""
    with open("/proc/stat") as f:
        ticks = [int(x) for x in f.readline().split()[1:9]]
    now = (sum(ticks), ticks[3] + ticks[4])
    return now if since is None else 1 - (now[1] - since[1]) / max(now[0] - since[0], 1)


class Engine:
    """One keep-alive connection to the search engine."""

    def __init__(self, url):
        self.url = url
        parts = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)

    def send(self, method, path, body=None, kind="application/json"):
        self._connection.request(method, path, body, {"Content-Type": kind} if body else {})
        answer = self._connection.getresponse()
        text = answer.read()
        return answer.status, text

    def json(self, method, path, body=None):
        status, text = self.send(method, path, None if body is None else json.dumps(body))
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {text[:300]}")
        return json.loads(text)

    def pid(self):
        nodes = self.json("GET", "/_nodes/_local/process")["nodes"]
        return next(iter(nodes.values()))["process"]["id"]

    def rest(self):
        """Waits until all merges have ended, so that earlier writes do not slow down the next measurement."""
        while self.json("GET", "/_stats/merge")["_all"]["total"].get("merges", {}).get("current", 0) > 0:
            time.sleep(0.1)

    def written(self, index):
        """Documents written to an index, searchable or not; 0 while there is none."""
        status, text = self.send("GET", f"/{index}/_stats/indexing")
        if status != 200:
            return 0
        return json.loads(text)["_all"]["primaries"]["indexing"]["index_total"]


def send_bulks(url, index, bodies, connections=2):
    """A plain sender: bodies that are ready, over a few connections. Seconds from first to last."""
    rest = list(bodies)
    failures = []

    def work():
        engine = Engine(url)
        while rest:
            try:
                body = rest.pop()
            except IndexError:
                return
            status, text = engine.send("POST", f"/{index}/_bulk?filter_path=errors", body,
                                       "application/x-ndjson")
            if status != 200 or b'"errors":false' not in text:
                failures.append((status, text[:300]))

    threads = [threading.Thread(target=work) for _ in range(connections)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"raw _bulk failed: {failures[0]}")
    return time.monotonic() - start


class Psql:
    """A psql that stays open, so that a statement costs no process."""

    def __init__(self, url):
        self.url = url
        self._process = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def __call__(self, sql):
        """Runs statements; answers with the lines of their output."""
        self._process.stdin.write(sql.rstrip().rstrip(";") + ";\n\\echo ::done::\n")
        self._process.stdin.flush()
        lines = []
        for line in self._process.stdout:
            if line == "::done::\n":
                return lines
            lines.append(line.rstrip("\n"))
        raise RuntimeError(f"psql ended while running: {sql[:200]}")

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def clean_environment():
    """Without PGSLUICE_*: they would win over the benchmark's configuration file."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PGSLUICE_")}


class Service:
    """`pgsluice run` (or `sync`) as a child; without `ports` on any that are free."""

    def __init__(self, binary, config, command="run", ports=True, arguments=()):
        self._log = open(os.path.join(os.path.dirname(config), "service.log"), "ab")
        listen = [] if ports else ["--admin-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"]
        self._process = subprocess.Popen([binary, command, "--config", config, *listen,
                                          *arguments],
                                         stdout=self._log, stderr=self._log,
                                         env=clean_environment())
        self.pid = self._process.pid

    def check(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"pgsluice ended with {self._process.returncode}, see "
                               f"{self._log.name}")

    def stop(self):
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=30)
        self._log.close()
