"""Runs on a hosted model: over real HTTP, with the real clients, against a server that misbehaves like real ones do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.build import evaluate
from harness.build.stub import stub_server
from harness.core.errors import Exit
from harness.evaluation import Run
from harness.models.faults import FAULTS
from harness.models.stub import StubServer
from tests.commands import TRIAGE
from tests.conftest import Cli
from tests.world import World

PLANTED = "sk-planted-7Qv2mX9tLw4RzB8k"
NOT_OF_A_RUN = {"authentication", "unknown_model", "html"}
"""Faults that end a run instead of a call."""


@pytest.fixture
def stub(world: World) -> Iterator[StubServer]:
    """The tiny world's answer key behind a perfect persona."""
    with stub_server("persona:perfect", answers=world.suite) as server:
        yield server


def flags(server: StubServer, *more: str, client: str = "openai-compatible") -> list[str]:
    return ["--model", f"{client}/any", "--base-url", server.url, *more]


def judged(run: Run) -> dict[str, str]:
    """Each sample's output and verdicts, but for how long it took."""
    found: dict[str, str] = {}
    for row in run.rows():
        row["scores"].get("latency", {}).get("value", {}).pop("ms", None)
        for price in ("price", "currency"):  # a server of one's own has no known price; in process costs nothing
            row["scores"].get("latency", {}).get("value", {}).pop(price, None)
        found[row["sample_id"]] = json.dumps([row["output"], row["scores"]], sort_keys=True)
    return found


@pytest.mark.parametrize(
    ("client", "api"), [(client, api) for client in ("openai-compatible", "openai") for api in ("chat", "responses")]
)
def test_the_reader_decides_the_same_in_process_and_behind_the_server(
    client: str, api: str, dev_run: Run, tmp_path: Path
) -> None:
    with stub_server("reader") as server:
        overrides = ["split=dev", f"model_parameters.base_url={server.url}", f"calls.api={api}"]
        run = evaluate(TRIAGE, model=f"{client}/reader", overrides=overrides, limit=37, out=tmp_path / "run")
        assert len(server.calls()) == 37
    here, there = judged(dev_run), judged(run)
    assert there == {sample: here[sample] for sample in there}
    assert not run.info["simulated"]
    answered = run.info["calls"]
    assert (answered["calls"], answered["structured_output"]) == (37, {"json_schema": 37})
    (call,) = next(iter(run.rows()))["trace"]["calls"]
    assert call["request_id"].startswith("req_") and call["finish"] == "stop" and call["price"] is None


@pytest.mark.parametrize("client", ["openai-compatible", "openai"])
@pytest.mark.parametrize("form", ["json_schema", "tool", "text"])
def test_each_form_of_a_structured_answer_comes_to_the_same_decisions(
    form: str, client: str, world: World, cli: Cli
) -> None:
    with stub_server("persona:blunt", answers=world.suite) as server:
        runs = []
        for asked in ("auto", form):
            out = world.folder / asked
            cli(
                "eval",
                world.suite,
                *flags(server, client=client),
                "--set",
                f"calls.structured={asked}",
                "--out",
                out,
                "-q",
            )
            found = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
            runs.append((found["run"]["calls"]["structured_output"], found["metrics"]["routing.accuracy"]["value"]))
    assert [list(forms) for forms, _ in runs] == [["json_schema"], [form]] and runs[0][1] == runs[1][1]


@pytest.mark.parametrize(
    ("client", "api"), [("openai-compatible", "chat"), ("openai-compatible", "responses"), ("openai", "chat")]
)
def test_log_probabilities_of_the_label_are_read_over_http(client: str, api: str, world: World, cli: Cli) -> None:
    with stub_server("reader") as server:
        outputs = []
        for source in ("verbalised", "logprobs"):
            out = world.folder / source
            calls = f"calls={{api: {api}, probabilities: {source}}}"
            cli("eval", world.suite, *flags(server, client=client), "--set", calls, "--out", out, "-q")
            rows = [json.loads(line) for line in (out / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
            outputs.append({row["sample_id"]: row["output"]["probabilities"] for row in rows})
    said, read = outputs
    assert len(read) == 6
    for sample, probabilities in read.items():
        assert probabilities == pytest.approx(said[sample], abs=1e-3)


def test_draws_are_asked_for_one_by_one(world: World, stub: StubServer, cli: Cli) -> None:
    calls = "calls={probabilities: trials, draws: 3}"
    ran = cli("eval", world.suite, *flags(stub, "--set", calls), "--out", world.folder / "run", "-q")
    assert ran.code == Exit.OK and len(stub.calls()) == 18
    manifest = json.loads((world.folder / "run/manifest.json").read_text(encoding="utf-8"))
    assert (manifest["model"]["probabilities"], manifest["model"]["draws"]) == ("trials", 3)


@pytest.mark.parametrize(
    ("client", "api"), [(client, api) for client in ("openai-compatible", "openai") for api in ("chat", "responses")]
)
def test_a_persona_behind_the_server_is_as_simulated_as_in_process(
    client: str, api: str, world: World, stub: StubServer, cli: Cli
) -> None:
    asked = [*flags(stub, client=client), "--set", f"calls.api={api}", "--limit", "2"]
    ran = cli("eval", world.suite, *asked, "--out", world.folder / "run")
    assert ran.out.startswith("SIMULATED")
    assert "SIMULATED" in (world.folder / "run/report.html").read_text(encoding="utf-8")
    assert json.loads((world.folder / "run/metrics.json").read_text(encoding="utf-8"))["run"]["simulated"] is True


def test_with_three_calls_in_ten_at_fault_every_trial_ends_as_what_it_is(tmp_path: Path) -> None:
    names = [name for name, kind in FAULTS.items() if kind.kind and name not in NOT_OF_A_RUN]
    rates = dict.fromkeys(names, 0.3 / len(names))
    common = ["split=null", "gates=[]", "baselines=[]", "coverage=0", "retrieval.embeddings=hashing"]
    plain = evaluate(TRIAGE, model="persona:blunt", overrides=common, limit=123, out=tmp_path / "plain")
    with stub_server("persona:blunt", answers=TRIAGE) as server:
        server.set_faults({"seed": 11, "rates": rates, "retry_after": 0.05, "hang_seconds": 60})
        calls = "calls={timeout: 1, deadline: 6, max_retries: 2}"
        overrides = [*common, f"model_parameters.base_url={server.url}", calls]
        run = evaluate(TRIAGE, model="openai-compatible/x", overrides=overrides, limit=123, out=tmp_path / "run")
        asked = server.calls()
    last = {call["sample"]: call["fault"] for call in asked}
    kinds: set[str] = set()
    for row in run.rows():
        fault = last[row["sample_id"]]
        if row["outcome"] == "errored":
            assert row["error"]["class"] == FAULTS[fault].kind
            kinds.add(row["error"]["class"])
        elif row["output"]["failure"]:
            assert row["output"]["failure"]["kind"] == FAULTS[fault].kind
            kinds.add(row["output"]["failure"]["kind"])
        assert row["latency_ms"] < 2 * 6_000 + 2_000  # an answer and its repair, each within its deadline
    assert run.info["done"] == run.info["n_trials"] == 123 and len(kinds) >= 5
    totals = run.info["calls"]
    assert totals["attempts"] == len(asked) and totals["attempts"] <= totals["calls"] * 3
    assert sum(call["fault"] is not None for call in asked) / len(asked) > 0.2
    accuracy, truth = run["routing.accuracy"], plain["routing.accuracy"].value
    assert accuracy.low is not None and accuracy.high is not None and truth is not None
    assert accuracy.low <= truth <= accuracy.high


@pytest.mark.parametrize("client", ["openai-compatible", "openai"])
@pytest.mark.parametrize(
    ("fault", "said"), [("authentication", "refuses the key"), ("unknown_model", "doesn't know"), ("html", "base_url")]
)
def test_a_key_or_a_name_that_is_refused_stops_the_run_at_its_first_call(
    client: str, fault: str, said: str, world: World, stub: StubServer, cli: Cli
) -> None:
    stub.set_faults({"script": [fault], "repeat": True})
    ran = cli(
        "eval", world.suite, *flags(stub, "--concurrency", "1", client=client), "--out", world.folder / "run", "-q"
    )
    assert ran.code == Exit.USAGE and said in ran.err and ran.err.count("\n") == 1
    assert len(stub.calls()) == 1


@pytest.mark.parametrize("client", ["openai-compatible", "openai"])
def test_one_that_is_refused_in_the_middle_leaves_a_run_to_go_on_with(
    client: str, world: World, stub: StubServer, cli: Cli
) -> None:
    stub.set_faults({"script": ["ok", "ok", "authentication"]})
    out = world.folder / "run"
    asked = ["eval", world.suite, *flags(stub, client=client), "--concurrency", "1"]
    ran = cli(*asked, "--out", out)
    assert ran.code == Exit.INTERRUPTED and "INTERRUPTED after 2 of 6" in ran.out
    assert "refuses the key" in " ".join(ran.out.split())  # a narrow terminal breaks the line
    assert f"go on with `harness eval {world.suite} --resume {out}`" in ran.err
    stub.set_faults(None)
    stub.clear()
    again = cli(*asked, "--resume", out)
    assert again.code == Exit.OK and "INTERRUPTED" not in again.out
    assert sorted(call["sample"] for call in stub.calls()) == ["t-3", "t-4", "t-5", "t-6"]
    found = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert found["run"]["done"] == 6 and found["run"]["calls"]["calls"] == 6 and found["run"]["interrupted"] is False
    assert found["metrics"]["routing.accuracy"]["value"] == 1.0


def test_max_retries_0_asks_once(world: World, stub: StubServer, cli: Cli) -> None:
    stub.set_faults({"rates": {"server_error": 1.0}})
    ran = cli(
        "eval", world.suite, *flags(stub, "--max-retries", "0"), "--limit", "2", "--out", world.folder / "run", "-q"
    )
    assert ran.code == Exit.OK and len(stub.calls()) == 2
    rows = (world.folder / "run/samples.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(row)["error"]["class"] for row in rows} == {"server_error"}


def test_a_model_that_never_finishes_ends_at_the_deadline(world: World, stub: StubServer, cli: Cli) -> None:
    stub.set_faults({"rates": {"timeout": 1.0}, "hang_seconds": 60})
    ran = cli(
        "eval", world.suite, *flags(stub, "--deadline", "0.5"), "--limit", "2", "--out", world.folder / "run", "-q"
    )
    assert ran.code == Exit.OK
    for row in (world.folder / "run/samples.jsonl").read_text(encoding="utf-8").splitlines():
        assert json.loads(row)["error"]["class"] == "timeout" and json.loads(row)["latency_ms"] < 5_000


@pytest.mark.parametrize("client", ["openai-compatible", "openai"])
@pytest.mark.parametrize("fault", ["none", *FAULTS])
def test_a_key_reaches_no_file_and_no_screen_whatever_goes_wrong(
    fault: str, client: str, world: World, stub: StubServer, cli: Cli, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setenv("HARNESS_HOME", str(world.folder / "home"))
    monkeypatch.setenv("PLANTED_VARIABLE", PLANTED)
    if fault != "none":
        stub.set_faults({"rates": {fault: 1.0}, "hang_seconds": 5, "slow": {"first_ms": 1, "per_token_ms": 0}})
    more = ["--set", "calls.api_key=env:PLANTED_VARIABLE", "--max-retries", "1", "--deadline", "1.5", "--limit", "1"]
    kept = ["--record", str(world.folder / "cassette.jsonl"), "--cache", "--out", str(world.folder / "run")]
    caplog.set_level("DEBUG")
    ran = cli("eval", world.suite, *flags(stub, *more, *kept, client=client), debug=True)
    assert stub.calls(), ran.err
    assert PLANTED not in ran.out + ran.err + caplog.text
    files = [path for path in world.folder.rglob("*") if path.is_file()]
    assert len(files) > 8
    assert [str(path) for path in files if PLANTED.encode() in path.read_bytes()] == []


def test_neither_does_one_that_the_server_sends_back(
    world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch, echoing: Any
) -> None:
    monkeypatch.setenv("PLANTED_VARIABLE", PLANTED)
    for status in (400, 401, 404, 429, 500):
        out = world.folder / f"run-{status}"
        more = ["--set", "calls.api_key=env:PLANTED_VARIABLE", "--max-retries", "0", "--limit", "1", "--out", str(out)]
        ran = cli(
            "eval", world.suite, "--model", "openai-compatible/x", "--base-url", echoing(status), *more, debug=True
        )
        assert PLANTED not in ran.out + ran.err and "(secret)" in ran.out + ran.err + _text(out)
        assert PLANTED not in _text(out)


def _text(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def echoing() -> Iterator[Any]:
    """Servers whose error tells the Authorization header that was sent."""
    import threading
    from contextlib import ExitStack
    from http.server import BaseHTTPRequestHandler, HTTPServer

    with ExitStack() as stack:

        def start(status: int) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_POST(self) -> None:
                    self.rfile.read(int(self.headers["Content-Length"]))
                    sent = self.headers["Authorization"]
                    body = json.dumps({"error": {"message": f"not with {sent}", "type": "x", "code": None}}).encode()
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, format: str, *args: object) -> None: ...

            server = HTTPServer(("127.0.0.1", 0), Handler)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            return f"http://127.0.0.1:{server.server_port}/v1"

        yield start
