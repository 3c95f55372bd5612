"""Cost: every cell by hand. Harbour: transfer 10, review 4, an hour late 2 (5 at most), a missed spill 60, a false 30."""

import pytest

from harness.core.types import NotApplicable, Output, Target
from harness.scorers.cost import CostScorer
from tests.scorers.judged import ESTIMATOR, FAILED, HARBOUR, headlines, metrics, of_label, sample, value, verdict

SCORER = CostScorer(taxonomy=HARBOUR, estimator=ESTIMATOR)


@pytest.mark.parametrize(
    ("gold", "given", "cost"),
    [
        ("oil_spill", "oil_spill", 0),
        ("oil_spill", "berth_fee", 10 + 2 * 5 + 60),
        ("mooring_fault", "berth_fee", 10 + 2 * 5),
        ("berth_fee", "mooring_fault", 10),
        ("berth_fee", "oil_spill", 10 + 30),
        (None, "berth_fee", 10 + 4),
        (None, "oil_spill", 10 + 4 + 30),
    ],
)
def test_a_routed_ticket_costs_its_cell_of_the_matrix(gold: str | None, given: str, cost: float) -> None:
    assert value(SCORER, sample(gold), Output(label=given))["cost"] == cost


@pytest.mark.parametrize("gold", ["oil_spill", "berth_fee", None])
def test_a_review_costs_a_review_whatever_is_right(gold: str | None) -> None:
    found = value(SCORER, sample(gold), Output(label="berth_fee", action="review"))
    assert (found["cost"], found["action"], found["high_risk_miss"]) == (4, "review", False)


def test_a_failure_is_a_review_even_where_the_solver_claims_to_route() -> None:
    from dataclasses import replace

    for output in (FAILED, replace(FAILED, action="route", label="berth_fee")):
        found = value(SCORER, sample("oil_spill"), output)
        assert (found["cost"], found["action"]) == (4, "review")
        assert not found["high_risk_miss"] and not found["high_risk_false"]


def test_a_label_without_a_queue_lands_with_a_human() -> None:
    found = value(SCORER, sample("oil_spill"), Output(label="tsunami"))
    assert (found["cost"], found["action"], found["high_risk_miss"]) == (4, "review", False)


def test_a_review_without_a_label_is_priced_and_a_route_without_one_is_outside() -> None:
    assert value(SCORER, sample("oil_spill"), Output(action="review"))["cost"] == 4
    assert isinstance(verdict(SCORER, sample("oil_spill"), Output(value=1)), NotApplicable)


def test_an_acceptable_label_costs_nothing_and_is_no_dangerous_error() -> None:
    either = sample("oil_spill", acceptable=("mooring_fault",))
    found = value(SCORER, either, Output(label="mooring_fault"))
    assert (found["cost"], found["expected"], found["high_risk_miss"]) == (0, "mooring_fault", False)
    raised = value(SCORER, sample("mooring_fault", acceptable=("oil_spill",)), Output(label="oil_spill"))
    assert (raised["cost"], raised["high_risk_false"]) == (0, False)


def test_dangerous_errors_are_counted_and_priced_apart() -> None:
    found = metrics(
        SCORER,
        [
            ("oil_spill", Output(label="oil_spill")),
            ("oil_spill", Output(label="berth_fee")),  # a miss: 80
            ("oil_spill", Output(label="berth_fee", action="review")),  # seen by a human: 4
            ("berth_fee", Output(label="oil_spill")),  # a false raise: 40
            ("berth_fee", Output(label="mooring_fault")),  # wrong, not dangerous: 10
            (None, Output(label="oil_spill")),  # a false raise: 44
        ],
    )
    head = headlines(found)
    for name, figure, detail in (
        ("cost.high_risk_missed", 1, "1 of 3"),
        ("cost.high_risk_missed_cost", 80, "in all"),
        ("cost.high_risk_false", 2, "2 of 3"),
        ("cost.high_risk_false_cost", 40 + 44, "in all"),
        ("cost.per_ticket", (80 + 4 + 40 + 10 + 44) / 6, "always review 4.00 EUR"),
        ("cost.review_rate", 1 / 6, "1 of 6"),
    ):
        assert head[name].value == pytest.approx(figure) and head[name].detail == detail, name
    assert head["cost.per_ticket"].values == [0, 80, 4, 40, 10, 44] and head["cost.per_ticket"].unit == "EUR"
    assert of_label(found, "cost.per_label", "oil_spill").value == pytest.approx(28)
    assert of_label(found, "cost.per_label", "berth_fee").value == pytest.approx(25)


def test_intervals_of_counts_are_on_the_scale_of_counts() -> None:
    answers = [("oil_spill", Output(label="berth_fee" if n < 5 else "oil_spill")) for n in range(20)]
    missed = headlines(metrics(SCORER, answers))["cost.high_risk_missed"]
    assert missed.low is not None and missed.high is not None
    assert 1 < missed.low < 5 < missed.high < 12


def test_no_dangerous_error_is_a_zero_with_a_doubt_and_a_price_without_one() -> None:
    head = headlines(metrics(SCORER, [("oil_spill", Output(label="oil_spill"))] * 4))
    missed, price = head["cost.high_risk_missed"], head["cost.high_risk_missed_cost"]
    assert missed.value == 0 and missed.high is not None and missed.high > 0
    assert (price.value, price.low, price.high) == (0, None, None) and price.reason


def test_what_could_not_happen_is_undefined() -> None:
    found = metrics(SCORER, [("berth_fee", Output(label="berth_fee"))] * 2)
    assert headlines(found)["cost.high_risk_missed"].value is None
    assert of_label(found, "cost.per_label", "oil_spill").value is None
    empty = headlines(metrics(SCORER, []))
    assert {metric.value for metric in empty.values()} == {None}


def test_it_declares_what_a_noop_costs() -> None:
    head = headlines(metrics(SCORER, [(Target(label), FAILED) for label in HARBOUR.ids]))
    assert {name: head[name].value for name in SCORER.noop} == dict(SCORER.noop)
