"""Servers that answer anything, asked by the real clients: each answer is read or named, and nothing goes elsewhere."""

import json
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import InfrastructureError, ProviderRefused, UsageError
from harness.embeddings import HashingEmbedder
from harness.models import Calls, Supplies, check_parameters, describe_model, load_model
from harness.models.calls import Call, Reply
from harness.models.network import MAX_BYTES

SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "strict": True,
        "schema": {"title": "answer", "type": "object", "properties": {}},
    },
}
ASKED = {
    "messages": ({"role": "user", "content": "hello"},),
    "tools": ({"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}},),
    "response_format": SCHEMA,
}
CLIENTS = ["openai-compatible", "openai"]
KEY = "correct horse zebra"
Respond = Callable[[BaseHTTPRequestHandler], None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


@contextmanager
def answering(respond: Respond) -> Iterator[tuple[str, list[BaseHTTPRequestHandler]]]:
    """The address of a server on loopback, and the requests that it got."""
    seen: list[BaseHTTPRequestHandler] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self)
            respond(self)

        def log_message(self, format: str, *args: object) -> None: ...

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def with_body(body: object, *, status: int = 200, kind: str = "application/json", **headers: str) -> Respond:
    """A server's one answer."""
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(raw)

    return respond


def chat(*, usage: Any = None, finish: Any = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": None, **message}}
    whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return {**whole, "usage": usage}


def calling(arguments: Any, *, id: Any = "x", name: Any = "look") -> dict[str, Any]:
    """A chat completion that calls a tool."""
    return chat(tool_calls=[{"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}])


async def asked(client: str, url: str, *, parameters: dict[str, Any] | None = None, **calls: Any) -> Reply:
    """The reply to one call through the gateway, without retries."""
    spec, given = describe_model(f"{client}/m"), {"base_url": url, **(parameters or {})}
    check_parameters(given, spec, where="suite.yaml")
    supplies = Supplies(embedder=HashingEmbedder, key=lambda _: None, folder=Path(), where="suite.yaml")
    settings = Calls(max_retries=0, timeout=20, **calls)
    gateway, _ = load_model(spec, calls=settings, parameters=given, supplies=supplies)
    try:
        reply, _ = await gateway.complete(Call(model=spec.id, sample="t-1", **ASKED))
        return reply
    finally:
        await gateway.aclose()


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_COMPATIBLE_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)


UNREADABLE: dict[str, Any] = {
    "nothing": "",
    "null": "null",
    "a list": "[]",
    "half": "{",
    "no choices": {"id": "x"},
    "choices null": {**chat(), "choices": None},
    "choices of text": {**chat(), "choices": ["a"]},
    "message null": {**chat(), "choices": [{"index": 0, "message": None}]},
    "function null": chat(tool_calls=[{"id": "x", "type": "function", "function": None}]),
    "an error": {"error": {"message": "overloaded"}},
    "nested": '{"choices":' + "[" * 100_000,
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.filterwarnings("ignore:Pydantic serializer:UserWarning")
async def test_an_answer_that_is_none_is_the_servers_failure_and_no_form_that_it_refuses(
    client: str, name: str
) -> None:
    with answering(with_body(UNREADABLE[name])) as (url, _), pytest.raises(InfrastructureError) as caught:
        await asked(client, url)
    assert caught.value.kind == "server_error"
    assert (name, client) != ("an error", "openai-compatible") or "overloaded" in caught.value.message


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (chat(content=[{"type": "text", "text": "hi"}]), "hi"),
        (chat(content={"a": 1}), ""),
        (chat(content=5), ""),
    ],
)
async def test_content_of_another_form_is_read_or_empty(body: dict[str, Any], text: str) -> None:
    with answering(with_body(body)) as (url, _):
        assert (await asked("openai-compatible", url)).text == text


@pytest.mark.parametrize(
    ("body", "call"),
    [
        (calling(None), ("x", "look", "")),
        (calling({"a": "é"}), ("x", "look", '{"a": "é"}')),
        (calling([1]), ("x", "look", "[1]")),
        (calling("{}", id=None), ("call_0", "look", "{}")),
        (calling("{}", id=7), ("7", "look", "{}")),
        (calling("{}", name=None), ("x", "", "{}")),
    ],
)
async def test_a_tool_call_of_another_form_is_brought_into_ours(body: dict[str, Any], call: tuple[str, ...]) -> None:
    with answering(with_body(body)) as (url, _):
        (made,) = (await asked("openai-compatible", url)).tool_calls
    assert (made.id, made.name, made.arguments) == call


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("count", [-5, 10**30, 1.5, float("nan"), None])
@pytest.mark.filterwarnings("ignore:Pydantic serializer:UserWarning")
async def test_a_count_of_tokens_that_is_none_is_not_known(client: str, count: Any) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": 7}
    with answering(with_body(chat(content="hi", usage=usage))) as (url, _):
        reply = await asked(client, url)
    assert reply.text == "hi" and reply.output_tokens in (None, 0)
    assert client == "openai" or (reply.input_tokens, reply.output_tokens) == (7, None)


async def test_names_and_refusals_are_cut_and_hold_no_character_that_a_file_can_not() -> None:
    body = json.dumps({**chat(refusal="no@ way#"), "model": "m" * 2_000_000, "id": "c@"})
    body = body.replace("@", "\\ud800").replace("#", "\\u0000")
    with answering(with_body(body)) as (url, _):
        reply = await asked("openai-compatible", url)
    assert (reply.refusal, reply.request_id, len(reply.model)) == ("no\ufffd way\ufffd", "c\ufffd", 200)


@pytest.mark.parametrize("said", ["eos", 3, None, "STOP"])
async def test_a_finish_that_nobody_knows_is_an_end(said: Any) -> None:
    with answering(with_body(chat(content="hi", finish=said))) as (url, _):
        assert (await asked("openai-compatible", url)).finish == "stop"


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_body_without_an_end_is_not_kept(client: str) -> None:
    def floods(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        for _ in range(2 * MAX_BYTES // 1_000_000):
            handler.wfile.write(b" " * 1_000_000)

    with answering(floods) as (url, _), pytest.raises(InfrastructureError) as caught:
        await asked(client, url)
    assert caught.value.kind in {"server_error", "connection"}
    assert client == "openai" or "longer than 32,000,000 bytes" in str(caught.value)


async def test_a_page_of_open_brackets_is_told_as_any_other() -> None:
    with (
        answering(with_body("<html" + "<" * 300_000, status=500, kind="text/html")) as (url, _),
        pytest.raises(InfrastructureError, match="a page of HTML"),
    ):
        await asked("openai-compatible", url)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("status", [302, 307])
async def test_a_ticket_is_not_taken_to_a_server_that_nobody_named(client: str, status: int) -> None:
    with answering(with_body(chat(content="hi"))) as (elsewhere, reached):
        moved = with_body("", status=status, Location=f"{elsewhere}/chat/completions")
        with answering(moved) as (url, _), pytest.raises(ProviderRefused, match="give the address that answers"):
            await asked(client, url)
    assert reached == []


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "what://ever"])
async def test_no_proxy_lies_before_this_machine(client: str, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with answering(with_body(chat(content="hi"))) as (url, _):
        assert (await asked(client, url)).text == "hi"


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_proxy_that_can_not_be_used_is_one_line(client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "what://ever")
    with pytest.raises(UsageError, match="a proxy can't be used.*mend or unset it"):
        await asked(client, "http://models.example.com/v1")


async def test_what_the_environment_holds_for_openai_goes_to_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"API_KEY": "sk-openai-1", "ADMIN_KEY": "sk-openai-2", "ORG_ID": "openai-3", "PROJECT_ID": "openai-4"}
    for name, value in held.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Mine: openai-5\nAuthorization: Bearer openai-6")
    parameters = {"default_headers": {"X-Team": "trust"}, "default_query": {"version": "2"}}
    with answering(with_body(chat(content="hi"))) as (url, seen):
        await asked("openai-compatible", url, parameters=parameters)
    (request,) = seen
    assert [value for value in request.headers.values() if "openai-" in value] == []
    assert request.headers["Authorization"] == "Bearer none" and request.headers["X-Harness-Sample"] == "t-1"
    assert request.headers["X-Team"] == "trust" and request.path == "/v1/chat/completions?version=2"


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_key_that_a_server_sends_back_is_in_no_reply(client: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    body = {**calling(json.dumps({"a": KEY})), "model": KEY}
    body["choices"][0]["message"]["content"] = f"your key is {KEY}"
    echo = with_body(body, **{"x-request-id": KEY})
    with answering(echo) as (url, _):
        reply = await asked(client, url, api_key=f"file:{tmp_path / 'key'}")
    assert KEY not in repr(reply) and reply.text == "your key is (secret)"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_neither_is_it_in_a_traceback(client: str, status: int, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    refused = with_body({"error": {"message": f"not with {KEY}"}}, status=status)
    with answering(refused) as (url, _):
        try:
            await asked(client, url, api_key=f"file:{tmp_path / 'key'}")
        except (InfrastructureError, UsageError):
            shown = traceback.format_exc()
    assert KEY not in shown and "not with (secret)" in shown
