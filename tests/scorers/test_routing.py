"""Routing: verdicts by hand, figures against scikit-learn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from harness.core.types import NotApplicable, Output, Target
from harness.scorers.routing import RoutingScorer
from tests.scorers.judged import ESTIMATOR, FAILED, HARBOUR, headlines, metrics, of_label, sample, value, verdict

SCORER = RoutingScorer(taxonomy=HARBOUR, estimator=ESTIMATOR)
LABELS = list(HARBOUR.ids)


def test_the_targets_label_is_right_and_another_is_wrong() -> None:
    assert value(SCORER, sample("oil_spill"), Output(label="oil_spill"))["correct"] is True
    wrong = value(SCORER, sample("oil_spill"), Output(label="berth_fee"))
    assert wrong == {"correct": False, "expected": "oil_spill", "given": "berth_fee"}


def test_an_acceptable_label_counts_as_right_under_its_own_name() -> None:
    both = sample("mooring_fault", acceptable=("oil_spill",))
    assert value(SCORER, both, Output(label="oil_spill")) == {
        "correct": True, "expected": "oil_spill", "given": "oil_spill",
    }  # fmt: skip
    assert value(SCORER, both, Output(label="berth_fee"))["expected"] == "mooring_fault"


def test_a_model_failure_is_a_wrong_answer() -> None:
    assert value(SCORER, sample("oil_spill"), FAILED) == {"correct": False, "expected": "oil_spill", "given": None}


def test_a_sample_without_a_right_label_is_outside() -> None:
    assert isinstance(verdict(SCORER, sample(None), Output(label="oil_spill")), NotApplicable)
    assert isinstance(verdict(SCORER, sample(None), FAILED), NotApplicable)


def test_a_solver_that_gives_no_labels_is_outside() -> None:
    assert isinstance(verdict(SCORER, sample(), Output(value=3)), NotApplicable)


def test_accuracy_counts_failures_but_not_what_is_outside() -> None:
    found = headlines(
        metrics(
            SCORER,
            [
                ("oil_spill", Output(label="oil_spill")),
                ("oil_spill", FAILED),
                ("berth_fee", Output(label="mooring_fault")),
                (Target("mooring_fault", acceptable=("oil_spill",)), Output(label="oil_spill")),
                (None, Output(label="berth_fee")),
            ],
        )
    )["routing.accuracy"]
    assert (found.value, found.n_scored, found.n_not_applicable) == (0.5, 4, 1)
    assert found.values == [1.0, 0.0, 0.0, 1.0]
    assert list(found.keys) == [("s-000", 0), ("s-001", 0), ("s-002", 0), ("s-003", 0)]
    assert found.low is not None and found.high is not None and found.low < 0.5 < found.high


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=2, max_size=30))
def test_accuracy_macro_f1_and_per_label_figures_agree_with_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    gold, given_ = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = metrics(SCORER, [(right, Output(label=answer)) for right, answer in pairs])
    head = headlines(found)
    assert head["routing.accuracy"].value == pytest.approx(accuracy_score(gold, given_))
    macro = f1_score(gold, given_, average="macro", zero_division=0)
    assert head["routing.macro_f1"].value == pytest.approx(macro)
    for label in LABELS:
        for name, figure in (("recall", recall_score), ("precision", precision_score), ("f1", f1_score)):
            metric = of_label(found, f"routing.{name}", label)
            if metric.value is None:
                seen = {"precision": given_, "recall": gold, "f1": gold + given_}[name]
                assert label not in seen
            else:
                theirs = figure(gold, given_, labels=[label], average="macro", zero_division=0)
                assert metric.value == pytest.approx(theirs)


def test_a_label_that_is_in_no_taxonomy_is_a_miss_and_nobodys_false_positive() -> None:
    found = metrics(SCORER, [("oil_spill", Output(label="tsunami")), ("berth_fee", Output(label="berth_fee"))])
    assert headlines(found)["routing.accuracy"].value == 0.5
    assert of_label(found, "routing.recall", "oil_spill").value == 0.0
    assert of_label(found, "routing.precision", "berth_fee").value == 1.0


def test_what_was_never_given_or_never_occurs_is_undefined_not_zero() -> None:
    found = metrics(SCORER, [("berth_fee", Output(label="berth_fee"))] * 3)
    for name in ("routing.precision", "routing.recall", "routing.f1"):
        metric = of_label(found, name, "oil_spill")
        assert metric.value is None and metric.reason
    nothing = headlines(metrics(SCORER, []))
    assert [nothing[name].value for name in ("routing.accuracy", "routing.macro_f1")] == [None, None]
