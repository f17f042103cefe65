"""Parts of the benchmark about long queues, idle times, memory and what capture costs a statement."""
import json
import os
import signal
import statistics
import threading
import time
from servers import Engine, Psql, Service, cpu_seconds, machine_busy, memory_mb

GOALS = {  # name: (goal, whether larger is better)
    "update_1000_over_plain": (1.5, False), "update_many_over_plain": (1.5, False),
    "claims_pinned_over_unpinned": (0.95, True),
    "claims_beside_unknown_over_alone": (0.9, True), "claims_beside_waiting_over_alone": (0.9, True),
    "drain_2_over_1_process": (1.0, True), "drain_4_over_2_processes": (1.0, True),
    "start_to_ready_ms": (300, False),
    "idle_statements_per_s": (1, False), "idle_cpu_percent": (0.2, False),
    "rss_backfill_1m_mb": (32, False), "rss_backlog_1m_mb": (32, False),
    "rss_100_mb_of_1_mb_rows_mb": (96, False),
}
# What lone changes leave: a row of the outbox per key.
EVENTS = """INSERT INTO pgsluice.outbox (source, size, keys)
SELECT (SELECT max(id) FROM pgsluice.source WHERE is_current AND table_name = '{table}'), 1,
       json_build_array(json_build_array(1 + i % {keys})) FROM generate_series(1, {count}) i"""

COUNTING = """CREATE FUNCTION bench_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM count(*) FROM new_rows; PERFORM count(*) FROM old_rows; RETURN NULL; END$$"""
COUNT = """CREATE TRIGGER bench_count AFTER UPDATE ON bench_rows REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION bench_count()"""


class Loads:
    """Mixed into Bench, which has the servers and the table bench_rows."""

    ADMIN_URL = "http://127.0.0.1:18481"

    def config_of(self, table):
        """A configuration with one index, of that table."""
        with open(self.config) as f:
            config = json.load(f)
        config["indexes"] = {table: {"table": "public." + table}}
        path = os.path.join(self.folder, table + ".json")
        with open(path, "w") as f:
            json.dump(config, f)
        return path

    def events(self, table, count, keys=1000):
        self.sql(EVENTS.format(table=table, count=count, keys=keys))

    def drained(self, service, seconds=900):
        """Waits until the outbox is empty; returns the seconds that took."""
        start = time.monotonic()
        while self.sql("SELECT EXISTS (SELECT FROM pgsluice.outbox)") != ["f"]:
            service.check()
            if time.monotonic() - start > seconds:
                raise RuntimeError(f"outbox not empty within {seconds} s")
            time.sleep(0.02)
        return time.monotonic() - start

    def calm(self):
        """Waits until neither the service nor the engine has anything left to do."""
        self.drained(self.service)
        self.engine.rest()

    def statements(self):
        """One UPDATE of many rows, with triggers over without; the service stands still. Beside them
        a trigger that only counts its transition tables: what PostgreSQL charges for having them."""
        self.stop()
        self.sql(COUNTING)
        for name, rows in (("1000", 1000), ("many", min(100000, self.options.rows))):
            times = {"plain": [], "counted": [], "captured": []}
            for _ in range(self.options.repeats):
                for kind in times:
                    self.pgsluice("attach" if kind == "captured" else "detach", "public.bench_rows")
                    if kind == "counted":
                        self.sql(COUNT)
                    update = f"UPDATE bench_rows SET n = n + 1 WHERE id <= {rows}"
                    self.sql(update)  # the first one after attach() plans the trigger's statements
                    self.sql("VACUUM bench_rows; CHECKPOINT")
                    start = time.monotonic()
                    self.sql(update)
                    times[kind].append(time.monotonic() - start)
                    if kind == "counted":
                        self.sql("DROP TRIGGER bench_count ON bench_rows")
                self.sql("TRUNCATE pgsluice.outbox")
            medians = {kind: statistics.median(values) for kind, values in times.items()}
            self.report("update", rows=rows,
                        **{f"{k}_ms": round(v * 1000, 1) for k, v in medians.items()})
            self.ratios[f"update_{name}_over_plain"] = medians["captured"] / medians["plain"]
        self.pgsluice("attach", "public.bench_rows")
        self.start()

    def horizon(self):
        """Events of a table that no index needs are only claimed and acknowledged. Their rate, before
        and after a million of them went through while a reader keeps vacuum from the outbox."""
        self.sql("CREATE TABLE bench_nobody (id int PRIMARY KEY);"
                 "SELECT pgsluice.attach('bench_nobody')")
        some = self.options.backlog // 4

        def rate():
            self.sql("VACUUM ANALYZE pgsluice.outbox")
            self.events("bench_nobody", some)
            return some / self.drained(self.service)

        rate()
        unpinned = [rate() for _ in range(self.options.repeats)]
        reader = Psql(self.url)
        reader("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM bench_nobody")
        self.events("bench_nobody", self.options.backlog)
        self.drained(self.service)
        pinned = [rate() for _ in range(self.options.repeats)]
        dead = self.sql("SELECT n_dead_tup FROM pg_stat_all_tables "
                            "WHERE relid = 'pgsluice.outbox'::regclass")
        reader("ROLLBACK")
        reader.close()
        before, after = statistics.median(unpinned), statistics.median(pinned)
        self.report("horizon", events=self.options.backlog, dead_rows=int(dead[0]),
                    claims_per_s=round(before), claims_pinned_per_s=round(after))
        self.ratios["claims_pinned_over_unpinned"] = after / before

    def beside(self):
        """Claims beside 100,000 events that are left to another process, which stands still: at first of a table that only
        that process knows, then of events that all others have done with. There and back."""
        self.sql("CREATE TABLE bench_theirs (id int PRIMARY KEY, n int); INSERT INTO bench_theirs SELECT i, i FROM "
                 "generate_series(1, 1000) i; CREATE TABLE bench_claimed (id int PRIMARY KEY)")
        theirs = self.config_of("bench_theirs")
        self.pgsluice("migrate", "up", config=theirs)
        self.sql("SELECT pgsluice.attach('bench_claimed')")
        some = self.options.backlog // 10

        def rate():
            """Of events that no index wants, so that they are only claimed and acknowledged."""
            last = self.sql("SELECT coalesce(max(id), 0) FROM pgsluice.outbox")[0]
            self.events("bench_claimed", some)
            start = time.monotonic()
            self.wait_for("claims", lambda: self.sql(f"SELECT EXISTS (SELECT FROM pgsluice.outbox WHERE id > {last})") == ["f"],
                          self.service, 120, 0.005)
            return some / (time.monotonic() - start)

        def rates():
            self.sql("VACUUM ANALYZE pgsluice.outbox")
            rate()
            return statistics.median(rate() for _ in range(self.options.repeats))

        other = Service(self.options.binary, theirs, "sync", ports=False)
        try:
            self.wait_for("the other process", lambda: self.engine.written(self.prefix + "bench_theirs") >= 1000, other)
            self.drained(other)
            time.sleep(10)  # until this process has seen what the other one has
            os.kill(other.pid, signal.SIGSTOP)
            figures = {"alone": rates()}
            self.events("bench_theirs", 100000)
            figures["unknown"] = rates()
            self.sql("UPDATE pgsluice.outbox SET waiting_for = '{bench_theirs}'")
            figures["waiting"] = rates()
            left = self.pending()
            self.sql("DELETE FROM pgsluice.outbox")
            figures["alone"] = (figures["alone"] + rates()) / 2
        finally:
            os.kill(other.pid, signal.SIGCONT)
            other.stop()
        self.report("beside", left=left, **{f"claims_{name}_per_s": round(value) for name, value in figures.items()})
        for name in ("unknown", "waiting"):
            self.ratios[f"claims_beside_{name}_over_alone"] = figures[name] / figures["alone"]

    def drain(self):
        """Several processes share a backlog of lone changes; there and back, because the engine's work changes with the
        deleted documents that it has to merge. A first drain, which the engine spends on compiling itself, does not count."""
        self.stop()
        count = self.options.backlog // 2
        rates = {1: 0, 2: 0, 4: 0}
        for number, processes in enumerate((1, 1, 2, 4, 4, 2, 1)):
            self.events("bench_rows", count, self.options.rows)
            self.sql("VACUUM ANALYZE pgsluice.outbox")
            busy, engine = machine_busy(), cpu_seconds(self.engine_pid)
            services = [Service(self.options.binary, self.config, "sync", ports=False)
                        for _ in range(processes)]
            try:
                seconds = self.drained(services[0])
                cpu = sum(cpu_seconds(s.pid) for s in services)
                postgres = self.sessions_cpu()
            finally:
                for service in services:
                    service.stop()
            rates[processes] += count / seconds / 2 if number > 0 else 0
            self.report("drain", processes=processes, events=count, counts=number > 0,
                        events_per_s=round(count / seconds),
                        machine_busy=round(machine_busy(busy), 2),
                        cpu_us_per_event={
                            "service": round(cpu / count * 1e6, 2), "postgres": round(postgres / count * 1e6, 2),
                            "engine": round((cpu_seconds(self.engine_pid) - engine) / count * 1e6, 2)})
        self.ratios["drain_2_over_1_process"] = rates[2] / rates[1]
        self.ratios["drain_4_over_2_processes"] = rates[4] / rates[2]
        self.start()

    def startup(self):
        """A process that has nothing to catch up with: from its start until /readyz says 200."""
        times = []
        for _ in range(self.options.repeats):
            self.stop()
            start = time.monotonic()
            self.start()
            self.wait_for("readiness", self.ready, self.service, 60, 0.002)
            times.append((time.monotonic() - start) * 1000)
        self.report("startup", median_ms=round(statistics.median(times)), slowest_ms=round(max(times)))
        self.ratios["start_to_ready_ms"] = statistics.median(times)

    def ready(self):
        try:
            return Engine(self.ADMIN_URL).send("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def idle(self):
        """Nothing to do: the statements and the CPU time that the service still needs."""
        if not self.service:
            self.start()
        self.drained(self.service)
        time.sleep(15)  # until the last statements of the work before are in the statistics
        database = (f"SELECT xact_commit + xact_rollback FROM pg_stat_database "
                    f"WHERE datname = '{self.database}'")
        sessions = (f"SELECT pid FROM pg_stat_activity WHERE datname = '{self.database}' "
                    "AND application_name LIKE 'pgsluice %'")

        def sample():
            pids = [int(pid) for pid in self.admin_sql(sessions)]
            return (int(self.admin_sql(database)[0]), cpu_seconds(self.service.pid),
                    sum(cpu_seconds(pid) for pid in pids), time.monotonic())

        before = sample()
        time.sleep(self.options.idle)
        after = sample()
        seconds = after[3] - before[3]
        self.ratios["idle_statements_per_s"] = (after[0] - before[0]) / seconds
        self.ratios["idle_cpu_percent"] = (after[1] - before[1]) / seconds * 100
        self.report("idle", seconds=round(seconds), rss_mb=round(memory_mb(self.service.pid)[0], 1),
                    statements_per_s=round(self.ratios["idle_statements_per_s"], 2),
                    service_cpu_percent=round(self.ratios["idle_cpu_percent"], 3),
                    database_cpu_percent=round((after[2] - before[2]) / seconds * 100, 3))

    def peak(self, name, table, done):
        """The highest memory of a process of its own, from its start until `done()`."""
        config = self.config_of(table)
        self.pgsluice("migrate", "up", config=config)
        service = Service(self.options.binary, config)
        try:
            start = time.monotonic()
            while not done():
                service.check()
                if time.monotonic() - start > 1800:
                    raise RuntimeError(f"{name}: not within half an hour")
                time.sleep(0.2)
            now, highest = memory_mb(service.pid)
            seconds = time.monotonic() - start
        finally:
            service.stop()
        self.report("memory", of=name, seconds=round(seconds, 1), rss_mb=round(now, 1),
                    rss_peak_mb=round(highest, 1))
        self.ratios[f"rss_{name}_mb"] = highest

    def memory(self):
        self.stop()
        count = self.options.backlog
        self.sql(self.table_sql("bench_many", count))

        def copied(table, rows):
            return lambda: (self.engine.written(self.prefix + table) >= rows and
                            self.sql("SELECT EXISTS (SELECT FROM pgsluice.backfill)") == ["f"])

        self.peak("backfill_1m", "bench_many", copied("bench_many", count))
        self.events("bench_many", count, count)
        self.peak("backlog_1m", "bench_many", lambda: self.pending() == 0)
        self.sql("DROP TABLE bench_many")
        self.sql("CREATE TABLE bench_large (id int PRIMARY KEY, body text);"
                 "INSERT INTO bench_large SELECT i, repeat(md5(i::text) || ' ', 31775) "
                 "FROM generate_series(1, 100) i")
        self.peak("100_mb_of_1_mb_rows", "bench_large", copied("bench_large", 100))
        self.sql("DROP TABLE bench_large")
        self.start()
