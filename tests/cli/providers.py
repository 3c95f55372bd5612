"""A provider on loopback that gives every call one answer, for the real OpenAI client."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class _Server(HTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up: a run that ends early drops its other calls."""


@contextmanager
def provider(status: int, message: Mapping[str, Any] | None = None) -> Iterator[list[str]]:
    """The flags that lead to a provider which answers `status`: with a chat message, or with an error."""
    error = {"error": {"message": "so it is", "type": "x", "code": None}}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": None, **(message or {})}}
    reply = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-x", "choices": [choice]}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(error if message is None else reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield model_flags(server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def model_flags(port: int) -> list[str]:
    """Flags for a model behind a port of this machine."""
    flags = ["--model", "openai/gpt-x", "--base-url", f"http://127.0.0.1:{port}/v1"]
    return [*flags, "--set", "calls.max_retries=0", "--set", "calls.structured=tool"]
