"""A gate before a real server: hears every request, may refuse it, with or without TLS."""

import http.client
import http.server
import ssl
import threading
from urllib.parse import urlsplit


class Gate:
    """`allow(request, body)` answers nothing, or (status, body) to refuse."""

    def __init__(self, engine, allow=lambda *_: None, certificate=None, client_authority=None):
        target = urlsplit(engine)
        self.allow, self.seen, gate = allow, [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                gate.seen.append((self.command, self.path, dict(self.headers)))
                refusal = gate.allow(self, body)
                if refusal:
                    self.answer(refusal[0], refusal[1].encode(), "application/json")
                    return
                far = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
                kept = {k: v for k, v in self.headers.items() if k.lower() in ("content-type", "accept")}
                far.request(self.command, self.path, body or None, kept)
                reply = far.getresponse()
                self.answer(reply.status, reply.read(), reply.headers.get("Content-Type", "application/json"))
                far.close()

            def answer(self, status, body, kind):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = serve

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if certificate:
            self.scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            if client_authority:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(client_authority)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{self.scheme}://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
