"""What the engine's gate asks for: credentials, AWS signatures checked by botocore."""

import http.server
import json
import threading

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from gate import Gate


def aws_signature(request, body, access_key, secret_key, token, region, service):
    """The Authorization header that botocore gives this very request."""
    wanted = botocore.awsrequest.AWSRequest(
        method=request.command, url=f"https://{request.headers['Host']}{request.path}", data=body, headers={"X-Amz-Content-SHA256": "x"}
    )
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(access_key, secret_key, token), service, region)
    wanted.context["timestamp"] = request.headers["X-Amz-Date"]
    wanted.headers["X-Amz-Date"] = request.headers["X-Amz-Date"]
    wanted.headers.replace_header("X-Amz-Content-SHA256", signer.payload(wanted))
    if token:
        wanted.headers["X-Amz-Security-Token"] = token
    text = signer.string_to_sign(wanted, signer.canonical_request(wanted))
    scope = signer.scope(wanted)
    names = signer.signed_headers(signer.headers_to_sign(wanted))
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signer.signature(text, wanted)}"


class Answers:
    """A small HTTP server that answers GET and PUT from a table: path -> function of the headers."""

    def __init__(self, table):
        self.seen, outer = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.seen.append((self.command, self.path))
                found = table.get((self.command, self.path))
                answer = found(self.headers) if found else None
                body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(200 if answer else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_PUT = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    __enter__, __exit__ = Gate.__enter__, Gate.__exit__
