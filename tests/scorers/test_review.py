"""Review: is what no label fits told from the rest by confidence, and does a human see it."""

import pytest

from harness.core.types import NotApplicable, Output, Target
from harness.scorers.review import ReviewScorer
from tests.scorers.judged import ESTIMATOR, FAILED, headlines, metrics, sample, value, verdict

SCORER = ReviewScorer(estimator=ESTIMATOR)


def sure(probability: float, *, review: bool = False) -> Output:
    given = {"a": probability, "b": 1 - probability}
    return Output(label="a", probabilities=given, action="review" if review else "route")


def test_it_keeps_scope_action_and_the_largest_probability() -> None:
    found = value(SCORER, sample(None), sure(0.3, review=True))
    assert found == {"out_of_scope": True, "reviewed": True, "confidence": 0.7}
    assert value(SCORER, sample("a"), Output(label="a")) == {
        "out_of_scope": False, "reviewed": False, "confidence": None,
    }  # fmt: skip


def test_a_failed_answer_is_reviewed_and_has_no_confidence() -> None:
    assert value(SCORER, sample("a"), FAILED) == {"out_of_scope": False, "reviewed": True, "confidence": None}


def test_a_target_that_is_a_value_is_no_matter_of_labels() -> None:
    assert isinstance(verdict(SCORER, sample(None, value=7), sure(0.9)), NotApplicable)


def test_area_and_shares_by_hand() -> None:
    answers: list[tuple[Target | str | None, Output]] = [
        ("a", sure(0.9)), ("b", sure(0.8)), ("a", sure(0.6, review=True)), ("a", FAILED),
        (None, sure(0.7, review=True)), (None, sure(0.55)),
    ]  # fmt: skip
    found = headlines(metrics(SCORER, answers))
    assert found["review.oos_auroc"].value == pytest.approx(5 / 6)  # of 3 × 2 pairs only .6 against .7 is out of order
    assert found["review.oos_auroc"].detail == "3 in scope, 2 out" and not found["review.oos_auroc"].lower_is_better
    assert found["review.oos_rate"].value == 0.5 and found["review.oos_rate"].detail == "1 of 2"
    assert found["review.in_scope_rate"].value == 0.5 and found["review.in_scope_rate"].lower_is_better


def test_without_anything_out_of_scope_there_is_nothing_to_tell_apart() -> None:
    found = headlines(metrics(SCORER, [("a", sure(0.9)), ("b", sure(0.8))]))
    assert (
        found["review.oos_auroc"].value is None and found["review.oos_auroc"].reason == "needs samples of both classes"
    )
    assert found["review.oos_rate"].value is None and found["review.in_scope_rate"].value == 0.0


def test_no_answer_at_all_is_undefined_and_no_error() -> None:
    assert {metric.value for metric in metrics(SCORER, [])} == {None}
