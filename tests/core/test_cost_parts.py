"""What a cell of the cost matrix is the sum of, and why each assumption is what it is."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from harness.core.costs import Parts, cost_parts, miss_to_false_raise
from harness.core.errors import UsageError
from harness.core.taxonomy import Assumptions, Taxonomy, load_taxonomy
from tests.core.test_costs import taxonomies
from tests.places import TAXONOMY as SHIPPED
from tests.world import TAXONOMY

HARBOUR = Taxonomy.model_validate(TAXONOMY)
PUMP: dict[str, Any] = {
    **TAXONOMY["labels"][0],
    "id": "pump_fire",
    "sla_hours": 3,
    "miss_harm": {"probability": 0.5, "cost": 100},
    "false_raise": {"cost": 7},
}


def harbour(*labels: dict[str, Any], **assumptions: Any) -> Taxonomy:
    """The tiny world's taxonomy with other labels, or other assumptions."""
    figures = {**TAXONOMY["assumptions"], **assumptions}
    return Taxonomy.model_validate({**TAXONOMY, "labels": labels or TAXONOMY["labels"], "assumptions": figures})


def parts(taxonomy: Taxonomy, gold: str, given_: str) -> Parts:
    return cost_parts(taxonomy, taxonomy.by_id[gold], taxonomy.by_id[given_])


@pytest.mark.parametrize(
    ("gold", "given_", "expected"),
    [
        ("oil_spill", "oil_spill", Parts()),
        ("oil_spill", "mooring_fault", Parts(transfer=10, late_hours=5, delay=10, harm=60)),
        ("mooring_fault", "oil_spill", Parts(transfer=10, raised=30)),
        ("mooring_fault", "berth_fee", Parts(transfer=10, late_hours=5, delay=10)),
        ("berth_fee", "mooring_fault", Parts(transfer=10)),
    ],
)
def test_a_cell_is_taken_apart_as_a_hand_would(gold: str, given_: str, expected: Parts) -> None:
    assert parts(HARBOUR, gold, given_) == expected


def test_between_two_high_risk_queues_a_share_of_the_harm_is_left_and_nothing_is_raised_falsely() -> None:
    both = harbour(*TAXONOMY["labels"], PUMP)
    assert parts(both, "oil_spill", "pump_fire") == Parts(10, late_hours=2, delay=4, harm=30, same_tier=True)
    assert parts(both, "pump_fire", "oil_spill") == Parts(10, harm=25, same_tier=True)


@given(taxonomies())
def test_the_parts_sum_to_the_cell_and_none_is_negative(value: dict[str, Any]) -> None:
    taxonomy = Taxonomy.model_validate(value)
    for (gold, label), cost in taxonomy.costs.route.items():
        if gold is not None:
            found = parts(taxonomy, gold, label)
            assert found.transfer + found.delay + found.harm + found.raised == found.total == cost
            assert min(found.transfer, found.late_hours, found.delay, found.harm, found.raised) >= 0
            assert not (found.same_tier and found.raised)


def test_a_miss_is_held_against_a_false_raise_over_the_labels_that_are_not_high_risk() -> None:
    # 80 and 80 to miss, 40 and 40 to raise falsely
    assert miss_to_false_raise(HARBOUR, HARBOUR.by_id["oil_spill"]) == pytest.approx(2)
    with_pump = harbour(*TAXONOMY["labels"], PUMP)
    assert miss_to_false_raise(with_pump, with_pump.by_id["oil_spill"]) == pytest.approx(2)
    # 70 (5 h late, 50 harm) and 70 against 17 and 17
    assert miss_to_false_raise(with_pump, with_pump.by_id["pump_fire"]) == pytest.approx(70 / 17)


def test_the_ratio_is_unknown_where_all_is_high_risk_or_a_false_raise_is_free() -> None:
    oil, mooring, fee = TAXONOMY["labels"]
    dangerous = harbour(oil, PUMP)
    assert miss_to_false_raise(dangerous, dangerous.by_id["oil_spill"]) is None
    free = harbour({**oil, "false_raise": {"cost": 0}}, mooring, fee, transfer=0)
    assert miss_to_false_raise(free, free.by_id["oil_spill"]) is None


def test_figures_may_each_have_a_reason_and_need_none() -> None:
    given_ = {"transfer": "a quarter of an hour", "same_tier_harm": "half is left"}
    assert harbour(reasons=given_).assumptions.reasons == given_
    assert HARBOUR.assumptions.reasons == {}
    oil, mooring, _ = TAXONOMY["labels"]
    harm = {"miss_harm": {"cost": 1, "reason": "fish die"}, "false_raise": {"reason": "a boom for nothing"}}
    told = harbour({**oil, **harm}, mooring).by_id["oil_spill"]
    assert (told.miss_harm.reason, told.false_raise.reason) == ("fish die", "a boom for nothing")


def test_a_reason_changes_no_cost() -> None:
    assert harbour(reasons={"review": "because"}).costs == HARBOUR.costs


@pytest.mark.parametrize("name", ["transfers", "reasons", "oil_spill"])
def test_a_reason_for_what_is_no_figure_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "taxonomy.yaml"
    labels = "labels:\n  - {id: a, title: A, definition: a, queue: q}\n  - {id: b, title: B, definition: b, queue: q}\n"
    path.write_text(f"name: x\nassumptions:\n  reasons: {{{name}: why}}\n{labels}")
    with pytest.raises(UsageError, match=f"reasons names '{name}', which is no figure") as caught:
        load_taxonomy(path)
    assert str(caught.value).startswith(f"{path}:")


def test_every_figure_of_the_shipped_taxonomy_has_its_reason() -> None:
    shipped = load_taxonomy(SHIPPED)
    assert set(shipped.assumptions.reasons) == set(Assumptions.model_fields) - {"reasons"}
    for label in shipped.labels:
        assert bool(label.miss_harm.reason) == (label.miss_harm.cost > 0), label.id
        assert bool(label.false_raise.reason) == (label.high_risk and label.false_raise.cost > 0), label.id
