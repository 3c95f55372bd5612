"""What a run goes on in spite of: gaps in force, and gold evidence to nowhere."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.build.doubts import doubts
from harness.build.plan import planned
from harness.corpus import Corpus
from harness.evaluation.suite import amend_suite
from tests.conftest import Cli
from tests.world import POLICIES, SAMPLES, World


def gap(world: World) -> None:
    name = "POL-OIL-01/2.md"
    world.write(f"policies/{name}", POLICIES[name].replace("effective_from: 2026-03-01", "effective_from: 2026-03-04"))


def nowhere(world: World) -> None:
    rows: list[dict[str, Any]] = [dict(sample) for sample in SAMPLES]
    for row in rows:
        row["target"] = {**row["target"], "evidence": {"clauses": ["POL-X@1#1.1"], "incidents": ["i-99"]}}
    world.write_rows("samples.jsonl", rows)


def test_sound_data_leaves_no_doubt(world: World) -> None:
    assert doubts(planned(world.suite)) == []


def test_a_gap_in_force_is_told_with_its_place(world: World) -> None:
    gap(world)
    (line,) = doubts(planned(world.suite))
    assert "2.md:5: no version of POL-OIL-01 holds from 2026-03-01 until POL-OIL-01@2 begins on 2026-03-04" in line


def test_evidence_to_nowhere_is_told_a_few_times_and_then_counted(world: World) -> None:
    nowhere(world)
    lines = doubts(planned(world.suite))
    assert "samples.jsonl:1: sample 't-1': evidence cites 'POL-X@1#1.1'" in lines[0]
    assert len(lines) == 4 and lines[3].startswith("and 9 more")
    without = doubts(planned(world.suite, limit=1, overrides=["corpora.policies=null", "retrieval.policies=0"]))
    assert [line.split("cites ")[1][:6] for line in without] == ["'i-99'"]


def test_very_large_corpora_are_told_to_whoever_looks_things_up_in_them(world: World) -> None:
    plan = planned(world.suite)
    large = replace(plan, corpus=Corpus(policies=plan.corpus.policies, incidents=plan.corpus.incidents * 5000))
    (line,) = doubts(large)
    assert line == "30,004 passages to look things up in: indexing them takes minutes, once"
    assert doubts(replace(large, suite=amend_suite(large.suite, overrides=["solver=baseline:keyword"]))) == []


@pytest.mark.parametrize(("spoil", "word"), [(gap, "no version of"), (nowhere, "which is not in the corpora")])
def test_eval_and_ab_say_it_once_and_go_on(world: World, cli: Cli, spoil: Callable[[World], None], word: str) -> None:
    spoil(world)
    for command in (
        ("eval", world.suite, "--quiet", "--limit", "1"),
        ("ab", world.suite, "--model", "reader", "--model", "persona:perfect", "--limit", "2"),
    ):
        ran = cli(*command)
        warnings = [line for line in ran.err.splitlines() if line.startswith("harness: warning: ")]
        assert ran.code != 4 and word in warnings[0] and len(set(warnings)) == len(warnings)
        assert "warning" not in ran.out


def test_triage_says_it_of_the_policies(world: World, cli: Cli) -> None:
    gap(world)
    nowhere(world)
    ticket = world.write_rows("one.json", [SAMPLES[0]])
    ran = cli("triage", ticket, "--suite", world.suite)
    assert ran.code == 0 and ran.err.count("warning") == 1 and "no version of" in ran.err
