"""Route or review: whichever is cheaper in expectation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.claims import ClaimVerdict
from harness.core.taxonomy import Taxonomy
from harness.core.types import Action


@dataclass(frozen=True, slots=True)
class Decided:
    """The action and why, in one line."""

    action: Action
    why: str


def decide(
    label: str,
    probabilities: Mapping[str, float] | None,
    verdicts: Sequence[ClaimVerdict],
    *,
    taxonomy: Taxonomy,
) -> Decided:
    """Route to `label`'s queue if that is expected to cost no more than a review, and some claim is grounded.

    Expected cost of routing = sum over labels of probability x cost of routing such a ticket there. Without
    probabilities there is nothing to weigh, and a label that is not high-risk is routed.
    """
    chosen, money = taxonomy.by_id[label], taxonomy.currency
    if verdicts and not any(verdict.verdict == "supported" for verdict in verdicts):
        return Decided("review", f"none of {len(verdicts)} claims is grounded")
    if probabilities is None:
        if chosen.high_risk:
            return Decided("review", "a high-risk label without probabilities")
        return Decided("route", "no probabilities to weigh")
    routed, reviewed = taxonomy.costs.expected(probabilities, label), taxonomy.costs.review
    figures = f"expected {routed:.2f} {money} routed, {reviewed:.2f} {money} reviewed"
    return Decided("route" if routed <= reviewed else "review", figures)
