"""`harness knowledge`: what it prints and writes, what it refuses, and that an interrupt or a kill loses nothing."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.commands import command, environment
from tests.conftest import Cli
from tests.pairs import write_pairs
from tests.world import World

ARMS = ("definitions", "all_policies", "retrieval", "frozen")
SLOW = """
import asyncio, pathlib

async def slow(sample, output):
    if pathlib.Path({mark!r}).exists():
        await asyncio.sleep(60)
    return True
"""


@pytest.fixture
def pairs(world: World) -> World:
    return write_pairs(world)


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_one_command_runs_four_arms_and_answers(pairs: World, cli: Cli, tmp_path: Path) -> None:
    out, page = tmp_path / "out", tmp_path / "k.html"
    ran = cli("knowledge", pairs.suite, "--out", out, "--report", page)
    assert ran.code == 0, ran.err
    assert {path.name for path in out.iterdir()} == {*ARMS, "knowledge.json"}
    assert all((out / arm / "report.html").is_file() for arm in ARMS) and page.is_file()
    said = ran.out.splitlines()
    assert said[0].startswith("For reader (offline) the answer is ")
    for title in ("in all: 9 trials in 5 clusters", "by side of the change", "differences in pairs, from retrieval",
                  "accuracy by week of the change", "cost a ticket by week", "wrong version cited by week",
                  "input tokens a ticket by week"):  # fmt: skip
        assert any(line.startswith(title) for line in said), title
    assert sum(line.startswith("  23 Feb 2026  4 in 2") for line in said) == 5
    assert "no other model" in ran.out and "frozen on 2026-02-20" in ran.out
    assert sum(line.endswith(": reader, 9 tickets") for line in ran.err.splitlines()) == 4
    compared = cli("compare", out / "retrieval", out / "frozen", "--metric", "freshness.wrong_version")
    assert compared.code == 0 and "freshness.wrong_version" in compared.out


def test_json_is_what_stands_in_knowledge_json(pairs: World, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = cli("knowledge", pairs.suite, "--out", out, "--json", "-q", "--frozen", "2026-03-04", "--limit", "4")
    assert ran.err == "" and ran.out == (out / "knowledge.json").read_text(encoding="utf-8")
    value = json.loads(ran.out)
    assert value["frozen"] == "2026-03-04" and list(value["arms"]) == [*ARMS] and value["rows"][0]["n"] == 4
    assert {gap["metric"] for gap in value["differences"]} >= {"routing.accuracy", "cost.per_ticket", "tokens.input"}


def test_without_out_it_goes_to_a_new_folder_under_reports(
    pairs: World, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli("knowledge", pairs.suite, "-q", "--limit", "2").code == 0
    (made,) = (tmp_path / "reports").iterdir()
    assert made.name.endswith("-harbour-knowledge") and (made / "frozen" / "metrics.json").is_file()


def test_what_is_recorded_is_replayed_arm_by_arm(pairs: World, cli: Cli, tmp_path: Path) -> None:
    tape = tmp_path / "calls.jsonl"
    first = cli("knowledge", pairs.suite, "--out", tmp_path / "a", "--json", "-q", "--record", tape)
    again = cli("knowledge", pairs.suite, "--out", tmp_path / "b", "--json", "-q", "--model", f"cassette:{tape}")
    assert (first.code, again.code) == (0, 0), again.err
    one, two = json.loads(first.out), json.loads(again.out)
    assert one["rows"] == two["rows"] and two["model"] == f"cassette:{tape}"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--model", "redaer"], "unknown model 'redaer'"),
        (["--model", "persona:nobody"], "no persona 'nobody'"),
        (["--frozen", "last week"], "--frozen"),
        (["--frozen", "1999-01-01"], "--frozen: no policy is in force on 1999-01-01"),
        (["--report", "k.pdf"], "--report: a report named 'k.pdf'; end it in .html or .md"),
        (["--report", "nowhere/k.md"], "nowhere: no such folder"),
        (["--resume", "nowhere"], "nowhere: no arm of an experiment in it"),
        (["--resume", "a", "--out", "b"], "leave --out out"),
        (["--set", "retrieval.policies=all"], "retrieval.policies is all"),
        (["--prompt", "gone.md"], "gone.md"),
        (["--fill"], "--fill"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_run(
    pairs: World, cli: Cli, tmp_path: Path, flags: list[str], said: str
) -> None:
    out = [] if "--resume" in flags else ["--out", str(tmp_path / "out")]
    ran = cli("knowledge", pairs.suite, *flags, *out)
    assert ran.code == 4 and said in ran.err and ran.err.count("\n") == 1 and ran.out == ""
    assert not (tmp_path / "out").exists()


def test_no_sample_is_exit_five(pairs: World, cli: Cli) -> None:
    assert cli("knowledge", pairs.suite, "--set", "split=train").code == 5


def started(pairs: World, tmp_path: Path, arm: str) -> "subprocess.Popen[bytes]":
    """A process that stands still in an arm."""
    mark, out = tmp_path / "mark", tmp_path / "out"
    pairs.write("slow_judge.py", SLOW.format(mark=str(mark)))
    if arm == ARMS[0]:
        mark.touch()
    flags = ["--set", "scorers=[routing, 'slow_judge:slow']", "-q"]
    process = subprocess.Popen(
        command("knowledge", pairs.suite, *flags, "--out", out),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    before = None if arm == ARMS[0] else out / ARMS[ARMS.index(arm) - 1] / "metrics.json"
    deadline = time.monotonic() + 60
    while not (out / arm / "samples.jsonl").exists():
        assert time.monotonic() < deadline and process.poll() is None, "it never got there"
        if before is not None and before.exists():
            mark.touch()
        time.sleep(0.002)
    time.sleep(0.3)
    return process


@pytest.mark.parametrize(("how", "arm"), [(signal.SIGINT, "definitions"), (signal.SIGKILL, "retrieval")])
def test_what_was_interrupted_or_killed_is_gone_on_with(
    pairs: World, cli: Cli, code: Any, tmp_path: Path, how: signal.Signals, arm: str
) -> None:
    process = started(pairs, tmp_path, arm)
    os.kill(process.pid, how)
    text, err = (stream.decode() for stream in process.communicate(timeout=60))
    out = tmp_path / "out"
    if how == signal.SIGINT:
        assert process.returncode == 2 and text == "" and err.count("\n") == 1, err
        assert err.startswith("harness: interrupted; go on with `harness knowledge") and f"--resume {out}" in err
    assert not (out / "knowledge.json").exists()
    (tmp_path / "mark").unlink(missing_ok=True)
    finished = {name: lines(out / name / "samples.jsonl") for name in ARMS[: ARMS.index(arm)]}
    flags = ["--set", "scorers=[routing, 'slow_judge:slow']", "-q"]
    ran = cli("knowledge", pairs.suite, *flags, "--resume", out)
    assert ran.code == 0, ran.err
    assert {name: lines(out / name / "samples.jsonl") for name in finished} == finished
    assert all(len(lines(out / name / "samples.jsonl")) == 9 for name in ARMS)


def test_a_resume_with_another_frozen_day_is_refused(pairs: World, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert cli("knowledge", pairs.suite, "-q", "--limit", "2", "--out", out).code == 0
    ran = cli("knowledge", pairs.suite, "-q", "--limit", "2", "--resume", out, "--frozen", "2026-03-02")
    assert ran.code == 4 and "made with other retrieval" in ran.err and ran.err.count("\n") == 1
    for name in ("samples.jsonl", "metrics.json", "report.html"):
        (out / "frozen" / name).unlink()
    assert cli("knowledge", pairs.suite, "-q", "--limit", "2", "--resume", out).code == 0  # killed before its journal


def test_a_provider_that_refuses_half_way_is_named_and_can_be_gone_on_with(
    pairs: World, cli: Cli, tmp_path: Path
) -> None:
    text = "name: moody\ndescription: Its key is withdrawn.\naccuracy: 1\nfaults: {authentication: 0.1}\n"
    persona = pairs.write("moody.yaml", text)
    ran = cli("knowledge", pairs.suite, "-q", "--out", tmp_path / "out", "--model", f"persona:{persona}")
    assert ran.code == 2 and ran.out == "" and ran.err.count("\n") == 1
    assert ran.err.startswith("harness: interrupted: ") and "--resume" in ran.err and "key" in ran.err
    assert not (tmp_path / "out" / "knowledge.json").exists()
