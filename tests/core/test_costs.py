from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.core.taxonomy import Taxonomy, load_taxonomy
from tests.places import TAXONOMY

FIGURE = st.integers(0, 10_000).map(lambda cents: cents / 100)
SHARE = st.integers(0, 100).map(lambda percent: percent / 100)


@st.composite
def taxonomies(draw: st.DrawFn) -> dict[str, Any]:
    """A taxonomy of two to four labels, as it stands in a file."""
    figures = {key: draw(FIGURE) for key in ("transfer", "review", "sla_hour", "max_late_hours")}
    labels = [
        {
            "id": name,
            "title": name,
            "definition": name,
            "queue": name,
            "sla_hours": draw(FIGURE) + 0.25,
            "high_risk": draw(st.booleans()),
            "miss_harm": {"probability": draw(SHARE), "cost": draw(FIGURE)},
            "false_raise": {"cost": draw(FIGURE)},
        }
        for name in "abcd"[: draw(st.integers(2, 4))]
    ]
    return {"name": "t", "assumptions": {**figures, "same_tier_harm": draw(SHARE)}, "labels": labels}


def costs(value: dict[str, Any]) -> dict[tuple[str | None, str], float]:
    return dict(Taxonomy.model_validate(value).costs.route)


def test_cells_of_the_shipped_taxonomy_are_what_a_hand_computes() -> None:
    matrix = load_taxonomy(TAXONOMY).costs
    assert matrix.review == 6
    # transfer 12, 4 an hour late, 0.22 x 3500 missed
    assert matrix.route["account_takeover", "off_platform_payment"] == pytest.approx(12 + 4 * 6 + 770)
    # both high-risk: an hour late, a quarter of the harm, no false raise
    assert matrix.route["account_takeover", "payment_fraud"] == pytest.approx(12 + 4 * 1 + 0.25 * 770)
    # the wrong queue is faster, so nothing is late
    assert matrix.route["payment_fraud", "account_takeover"] == pytest.approx(12 + 0.25 * 0.38 * 2000)
    assert matrix.route["off_platform_payment", "account_takeover"] == pytest.approx(12 + 0.06 * 600 + 13)
    assert matrix.route[None, "fake_listing"] == pytest.approx(12 + 6 + 12)
    assert matrix.route[None, "off_platform_payment"] == pytest.approx(12 + 6)


def test_every_cell_of_the_shipped_taxonomy_follows_the_stated_formula() -> None:
    shipped = load_taxonomy(TAXONOMY)
    assumed = shipped.assumptions
    assert len(shipped.costs.route) == 12 * 12 + 12
    for gold, given_ in product(shipped.labels, repeat=2):
        late = min(assumed.max_late_hours, max(0, given_.sla_hours - gold.sla_hours))
        harm = gold.miss_harm.probability * gold.miss_harm.cost
        tier = assumed.same_tier_harm if gold.high_risk and given_.high_risk else 1
        raised = given_.false_raise.cost if given_.high_risk > gold.high_risk else 0
        expected = assumed.transfer + assumed.sla_hour * late + tier * harm + raised if gold is not given_ else 0
        assert shipped.costs.route[gold.id, given_.id] == pytest.approx(expected)


@given(taxonomies())
def test_the_right_queue_is_free_and_no_other_is_cheaper_than_a_transfer(value: dict[str, Any]) -> None:
    for (gold, label), cost in costs(value).items():
        assert cost == 0 if gold == label else cost >= value["assumptions"]["transfer"]


@given(
    taxonomies(),
    st.sampled_from(["transfer", "sla_hour", "max_late_hours", "same_tier_harm", "review"]),
    st.floats(0.01, 9),
)
def test_a_higher_assumption_makes_no_cell_cheaper(value: dict[str, Any], key: str, more: float) -> None:
    assume(key != "same_tier_harm" or value["assumptions"][key] + more <= 1)
    before, after = (
        costs(value),
        costs({**value, "assumptions": {**value["assumptions"], key: value["assumptions"][key] + more}}),
    )
    assert all(after[cell] >= before[cell] for cell in before)
    changed = {gold for (gold, label) in before if after[gold, label] != before[gold, label]}
    if key == "transfer":
        assert changed == {None, *(label["id"] for label in value["labels"])}
    if key == "review":
        assert changed == {None}


@given(taxonomies(), st.floats(0.01, 1000))
def test_a_greater_harm_makes_only_its_own_misses_dearer(value: dict[str, Any], more: float) -> None:
    first, *rest = value["labels"]
    harm = first["miss_harm"]
    after = costs({**value, "labels": [{**first, "miss_harm": {**harm, "cost": harm["cost"] + more}}, *rest]})
    for (gold, label), cost in costs(value).items():
        assert after[gold, label] >= cost
        assert gold == "a" or after[gold, label] == cost


@given(taxonomies())
def test_lateness_is_bounded(value: dict[str, Any]) -> None:
    at_once = costs({**value, "assumptions": {**value["assumptions"], "max_late_hours": 0}})
    bound = value["assumptions"]["sla_hour"] * value["assumptions"]["max_late_hours"]
    for cell, cost in costs(value).items():
        assert at_once[cell] - 1e-9 <= cost <= at_once[cell] + bound + 1e-9


def test_an_action_costs_its_cell_and_a_review_always_the_same() -> None:
    matrix = load_taxonomy(TAXONOMY).costs
    assert matrix.of("fake_listing", action="route", label="fake_listing") == 0
    assert matrix.of(None, action="route", label="fake_listing") == matrix.route[None, "fake_listing"]
    for gold in (None, *matrix.labels):
        assert matrix.of(gold, action="review", label="fake_listing") == 6
        assert matrix.of(gold, action="route", label=None) == 6


def test_expected_cost_weighs_cells_by_probability() -> None:
    matrix = load_taxonomy(TAXONOMY).costs
    cell = matrix.route["payment_fraud", "fake_listing"]
    assert matrix.expected({"payment_fraud": 0.25, "fake_listing": 0.75}, "fake_listing") == pytest.approx(cell / 4)
    assert matrix.expected({}, "fake_listing") == 0
