"""Suites with the triage agent: the offline reader, the shipped suites, and a provider on loopback."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.build import build_solver, evaluate, make_plan
from harness.build.one import triage_one
from harness.build.solver import build_index, default_home
from harness.core.errors import Exit, InfrastructureError, UsageError
from harness.evaluation import Run, load_suite
from harness.evaluation.runner import Input
from tests.commands import INTENTS
from tests.scripted import GOOD
from tests.world import FUNCTION_SUITE, World, ticket

SPILL = ticket("x-1", "There is a sheen of diesel on the water and it stinks of fuel.")


@pytest.fixture(scope="module")
def intents(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(INTENTS, out=tmp_path_factory.mktemp("intents") / "run")


def test_the_reader_decides_the_tiny_world(world: World) -> None:
    world.write_suite(baselines=["majority"], gates=["routing.accuracy > baseline:majority"])
    made = evaluate(world.suite, out=world.folder / "run")
    accuracy = made["routing.accuracy"].value
    assert accuracy is not None and accuracy >= 0.6
    assert made["retrieval.clause_recall"].value == 1.0 and made["grounding.hallucinated_rate"].value is not None
    first = next(made.rows())
    assert {item["kind"] for item in first["trace"]["evidence"]} == {"policy", "incident"}
    assert not any(item["id"] == "i-02" for row in made.rows() for item in row["trace"]["evidence"])
    assert made.info["model"] == "reader" and made.manifest["model"]["id"] == "reader"


def test_the_same_code_runs_plain_texts_of_another_field(intents: Run) -> None:
    assert intents.info["scored"] == intents.info["n_trials"] > 20
    accuracy = intents["routing.accuracy"].value
    assert accuracy is not None and accuracy > 0.5
    assert [gate.verdict for gate in intents.gates] != ["fail"]
    assert intents.exit_code in {Exit.OK, Exit.INCONCLUSIVE}  # 25 messages may be too few to tell
    assert all(not row["trace"]["evidence"] for row in intents.rows())


async def test_without_retrieval_no_index_is_built(world: World, tmp_path: Path) -> None:
    plan = make_plan(load_suite(world.suite, overrides=["retrieval.policies=0", "retrieval.incidents=0"]))
    output = await build_solver(plan, home=tmp_path / "home")(Input("x-1", SPILL, 0, 0))
    assert not output.trace.evidence and output.label in {"oil_spill", "mooring_fault", "berth_fee"}
    assert {path.name for path in (tmp_path / "home").iterdir()} <= {"vectors"}


def test_an_index_is_built_once_and_anew_when_asked(world: World, tmp_path: Path) -> None:
    plan = make_plan(load_suite(world.suite))
    folder = build_index(plan, home=tmp_path).folder
    written = (folder / "index.json").read_text(encoding="utf-8")
    assert build_index(plan, home=tmp_path).folder == folder
    assert (folder / "index.json").read_text(encoding="utf-8") == written
    build_index(plan, home=tmp_path, rebuild=True)
    assert (folder / "index.json").read_text(encoding="utf-8") != written


def test_retrieval_and_reader_share_the_embedder_where_the_suite_names_the_same(world: World) -> None:
    made = evaluate(world.suite, out=world.folder / "run", overrides=["retrieval.embeddings=minilm"])
    assert made["retrieval.clause_recall"].value == 1.0


def test_a_baseline_may_be_the_solver_itself(world: World) -> None:
    world.write_suite(**FUNCTION_SUITE, solver="baseline:keyword")
    made = evaluate(world.suite, out=world.folder / "run")
    assert made.info["model"] is None and made["routing.accuracy"].n_scored == 5
    assert {row["output"]["why"] for row in made.rows()} == {"most rare words in common"}


def test_indexes_lie_where_the_environment_says_else_in_the_working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_HOME", "/somewhere")
    assert default_home() == Path("/somewhere")
    monkeypatch.setenv("HARNESS_HOME", "")
    assert default_home() == Path(".harness")


def test_one_ticket_is_decided_with_its_claims_judged_and_its_citations_resolved(world: World) -> None:
    made = triage_one(SPILL, suite=world.suite)
    assert (made.output.label, made.queue) == ("oil_spill", "spill-response")
    assert made.claims and all(claim.verdict for claim in made.claims)
    cited = [citation for claim in made.claims for citation in claim.citations]
    assert cited and all(citation.text for citation in cited if citation.status == "ok")
    written = json.loads(json.dumps(made.to_json()))
    assert written["label"] == "oil_spill" and written["queue"] == "spill-response" and written["failure"] is None
    assert sum(written["probabilities"].values()) == pytest.approx(1.0)
    assert triage_one({"input": SPILL, "target": {"label": "berth_fee"}}, suite=world.suite).output.label == "oil_spill"


def test_one_ticket_needs_a_suite_with_an_agent_and_a_ticket_of_its_kind(world: World) -> None:
    wrong: tuple[object, ...] = ([], "diesel", {"input": 3}, {**SPILL, "colour": "red"})
    for value in wrong:
        with pytest.raises(UsageError, match="ticket"):
            triage_one(value, suite=world.suite)
    world.write_suite(**FUNCTION_SUITE, solver="baseline:keyword")
    with pytest.raises(UsageError, match="its solver is 'baseline:keyword'; give a suite with `solver: triage`"):
        triage_one(SPILL, suite=world.suite)


Provider = Callable[..., list[str]]


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider of the OpenAI protocol on loopback that gives each call the next of (status, body).

    Calling the fixture starts it and returns the overrides that point a suite at it.
    """
    servers: list[ThreadingHTTPServer] = []

    def start(*replies: tuple[int, dict[str, Any]]) -> list[str]:
        waiting = list(replies)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                status, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with suppress(BrokenPipeError, ConnectionResetError):  # a run that ends asks no more
                    self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        calls = "calls={max_retries: 0, structured: tool}"
        scorers = "scorers=[routing, cost, latency]"
        return ["model=openai/some", f"model_parameters.base_url={url}", calls, scorers]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def reply(message: dict[str, Any], *, finish: str = "stop") -> tuple[int, dict[str, Any]]:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": None, **message}}
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    return 200, {"id": "c", "object": "chat.completion", "created": 1, "model": "some", "choices": [choice],
                 "usage": usage}  # fmt: skip


def submits(value: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    call = {"id": "call_1", "type": "function",
            "function": {"name": "submit_decision", "arguments": json.dumps(value)}}  # fmt: skip
    return reply({"tool_calls": [call]}, finish="tool_calls")


def failure(status: int) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"message": "no", "type": "x", "code": "y"}}


def test_a_provider_of_the_openai_protocol_is_asked_and_its_usage_counted(world: World, provider: Provider) -> None:
    made = evaluate(world.suite, out=world.folder / "run", overrides=provider(submits(GOOD)))
    assert made["routing.accuracy"].value == pytest.approx(2 / 5)
    assert made["tokens.input"].value == 100 and "estimated" not in made["tokens.input"].detail
    assert made.info["model"] == "openai/some"


def test_a_refusal_of_the_models_is_wrong_and_costs_a_review(world: World, provider: Provider) -> None:
    refused = reply({"refusal": "I can't help with that."})
    made = evaluate(world.suite, out=world.folder / "run", overrides=provider(refused))
    assert (made["routing.accuracy"].value, made["cost.per_ticket"].value) == (0.0, 4.0)
    assert {row["output"]["failure"]["kind"] for row in made.rows()} == {"refusal"}
    assert made.info["errored"] == 0


@pytest.mark.parametrize(("status", "kind"), [(429, "rate_limit"), (500, "server_error")])
def test_a_failure_of_the_providers_is_an_errored_trial(
    world: World, provider: Provider, status: int, kind: str
) -> None:
    overrides = [*provider(failure(status), failure(status), submits(GOOD)), "coverage=0.9", "concurrency=1"]
    made = evaluate(world.suite, out=world.folder / "run", overrides=overrides)
    assert [row["error"]["class"] for row in made.rows() if row["outcome"] == "errored"] == [kind, kind]
    accuracy = made["routing.accuracy"]
    assert accuracy.value == pytest.approx(2 / 3) and (accuracy.n_scored, accuracy.n_errored) == (3, 2)
    assert made.exit_code == Exit.COVERAGE


def test_one_ticket_can_not_be_decided_by_a_provider_that_fails(world: World, provider: Provider) -> None:
    with pytest.raises(InfrastructureError, match="rate_limit"):
        triage_one(SPILL, suite=world.suite, overrides=provider(failure(429)))


@pytest.mark.parametrize(("status", "said"), [(401, "refuses the key"), (404, "has nothing there")])
def test_a_wrong_key_or_model_ends_the_run_as_the_users_mistake(
    world: World, provider: Provider, status: int, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        evaluate(world.suite, out=world.folder / "run", overrides=provider(failure(status)))
