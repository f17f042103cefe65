"""The part of the benchmark about searches: the API beside the engine, asked with the bodies that the API sends it."""
import json
import os
import random
import socket
import statistics
import subprocess
import time
from gate import Gate
from servers import Engine, Service, cpu_seconds, memory_mb

API, ENGINE = "api", "engine"
CONNECTIONS = 32
WARM_SECONDS = 10  # Of each side: the engine compiles its own code meanwhile.
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
# wrk (https://github.com/wg/wrk) sends the bodies of a file in turn, and prints what it saw as JSON.
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
            self.answering(self.cases.values())
            for case in self.cases:
                self.compare(case, bodies[case])
            self.crowd()
        finally:
            self.stop()
            self.start()

    def answering(self, cases):
        """Waits until the first query of each (index, queries) has hits."""
        end = time.monotonic() + 120
        while True:
            try:
                if all(Engine(self.API_URL).json("POST", f"/v1/{index}/search?consistency=strong&wait=60s",
                                                 queries[0])["hits"]
                       for index, queries in cases):
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
        between = os.path.join(self.folder, "recorded.json")
        searches, found = [], {}

        def record(request, body):
            if "/_search" in request.path:
                searches.append((request.path, body.decode()))

        with Gate(self.options.elasticsearch_url, record) as gate:
            config["elasticsearch"]["urls"] = [gate.url]
            with open(between, "w") as f:
                json.dump(config, f)
            self.service = Service(self.options.binary, between)
            try:
                self.answering(self.cases.values())
                for case, (index, queries) in self.cases.items():
                    searches.clear()
                    api = Engine(self.API_URL)
                    for query in queries:
                        api.json("POST", f"/v1/{index}/search", query)
                    found[case] = (searches[0][0], [body for _, body in searches])
            finally:
                self.stop()
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
            self.load(url, lines, CONNECTIONS, WARM_SECONDS)
        alone, crowded = {API: [], ENGINE: []}, {API: [], ENGINE: []}
        cpu = {API: [], ENGINE: []}  # per request to the API
        for turn in range(self.options.repeats):
            # Neither always comes first: an engine gets faster while it is asked.
            order = list(sides.items())[::1 if turn % 2 == 0 else -1]
            for side, (url, lines) in order:
                alone[side].append(self.load(url, lines, 1, seconds))
            for side, (url, lines) in order:
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
            self.answering(self.cases.values())
            first = time.monotonic() - start
            beside = self.load(url, bodies, 1, seconds)["p50_ms"]
        finally:
            for connection in idle:
                connection.close()
        self.report("crowd", refused_of_200_connections=refused, rss_peak_mb=round(peak, 1), rss_beside_idle_mb=round(memory_mb(self.service.pid)[1], 1),
                    first_answer_beside_10000_idle_ms=round(first * 1000), p50_ms=round(before, 2), p50_beside_10000_idle_ms=round(beside, 2))
        self.ratios["rss_200_connections_mb"] = peak
        self.ratios["p50_beside_10000_idle_over_before"] = beside / before
