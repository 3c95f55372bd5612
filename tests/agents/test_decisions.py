"""Route or review."""

import pytest

from harness.agents.decide import decide
from harness.claims import ClaimVerdict
from harness.core.taxonomy import Taxonomy
from harness.core.types import Claim
from tests.world import TAXONOMY

taxonomy = Taxonomy.model_validate(TAXONOMY)
SUPPORTED = ClaimVerdict(Claim("a"), "supported", "")
MADE_UP = ClaimVerdict(Claim("b"), "fabricated_citation", "")


def test_the_cheaper_action_in_expectation_is_taken() -> None:
    # a fee routed to the dock crew costs the transfer alone: 10
    low = decide("berth_fee", {"berth_fee": 0.95, "mooring_fault": 0.05}, [SUPPORTED], taxonomy=taxonomy)
    cost = taxonomy.costs.route["mooring_fault", "berth_fee"]
    assert low.action == ("route" if 0.05 * cost <= 4 else "review")
    assert f"expected {0.05 * cost:.2f} EUR routed, 4.00 EUR reviewed" == low.why
    sure = decide("berth_fee", {"berth_fee": 1.0}, [SUPPORTED], taxonomy=taxonomy)
    assert (sure.action, sure.why) == ("route", "expected 0.00 EUR routed, 4.00 EUR reviewed")


def test_a_small_chance_of_something_dangerous_is_enough_for_a_review() -> None:
    decided = decide("berth_fee", {"berth_fee": 0.94, "oil_spill": 0.06}, [SUPPORTED], taxonomy=taxonomy)
    assert decided.action == "review"


def test_an_answer_without_any_grounded_claim_goes_to_a_human_however_sure() -> None:
    decided = decide("berth_fee", {"berth_fee": 1.0}, [MADE_UP, MADE_UP], taxonomy=taxonomy)
    assert (decided.action, decided.why) == ("review", "none of 2 claims is grounded")
    assert decide("berth_fee", {"berth_fee": 1.0}, [MADE_UP, SUPPORTED], taxonomy=taxonomy).action == "route"


@pytest.mark.parametrize(("label", "action"), [("oil_spill", "review"), ("berth_fee", "route")])
def test_without_probabilities_only_a_harmless_label_is_routed(label: str, action: str) -> None:
    assert decide(label, None, [SUPPORTED], taxonomy=taxonomy).action == action
