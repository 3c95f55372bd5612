"""Each exit code through the real command line, and which one is told where several apply."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.providers import model_flags, provider
from tests.commands import command, environment, spawn
from tests.conftest import Cli
from tests.world import FUNCTION_SUITE, World, ticket

PASS, FAIL = "routing.accuracy >= 0.1", "routing.accuracy < 0.1"
OPEN = "routing.accuracy >= 0.9"
"""Too few samples to tell."""

SOLVER = """
def right(ticket):
    text = ticket["guest_message"]
    return "oil_spill" if "diesel" in text else "mooring_fault" if "boat" in text else "berth_fee"

def breaks(ticket):
    if "diesel" in ticket["guest_message"]:
        raise OSError("no\\nwire")
    return right(ticket)

def ends(ticket):
    raise SystemExit(0)

def wrong(ticket):
    from harness.core.errors import UsageError
    raise UsageError("no such tariff", where="tariff.csv", fix="write one")
"""


@pytest.fixture
def suite(world: World) -> Any:
    """Write a suite around one of SOLVER's functions."""
    world.write("codes_solver.py", SOLVER)

    def written(solver: str = "right", **changed: Any) -> Path:
        return world.write_suite(**{**FUNCTION_SUITE, "solver": f"codes_solver:{solver}", **changed})

    return written


def code(suite: Path, out: Path, *flags: str) -> int:
    return spawn(["eval", suite, "--out", out, "-q", *flags]).code


def test_0_where_every_gate_passes(suite: Any, tmp_path: Path) -> None:
    assert code(suite(gates=[PASS]), tmp_path / "run") == 0


def test_1_where_a_gate_fails(suite: Any, tmp_path: Path) -> None:
    assert code(suite(gates=[PASS, FAIL]), tmp_path / "run") == 1


def test_7_where_a_gate_can_not_be_told_and_1_before_it(suite: Any, tmp_path: Path) -> None:
    assert code(suite(gates=[PASS, OPEN]), tmp_path / "a") == 7
    assert code(suite(gates=["nothing.known > 3"]), tmp_path / "b") == 7
    assert code(suite(gates=[OPEN, FAIL]), tmp_path / "c") == 1


def test_6_where_coverage_is_below_its_floor_before_1_and_7(suite: Any, tmp_path: Path) -> None:
    assert code(suite("breaks", coverage=0.98, gates=[FAIL, OPEN]), tmp_path / "a") == 6
    assert code(suite("breaks", coverage=0.5, gates=[PASS]), tmp_path / "b") == 0
    found = json.loads((tmp_path / "a" / "metrics.json").read_text(encoding="utf-8"))
    assert found["run"]["errored"] == 1 and found["run"]["coverage"] == pytest.approx(5 / 6)
    assert found["metrics"]["routing.accuracy"]["n_errored"] == 1


def test_5_where_no_sample_is_left(suite: Any, tmp_path: Path) -> None:
    ran = spawn(["eval", suite(split="train"), "--out", tmp_path / "run"])
    assert ran.code == 5 and ran.err.count("\n") == 1 and "'train'" in ran.err and not (tmp_path / "run").exists()


def test_4_where_the_solver_says_that_the_user_erred(suite: Any, tmp_path: Path) -> None:
    ran = spawn(["eval", suite("wrong"), "--out", tmp_path / "run", "-q"])
    assert (ran.code, ran.err) == (4, "harness: tariff.csv: no such tariff; write one\n")


def test_a_solver_that_leaves_the_process_is_an_errored_trial_and_no_success(suite: Any, tmp_path: Path) -> None:
    assert code(suite("ends", coverage=0.9), tmp_path / "run") == 6
    rows = (tmp_path / "run" / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(row)["error"]["class"] for row in rows} == {"SystemExit"}


def test_3_where_a_ticket_has_no_answer_because_the_provider_is_down(world: World, cli: Cli, closed_port: int) -> None:
    path = world.write("ticket.json", json.dumps(ticket("t-9", "A sheen of diesel.")))
    ran = cli("triage", path, "--suite", world.suite, *model_flags(closed_port))
    assert ran.code == 3 and ran.out == "" and ran.err.count("\n") == 1 and "connection" in ran.err


def test_a_provider_that_is_down_errs_trials_and_makes_no_answer_wrong(
    world: World, cli: Cli, tmp_path: Path, closed_port: int
) -> None:
    ran = cli("eval", world.suite, "--limit", "2", "--out", tmp_path / "run", "--json", *model_flags(closed_port))
    found = json.loads(ran.out)
    assert found["run"]["errored"] == 2 and found["run"]["coverage"] == 0
    accuracy = found["metrics"]["routing.accuracy"]
    assert (accuracy["value"], accuracy["n_scored"], accuracy["n_errored"]) == (None, 0, 2)
    rows = (tmp_path / "run" / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(row)["error"]["class"] for row in rows} == {"connection"}


@pytest.mark.parametrize(("status", "kind"), [(429, "rate_limit"), (500, "server_error"), (503, "server_error")])
def test_what_the_provider_answers_instead_is_named(
    status: int, kind: str, world: World, cli: Cli, tmp_path: Path
) -> None:
    with provider(status) as flags:
        ran = cli("eval", world.suite, "--limit", "1", "--out", tmp_path / "run", "-q", "--set", "coverage=0.5", *flags)
    assert ran.code == 6
    row = json.loads((tmp_path / "run" / "samples.jsonl").read_text(encoding="utf-8"))
    assert row["outcome"] == "errored" and row["error"]["class"] == kind and row["output"] is None


@pytest.mark.parametrize(("status", "word"), [(401, "key"), (403, "permissions"), (404, "model's name")])
def test_a_key_or_a_name_that_the_provider_refuses_ends_the_run(
    status: int, word: str, world: World, cli: Cli, tmp_path: Path
) -> None:
    with provider(status) as flags:
        ran = cli("eval", world.suite, "--out", tmp_path / "run", "-q", *flags)
    assert ran.code == 4 and ran.err.count("\n") == 1 and "--model" in ran.err and word in ran.err


def test_output_that_nobody_reads_is_no_traceback(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("schema", "suite"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    error = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=60) in {0, 1} and error == ""
