"""Spans of the binary, as a collector sees them: the trace of a request, of a change, and what becomes of a collector that is away.

Tried by hand with the OpenTelemetry Collector 0.165 as well (otlp receiver, debug exporter).
"""

import base64
import http.server
import json
import re
import ssl
import threading
import time
import unittest

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from running import ENGINE, Secured, Service, database, free_port, get, index_prefix, psql, run, until

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECRET = "planted-collector-key"


def bytes_of(identifier, size):
    """OTLP writes ids in hexadecimal where JSON of protocol buffers has base64: the only difference."""
    assert re.fullmatch(f"([0-9a-f]{{{2 * size}}})?", identifier), identifier
    return base64.b64encode(bytes.fromhex(identifier)).decode()


def read(body):
    """Strictly: what OpenTelemetry's classes do not know is an error."""
    request = json.loads(body)
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                span["traceId"], span["spanId"] = bytes_of(span["traceId"], 16), bytes_of(span["spanId"], 8)
                span["parentSpanId"] = bytes_of(span["parentSpanId"], 8)
    return json_format.ParseDict(request, ExportTraceServiceRequest())


def plain(attributes):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


class Collector:
    """Takes traces at /v1/traces; `status` is what it answers."""

    def __init__(self, port=0, certificate=None):
        self.spans, self.resources, self.headers, self.status, collector = [], [], [], 200, self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.headers.append((self.path, dict(self.headers)))
                if collector.status == 200:
                    for resource in read(body).resource_spans:
                        collector.resources.append(plain(resource.resource.attributes))
                        collector.spans += [span for scope in resource.scope_spans for span in scope.spans]
                answer = b"{}"
                self.send_response(collector.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def named(self, name):
        return [span for span in self.spans if span.name == name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Traces(Secured):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = cls.stack.enter_context(database())
        psql(cls.database, "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'one')")
        code, _, text = run(["migrate"], {"PGSLUICE_DATABASE_URL": cls.database})
        assert code == 0, text
        cls.prefix = cls.stack.enter_context(index_prefix())

    def service(self, url, **environment):
        config = {"elasticsearch": {"urls": [ENGINE], "index_prefix": self.prefix}, "log_level": "debug"}
        given = {"PGSLUICE_DATABASE_URL": self.database, "OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "50"}
        return Service(config, given | environment)

    def metric(self, service, name):
        return float(re.search(rf"^{name} (.*)$", get(f"http://{service.admin}/metrics")[1], re.M)[1])

    def test_a_request_continues_its_callers_trace(self):
        authority = {"OTEL_EXPORTER_OTLP_CERTIFICATE": self.authority.file, "OTEL_EXPORTER_OTLP_HEADERS": f"api-key={SECRET}"}
        with Collector(certificate=self.authority.make("collector")) as collector, self.service(
            collector.url, OTEL_SERVICE_NAME="shop search", OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test", **authority
        ) as service:
            service.ready().finds("item", 1, '"name"')
            begin = time.time_ns()
            status, _ = service.ask("/v1/item/search?q=secret%20words", {"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Request-Id": "r-1"})
            self.assertEqual(status, 200)
            service.ask("/v1/item/search", {"traceparent": f"00-{TRACE}-{CALLER}-00"})
            service.ask("/v1/nothing/search")
            until(lambda: len(collector.named("GET /v1/{index}/search")) == 2, lambda: collector.spans)
            end = time.time_ns()
            request, missing = collector.named("GET /v1/{index}/search")
            self.assertEqual((request.trace_id.hex(), request.parent_span_id.hex()), (TRACE, CALLER))
            self.assertEqual(request.kind, Span.SPAN_KIND_SERVER)
            self.assertTrue(begin - 1e8 < request.start_time_unix_nano < request.end_time_unix_nano < end + 1e8)
            wanted = {"http.request.method": "GET", "http.route": "/v1/{index}/search", "http.response.status_code": 200}
            self.assertEqual(plain(request.attributes), wanted | {"url.path": "/v1/item/search", "pgsluice.request_id": "r-1"})
            # Nothing is found, so that another question is asked for a proposal ("did_you_mean").
            engine, proposal = [span for span in collector.named("POST _search") if span.trace_id == request.trace_id]
            self.assertEqual(proposal.parent_span_id, request.span_id)
            self.assertEqual((engine.parent_span_id, engine.kind), (request.span_id, Span.SPAN_KIND_CLIENT))
            self.assertTrue(request.start_time_unix_nano <= engine.start_time_unix_nano <= engine.end_time_unix_nano <= request.end_time_unix_nano)
            self.assertNotIn(missing.trace_id.hex(), (TRACE, ""))
            self.assertEqual((missing.parent_span_id, missing.status.code), (b"", Status.STATUS_CODE_UNSET))
            path, headers = collector.headers[0]
            self.assertEqual((path, headers["api-key"], headers["Content-Type"]), ("/v1/traces", SECRET, "application/json"))
            resource = collector.resources[0]
            self.assertEqual((resource["service.name"], resource["deployment.environment.name"]), ("shop search", "test"))
            service.says(TRACE)
            self.assertEqual(self.metric(service, "pgsluice_trace_spans_dropped_total"), 0)
            self.assertEqual(service.stop(), 0)
            self.assertNotIn(SECRET, service.log)

    def test_a_change_is_a_trace_of_its_batch(self):
        with Collector() as collector, self.service(collector.url) as service:
            service.ready().finds("item", 1, '"name"')
            psql(self.database, "UPDATE item SET name = 'traced' WHERE id = 1")
            service.finds("item", 1, "traced")
            batch = until(lambda: collector.named("sync batch"), "a batch")[0]
            self.assertEqual((batch.parent_span_id, plain(batch.attributes)), (b"", {"pgsluice.events": 1}))
            parts = [span for span in collector.spans if span.parent_span_id == batch.span_id]
            self.assertEqual([part.name for part in parts], ["claim", "read", "bulk"])
            self.assertEqual({part.trace_id for part in parts}, {batch.trace_id})
            self.assertTrue(all(batch.start_time_unix_nano <= part.start_time_unix_nano for part in parts))
            self.assertEqual(plain(parts[2].attributes), {"pgsluice.index": f"{self.prefix}item", "pgsluice.documents": 1})
            roots = {span.name for span in collector.spans if not span.parent_span_id}
            self.assertLessEqual(roots, {"sync batch", "backfill task", "GET /v1/{index}/docs/{id}"})
            self.assertEqual(service.stop(), 0)

    def test_a_collector_that_is_away_harms_nothing(self):
        port = free_port()
        with self.service(f"http://127.0.0.1:{port}", OTEL_BSP_MAX_QUEUE_SIZE="8") as service:
            service.ready().finds("item", 1, '"name"')
            service.says("traces: ")
            for _ in range(30):
                self.assertEqual(service.ask("/v1/item/docs/1")[0], 200)
            self.assertGreater(self.metric(service, "pgsluice_trace_spans_dropped_total"), 0)
            psql(self.database, "UPDATE item SET name = 'another' WHERE id = 1")
            service.finds("item", 1, "another")
            with Collector(port) as collector:
                until(lambda: collector.spans, "spans once it is back")
                service.says("accepts spans again")
                collector.status = 400
                service.ask("/v1/item/docs/1")
                service.says("the collector of traces answered 400")
            self.assertEqual(service.stop(), 0)

    def test_a_collector_that_hangs_does_not_hold_up_the_end(self):
        with Collector() as collector:
            held = threading.Event()
            collector.server.RequestHandlerClass.do_POST = lambda _: held.wait(60)
            with self.service(collector.url) as service:
                service.ready().finds("item", 1, '"name"')
                begin = time.monotonic()
                self.assertEqual(service.stop(), 0)
                self.assertLess(time.monotonic() - begin, 7)
                self.assertNotIn("no answer in time", service.log)
            held.set()


if __name__ == "__main__":
    unittest.main(verbosity=2)
