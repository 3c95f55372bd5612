"""The server itself: routes, models, what it keeps of calls, beginning and end."""

import http.client
import socket
import threading
import time
import warnings
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.core.errors import InfrastructureError, UsageError
from harness.models.calls import Call, Engine, Reply
from harness.models.stub import StubServer
from harness.models.stub import ledger as ledger_module
from harness.models.stub.ledger import Ledger
from harness.models.stub.wire import LARGEST_BODY
from tests.models.stub.talk import Says, ask, hello, serving


@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_endpoints_answer_with_and_without_their_prefix(server: StubServer, prefix: str) -> None:
    assert ask(server, hello(), path=f"{prefix}/chat/completions").status == 200
    assert ask(server, {"model": "m", "input": "x"}, path=f"{prefix}/responses").json["object"] == "response"
    assert ask(server, {"model": "m", "input": "x"}, path=f"{prefix}/embeddings").json["object"] == "list"
    assert ask(server, path=f"{prefix}/models", method="GET").json["object"] == "list"


@pytest.mark.parametrize(
    "path", ["/v1/foo", "/", "/v1", "/v1/chat", "/v2/chat/completions", "/_stub/secrets", "/v1/moderations"]
)
def test_an_unknown_path_is_a_404_that_names_it(server: StubServer, path: str) -> None:
    got = ask(server, hello(), path=path)
    assert got.status == 404
    assert got.error == {
        "message": f"Invalid URL (POST {path})", "type": "invalid_request_error", "param": None, "code": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/chat/completions"), ("PUT", "/v1/responses"), ("POST", "/v1/models"), ("DELETE", "/v1/models/m"),
     ("POST", "/_stub/health"), ("PATCH", "/_stub/calls")],
)  # fmt: skip
def test_a_wrong_method_is_a_405(server: StubServer, method: str, path: str) -> None:
    got = ask(server, method=method, path=path)
    assert (got.status, got.error["code"]) == (405, "method_not_supported")
    assert got.error["message"].startswith(f"Not allowed to {method} on {path}.")


def test_models_are_listed_and_found_by_id() -> None:
    with serving(model="mine.yaml", names=["reader", "persona:a"]) as server:
        listed = ask(server, method="GET", path="/v1/models").json["data"]
        assert [model["id"] for model in listed] == ["reader", "persona:a", "mine.yaml"]
        assert ask(server, method="GET", path="/v1/models/persona%3Aa").json["id"] == "persona:a"
        missing = ask(server, method="GET", path="/v1/models/gpt-4o")
    assert (missing.status, missing.error["code"], missing.error["param"]) == (404, "model_not_found", "model")


def test_a_request_gets_the_engine_it_names_and_the_default_for_any_other_name() -> None:
    made: list[str] = []

    def engine_of(name: str) -> Engine:
        made.append(name)
        return Says(f"I am {name}")

    with StubServer(engine_of=engine_of, model="mine.yaml", names=["reader", "persona:a"]) as server:
        texts = [
            ask(server, hello(model=name)).text for name in ("gpt-4o", "persona:a", "reader", "other", "persona:a")
        ]
        unknown = ask(server, hello(model="persona:../../secret"))
    assert texts == ["I am mine.yaml", "I am persona:a", "I am reader", "I am mine.yaml", "I am persona:a"]
    assert made == ["mine.yaml", "persona:a", "reader"]
    assert (unknown.status, unknown.error["code"]) == (404, "model_not_found")


def test_calls_are_kept_with_what_became_of_them(server: StubServer) -> None:
    ask(
        server,
        hello(),
        headers={"X-Harness-Sample": "t-1", "X-Harness-Trial": "3", "Authorization": "Bearer sk-hidden"},
    )
    ask(server, b"{", path="/responses")
    shown = ask(server, method="GET", path="/_stub/calls")
    first, second = shown.json["calls"]
    assert (shown.json["total"], shown.json["left_out"]) == (2, 0)
    assert {key: first[key] for key in ("n", "path", "model", "sample", "trial", "messages", "fault", "status", "body")} == {
        "n": 1, "path": "/v1/chat/completions", "model": "gpt-any", "sample": "t-1", "trial": 3, "messages": 1,
        "fault": None, "status": 200, "body": hello(),
    }  # fmt: skip
    assert first["at"].endswith("+00:00")
    assert 0 < first["ms"] < 5000
    assert (second["n"], second["path"], second["status"], second["body"]) == (2, "/responses", 400, None)
    assert b"sk-hidden" not in shown.body
    assert server.calls() == shown.json["calls"]


def test_the_inputs_of_embeddings_are_counted(server: StubServer) -> None:
    ask(server, {"model": "m", "input": ["a", "b", "c"]}, path="/v1/embeddings")
    ask(server, {"model": "m", "input": "a"}, path="/v1/embeddings")
    assert [call["messages"] for call in server.calls()] == [3, 1]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_calls_can_be_forgotten(server: StubServer, method: str) -> None:
    ask(server, hello())
    assert ask(server, method=method, path="/_stub/calls").json == {"cleared": True}
    assert ask(server, method="GET", path="/_stub/calls").json == {"total": 0, "left_out": 0, "calls": []}


def test_what_was_asked_is_for_this_machine_and_not_for_a_web_page(server: StubServer) -> None:
    ask(server, hello())
    got = ask(server, method="GET", path="/_stub/calls", headers={"Host": "evil.example:8399"})
    assert (got.status, got.error["code"]) == (403, "forbidden_host")
    for host in ("localhost", "localhost:8399", "127.0.0.1"):
        assert ask(server, method="GET", path="/_stub/calls", headers={"Host": host}).json["total"] == 1


def test_what_was_asked_is_json_whatever_was_asked(server: StubServer) -> None:
    ask(server, b'{"a": NaN, "b": 1e999}')
    assert ask(server, method="GET", path="/_stub/calls").json["calls"][0]["body"] is None


def test_what_is_kept_is_bounded_in_number_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "MOST_CALLS", 3)
    monkeypatch.setattr(ledger_module, "MOST_BYTES", 100)
    kept = Ledger()
    for _ in range(5):
        kept.add(at=0, path="/", body=b"1")
    assert ([call["n"] for call in kept.calls()], kept.to_json()["left_out"]) == ([3, 4, 5], 2)
    kept.add(at=0, path="/", body=b" " * 99)
    assert [call["n"] for call in kept.calls()] == [5, 6]
    kept.add(at=0, path="/", body=b" " * 500)
    assert [call["n"] for call in kept.calls()] == [7]
    kept.clear()
    assert kept.add(at=0, path="/", body=b"[" * 100_000).to_json()["body"] is None


def test_it_says_that_it_is_well(server: StubServer) -> None:
    assert ask(server, method="GET", path="/_stub/health").json == {"status": "ok", "models": ["reader"]}
    assert server.calls() == []


def test_a_body_that_is_too_large_is_a_413_and_the_server_goes_on(server: StubServer) -> None:
    got = ask(server, b" " * (LARGEST_BODY + 100_000))
    assert (got.status, got.error["code"]) == (413, "request_too_large")
    assert ask(server, hello()).status == 200


def test_a_client_that_leaves_while_it_sends_is_no_call(server: StubServer) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0)) as line:
        line.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf of it")
        time.sleep(0.05)
    assert ask(server, hello()).status == 200
    assert len(server.calls()) == 1


def test_an_engine_that_fails_is_a_500_without_its_traceback(says: Says, server: StubServer, capfd: Any) -> None:
    def fails(call: Call) -> Reply:
        raise ZeroDivisionError("the secret of the engine")

    says.told = fails
    got = ask(server, hello())
    assert (got.status, got.error["type"]) == (500, "server_error")
    assert b"secret" not in got.body
    assert server.calls()[-1]["status"] == 500
    assert "ZeroDivisionError: the secret of the engine" in capfd.readouterr().err


def test_the_harness_own_routes_fail_in_the_same_form(
    server: StubServer, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "datetime", None)
    ask(server, hello())
    got = ask(server, method="GET", path="/_stub/calls")
    assert (got.status, got.error["type"]) == (500, "server_error")
    assert "Traceback" in capfd.readouterr().err


def test_a_connection_is_kept_for_the_next_request(server: StubServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port or 0)
    for path in ("/v1/models", "/v1/nothing", "/_stub/health"):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert not response.will_close
    connection.close()


def test_it_listens_on_loopback_alone() -> None:
    with serving() as server:
        assert server.url.startswith("http://127.0.0.1:")
        other = socket.gethostbyname(socket.gethostname())
        if not other.startswith("127."):
            with pytest.raises(OSError), socket.create_connection((other, urlsplit(server.url).port or 0), timeout=1):
                pass


def test_a_port_that_is_taken_is_the_users_mistake() -> None:
    with serving() as server:
        port = urlsplit(server.url).port or 0
        with pytest.raises(UsageError, match=rf"--port: port {port} can't be used: .*; choose another with --port"):
            serving(port=port).start()


def hung_up_on(server: StubServer) -> threading.Thread:
    """A client whose connection has to be closed without an answer; an error in a thread fails its test."""

    def wait() -> None:
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            ask(server, hello())

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def seconds_to_stop(server: StubServer) -> float:
    begun = time.perf_counter()
    server.stop()
    return time.perf_counter() - begun


def test_it_ends_at_once_and_quietly_though_answers_hang() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        server = serving(faults={"rates": {"timeout": 1}}).start()
        assert server.running
        clients = [hung_up_on(server) for _ in range(3)]
        while len(server.calls()) < 3:
            time.sleep(0.01)
        assert seconds_to_stop(server) < 1
        for client in clients:
            client.join(2)
    assert not server.running
    with pytest.raises(ConnectionRefusedError):
        ask(server, hello())


def test_it_ends_though_an_engine_is_at_work() -> None:
    release = threading.Event()

    def long(call: Call) -> Reply:
        release.wait(5)
        return Reply(text="late")

    server = serving(Says(long)).start()
    client = hung_up_on(server)
    while not server.calls():
        time.sleep(0.01)
    assert seconds_to_stop(server) < 3
    release.set()
    client.join(3)


def test_a_pause_that_begins_while_it_closes_ends_at_once() -> None:
    release = threading.Event()

    def late(call: Call) -> Reply:
        release.wait(5)
        return Reply(text="x", delay_ms=60_000)

    server = serving(Says(late)).start()
    client = hung_up_on(server)
    while not server.calls():
        time.sleep(0.01)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    time.sleep(0.25)
    release.set()
    begun = time.perf_counter()
    stopping.join(5)
    client.join(5)
    assert time.perf_counter() - begun < 1


def test_stopping_one_that_never_began_does_nothing() -> None:
    server = serving()
    server.stop()
    assert not server.running


def test_one_that_never_gets_ready_is_an_infrastructure_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.models.stub.server._START_SECONDS", 0.05)
    monkeypatch.setattr("harness.models.stub.server._run", lambda server, listener: listener.close())
    with pytest.raises(InfrastructureError, match="didn't start within 0.05 s"):
        serving().start()


def test_two_servers_know_nothing_of_each_other() -> None:
    with serving(Says("one")) as one, serving(Says("two")) as two:
        assert (ask(one, hello()).text, ask(two, hello()).text) == ("one", "two")
        assert (len(one.calls()), len(two.calls())) == (1, 1)
