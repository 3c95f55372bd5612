"""Every fault as a client meets it, on each endpoint, in a stream and without one."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.models.calls import Call, Reply
from harness.models.faults import FAULTS, Fault
from harness.models.stub import StubServer
from tests.models.stub.talk import LABELLED, Answered, Says, ask, hello, serving

STATUS = {name: kind for name, kind in FAULTS.items() if kind.where == "status"}
CHAT, RESPONSES, EMBEDDINGS = "/v1/chat/completions", "/v1/responses", "/v1/embeddings"
BODIES: dict[str, dict[str, Any]] = {
    CHAT: hello(),
    RESPONSES: {"model": "gpt-any", "input": "hello"},
    EMBEDDINGS: {"model": "gpt-any", "input": ["hello"]},
}
ALL = [(path, stream) for path in BODIES for stream in ([False, True] if path != EMBEDDINGS else [False])]
CUT = (http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionResetError)


def asked(server: StubServer, fault: str, path: str = CHAT, *, stream: bool = False, **options: Any) -> Answered:
    server.set_faults({"script": [fault], **options})
    return ask(server, {**BODIES[path], **({"stream": True} if stream else {})}, path=path)


@pytest.mark.parametrize(("path", "stream"), ALL)
@pytest.mark.parametrize("name", sorted(set(STATUS) - {"bad_gateway"}))
def test_a_status_fault_is_the_services_own_error(server: StubServer, name: str, path: str, stream: bool) -> None:
    got = asked(server, name, path, stream=stream)
    kind = STATUS[name]
    assert got.status == kind.status
    assert got.headers["content-type"] == "application/json"
    assert (got.error["type"], got.error["code"], got.error["message"]) == (kind.type, kind.code, kind.message)
    assert "retry-after" not in got.headers
    assert (server.calls()[-1]["fault"], server.calls()[-1]["status"]) == (name, kind.status)


def test_a_bad_gateway_is_a_page_of_a_proxy(server: StubServer) -> None:
    got = asked(server, "bad_gateway")
    assert (got.status, got.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert b"<title>502 Bad Gateway</title>" in got.body


def test_a_rate_limit_says_when_to_come_back_in_both_headers(server: StubServer) -> None:
    server.set_faults(
        {"rates": {"rate_limit": 1}, "retry_after": 0.25, "script": [{"fault": "unavailable", "retry_after": 2}]}
    )
    first, second = ask(server, hello()), ask(server, hello())
    assert (first.headers["retry-after"], first.headers["retry-after-ms"]) == ("2", "2000")
    assert (second.headers["retry-after"], second.headers["retry-after-ms"]) == ("1", "250")
    assert second.headers["x-ratelimit-remaining-requests"] == "0"


def test_a_context_that_is_too_long_names_the_messages(server: StubServer) -> None:
    assert asked(server, "context_too_long").error["param"] == "messages"


@pytest.mark.parametrize(("path", "stream"), ALL)
def test_a_dropped_connection_closes_without_a_word(server: StubServer, path: str, stream: bool) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        asked(server, "dropped", path, stream=stream)
    assert (server.calls()[-1]["fault"], server.calls()[-1]["status"]) == ("dropped", None)


@pytest.mark.parametrize(("path", "stream"), ALL)
def test_a_truncated_answer_closes_in_its_middle(server: StubServer, path: str, stream: bool) -> None:
    with pytest.raises(CUT) as caught:
        asked(server, "truncated_stream", path, stream=stream)
    assert isinstance(caught.value, http.client.IncompleteRead)
    part = caught.value.partial
    assert part
    if stream:
        assert b"[DONE]" not in part
        assert b"response.completed" not in part
    else:
        assert caught.value.expected
        with pytest.raises(ValueError):
            json.loads(part)
    assert server.calls()[-1]["fault"] == "truncated_stream"


@pytest.mark.parametrize(("path", "stream"), ALL)
def test_a_timeout_hangs_until_the_client_hangs_up(server: StubServer, path: str, stream: bool) -> None:
    server.set_faults({"script": ["timeout"]})
    begun = time.perf_counter()
    with pytest.raises(TimeoutError):
        ask(server, {**BODIES[path], "stream": stream}, path=path, timeout=0.2)
    assert time.perf_counter() - begun < 2
    until(lambda: server.calls()[-1]["ms"] is not None)
    assert 150 < server.calls()[-1]["ms"] < 2000
    assert (server.calls()[-1]["fault"], server.calls()[-1]["status"]) == ("timeout", None)


def test_a_timeout_that_lasts_too_long_is_dropped(server: StubServer) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        asked(server, "timeout", hang_seconds=0.1)


def until(happened: Callable[[], bool], seconds: float = 3) -> None:
    ends = time.perf_counter() + seconds
    while not happened():
        assert time.perf_counter() < ends
        time.sleep(0.01)


@pytest.mark.parametrize(("path", "stream"), ALL)
def test_a_bad_body_is_no_json(server: StubServer, path: str, stream: bool) -> None:
    got = asked(server, "bad_body", path, stream=stream)
    assert got.status == 200
    assert got.headers["content-type"].startswith("text/event-stream" if stream else "application/json")
    with pytest.raises(ValueError):
        json.loads(got.body.removeprefix(b"data: "))


@pytest.mark.parametrize(("path", "stream"), ALL)
def test_a_page_of_html_comes_with_200(server: StubServer, path: str, stream: bool) -> None:
    got = asked(server, "html", path, stream=stream)
    assert (got.status, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert got.body.startswith(b"<html>")


def test_an_answer_without_a_choice(server: StubServer) -> None:
    assert asked(server, "empty_choices").json["choices"] == []
    assert {len(event["choices"]) for event in asked(server, "empty_choices", stream=True).events} == {0}
    assert asked(server, "empty_choices", RESPONSES).json["output"] == []
    streamed = asked(server, "empty_choices", RESPONSES, stream=True).body
    assert b"response.completed" in streamed
    assert b"output_text" not in streamed
    assert asked(server, "empty_choices", EMBEDDINGS).json["data"] == []


@pytest.mark.parametrize("path", list(BODIES))
def test_another_model_answers(server: StubServer, path: str) -> None:
    assert asked(server, "wrong_model", path).json["model"] == "another-model"
    assert asked(server, "ok", path).json["model"] == "gpt-any"
    if path != EMBEDDINGS:
        assert b'"model":"another-model"' in asked(server, "wrong_model", path, stream=True).body


def test_the_faults_of_a_reply_reach_the_client(server: StubServer, says: Says) -> None:
    says.told = LABELLED
    with pytest.raises(ValueError):
        json.loads(asked(server, "malformed").text)
    assert "label" not in json.loads(asked(server, "wrong_schema").text)
    message = asked(server, "refusal").json["choices"][0]["message"]
    assert message["refusal"]
    assert message["content"] is None
    (filtered,) = asked(server, "content_filter").json["choices"]
    assert (filtered["finish_reason"], filtered["message"]["content"]) == ("content_filter", "")
    (truncated,) = asked(server, "truncated").json["choices"]
    assert (truncated["finish_reason"], truncated["message"]["content"]) == ("length", LABELLED[: len(LABELLED) // 2])


def test_the_faults_of_a_reply_reach_the_client_in_streams_too(server: StubServer, says: Says) -> None:
    says.told = LABELLED
    finishes = {}
    for name in ("malformed", "wrong_schema", "refusal", "content_filter", "truncated"):
        events = asked(server, name, stream=True).events
        finishes[name] = events[-1]["choices"][0]["finish_reason"]
    assert finishes == {
        "malformed": "stop", "wrong_schema": "stop", "refusal": "stop", "content_filter": "content_filter", "truncated": "length",
    }  # fmt: skip


def test_the_faults_of_a_reply_reach_responses(server: StubServer) -> None:
    refused = asked(server, "refusal", RESPONSES).json["output"][0]["content"][0]
    assert refused["type"] == "refusal"
    cut = asked(server, "truncated", RESPONSES).json
    assert (cut["status"], cut["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})


def test_slow_takes_its_time(server: StubServer, says: Says) -> None:
    says.told = "one two three four"
    slow = {"slow": {"first_ms": 60, "per_token_ms": 20}}
    for path in (CHAT, EMBEDDINGS):
        begun = time.perf_counter()
        assert asked(server, "slow", path, **slow).status == 200
        assert time.perf_counter() - begun >= (0.13 if path == CHAT else 0.06)
    assert asked(server, "slow", stream=True, **slow).events[-1]["choices"][0]["finish_reason"] == "stop"
    until(lambda: server.calls()[-1]["ms"] >= 180)


def test_a_slow_stream_comes_token_by_token_and_ends_with_its_client(server: StubServer, says: Says) -> None:
    says.told = "word " * 50
    server.set_faults({"script": ["slow"], "slow": {"first_ms": 0, "per_token_ms": 30}})
    body = json.dumps(hello(stream=True)).encode()
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=5) as line:
        line.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        got = b""
        while got.count(b"data: ") < 3:
            got += line.recv(65536)
        assert got.count(b"data: ") < 10
    until(lambda: server.calls()[-1]["ms"] is not None and server.calls()[-1]["ms"] > 30)
    assert server.calls()[-1]["ms"] < 1000


def test_an_engine_that_raises_a_fault_is_treated_like_a_plan(server: StubServer, says: Says) -> None:
    def raises(name: str) -> Callable[[Call], Reply]:
        def answer(call: Call) -> Reply:
            raise Fault(name, retry_after=1.5)

        return answer

    says.told = raises("rate_limit")
    got = ask(server, hello())
    assert (got.status, got.headers["retry-after-ms"]) == (429, "1500")
    says.told = raises("dropped")
    with pytest.raises(http.client.RemoteDisconnected):
        ask(server, hello(stream=True))
    says.told = raises("bad_body")
    assert ask(server, hello(stream=True)).headers["content-type"].startswith("text/event-stream")
    says.told = raises("empty_choices")
    assert ask(server, hello()).json["choices"] == []
    says.told = raises("truncated_stream")
    with pytest.raises(http.client.IncompleteRead):
        ask(server, hello())
    assert [call["fault"] for call in server.calls()] == [
        "rate_limit",
        "dropped",
        "bad_body",
        "empty_choices",
        "truncated_stream",
    ]


def test_a_model_that_another_one_answers_for_is_named(server: StubServer, says: Says) -> None:
    says.told = Reply(text="x", planted=("wrong_model",))
    assert ask(server, hello()).json["model"] == "another-model"


def test_a_wrong_request_is_refused_before_a_fault_of_its_answer(server: StubServer) -> None:
    server.set_faults({"script": ["refusal", "rate_limit"]})
    assert ask(server, {"model": "x"}).status == 400
    assert ask(server, {"model": "x"}).status == 429


def test_a_plan_can_be_changed_and_taken_back(server: StubServer) -> None:
    server.set_faults({"rates": {"unavailable": 1}})
    assert ask(server, hello()).status == 503
    server.set_faults(None)
    assert ask(server, hello()).status == 200


def test_a_script_counts_calls_of_every_endpoint_together(server: StubServer) -> None:
    server.set_faults({"script": ["ok", "unavailable", "ok"]})
    got = [ask(server, body, path=path).status for path, body in BODIES.items()]
    assert got == [200, 503, 200]


def test_rates_do_not_depend_on_concurrency() -> None:
    def statuses(workers: int) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        with serving(faults={"seed": 5, "rates": {"rate_limit": 0.3, "server_error": 0.2}}) as server:
            todo = list(range(40))

            def work() -> None:
                while todo:
                    number = todo.pop()
                    body = hello(messages=[{"role": "user", "content": f"ticket {number}"}])
                    found[number] = [ask(server, body, headers={"X-Harness-Trial": str(t)}).status for t in (0, 1)]

            threads = [threading.Thread(target=work) for _ in range(workers)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return found

    alone = statuses(1)
    assert statuses(6) == alone
    assert {status for each in alone.values() for status in each} == {200, 429, 500}
