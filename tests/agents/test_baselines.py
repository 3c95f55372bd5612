"""What a number stands against, and functions as solvers."""

import asyncio
import os
import subprocess
import sys
from typing import Any

import pytest

from harness.agents import BASELINES, FunctionSolver, KeywordBaseline, Known, MajorityBaseline
from harness.core.errors import InfrastructureError, UsageError
from harness.core.taxonomy import Taxonomy
from harness.core.types import Claim, Output
from tests.places import ROOT
from tests.scripted import item
from tests.world import TAXONOMY, ticket

taxonomy = Taxonomy.model_validate(TAXONOMY)


def solve(solver: Any, value: object) -> Output:
    output: Output = asyncio.run(solver(item("t-1", value)))
    return output


def test_majority_always_gives_the_most_frequent_label_with_smoothed_frequencies() -> None:
    solver = BASELINES["majority"](taxonomy, "ticket", Known(["berth_fee", "berth_fee", "oil_spill"]))
    output = solve(solver, ticket("t-1", "diesel"))
    assert output.label == "berth_fee"
    assert output.probabilities == {"oil_spill": 2 / 6, "mooring_fault": 1 / 6, "berth_fee": 3 / 6}
    assert solve(MajorityBaseline(taxonomy=taxonomy, seen=[]), {}).label == "oil_spill"


def test_keyword_gives_the_label_whose_definition_shares_most_rare_words() -> None:
    solver = BASELINES["keyword"](taxonomy, "ticket", Known())
    assert solve(solver, ticket("t-1", "the cleat and the chain are loose")).label == "mooring_fault"
    output = solve(solver, ticket("t-1", "an invoice, with a price"))
    assert output.label == "berth_fee" and output.probabilities is not None
    assert sum(output.probabilities.values()) == pytest.approx(1)
    assert max(output.probabilities, key=lambda name: output.probabilities[name]) == "berth_fee"  # type: ignore[index]


def test_keyword_reads_any_input_as_text_and_answers_even_without_a_word_in_common() -> None:
    solver = KeywordBaseline(taxonomy=taxonomy, kind="any")
    assert solve(solver, {"q": "diesel on the water"}).label == "oil_spill"
    assert solve(solver, {"q": "zzz"}).label == "oil_spill"
    assert solve(KeywordBaseline(taxonomy=taxonomy, kind="text"), {"text": "an invoice"}).label == "berth_fee"


def function(result: Any, *, wait: bool = False) -> FunctionSolver:
    async def later(value: object) -> Any:
        return result

    return FunctionSolver(later if wait else lambda value: result, name="mine:solve")


@pytest.mark.parametrize("wait", [False, True])
def test_a_function_may_return_a_label_a_mapping_an_output_or_any_json(wait: bool) -> None:
    assert solve(function("berth_fee", wait=wait), {}) == Output(label="berth_fee", value="berth_fee")
    assert solve(function({"answer": 42}, wait=wait), {}).value == {"answer": 42}
    assert solve(function(7, wait=wait), {}).value == 7
    given: dict[str, Any] = {
        "label": "berth_fee",
        "rationale": [{"text": "a", "citations": ["i-01"]}, Claim("b")],
        "action": "review",
    }
    given |= {"probabilities": {"berth_fee": 0.75, "oil_spill": 0.25}}
    output = solve(function(given, wait=wait), {})
    assert output.rationale == (Claim("a", ("i-01",)), Claim("b"))
    assert (output.label, output.action) == ("berth_fee", "review")
    assert output.probabilities == {"berth_fee": 0.75, "oil_spill": 0.25}
    assert solve(function(Output(label="x"), wait=wait), {}).label == "x"


@pytest.mark.parametrize(
    "bad",
    [
        {"label": 3},
        {"label": "a", "action": "drop"},
        {"label": "a", "probabilities": {"a": 2}},
        {"label": "a", "probabilities": {"a": True}},
        {"value": float("nan")},
        {"label": "a", "rationale": [{"citations": []}]},
        object(),
    ],
)
def test_what_scorers_or_journal_could_not_hold_is_an_error_of_the_trial(bad: Any) -> None:
    with pytest.raises(InfrastructureError, match="solver 'mine:solve' failed"):
        solve(function(bad), {})


def test_what_a_function_raises_is_an_error_of_the_trial_but_ours_pass_through() -> None:
    def broken(value: object) -> str:
        raise KeyError("amount")

    with pytest.raises(InfrastructureError) as caught:
        solve(FunctionSolver(broken, name="mine:solve"), {})
    assert caught.value.kind == "KeyError"

    def misused(value: object) -> str:
        raise UsageError("no key")

    with pytest.raises(UsageError):
        solve(FunctionSolver(misused, name="mine:solve"), {})


def test_the_keyword_baseline_answers_alike_in_every_process() -> None:
    program = """
import asyncio, json
from harness.build.plan import planned
from harness.build.solver import build_baseline
from harness.evaluation.runner import Input
plan = planned("eval_sets/triage/suite.yaml")
solver = build_baseline(plan, "keyword")
print([asyncio.run(solver(Input(s.id, s.input, 0, 0))).probabilities for s in plan.samples])
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1
