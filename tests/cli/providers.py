"""A provider on loopback that gives every call one answer, for the real OpenAI client."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
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
    with _serving(lambda _: (status, error if message is None else _chat(message))) as port:
        yield model_flags(port)


@contextmanager
def without_tools() -> Iterator[str]:
    """The address of a server whose model takes no tools, and finds every question to be one about a fee."""
    refusal = {"error": {"message": "this model does not support tools", "type": "x", "code": None}}
    answer = {"label": "berth_fee", "rationale": [{"text": "So it is.", "citations": []}]}
    with _serving(
        lambda a: (400, refusal) if a.get("tools") else (200, _chat({"content": json.dumps(answer)}))
    ) as port:
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def small_context(*, most: str, times: int) -> Iterator[str]:
    """The address of a server that takes no prompt in which `most` stands more than `times` times."""
    text = "This model's maximum context length is 8192 tokens."
    refusal = {"error": {"message": text, "type": "invalid_request_error", "code": "context_length_exceeded"}}
    claim = {"text": "The guest wrote.", "citations": ["ticket:guest_message"]}
    answer: dict[str, Any] = {"label": "berth_fee", "probabilities": {"berth_fee": 1.0}, "rationale": [claim]}

    def replied(asked: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        said = "".join(str(message["content"]) for message in asked["messages"])
        return (400, refusal) if said.count(most) > times else (200, _chat({"content": json.dumps(answer)}))

    with _serving(replied) as port:
        yield f"http://127.0.0.1:{port}/v1"


def _chat(message: Mapping[str, Any]) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": None, **message}}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-x", "choices": [choice]}


@contextmanager
def _serving(answer: Callable[[Mapping[str, Any]], tuple[int, Mapping[str, Any]]]) -> Iterator[int]:
    """The port of a server that answers each request's JSON with a status and JSON."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, value = answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps(value).encode()
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
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def model_flags(port: int) -> list[str]:
    """Flags for a model behind a port of this machine."""
    flags = ["--model", "openai/gpt-x", "--base-url", f"http://127.0.0.1:{port}/v1"]
    return [*flags, "--set", "calls.max_retries=0", "--set", "calls.structured=tool"]
