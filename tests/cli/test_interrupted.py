"""Ctrl-C: what was finished is kept, scored and told, and the exit code says that it isn't all."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.build.stub import stub_server
from harness.evaluation import read_journal
from tests.commands import command, environment
from tests.conftest import Cli
from tests.world import FUNCTION_SUITE, World

SLOW = """
import asyncio, pathlib, time

MARK = pathlib.Path({mark!r})

async def waits(ticket):
    answer = "berth_fee" if "fee" in ticket["guest_message"] else "mooring_fault"
    if MARK.exists():
        await asyncio.sleep(60)
    MARK.touch()
    return answer

def blocks(ticket):
    time.sleep(0.4)
    MARK.touch()
    return "berth_fee"
"""


def interrupted(suite: Path, run: Path, *, when: Callable[[], bool], times: int = 1) -> tuple[int, str, str]:
    """Start a run, send SIGINT once `when` holds, and wait for its end."""
    process = subprocess.Popen(
        command("eval", suite, "--out", run), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    deadline = time.monotonic() + 60
    while not when():
        assert time.monotonic() < deadline and process.poll() is None, "it never got there"
        time.sleep(0.02)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def rows(run: Path) -> int:
    journal = run / "samples.jsonl"
    return len(list(read_journal(journal))) if journal.exists() else 0


@pytest.mark.parametrize("solver", ["waits", "blocks"])
def test_an_interrupted_run_keeps_scores_and_reports_what_was_finished(
    solver: str, world: World, tmp_path: Path
) -> None:
    world.write("slow_solver.py", SLOW.format(mark=str(tmp_path / "mark")))
    suite = world.write_suite(
        **{**FUNCTION_SUITE, "solver": f"slow_solver:{solver}", "gates": ["routing.accuracy > baseline:keyword"]}
    )
    run = tmp_path / "run"
    code, out, err = interrupted(suite, run, when=lambda: rows(run) > 0)
    assert code == 2, err
    assert "Traceback" not in err
    done = rows(run)
    assert 1 <= done < 6
    found = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert found["run"]["interrupted"] is True and found["run"]["done"] == done
    assert found["metrics"]["routing.accuracy"]["n_scored"] == done
    assert [gate["verdict"] for gate in found["gates"]] == ["inconclusive"]
    assert (run / "manifest.json").is_file() and (run / "report.html").is_file()
    assert "routing.accuracy" in out


def test_an_interrupt_before_the_first_answer_is_an_interrupt_too(world: World, tmp_path: Path) -> None:
    (tmp_path / "mark").touch()
    world.write("slow_solver.py", SLOW.format(mark=str(tmp_path / "mark")))
    suite = world.write_suite(**{**FUNCTION_SUITE, "solver": "slow_solver:waits"})
    run = tmp_path / "run"
    code, _, err = interrupted(suite, run, when=lambda: (run / "samples.jsonl").exists())
    assert code == 2 and "Traceback" not in err
    if (run / "metrics.json").exists():  # else it came while the run was still being set up
        found = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
        assert found["run"]["done"] == 0 and found["metrics"]["routing.accuracy"]["value"] is None


def test_a_run_that_was_killed_goes_on_to_what_an_uninterrupted_one_comes_to(
    world: World, tmp_path: Path, cli: Cli
) -> None:
    suite = world.write_suite(trials=2, split=None, gates=["routing.accuracy > baseline:keyword"])
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    with stub_server("persona:noisy", answers=suite) as server:
        asked = ["eval", suite, "--model", "openai-compatible/x", "--base-url", server.url, "--concurrency", "2", "-q"]
        code = cli(*asked, "--out", whole).code
        server.set_faults({"rates": {"slow": 1.0}, "slow": {"first_ms": 100, "per_token_ms": 0}})
        process = subprocess.Popen(command(*asked, "--out", cut), env=environment())
        deadline = time.monotonic() + 60
        while rows(cut) < 3:
            assert time.monotonic() < deadline and process.poll() is None, "it never got there"
            time.sleep(0.02)
        process.kill()
        process.wait(timeout=60)
        had = rows(cut)
        with (cut / "samples.jsonl").open("a", encoding="utf-8") as journal:
            journal.write('{"schema_version": 1, "sample_id": "t-')  # the line in hand
        server.set_faults(None)
        server.clear()
        assert cli(*asked, "--prompt", world.write("other.md", "---\nid: other\nversion: 1\n---\n# user\nHm?\n"),
                   "--resume", cut).code == 4  # fmt: skip
        assert server.calls() == []
        assert cli(*asked, "--resume", cut).code == code
        assert len(server.calls()) >= 16 - had
    before, after = (json.loads((run / "metrics.json").read_text(encoding="utf-8")) for run in (whole, cut))
    timed = ("latency", "tokens")
    for found in (before, after):
        found["metrics"] = {name: metric for name, metric in found["metrics"].items() if not name.startswith(timed)}
    assert (after["metrics"], after["gates"], after["labels"]) == (before["metrics"], before["gates"], before["labels"])
    assert after["run"]["calls"] == before["run"]["calls"]


def test_a_journal_with_a_broken_line_says_which(world: World, tmp_path: Path, cli: Cli) -> None:
    run = tmp_path / "run"
    asked = ["eval", world.suite, "-q"]
    assert cli(*asked, "--out", run).code == 0
    journal = run / "samples.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines()
    journal.write_text("\n".join([lines[0], lines[1][:50], *lines[2:], ""]), encoding="utf-8")
    ran = cli(*asked, "--resume", run)
    assert ran.code == 4 and f"{journal}:2: not valid JSON" in ran.err and "delete that line" in ran.err
    assert len(journal.read_text(encoding="utf-8").splitlines()) == 6 and not list(run.glob(".*.tmp"))
    journal.write_text("\n".join([lines[0], *lines[2:], ""]), encoding="utf-8")
    assert cli(*asked, "--resume", run).code == 0 and rows(run) == 6
