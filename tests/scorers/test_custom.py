"""Scorers of the user's own: what a function may return, and what becomes of it."""

import math
from typing import Any

import pytest

from harness.core.types import Errored, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow, Unscored
from harness.scorers.custom import FunctionScorer
from tests.scorers.judged import ESTIMATOR, headlines, sample


def returning(result: Any) -> FunctionScorer:
    return FunctionScorer(lambda sample, output: result, name="mine", estimator=ESTIMATOR)


async def judged(result: Any) -> Outcome:
    return await returning(result).score(sample(), Output())


@pytest.mark.parametrize(
    ("result", "value"),
    [
        (True, {"mean": True}),
        (0.5, {"mean": 0.5}),
        (3, {"mean": 3}),
        ({"polite": True, "words": 7, "note": "fine"}, {"polite": True, "words": 7, "note": "fine"}),
        (Scored({"polite": False}), {"polite": False}),
        ({}, {}),
    ],
)
async def test_bools_numbers_mappings_and_verdicts_are_scored(result: Any, value: dict[str, Any]) -> None:
    assert await judged(result) == Scored(value)


@pytest.mark.parametrize("result", [NotApplicable("x"), Unscored("y"), Errored("Z", "z")])
async def test_other_outcomes_are_taken_as_they_are(result: Outcome) -> None:
    assert await judged(result) is result


async def test_none_means_nothing_to_say() -> None:
    assert isinstance(await judged(None), NotApplicable)


@pytest.mark.parametrize(
    "result", ["good", [1], object(), math.nan, {"a": math.inf}, {"a": {1, 2}}, Scored({"a": b""})]
)
async def test_what_no_journal_can_hold_is_refused(result: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        await judged(result)


async def test_async_functions_are_awaited_and_see_sample_and_output() -> None:
    async def polite(sample: Sample, output: Output) -> bool:
        return "please" in str(output.value) and sample.id == "t-1"

    scorer = FunctionScorer(polite, name="polite", estimator=ESTIMATOR)
    assert await scorer.score(sample(), Output(value="please")) == Scored({"mean": True})
    assert await scorer.score(sample(), Output(value="now")) == Scored({"mean": False})


def rows(*values: Any) -> list[ScoreRow]:
    outcomes = [value if isinstance(value, NotApplicable | Unscored | Errored) else Scored(value) for value in values]
    return [ScoreRow(f"s-{n}", 0, f"s-{n}", outcome) for n, outcome in enumerate(outcomes)]


def test_each_numeric_key_becomes_a_mean_over_the_rows_that_have_it() -> None:
    head = headlines(
        returning(None).metrics(
            rows({"ok": True, "words": 4, "note": "x"}, {"ok": False, "words": 8}, {"ok": True}, Unscored("late"))
        )
    )
    assert set(head) == {"mine.ok", "mine.words"}
    assert head["mine.ok"].value == pytest.approx(2 / 3) and head["mine.ok"].method == "clopper-pearson"
    assert head["mine.words"].value == 6 and head["mine.words"].values == [4.0, 8.0]
    assert (head["mine.words"].n_scored, head["mine.words"].n_unscored) == (2, 1)


def test_a_key_that_is_sometimes_a_number_and_sometimes_a_bool_is_a_mean_of_numbers() -> None:
    found = headlines(returning(None).metrics(rows({"x": True}, {"x": 3})))["mine.x"]
    assert found.value == 2 and found.method == "cluster-robust t"


def test_without_a_number_the_mean_is_undefined() -> None:
    found = headlines(returning(None).metrics(rows(NotApplicable("n"), {"note": "x"})))["mine.mean"]
    assert found.value is None and found.reason
