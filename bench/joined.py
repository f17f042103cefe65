"""The part of the benchmark about documents made of several tables."""
import json
import os
import statistics
import threading
import time
from servers import Engine, Psql, Service, cpu_seconds, memory_mb

GOALS = {  # name: (goal, whether larger is better)
    "joined_backfill_over_raw": (0.65, True),
    "joined_postgres_cpu_over_copy": (1.2, False),
    "joined_postgres_cpu_over_copy_by_hand": (1.2, False),
    "joined_rss_peak_mb": (32, False),
    "joined_readable_p50_ms": (15, False), "joined_readable_p99_ms": (50, False),
    "joined_searchable_p50_ms": (45, False), "joined_searchable_p99_ms": (120, False),
    "joined_transaction_s": (2.3, False),
    "joined_tps_running_8": (0.4, True),
    **{f"fanout_{size}_{name}": goal for size in ("50k", "million") for name, goal in (
        ("over_backfill", (0.8, True)), ("memory_mb", (16, False)), ("others_searchable_s", (1, False)))},
}
# Three children and two tags of 50 per root; tag 51 is of the first 50,000.
TABLES = """
CREATE TABLE bench_root (id bigint PRIMARY KEY, name text NOT NULL, about text NOT NULL, n integer NOT NULL);
CREATE TABLE bench_child (id bigint PRIMARY KEY, root_id bigint NOT NULL, body text NOT NULL, stars integer NOT NULL);
CREATE TABLE bench_tag (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE bench_root_tag (root_id bigint NOT NULL, tag_id integer NOT NULL);
INSERT INTO bench_root SELECT i, 'Name of root ' || i, repeat(md5(i::text) || ' ', 3), 0 FROM generate_series(1, {rows}) i;
INSERT INTO bench_child SELECT i, 1 + (i - 1) / 3, 'What ' || md5(i::text) || ' says', i % 5 FROM generate_series(1, {rows} * 3) i;
INSERT INTO bench_tag SELECT i, 'tag ' || i FROM generate_series(1, 51) i;
INSERT INTO bench_root_tag SELECT i, 1 + (i * 7 + t * 13) % 50 FROM generate_series(1, {rows}) i, generate_series(0, 1) t;
ALTER TABLE bench_child ADD FOREIGN KEY (root_id) REFERENCES bench_root;
ALTER TABLE bench_root_tag ADD FOREIGN KEY (root_id) REFERENCES bench_root, ADD FOREIGN KEY (tag_id) REFERENCES bench_tag;
CREATE INDEX ON bench_child (root_id);
CREATE INDEX ON bench_root_tag (root_id);
CREATE INDEX ON bench_root_tag (tag_id);
VACUUM ANALYZE"""
EMBEDS = {"children": {"table": "bench_child", "columns": ["id", "body", "stars"]},
          "tags": {"table": "bench_tag", "through": [{"table": "bench_root_tag"}]}}
BY_HAND = """
SELECT '{"id":' || r.id || ',"name":' || to_json(r.name) || ',"about":' || to_json(r.about) || ',"n":' || r.n ||
  ',"children":[' || coalesce(c.list, '') || '],"tags":[' || coalesce(t.list, '') || '],"__id":"' || r.id || '"}'
FROM bench_root r
LEFT JOIN (SELECT root_id, string_agg('{"id":' || id || ',"body":' || to_json(body) || ',"stars":' || stars || '}', ',' ORDER BY id) AS list
           FROM bench_child GROUP BY root_id) c ON c.root_id = r.id
LEFT JOIN (SELECT l.root_id, string_agg('{"id":' || t.id || ',"name":' || to_json(t.name) || '}', ',' ORDER BY t.id) AS list
           FROM bench_root_tag l JOIN bench_tag t ON t.id = l.tag_id GROUP BY l.root_id) t ON t.root_id = r.id"""


class Joined:
    """Mixed into Bench. An index of its own at a time, in a process of its own."""

    def serve(self, name, index):
        with open(self.config) as f:
            config = json.load(f)
        config["indexes"] = {name: index}
        path = os.path.join(self.folder, name + ".json")
        with open(path, "w") as f:
            json.dump(config, f)
        self.stop()
        self.pgsluice("migrate", "up", config=path)
        return path

    def filled(self, name, rows):
        self.wait_for("backfill", lambda: self.engine.written(self.prefix + name) >= rows, self.service, pause=0.2)

    def found(self, name, query, engine=None):
        return (engine or self.engine).json("POST", f"/{self.prefix}{name}/_search?size=0&track_total_hits=true",
                                {"query": query})["hits"]["total"]["value"]

    def joined(self):
        rows = self.options.rows
        self.sql(TABLES.format(rows=rows))
        path = self.serve("bench_root", {"table": "bench_root", "embed": EMBEDS})
        rate = self.joined_backfill(path, rows)
        some = min(50000, rows // 2)
        self.sql(f"INSERT INTO bench_root_tag SELECT i, 51 FROM generate_series(1, {some}) i")
        self.joined_freshness()
        self.fan_out("50k", "bench_root", some, rate, lambda n: f"UPDATE bench_tag SET name = 'renamed {n}' WHERE id = 51",
                     lambda i, n: f"UPDATE bench_root SET name = 'lone {n}' WHERE id = {rows - i}")
        self.joined_transaction(rows)
        self.joined_writers()
        self.stop()
        self.start()

    def joined_backfill(self, path, rows):
        engine = cpu_seconds(self.engine_pid)
        start = time.monotonic()
        self.service = Service(self.options.binary, path, arguments=self.TELL_SQL)
        self.filled("bench_root", rows)
        seconds = time.monotonic() - start
        engine = cpu_seconds(self.engine_pid) - engine
        postgres = self.sessions_cpu()
        service = cpu_seconds(self.service.pid)
        self.ratios["joined_rss_peak_mb"] = memory_mb(self.service.pid)[1]
        documents, copy = self.copied(self.document_query("bench_root"))
        by_hand, hand = self.copied(BY_HAND)
        if sorted(map(len, by_hand)) != sorted(len(line.split(b"\t")[2]) for line in documents):
            raise RuntimeError("the query written by hand makes other documents")
        raw = self.raw_seconds("bench_root", documents)
        some = documents[:50000]
        again = self.raw_seconds("bench_root", some)  # what a fan-out asks of the engine
        self.report("joined_backfill", docs_per_s=round(rows / seconds), raw_docs_per_s=round(rows / raw),
                    raw_docs_per_s_written_again=round(len(some) / again),
                    cpu_us_per_doc={"postgres": round(postgres / rows * 1e6, 2), "copy": round(copy / rows * 1e6, 2),
                                    "copy_by_hand": round(hand / rows * 1e6, 2),
                                    "service": round(service / rows * 1e6, 2), "engine": round(engine / rows * 1e6, 2)})
        self.ratios["joined_backfill_over_raw"] = raw / seconds
        self.ratios["joined_postgres_cpu_over_copy"] = postgres / copy
        self.ratios["joined_postgres_cpu_over_copy_by_hand"] = postgres / hand
        self.stop()
        self.service = Service(self.options.binary, path)
        self.drained(self.service)
        return rows / seconds

    def joined_freshness(self):
        alias = self.prefix + "bench_root"
        self.calm()
        self.delays("joined_readable", lambda i, n: f"UPDATE bench_child SET stars = {n} WHERE id = {i * 3 + 1}",
                    lambda i, n: f'"stars":{n}'.encode() in self.engine.send("GET", f"/{alias}/_doc/{i + 1}")[1])
        self.delays("joined_searchable", lambda i, n: f"UPDATE bench_child SET stars = {n} WHERE id = {i * 3 + 1}",
                    lambda i, n: self.found("bench_root", {"nested": {
                        "path": "children", "query": {"term": {"children.stars": n}}}}) == 1)

    def renamed(self, rename):
        """Seconds from a committed change of one row that many documents embed until all of them are written."""
        start = time.monotonic()
        self.sql(rename)
        last = self.sql("SELECT max(id) FROM pgsluice.outbox")[0]
        self.wait_for("fan-out", lambda: self.sql(
            f"SELECT EXISTS (SELECT FROM pgsluice.outbox WHERE id <= {last})") == ["f"], self.service, 1800, 0.05)
        return time.monotonic() - start

    def fan_out(self, size, index, documents, backfill_rate, rename, lone):
        """By itself, then again while one document at a time changes and is searched for."""
        self.calm()
        with open(f"/proc/{self.service.pid}/clear_refs", "w") as f:
            f.write("5")  # VmHWM begins anew
        before, postgres = memory_mb(self.service.pid)[0], self.sessions_cpu()
        seconds = self.renamed(rename(1))
        postgres = self.sessions_cpu() - postgres
        self.calm()
        done, delays = threading.Event(), []

        def others():
            sql, engine = Psql(self.url), Engine(self.options.elasticsearch_url)
            while not done.wait(0.1):
                number = len(delays)
                sql(lone(number % 100, number))
                start = time.monotonic()
                while self.found(index, {"match_phrase": {"name": f"lone {number}"}}, engine) == 0:
                    time.sleep(0.02)
                delays.append(time.monotonic() - start)
            sql.close()

        thread = threading.Thread(target=others)
        thread.start()
        try:
            beside = self.renamed(rename(2))
        finally:
            done.set()
            thread.join()
        grown = memory_mb(self.service.pid)[1] - before
        self.report("fan_out", of=size, docs_per_s=round(documents / seconds), backfill_docs_per_s=round(backfill_rate),
                    postgres_cpu_us_per_doc=round(postgres / documents * 1e6, 2), rss_grown_mb=round(grown, 1),
                    docs_per_s_beside_others=round(documents / beside), others=len(delays),
                    others_p50_s=round(statistics.median(delays), 2), others_slowest_s=round(max(delays), 2))
        self.ratios[f"fanout_{size}_over_backfill"] = documents / seconds / backfill_rate
        self.ratios[f"fanout_{size}_memory_mb"] = grown
        self.ratios[f"fanout_{size}_others_searchable_s"] = max(delays)

    def joined_transaction(self, rows):
        """20,000 roots with their children in one transaction: commit to all searchable."""
        more = 20000
        self.calm()
        self.sql(f"BEGIN; INSERT INTO bench_root SELECT {rows} + i, 'added', 'all at once', -1 FROM generate_series(1, {more}) i;"
                 f"INSERT INTO bench_child SELECT {rows} * 3 + i, {rows} + 1 + (i - 1) / 3, 'says', 1 FROM generate_series(1, {more} * 3) i;"
                 f"INSERT INTO bench_root_tag SELECT {rows} + i, 1 + i % 50 FROM generate_series(1, {more}) i; COMMIT")
        start = time.monotonic()
        self.wait_for("transaction", lambda: self.found("bench_root", {"bool": {"filter": [
            {"term": {"n": -1}}, {"nested": {"path": "tags", "query": {"exists": {"field": "tags.id"}}}},
            {"nested": {"path": "children", "query": {"exists": {"field": "children.id"}}}}]}}) == more, self.service)
        seconds = time.monotonic() - start
        self.report("joined_transaction", roots=more, seconds=round(seconds, 2))
        self.ratios["joined_transaction_s"] = seconds

    def joined_writers(self):
        """pgbench changes children: with everything running, over without triggers, in turn."""
        path = os.path.join(self.folder, "bench_root.json")
        rounds = []
        for _ in range(self.options.repeats):
            self.calm()
            running, beside = self.tps_beside(8, "bench_child", "stars", "bench_root")
            self.calm()
            self.stop()
            self.pgsluice("detach", "public.bench_child", config=path)
            plain = self.tps(8, "bench_child", "stars")
            self.pgsluice("attach", "public.bench_child", config=path)
            self.service = Service(self.options.binary, path)
            self.report("joined_writers", clients=8, tps_plain=round(plain), tps_running=round(running), **beside)
            rounds.append(running / plain)
        self.ratios["joined_tps_running_8"] = statistics.median(rounds)

    def million(self):
        """The same documents, as many as the backlog has events; a tag that all but a hundred have is renamed."""
        rows = self.options.backlog
        others = 100
        self.sql(TABLES.replace("bench_", "million_").format(rows=rows))
        self.sql(f"INSERT INTO million_root_tag SELECT i, 51 FROM generate_series(1, {rows - others}) i")
        path = self.serve("million_root", {"table": "million_root",
                                           "embed": json.loads(json.dumps(EMBEDS).replace("bench_", "million_"))})
        start = time.monotonic()
        self.service = Service(self.options.binary, path)
        self.filled("million_root", rows)
        rate = rows / (time.monotonic() - start)
        self.fan_out("million", "million_root", rows - others, rate,
                     lambda n: f"UPDATE million_tag SET name = 'renamed {n}' WHERE id = 51",
                     lambda i, n: f"UPDATE million_root SET name = 'lone {n}' WHERE id = {rows - i}")
        self.sql("DROP TABLE million_root_tag, million_tag, million_child, million_root")
        self.stop()
        self.start()
