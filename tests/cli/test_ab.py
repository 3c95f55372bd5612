"""`harness ab`: two prompts or two models through one suite, and the comparison of what they came to."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from harness.core.hashing import derive_seed
from tests.cli.sides import SIDES
from tests.commands import command, environment
from tests.conftest import Cli
from tests.world import FUNCTION_SUITE, PROMPT, World

SLOW = """
import asyncio, pathlib

async def slow(sample, output):
    mark = pathlib.Path({mark!r})
    if mark.exists():
        await asyncio.sleep(60)
    return True
"""


@pytest.fixture
def prompts(world: World) -> list[str | Path]:
    """Flags for two prompts; the second shows no past cases."""
    flags: list[str | Path] = []
    for name, text in (("cases", PROMPT), ("bare", PROMPT.replace("{{ incidents }}", "none"))):
        flags += ["--prompt", world.write(f"{name}.md", text)]
    return flags


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def manifest(run: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    return value


def test_two_prompts_are_run_and_compared(world: World, cli: Cli, prompts: list[str], out: Path) -> None:
    ran = cli("ab", world.suite, *prompts, "--out", out)
    assert ran.code == 0, ran.err
    assert {path.name for path in out.iterdir()} == {"a", "b", "comparison.json"}
    first = ran.out.splitlines()[0]
    assert "cost.per_ticket" in first or "saves" in first
    assert "A and B differ in: prompt" in ran.out and "cases" in ran.out and "bare" in ran.out
    progress = ran.err.splitlines()
    assert progress[0].startswith("A: reader · ") and progress[0].endswith("cases.md")
    assert any(line.startswith("B: reader · ") and line.endswith("bare.md") for line in progress)
    assert sum(line.startswith("6/6") for line in progress) == 2


def test_json_is_what_stands_in_comparison_json(world: World, cli: Cli, prompts: list[str], out: Path) -> None:
    ran = cli("ab", world.suite, *prompts, "--out", out, "--json", "--quiet", "--margin", "3")
    assert ran.err == "" and ran.out == (out / "comparison.json").read_text(encoding="utf-8")
    again = cli("compare", out / "a", out / "b", "--json", "--margin", "3")
    assert again.out == ran.out


def test_gates_and_baselines_are_left_out_and_b_has_seeds_of_its_own(
    world: World, cli: Cli, prompts: list[str], out: Path
) -> None:
    world.write_suite(gates=["routing.accuracy > baseline:keyword"], baselines=["majority"])
    assert cli("ab", world.suite, *prompts, "--out", out, "-q", "--seed", "5", "--trials", "2").code == 0
    a, b = manifest(out / "a"), manifest(out / "b")
    assert (a["seed"], b["seed"]) == (5, derive_seed("ab", 5, "b"))
    assert a["suite"]["trials"] == b["suite"]["trials"] == 2
    assert a["suite"]["gates"] == a["suite"]["baselines"] == b["suite"]["gates"] == []
    assert not list(out.glob("*/baseline-*"))


def test_two_models_with_one_prompt_are_two_sides_too(world: World, cli: Cli, prompts: list[str], out: Path) -> None:
    flags = ["--model", "reader", "--model", "reader", *prompts[2:], "--limit", "2", "--concurrency", "2"]
    ran = cli("ab", world.suite, *flags, "--out", out, "-q")
    assert ran.code == 0 and "made from the same: what differs is chance" in ran.out
    assert manifest(out / "a")["prompt"].endswith("bare.md") and manifest(out / "a")["samples"] == 2


def test_without_out_both_go_to_a_new_folder_under_reports(
    world: World, cli: Cli, prompts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert cli("ab", world.suite, *prompts, "-q", "--limit", "1").code == 0
    found = sorted((tmp_path / "reports").iterdir())
    assert len(found) == 2 and all("-harbour-ab" in path.name and (path / "b").is_dir() for path in found)


def test_require_decides_the_exit_code(world: World, cli: Cli, prompts: list[str], out: Path) -> None:
    assert cli("ab", world.suite, *prompts, "--out", out, "-q", "--require", "better").code == 7


@pytest.mark.parametrize(
    "flags",
    [[], ["--prompt", "a.md"], ["--prompt", "a.md"] * 3, ["--model", "reader"], ["--model", "x", "--prompt", "a.md"],
     ["--prompt", "a.md", "--prompt", "b.md", "--model", "x", "--model", "y"]],
)  # fmt: skip
def test_anything_but_two_sides_is_refused_with_the_remedy(world: World, cli: Cli, out: Path, flags: list[str]) -> None:
    ran = cli("ab", world.suite, *flags, "--out", out)
    assert ran.code == 4 and "give --prompt twice" in ran.err and ran.err.count("\n") == 1 and not out.exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--metric", "routing.acuracy"], "did you mean 'routing.accuracy'?"),
        (["--margin=-1"], "at least 0"),
        (["--set", "trials=0"], "--set: trials"),
        (["--set", "scorers=[calibration]"], "nothing can be compared in pairs"),
    ],
)
def test_a_mistake_is_found_before_anything_is_run(
    world: World, cli: Cli, prompts: list[str], out: Path, flags: list[str], said: str
) -> None:
    ran = cli("ab", world.suite, *prompts, "--out", out, *flags)
    assert ran.code == 4 and said in ran.err and ran.err.count("\n") == 1 and not out.exists()


def test_a_mistake_in_b_is_found_before_a_is_run(world: World, cli: Cli, prompts: list[str], out: Path) -> None:
    ran = cli("ab", world.suite, *prompts[:2], "--prompt", world.folder / "gone.md", "--out", out)
    assert ran.code == 4 and "gone.md" in ran.err and not out.exists()


@pytest.mark.parametrize("flag", ["--prompt", "--model"])
def test_a_solver_that_takes_neither_is_refused(world: World, cli: Cli, code: Any, out: Path, flag: str) -> None:
    code("sides", SIDES)
    world.write_suite(**FUNCTION_SUITE, solver="sides:right")
    ran = cli("ab", world.suite, flag, "x", flag, "y", "--out", out)
    assert ran.code == 4 and f"takes no {flag[2:]}, so A and B would be the same" in ran.err
    assert "harness compare" in ran.err and not out.exists()


def test_a_folder_that_holds_something_is_refused(world: World, cli: Cli, prompts: list[str], out: Path) -> None:
    out.mkdir()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    ran = cli("ab", world.suite, *prompts, "--out", out)
    assert ran.code == 4 and "isn't empty" in ran.err and [path.name for path in out.iterdir()] == ["notes.txt"]


def test_where_reports_can_not_be_made_it_says_so(
    world: World, cli: Cli, prompts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").write_text("a file", encoding="utf-8")
    ran = cli("ab", world.suite, *prompts)
    assert ran.code == 4 and "can't write there" in ran.err and "--out" in ran.err


def test_a_metric_of_ones_own_function_decides_and_a_wrong_name_leaves_both_runs(
    world: World, cli: Cli, code: Any, prompts: list[str], out: Path
) -> None:
    code("sides", SIDES)
    flags = [*prompts, "-q", "--set", "scorers=[routing, 'sides:wrong']"]
    assert "wrong.wrong" in cli("ab", world.suite, *flags, "--out", out, "--metric", "wrong.wrong").out.splitlines()[0]
    ran = cli("ab", world.suite, *flags, "--out", out / "again", "--metric", "wrong.right")
    assert ran.code == 4 and (out / "again" / "b" / "metrics.json").is_file()


@pytest.mark.parametrize("side", ["A", "B"])
def test_an_interrupt_keeps_what_was_finished(world: World, prompts: list[str], tmp_path: Path, side: str) -> None:
    mark, out = tmp_path / "mark", tmp_path / "out"
    world.write("slow_judge.py", SLOW.format(mark=str(mark)))
    flags: list[str | Path] = [*prompts, "--set", "scorers=[routing, 'slow_judge:slow']", "--out", out, "-q"]
    if side == "A":
        mark.touch()
    process = subprocess.Popen(
        command("ab", world.suite, *flags), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    journal = out / side.lower() / "samples.jsonl"
    deadline = time.monotonic() + 60
    while not journal.exists():
        assert time.monotonic() < deadline and process.poll() is None, "it never got there"
        if side == "B" and (out / "a" / "metrics.json").exists():
            mark.touch()
        time.sleep(0.002)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    text, err = (stream.decode() for stream in process.communicate(timeout=60))
    assert process.returncode == 2 and text == "" and err.count("\n") == 1, err
    assert err.startswith(f"harness: interrupted while {side} ran; what was finished is in {out}")
    assert not (out / "comparison.json").exists() and (out / side.lower() / "metrics.json").is_file()
    assert (out / "b").exists() == (side == "B")
