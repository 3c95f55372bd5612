"""The cost matrix, derived from a taxonomy's assumptions.

Routing a ticket of label g to the queue of label a costs nothing where a = g, and else

    transfer + sla_hour x hours late + expected harm of missing g + cost of raising a falsely

hours late = min(max_late_hours, what the wrong queue takes to open it (its SLA) beyond g's own SLA), never below 0;
expected harm = probability x cost of g's `miss_harm`, times `same_tier_harm` where both g and a are high-risk;
a false raise counts where a is high-risk and g is not. A review costs `review`, whatever g is. A ticket that
belongs to no label costs transfer + review (+ the false raise) when routed, since a human must then sort it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.core.taxonomy import Label, Taxonomy


@dataclass(frozen=True, slots=True)
class CostMatrix:
    """Cost of routing, by true label (None: out of scope) and label routed to, and of a review; one currency."""

    route: Mapping[tuple[str | None, str], float]
    review: float
    labels: tuple[str, ...]

    def of(self, gold: str | None, *, action: str, label: str | None) -> float:
        """What `action` on a ticket whose right label is `gold` costs; `label` is the one it is routed to."""
        if action == "review" or label is None:
            return self.review
        return self.route[gold, label]

    def expected(self, probabilities: Mapping[str, float], label: str) -> float:
        """Expected cost of routing to `label` when the truth is distributed as `probabilities`."""
        return sum(p * self.route[gold, label] for gold, p in probabilities.items())


def derive_costs(taxonomy: "Taxonomy") -> CostMatrix:
    """The matrix of a taxonomy; see the module for the formula."""
    cells: dict[tuple[str | None, str], float] = {}
    for given in taxonomy.labels:
        for gold in taxonomy.labels:
            cells[gold.id, given.id] = misroute_cost(taxonomy, gold, given)
        raised = given.false_raise.cost if given.high_risk else 0.0
        cells[None, given.id] = taxonomy.assumptions.transfer + taxonomy.assumptions.review + raised
    return CostMatrix(route=cells, review=taxonomy.assumptions.review, labels=taxonomy.ids)


@dataclass(frozen=True, slots=True)
class Parts:
    """What one cell is the sum of; `late_hours` and `same_tier` say how `delay` and `harm` came about."""

    transfer: float = 0.0
    late_hours: float = 0.0
    delay: float = 0.0
    harm: float = 0.0
    same_tier: bool = False
    raised: float = 0.0

    @property
    def total(self) -> float:
        """The cell."""
        return self.transfer + self.delay + self.harm + self.raised


def misroute_cost(taxonomy: "Taxonomy", gold: "Label", given: "Label") -> float:
    """One cell of the matrix."""
    return cost_parts(taxonomy, gold, given).total


def cost_parts(taxonomy: "Taxonomy", gold: "Label", given: "Label") -> Parts:
    """How one cell of the matrix comes about; nothing where the label is right."""
    if gold.id == given.id:
        return Parts()
    figures = taxonomy.assumptions
    late = min(figures.max_late_hours, max(0.0, given.sla_hours - gold.sla_hours))
    same_tier = gold.high_risk and given.high_risk
    harm = gold.miss_harm.probability * gold.miss_harm.cost * (figures.same_tier_harm if same_tier else 1.0)
    return Parts(
        transfer=figures.transfer,
        late_hours=late,
        delay=figures.sla_hour * late,
        harm=harm,
        same_tier=same_tier,
        raised=given.false_raise.cost if given.high_risk and not gold.high_risk else 0.0,
    )


def miss_to_false_raise(taxonomy: "Taxonomy", label: "Label") -> float | None:
    """How many times more it costs to miss a high-risk label than to raise it falsely, on average over the others.

    None where there is no label that isn't high-risk to confuse it with, or a false raise costs nothing.
    """
    others = [other for other in taxonomy.labels if not other.high_risk]
    missed = [misroute_cost(taxonomy, label, other) for other in others]
    raised = [misroute_cost(taxonomy, other, label) for other in others]
    return sum(missed) / sum(raised) if others and sum(raised) > 0 else None
