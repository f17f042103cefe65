"""The part of the benchmark about searches: the API beside the engine, asked with the bodies that the API sends it."""
import http.server
import json
import os
import random
import socket
import statistics
import subprocess
import threading
import time
from servers import Engine, Service, cpu_seconds, memory_mb

API, ENGINE = "api", "engine"
CONNECTIONS = 32
GOALS = {  # name: (goal, whether larger is better)
    **{f"search_{name}_{case}": goal for case in ("small", "large") for name, goal in (
        ("p50_overhead_ms", (0.5, False)), ("throughput_over_engine", (0.85, True)),
        ("p99_over_engine", (1.5, False)), ("cpu_over_engine", (0.25, False)))},
    "rss_200_connections_mb": (64, False),
    "p50_beside_10000_idle_over_before": (2, False),
}
LARGE = """
CREATE TABLE bench_large (id bigint PRIMARY KEY, name text NOT NULL, n integer NOT NULL, body text NOT NULL);
INSERT INTO bench_large SELECT i, 'Name of row ' || i, i % 50,
  (SELECT string_agg(md5((i * 1000 + j)::text), ' ') FROM generate_series(1, 122) j) FROM generate_series(1, 5000) i;
VACUUM ANALYZE bench_large"""
# wrk (https://github.com/wg/wrk) sends the bodies of a file in turn, and tells what it saw as JSON.
SCRIPT = """
local bodies, at = {}, 0
for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
wrk.method, wrk.headers["Content-Type"] = "POST", "application/json"
function request() at = at % #bodies + 1; return wrk.format(nil, nil, nil, bodies[at]) end
function done(summary, latency)
  io.write(string.format('\\nJSON {"requests":%d,"seconds":%f,"refused":%d,"broken":%d,"p50_ms":%f,"p99_ms":%f}\\n',
    summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


class Recorder:
    """Stands before the engine and keeps what it is asked to search."""

    def __init__(self, url):
        self.searches, recorder = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if "/_search" in self.path:
                    recorder.searches.append((self.path, body.decode()))
                engine = Engine(url)
                status, text = engine.send(self.command, self.path, body or None)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = serve

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Searches:
    """Mixed into Bench, which has the servers and the table bench_rows."""

    API_URL = "http://127.0.0.1:18480"

    def search(self):
        self.sql(LARGE)
        with open(self.config) as f:
            config = json.load(f)
        config["indexes"]["bench_large"] = {"table": "public.bench_large"}
        path = os.path.join(self.folder, "search.json")
        with open(path, "w") as f:
            json.dump(config, f)
        self.stop()
        self.pgsluice("migrate", "up", config=path)
        words = random.Random(1)
        self.cases = {
            "small": ("bench_rows", [{"q": f"row {words.randrange(self.options.rows)}",
                                      "filter": f"price < {words.randrange(1, 1000)}"}
                                     for _ in range(500)]),
            "large": ("bench_large", [{"filter": f"n = {n}", "per_page": 100} for n in range(50)]),
        }
        bodies = self.recorded(path)
        self.service = Service(self.options.binary, path)
        try:
            self.answering()
            for case in self.cases:
                self.compare(case, bodies[case])
            self.crowd()
        finally:
            self.stop()
            self.start()

    def answering(self):
        end = time.monotonic() + 120
        while True:
            try:
                if all(Engine(self.API_URL).json("POST", f"/v1/{index}/search?consistency=strong&wait=60s",
                                                 queries[0])["hits"]
                       for index, queries in self.cases.values()):
                    return
            except (OSError, RuntimeError):
                pass
            self.service.check()
            if time.monotonic() > end:
                raise RuntimeError("searches are not answered within 120 s")
            time.sleep(0.1)

    def recorded(self, path):
        """What the API asks the engine for each query of a case: (path, [body])."""
        with open(path) as f:
            config = json.load(f)
        recorder = Recorder(self.options.elasticsearch_url)
        config["elasticsearch"]["urls"] = [recorder.url]
        between = os.path.join(self.folder, "recorded.json")
        with open(between, "w") as f:
            json.dump(config, f)
        self.service = Service(self.options.binary, between)
        found = {}
        try:
            self.answering()
            for case, (index, queries) in self.cases.items():
                recorder.searches.clear()
                api = Engine(self.API_URL)
                for query in queries:
                    api.json("POST", f"/v1/{index}/search", query)
                found[case] = (recorder.searches[0][0], [body for _, body in recorder.searches])
        finally:
            self.stop()
            recorder.close()
        return found

    def load(self, url, bodies, connections, seconds, may_refuse=False):
        lines, script = (os.path.join(self.folder, name) for name in ("bodies", "wrk.lua"))
        with open(lines, "w") as f:
            f.writelines(body + "\n" for body in bodies)
        with open(script, "w") as f:
            f.write(SCRIPT)
        out = subprocess.run(["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s",
                              "-s", script, url], check=True, capture_output=True, text=True,
                             env={**os.environ, "BODIES": lines}).stdout
        seen = json.loads(next(line for line in out.splitlines() if line.startswith("JSON "))[5:])
        if (seen["refused"] or seen["broken"] > connections) and not may_refuse:
            raise RuntimeError(f"{url}: {seen['refused']} requests refused, {seen['broken']} broken")
        return {**seen, "rate": seen["requests"] / seen["seconds"]}

    def compare(self, case, asked):
        """One connection, then many; API and engine in turn."""
        index, queries = self.cases[case]
        path, bodies = asked
        sides = {API: (f"{self.API_URL}/v1/{index}/search", [json.dumps(q) for q in queries]),
                 ENGINE: (self.options.elasticsearch_url + path, bodies)}
        seconds = max(self.options.seconds // 2, 1)
        for url, lines in sides.values():
            self.load(url, lines, CONNECTIONS, seconds)  # warm
        alone, crowded = {API: [], ENGINE: []}, {API: [], ENGINE: []}
        cpu = {API: [], ENGINE: []}  # per request to the API
        for _ in range(self.options.repeats):
            for side, (url, lines) in sides.items():
                alone[side].append(self.load(url, lines, 1, seconds))
            for side, (url, lines) in sides.items():
                before = cpu_seconds(self.service.pid), cpu_seconds(self.engine_pid)
                crowded[side].append(self.load(url, lines, CONNECTIONS, seconds))
                if side == API:
                    done = crowded[API][-1]["requests"]
                    cpu[API].append((cpu_seconds(self.service.pid) - before[0]) / done)
                    cpu[ENGINE].append((cpu_seconds(self.engine_pid) - before[1]) / done)

        def median(runs, key):
            return {side: statistics.median(run[key] for run in runs[side]) for side in runs}

        p50, p99, rate = median(alone, "p50_ms"), median(crowded, "p99_ms"), median(crowded, "rate")
        cost = {side: statistics.median(values) for side, values in cpu.items()}
        self.report("search", case=case, connections=CONNECTIONS,
                    **{f"{side}_cpu_us": round(value * 1e6) for side, value in cost.items()},
                    **{f"{side}_{name}": round(values[side], 2) for side in sides
                       for name, values in (("p50_ms", p50), ("p99_ms", p99), ("per_s", rate))})
        self.ratios[f"search_p50_overhead_ms_{case}"] = p50[API] - p50[ENGINE]
        self.ratios[f"search_throughput_over_engine_{case}"] = rate[API] / rate[ENGINE]
        self.ratios[f"search_p99_over_engine_{case}"] = p99[API] / p99[ENGINE]
        self.ratios[f"search_cpu_over_engine_{case}"] = cost[API] / max(cost[ENGINE], 1e-6)

    def crowd(self):
        """Many connections at work, then very many that do nothing."""
        index, queries = self.cases["small"]
        url, bodies = f"{self.API_URL}/v1/{index}/search", [json.dumps(q) for q in queries]
        seconds = max(self.options.seconds // 2, 1)
        refused = self.load(url, bodies, 200, seconds, may_refuse=True)["refused"]
        peak = memory_mb(self.service.pid)[1]
        before = self.load(url, bodies, 1, seconds)["p50_ms"]
        idle = []
        try:
            for _ in range(10000):
                idle.append(socket.create_connection(("127.0.0.1", 18480), timeout=10))
            start = time.monotonic()
            self.answering()
            first = time.monotonic() - start
            beside = self.load(url, bodies, 1, seconds)["p50_ms"]
        finally:
            for connection in idle:
                connection.close()
        self.report("crowd", refused_of_200_connections=refused, rss_peak_mb=round(peak, 1), rss_beside_idle_mb=round(memory_mb(self.service.pid)[1], 1),
                    first_answer_beside_10000_idle_ms=round(first * 1000), p50_ms=round(before, 2), p50_beside_10000_idle_ms=round(beside, 2))
        self.ratios["rss_200_connections_mb"] = peak
        self.ratios["p50_beside_10000_idle_over_before"] = beside / before
