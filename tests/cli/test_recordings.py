"""Cassettes and the cache through the command line: record, replay, fill, and what is told where a reply is missing."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import Exit
from tests.cli.providers import without_tools
from tests.commands import ROOT
from tests.conftest import Cli
from tests.world import World

SMOKE = ROOT / "eval_sets" / "smoke"


def answers(run: Path) -> dict[tuple[str, int], Any]:
    """The output of each trial."""
    rows = [json.loads(line) for line in (run / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    return {(row["sample_id"], row["trial"]): row["output"] for row in rows}


def sources(run: Path) -> dict[str, int]:
    """Who answered, and how often."""
    found = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["run"]["calls"]["answered_by"]
    return dict(found)


def test_the_shipped_cassette_answers_the_smoke_suite_without_a_model(cli: Cli, tmp_path: Path) -> None:
    cassette = f"cassette:{SMOKE / 'cassette.jsonl'}"
    ran = cli("eval", SMOKE / "suite.yaml", "--model", cassette, "--out", tmp_path / "run")
    assert ran.code == Exit.OK, ran.err
    assert sources(tmp_path / "run") == {"cassette": 24} and "SIMULATED" not in ran.out
    assert all(output["label"] and output["rationale"] for output in answers(tmp_path / "run").values())


def test_what_was_recorded_is_replayed_to_the_same_decisions(world: World, cli: Cli) -> None:
    tape = world.folder / "tape.jsonl"
    assert cli("eval", world.suite, "--record", tape, "--out", world.folder / "a", "-q").code == Exit.OK
    ran = cli("eval", world.suite, "--model", f"cassette:{tape}", "--out", world.folder / "b", "-q")
    assert ran.code == Exit.OK and answers(world.folder / "a") == answers(world.folder / "b")
    assert sources(world.folder / "b") == {"cassette": 6}


def test_a_recorded_simulation_stays_one(world: World, cli: Cli) -> None:
    tape = world.folder / "tape.jsonl"
    cli("eval", world.suite, "--model", "persona:noisy", "--record", tape, "--out", world.folder / "a", "-q")
    ran = cli("eval", world.suite, "--model", f"cassette:{tape}", "--out", world.folder / "b")
    assert ran.out.startswith("SIMULATED")


def test_a_call_that_was_not_recorded_is_an_error_that_shows_the_nearest_prompt(world: World, cli: Cli) -> None:
    tape = world.folder / "tape.jsonl"
    cli("eval", world.suite, "--record", tape, "--out", world.folder / "a", "-q")
    world.write("prompt.md", (world.folder / "prompt.md").read_text(encoding="utf-8").replace("harbour", "airport", 2))
    ran = cli("eval", world.suite, "--model", f"cassette:{tape}", "--out", world.folder / "b", "-q")
    first, *diff = ran.err.splitlines()
    assert ran.code == Exit.USAGE and str(tape) in first and "'t-1'" in first and "messages" in first
    assert any(line.startswith("-") and "harbour" in line for line in diff)
    assert any(line.startswith("+") and "airport" in line for line in diff)


def test_filling_asks_only_for_what_is_missing(world: World, cli: Cli) -> None:
    tape = world.folder / "tape.jsonl"
    cli("eval", world.suite, "--record", tape, "--limit", "4", "--out", world.folder / "a", "-q")
    before = tape.read_text(encoding="utf-8")
    cli("eval", world.suite, "--record", tape, "--fill", "--out", world.folder / "b", "-q")
    assert sources(world.folder / "b") == {"cassette": 4, "model": 2}
    assert tape.read_text(encoding="utf-8").startswith(before)
    assert cli("eval", world.suite, "--fill", "--out", world.folder / "c").code == Exit.USAGE


def test_a_cassette_that_was_cut_says_where(world: World, cli: Cli) -> None:
    tape = world.folder / "tape.jsonl"
    cli("eval", world.suite, "--record", tape, "--out", world.folder / "a", "-q")
    whole = tape.read_bytes()
    tape.write_bytes(whole[:-200])
    last = whole.count(b"\n")
    for flags in (["--model", f"cassette:{tape}"], ["--record", str(tape), "--fill"]):
        ran = cli("eval", world.suite, *flags, "--out", world.folder / "b", "-q")
        assert ran.code == Exit.USAGE and ran.err.count("\n") == 1
        assert f"{tape}:{last}" in ran.err and "cut in the middle" in ran.err


def test_calls_of_several_models_are_told_apart_by_name(world: World, cli: Cli) -> None:
    tape = world.folder / "tape.jsonl"
    for number, model in enumerate(("reader", "persona:perfect")):
        cli("eval", world.suite, "--model", model, "--record", tape, "--out", world.folder / f"{number}", "-q")
    ran = cli("eval", world.suite, "--model", f"cassette:{tape}", "--out", world.folder / "b", "-q")
    assert ran.code == Exit.USAGE and "2 models" in ran.err and f"{tape}#persona:perfect" in ran.err
    named = cli("eval", world.suite, "--model", f"cassette:{tape}#reader", "--out", world.folder / "c", "-q")
    assert named.code == Exit.OK and answers(world.folder / "c") == answers(world.folder / "0")


def test_the_cache_serves_equal_calls_and_says_why_per_sample(
    world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(world.folder / "home"))
    flags = ["--model", "persona:blunt", "--set", "trials=3", "--cache", "-q"]
    cli("eval", world.suite, *flags, "--out", world.folder / "a")
    assert sources(world.folder / "a") == {"model": 18}  # a repeated trial is never served another's answer
    cli("eval", world.suite, *flags, "--out", world.folder / "b")
    assert sources(world.folder / "b") == {"cache": 18} and answers(world.folder / "a") == answers(world.folder / "b")
    rows = [json.loads(line) for line in (world.folder / "b/samples.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["trace"]["calls"][0]["why"] for row in rows} == {"hit"}
    cli("eval", world.suite, *flags, "--set", "retrieval.incidents=1", "--out", world.folder / "c")
    rows = [json.loads(line) for line in (world.folder / "c/samples.jsonl").read_text(encoding="utf-8").splitlines()]
    why = {(row["trial"] > 0, row["trace"]["calls"][0]["why"]) for row in rows}
    assert why == {(False, "cache: other messages"), (True, "cache: other trial")}


@pytest.mark.parametrize("flags", [["--record", "x.jsonl"], ["--cache"]])
def test_a_solver_without_a_model_has_nothing_to_record(world: World, cli: Cli, flags: list[str]) -> None:
    world.write_suite(solver="baseline:keyword")
    ran = cli("eval", world.suite, *flags, "--out", world.folder / "run")
    assert ran.code == Exit.USAGE and flags[0] in ran.err and ran.err.count("\n") == 1


def test_a_server_that_takes_no_tools_is_recorded_and_replayed_without(world: World, cli: Cli) -> None:
    tape = world.folder / "tape.jsonl"
    with without_tools() as url:
        model = ["--model", "openai-compatible/x", "--base-url", url, "--record", tape]
        assert cli("eval", world.suite, *model, "--out", world.folder / "a", "-q").code == Exit.OK
    ran = cli("eval", world.suite, "--model", f"cassette:{tape}", "--out", world.folder / "b")
    assert ran.code == Exit.OK and answers(world.folder / "a") == answers(world.folder / "b")
    assert "answers by json schema without tools" in ran.out
