"""The shipped examples of agents that aren't ours: each suite runs as its README says, and scores what it should."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from harness.build import evaluate
from harness.core.errors import Exit
from harness.evaluation import Run, load_suite
from harness.evaluation.solvers import HttpSolverSpec, parse_solver
from tests.commands import INTENTS, environment

EXAMPLES = INTENTS.parent / "solvers"


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No module of the examples stays behind."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("my_agent", None)


@pytest.fixture
def agent() -> Iterator[str]:
    """The address of the example's endpoint."""
    args = [sys.executable, str(EXAMPLES / "agent_http.py"), "0"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.kill()


def run(name: str, folder: Path, *overrides: str) -> Run:
    return evaluate(EXAMPLES / name, out=folder / "run", overrides=overrides)


def answers(run: Run) -> dict[str, str]:
    return {row["sample_id"]: row["output"]["label"] for row in run.rows() if row["output"]}


def test_a_function_an_async_one_a_command_and_an_endpoint_of_one_agent_score_the_same(
    tmp_path: Path, agent: str
) -> None:
    runs = {
        "function": run("function.yaml", tmp_path / "f"),
        "async": run("function.yaml", tmp_path / "a", "solver=my_agent:solve_async"),
        "command": run("command.yaml", tmp_path / "c"),
        "http": run("http.yaml", tmp_path / "h", f"solver.http={agent}"),
    }
    assert {name: made.info["scored"] for name, made in runs.items()} == dict.fromkeys(runs, 25)
    assert len({json.dumps(answers(made), sort_keys=True) for made in runs.values()}) == 1
    accuracy = {made["routing.accuracy"].value for made in runs.values()}
    assert len(accuracy) == 1 and 0.5 < (accuracy.pop() or 0) < 1
    assert {made.exit_code for made in runs.values()} == {Exit.OK}


def test_a_file_of_predictions_scores_with_its_error_apart(tmp_path: Path) -> None:
    made = run("predictions.yaml", tmp_path)
    accuracy = made["routing.accuracy"]
    assert (accuracy.n_scored, accuracy.n_errored, made.info["errored"]) == (24, 1, 1)
    assert 0.7 < (accuracy.value or 0) < 1 and made.exit_code == Exit.OK
    (error,) = [row["error"] for row in made.rows() if row["outcome"] == "errored"]
    assert error == {"class": "timeout", "message": "the agent gave no answer within 30 s"}


def test_an_endpoint_that_was_not_started_is_errors_and_below_the_floor(tmp_path: Path) -> None:
    overrides = ("solver.http=http://127.0.0.1:1/solve", "solver.max_retries=0", "coverage=0.5")
    made = run("http.yaml", tmp_path, *overrides)
    assert made.info["errored"] == 25 and made.exit_code == Exit.COVERAGE
    assert {row["error"]["class"] for row in made.rows()} == {"connection"}


def test_no_secret_of_a_header_reaches_a_file(tmp_path: Path, agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_WORD", "opensesame")
    run("http.yaml", tmp_path, f"solver.http={agent}", 'solver.headers={Authorization: "Bearer ${MY_WORD}"}')
    for path in (tmp_path / "run").iterdir():
        assert b"opensesame" not in path.read_bytes()


def test_every_suite_of_the_examples_is_in_its_readme() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    names = {path.name for path in EXAMPLES.glob("*.yaml")}
    assert names == set(re.findall(r"^\| `(\w+\.yaml)`", readme, re.MULTILINE))


def test_the_commented_header_of_the_endpoints_suite_is_one_that_is_taken() -> None:
    text = (EXAMPLES / "http.yaml").read_text(encoding="utf-8").replace("  # headers", "  headers")
    spec = parse_solver(yaml.safe_load(text)["solver"])
    assert isinstance(spec, HttpSolverSpec) and spec.headers == {"Authorization": "Bearer ${MY_TOKEN}"}
    assert load_suite(EXAMPLES / "http.yaml").concurrency == 4
