"""An endpoint on loopback that does what a test tells it to, and ends with the test."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Endpoint:
    """Gives each request the next of `replies`, the last one for ever. `seen` holds (path, headers, JSON) of each.

    Names of headers are in lower case.
    """

    replies: list[Reply]
    url: str = ""
    seen: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    connections: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


def answers(value: Any, *, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; bytes are sent as they are."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        for name, text in headers.items():
            handler.send_header(name.replace("_", "-"), text)
        handler.end_headers()
        handler.wfile.write(data)

    return reply


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True


def stops_halfway(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"label": "a"')
    handler.close_connection = True


@contextmanager
def serving(*replies: Reply) -> Iterator[Endpoint]:
    """An endpoint on a free port, until the block ends."""
    endpoint = Endpoint(list(replies))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            endpoint.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): text for name, text in self.headers.items()}
            endpoint.seen.append((self.path, headers, json.loads(body)))
            reply = endpoint.replies.pop(0) if len(endpoint.replies) > 1 else endpoint.replies[0]
            with suppress(BrokenPipeError, ConnectionResetError):
                reply(self)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/solve"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.stop.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def never(endpoint: Endpoint) -> Reply:
    """No answer before the test ends."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        endpoint.stop.wait(20)
        handler.close_connection = True

    return reply
