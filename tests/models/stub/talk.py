"""What tests of the stub server share: an engine that says what it is told to, and a plain HTTP client."""

import http.client
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from harness.models.calls import Call, Reply
from harness.models.stub import StubServer

HELLO = {"model": "gpt-any", "messages": [{"role": "user", "content": "hello"}]}
LABELLED = '{"label": "fraud", "why": "money"}'


class Says:
    """An engine that answers what it is told, and keeps what it was asked."""

    name = "says"

    def __init__(self, told: Callable[[Call], Reply] | Reply | str = "hello yourself") -> None:
        self.asked: list[Call] = []
        self.told = told

    def answer(self, call: Call) -> Reply:
        self.asked.append(call)
        if isinstance(self.told, str):
            return Reply(text=self.told, input_tokens=7, output_tokens=3)
        return self.told(call) if callable(self.told) else self.told


def serving(engine: Says | None = None, **options: Any) -> StubServer:
    """A server of one engine, not started yet."""
    said = engine or Says()
    return StubServer(engine_of=lambda name: said, **options)


class Answered(NamedTuple):
    """A response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def text(self) -> str:
        return str(self.json["choices"][0]["message"]["content"])

    @property
    def events(self) -> list[Any]:
        """The data of a stream, without its end."""
        lines = [line.removeprefix(b"data: ") for line in self.body.split(b"\n\n") if line]
        assert lines.pop() == b"[DONE]"
        return [json.loads(line) for line in lines]


def ask(
    server: StubServer,
    body: Mapping[str, Any] | bytes | None = None,
    *,
    path: str = "/v1/chat/completions",
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    timeout: float = 10,
) -> Answered:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port or 0, timeout=timeout)
    try:
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, body=sent, headers=dict(headers or {}))
        response = connection.getresponse()
        return Answered(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def hello(**changes: Any) -> dict[str, Any]:
    """A chat request with some of its keys changed; a value of `...` takes the key out."""
    return {key: value for key, value in {**HELLO, **changes}.items() if value is not ...}
