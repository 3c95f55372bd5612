"""An agent behind an address: what it is sent, what its answers are read as, and whose failure each failure is."""

import asyncio
import gzip
import json
import socket
import time
from contextlib import aclosing
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from harness.agents.http import HttpSolver, _retry_after
from harness.core.errors import InfrastructureError, UsageError
from harness.core.types import Claim, Output
from harness.evaluation import Journal, execute, read_journal
from harness.evaluation.runner import Input
from tests.agents.endpoints import Reply, answers, hangs_up, never, serving, stops_halfway
from tests.evaluation.solvers import Judge, fine, samples

ITEM = Input("s-1", {"text": "Ça va \ud83d\ude00"}, 2, 77)
FULL = {"label": "a", "probabilities": {"a": 0.75, "b": 0.25}, "action": "review",
        "rationale": [{"text": "So it is.", "citations": ["ticket:text"]}]}  # fmt: skip


async def ask(url: str, item: Any = ITEM, *, times: int = 1, **options: Any) -> Output:
    """The last answer of one solver to one sample."""
    async with aclosing(HttpSolver(url, **{"timeout": 5, **options})) as solver:
        for _ in range(times - 1):
            await solver(item)
        return await solver(item)


async def asked(*replies: Reply, **options: Any) -> Output:
    """The answer of an endpoint that lasts as long as one question."""
    with serving(*replies) as endpoint:
        return await ask(endpoint.url, **options)


async def failed(*replies: Reply, **options: Any) -> InfrastructureError:
    with pytest.raises(InfrastructureError) as caught:
        await asked(*replies, **options)
    assert "\n" not in caught.value.message
    return caught.value


async def test_an_endpoint_gets_the_sample_and_never_the_target() -> None:
    with serving(answers("a")) as endpoint:
        assert await ask(endpoint.url) == Output(label="a", value="a")
    path, headers, body = endpoint.seen[0]
    assert (path, body) == ("/solve", {"id": "s-1", "input": {"text": "Ça va 😀"}, "trial": 2, "seed": 77})
    assert headers["content-type"] == "application/json"


async def test_answers_are_read_as_those_of_functions() -> None:
    output = await asked(answers(FULL))
    assert (output.label, output.action) == ("a", "review")
    assert output.rationale == (Claim("So it is.", ("ticket:text",)),) and output.probabilities == {
        "a": 0.75,
        "b": 0.25,
    }
    assert (await asked(answers([1, None]))).value == [1, None]
    assert (await asked(answers({"other": 1}))).value == {"other": 1}
    assert (await asked(answers(b'\xef\xbb\xbf"a"'))).label == "a"


async def test_a_wrong_label_is_an_answer_however_strange_and_can_be_kept(tmp_path: Path) -> None:
    strange = {"label": "\ud800\0\u202e", "value": "x\ud800"}
    with serving(answers(strange)) as endpoint, Journal(tmp_path / "j") as journal:
        async with aclosing(HttpSolver(endpoint.url)) as solver:
            await execute(samples(2), solver=solver, scorers=[Judge(fine)], journal=journal)
    rows = list(read_journal(tmp_path / "j"))
    assert [row["outcome"] for row in rows] == ["scored", "scored"] and "\0" in rows[0]["output"]["label"]


async def test_a_long_answer_is_taken_and_a_longer_one_refused() -> None:
    assert len(str((await asked(answers("x" * 2_000_000))).label)) == 2_000_000
    error = await failed(answers("x" * 10_000_001))
    assert error.kind == "bad_answer" and "longer than 10,000,000 bytes" in error.message


PAGE = b"<!doctype html>\n<html><body>Welcome</body></html>"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (PAGE, "is not JSON (Expecting value), it begins '<!doctype html> <html>"),
        (b"", "is empty"),
        (b"  ", "is empty"),
        (b"\xff\xfe\xff", "is not UTF-8"),
        (b"{\0}", "is not JSON"),
        (b'{"label": NaN}', "NaN is not JSON"),
        (b'{"value": 1e999}', "can't be read"),
        (b"9" * 5000, "can't be read"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"label": ["a"]}', "label is ['a'], not a string"),
        (b'{"label": "a", "action": null}', "action is None, not route or review"),
        (b'{"label": "a", "probabilities": [1]}', "probabilities is [1], not a mapping"),
        (b'{"label": "a", "probabilities": {"a": true}}', "the probability of 'a' is True"),
        (b'{"label": "a", "probabilities": {"a": 1.5}}', "1.5, not a number from 0 to 1"),
        (b'{"label": "a", "rationale": "because"}', "rationale is 'because', not a list of claims"),
        (b'{"label": "a", "rationale": ["because"]}', "a claim is 'because', not a mapping"),
        (b'{"label": "a", "rationale": [{"citations": []}]}', "not a mapping with text"),
        (b'{"label": "a", "rationale": [{"text": "x", "citations": "i-1"}]}', "citations is 'i-1', not a list"),
    ],
)
async def test_what_can_not_be_read_is_an_error_and_no_wrong_answer(body: bytes, said: str) -> None:
    error = await failed(answers(body), max_retries=0)
    assert error.kind == "bad_answer" and said in error.message and len(error.message) <= 500


async def test_a_body_that_is_not_what_its_encoding_says_is_a_bad_answer() -> None:
    error = await failed(answers(b"no gzip", Content_Encoding="gzip"))
    assert error.kind == "bad_answer" and "can't be decoded" in error.message
    assert (await asked(answers(gzip.compress(b'"a"'), Content_Encoding="gzip"))).label == "a"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, "rate_limit"), (500, "server_error"), (503, "server_error"), (529, "server_error"), (400, "bad_request"),
     (405, "bad_request"), (422, "bad_request")],
)  # fmt: skip
async def test_a_refusal_is_an_error_by_its_status(status: int, kind: str) -> None:
    error = await failed(answers(b"no\n\n  luck", status=status), max_retries=0)
    assert error.kind == kind and error.message.endswith(f"answered {status}: no luck")
    error = await failed(answers(b"", status=status), max_retries=0)
    assert error.message.endswith(f"answered {status}")


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "refuses the request (401: who?); check `headers`"), (403, "refuses the request"),
     (404, "has nothing there (404: who?); check the address")],
)  # fmt: skip
async def test_wrong_headers_and_a_wrong_address_end_the_run(status: int, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        await asked(answers(b"who?", status=status), where="suite.yaml")
    assert str(caught.value).startswith("suite.yaml: ") and said in str(caught.value)


@pytest.mark.parametrize("bad", [hangs_up, stops_halfway], ids=["hangs up", "stops halfway"])
async def test_a_lost_connection_is_tried_again(bad: Reply) -> None:
    assert (await asked(bad, bad, answers("a"))).label == "a"
    assert (await failed(bad, max_retries=1)).kind == "connection"


async def test_nobody_listening_is_a_lost_connection() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InfrastructureError) as caught:
        await ask(f"http://127.0.0.1:{port}/solve", max_retries=0)
    assert caught.value.kind == "connection"


async def test_what_never_comes_is_a_timeout_within_all_attempts() -> None:
    with serving(answers("a")) as endpoint:
        endpoint.replies = [never(endpoint)]
        begun = time.monotonic()
        with pytest.raises(InfrastructureError, match=r"gave no answer within 0\.\d+ s") as caught:
            await ask(endpoint.url, timeout=0.2, max_retries=0)
        with pytest.raises(InfrastructureError):
            await ask(endpoint.url, timeout=0.2, max_retries=2)
        assert caught.value.kind == "timeout" and time.monotonic() - begun < 5
        assert 1 <= len(endpoint.seen) <= 4


async def test_an_answer_that_only_drips_is_a_timeout_too() -> None:
    def drips(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        for _ in range(20):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)

    assert (await failed(drips, timeout=0.3, max_retries=0)).kind == "timeout"


async def test_only_what_may_pass_is_tried_again_and_no_more_often_than_allowed() -> None:
    with serving(answers(b"", status=500, Retry_After="0")) as endpoint:
        for kind, retries, made in (("server_error", 2, 3), ("server_error", 0, 1)):
            endpoint.seen.clear()
            with pytest.raises(InfrastructureError, match=kind):
                await ask(endpoint.url, max_retries=retries)
            assert len(endpoint.seen) == made
        for reply in (answers(PAGE), answers(b"", status=400, Retry_After="0")):
            endpoint.seen.clear()
            endpoint.replies = [reply]
            with pytest.raises(InfrastructureError, match="bad_"):
                await ask(endpoint.url, max_retries=3)
            assert len(endpoint.seen) == 1


async def test_a_wait_that_is_asked_for_is_kept_to_within_the_deadline_only() -> None:
    begun = time.monotonic()
    assert (await asked(answers(b"", status=429, Retry_After="0.3"), answers("a"))).label == "a"
    assert 0.3 <= time.monotonic() - begun < 4
    begun = time.monotonic()
    error = await failed(answers(b"", status=429, Retry_After="3600"), answers("a"), timeout=5)
    assert error.kind == "rate_limit" and time.monotonic() - begun < 4


def test_a_wait_may_be_given_as_a_date() -> None:
    assert 8 < (_retry_after(formatdate(time.time() + 10, usegmt=True)) or 0) <= 10
    assert 8 < (_retry_after(formatdate(time.time() + 10)) or 0) <= 10  # `-0000`: no zone, which is read as UTC
    assert _retry_after(formatdate(time.time() - 99, usegmt=True)) == 0
    assert [_retry_after(text) for text in ("", "soon", "-3", "nan", "1e9")] == [None] * 5


async def test_a_redirect_on_the_same_server_is_followed_with_the_request() -> None:
    with serving(answers(b"", status=307, Location="/solve/"), answers("a")) as endpoint:
        assert (await ask(endpoint.url)).label == "a"
    assert [path for path, _, _ in endpoint.seen] == ["/solve", "/solve/"]
    assert endpoint.seen[0][2] == endpoint.seen[1][2]


@pytest.mark.parametrize(
    ("status", "location", "said"),
    [
        (302, "/login", "answers 302, a redirect to '/login'"),
        (307, "http://127.0.0.1:1/solve", "answers 307, a redirect to 'http://127.0.0.1:1/solve'"),
        (307, "https://other.example/solve", "redirects are followed on the same server only"),
        (308, "http://[::1/", "answers 308"),
        (308, "http://127.0.0.1:99999999/", "answers 308"),
        (308, "/solve", "redirects in a circle"),
    ],
)
async def test_any_other_redirect_is_not_followed(status: int, location: str, said: str) -> None:
    with serving(answers(b"", status=status, Location=location)) as endpoint:
        with pytest.raises(UsageError) as caught:
            await ask(endpoint.url, headers={"X-Key": "k"})
        assert said in str(caught.value) and len(endpoint.seen) <= 4


async def test_headers_are_filled_from_the_environment_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_WORD", "opensesame")
    options: dict[str, Any] = {"headers": {"Authorization": "Bearer ${MY_WORD}", "X-Team": "blue"}, "max_retries": 0}
    with serving(answers("a")) as endpoint:
        await ask(endpoint.url, **options)
    assert (endpoint.seen[0][1]["authorization"], endpoint.seen[0][1]["x-team"]) == ("Bearer opensesame", "blue")
    echo = b"you sent Bearer opensesame, that is opensesame" + b" opensesame" * 40
    for reply in (answers(echo), answers(echo, status=500), answers(echo, status=400)):
        assert "opensesame" not in str(await failed(reply, **options))
    for reply in (answers(echo, status=401), answers(b"", status=302, Location="/?t=opensesame")):
        with pytest.raises(UsageError) as caught:
            await asked(reply, **options)
        assert "opensesame" not in str(caught.value)


def test_a_header_needs_its_variable_and_characters_that_headers_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"s\.yaml: the variable ABSENT_X is not set"):
        HttpSolver("http://127.0.0.1/", headers={"Authorization": "${ABSENT_X}"}, where="s.yaml")
    monkeypatch.setenv("MY_WORD", "open\nsesame")
    with pytest.raises(UsageError, match="the header X-Y holds a character that no header can carry") as caught:
        HttpSolver("http://127.0.0.1/", headers={"X-Y": "${MY_WORD}"})
    assert "sesame" not in str(caught.value)


async def test_an_address_that_only_the_client_can_tell_is_none_ends_the_run() -> None:
    with pytest.raises(UsageError, match="is no address"):
        await ask("http://\u2603\u0301../", max_retries=0)


async def test_one_sample_leaves_no_cookie_for_the_next() -> None:
    with serving(answers("a", Set_Cookie="session=1; Path=/")) as endpoint:
        await ask(endpoint.url, times=2)
    assert len(endpoint.seen) == 2 and not any("cookie" in headers for _, headers, _ in endpoint.seen)


def test_connections_are_kept_within_a_loop_and_closed_with_the_solver() -> None:
    async def several(solver: HttpSolver) -> list[Output]:
        async with aclosing(solver):
            return [await solver(ITEM), await solver(ITEM), *await asyncio.gather(solver(ITEM), solver(ITEM))]

    with serving(answers("a")) as endpoint:
        solver = HttpSolver(endpoint.url)
        asyncio.run(solver.aclose())  # nothing was opened yet
        assert {output.label for output in asyncio.run(several(solver))} == {"a"}
        assert endpoint.connections == 2
        assert len(asyncio.run(several(solver))) == 4
        assert endpoint.connections == 4


def test_a_proxy_of_the_environment_is_not_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert asyncio.run(asked(answers("a"), max_retries=0)).label == "a"


async def test_a_run_that_is_cancelled_ends_at_once() -> None:
    with serving(answers("a")) as endpoint:
        endpoint.replies = [never(endpoint)]
        async with aclosing(HttpSolver(endpoint.url)) as solver:
            running = asyncio.ensure_future(
                execute(samples(4), solver=solver, scorers=[Judge(fine)], journal=None, concurrency=4)
            )
            while len(endpoint.seen) < 4:
                await asyncio.sleep(0.01)
            begun = time.monotonic()
            running.cancel()
            results = await running
        assert results.interrupted and time.monotonic() - begun < 5


def test_the_query_of_an_address_stays_out_of_its_name() -> None:
    assert HttpSolver("http://127.0.0.1:9/solve?key=abc").name == "http://127.0.0.1:9/solve"


async def test_inputs_may_be_any_json_even_with_lone_surrogates() -> None:
    with serving(answers("a")) as endpoint:
        await ask(endpoint.url, Input("s", {"text": "x\ud800\0"}, 0, 1))
    assert json.dumps(endpoint.seen[0][2]["input"])
