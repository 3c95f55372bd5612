"""Calibration: verdicts, and the error by hand."""

import pytest

from harness.core.types import NotApplicable, Output, Unscored
from harness.scorers.calibration import CalibrationScorer
from tests.scorers.judged import ESTIMATOR, FAILED, headlines, metrics, sample, value, verdict

SCORER = CalibrationScorer(estimator=ESTIMATOR)


def sure(label: str, probability: float) -> Output:
    return Output(label=label, probabilities={label: probability, "other": 1 - probability})


def test_it_keeps_the_answered_labels_probability_and_whether_it_was_right() -> None:
    assert value(SCORER, sample("oil_spill"), sure("oil_spill", 0.8)) == {"confidence": 0.8, "correct": True}
    assert value(SCORER, sample("oil_spill"), sure("berth_fee", 0.7)) == {"confidence": 0.7, "correct": False}


def test_an_acceptable_label_is_right_here_too() -> None:
    either = sample("oil_spill", acceptable=("berth_fee",))
    assert value(SCORER, either, sure("berth_fee", 0.7))["correct"] is True


def test_an_answer_whose_label_has_no_probability_has_no_confidence() -> None:
    assert value(SCORER, sample("oil_spill"), Output(label="oil_spill", probabilities={}))["confidence"] == 0.0


def test_without_probabilities_or_label_or_target_there_is_nothing_to_say() -> None:
    for gold, output in (
        ("oil_spill", Output(label="oil_spill")),
        ("oil_spill", Output(probabilities={"oil_spill": 1.0})),
        (None, sure("oil_spill", 0.9)),
    ):
        assert isinstance(verdict(SCORER, sample(gold), output), NotApplicable)


def test_a_failure_should_have_had_a_confidence() -> None:
    outcome = verdict(SCORER, sample("oil_spill"), FAILED)
    assert isinstance(outcome, Unscored) and "refusal" in outcome.reason


def test_the_error_is_the_weighted_gap_between_confidence_and_accuracy_by_bin() -> None:
    answers = [
        ("a", sure("a", 0.95)),
        ("a", sure("b", 0.85)),  # these two share the upper bin of two: mean 0.9, accuracy 0.5
        ("a", sure("a", 0.35)),
        ("a", sure("b", 0.45)),
        ("a", sure("b", 0.40)),  # these three the lower: mean 0.4, accuracy 1/3
    ]
    found = headlines(metrics(CalibrationScorer(estimator=ESTIMATOR, bins=2), answers))["calibration.ece"]
    assert found.value == pytest.approx(2 / 5 * 0.4 + 3 / 5 * (0.4 - 1 / 3))
    assert found.detail == "2 bins"


def test_more_bins_tell_apart_what_one_bin_averages_away() -> None:
    answers = [("a", sure("a", 0.2)), ("a", sure("b", 0.8))]
    by_bins = {
        bins: headlines(metrics(CalibrationScorer(estimator=ESTIMATOR, bins=bins), answers))["calibration.ece"].value
        for bins in (1, 10)
    }
    assert by_bins == {1: pytest.approx(0.0), 10: pytest.approx(0.8)}


def test_without_a_confidence_the_error_is_undefined() -> None:
    found = headlines(metrics(SCORER, [("a", FAILED), ("a", Output(label="a"))]))["calibration.ece"]
    assert (found.value, found.n_scored, found.n_unscored, found.n_not_applicable) == (None, 0, 1, 1)
    assert found.reason
