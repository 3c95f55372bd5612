"""What the actions cost under the taxonomy's matrix, the dangerous errors apart.

A miss: the right label is high-risk and the ticket was routed elsewhere (a review is no miss: a human sees it).
A false raise: the ticket was routed to a high-risk label and the right one is not high-risk. Each is counted and
priced; where experts accept several labels the answer is held against the one it gave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.core.taxonomy import Taxonomy
from harness.core.types import Metric, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow
from harness.scorers.metrics import Table, having
from harness.stats import Estimate, Estimator


class CostScorer:
    """Prices the action taken on each ticket."""

    name = "cost"
    version = "2"

    def __init__(self, *, taxonomy: Taxonomy, estimator: Estimator) -> None:
        self._taxonomy, self._estimator = taxonomy, estimator
        review = taxonomy.costs.review
        self.best: Mapping[str, float | None] = {"cost.per_ticket": 0.0, "cost.review_rate": 0.0}
        self.noop: Mapping[str, float | None] = {"cost.per_ticket": review, "cost.review_rate": 1.0}

    def score(self, sample: Sample, output: Output) -> Outcome:
        """`cost` of the action, and whether it was a review, a miss or a false raise of a high-risk label."""
        if output.label is None and output.failure is None and output.action == "route":
            return NotApplicable("the solver gives no label")
        action = "review" if output.failure is not None else output.action
        gold = sample.target.gold_for(output.label)
        routed = action == "route" and output.label is not None
        if routed and output.label not in self._taxonomy.by_id:
            action, routed = "review", False  # no queue has that name: it lands with a human
        high = self._taxonomy.high_risk
        return Scored(
            {
                "cost": self._taxonomy.costs.of(gold, action=action, label=output.label),
                "action": action,
                "reviewed": action == "review",
                "expected": gold,
                "given": output.label,
                "high_risk": gold in high,
                "high_risk_miss": routed and gold in high and output.label != gold,
                "high_risk_false": routed and output.label in high and gold not in high,
            }
        )

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """Cost per ticket, the high-risk errors in count and money, the share reviewed, and cost by label."""
        table = Table.of(rows)
        currency = self._taxonomy.currency
        costs = table.column("cost")
        per_ticket = self._estimator.mean(costs, table.clusters, name="cost.per_ticket")
        reviewed = table.column("reviewed")
        review_rate = self._estimator.proportion(reviewed, table.clusters)
        review = self._taxonomy.costs.review
        found = [
            table.metric(
                "cost.per_ticket",
                per_ticket,
                unit=currency,
                detail=f"always review {review:.2f} {currency}",
                lower_is_better=True,
                fact=(self.name, "cost"),
            ),
            *self._errors(table, "high_risk_missed", "high_risk_miss", of=table.column("high_risk")),
            *self._errors(table, "high_risk_false", "high_risk_false", of=None),
            table.metric(
                "cost.review_rate",
                review_rate,
                detail=f"{int(sum(reviewed))} of {len(reviewed)}",
                lower_is_better=True,
                fact=(self.name, "reviewed"),
            ),
        ]
        for label in self._taxonomy.ids:
            part = table.where(having("expected", label))
            estimate = self._estimator.mean(part.column("cost"), part.clusters, name=f"cost.per_label[{label}]")
            found.append(
                part.metric(
                    "cost.per_label", estimate, unit=currency, lower_is_better=True, label=label, headline=False
                )
            )
        return found

    def _errors(self, table: Table, name: str, key: str, *, of: list[float] | None) -> list[Metric]:
        """Count and money of one kind of error; both intervals are of a mean, times the number it is a mean over."""
        hit = table.column(key)
        if of is None:  # a false raise can happen on any ticket that isn't high-risk
            of = [1 - high for high in table.column("high_risk")]
        possible = [(h, cluster) for h, o, cluster in zip(hit, of, table.clusters, strict=True) if o]
        share = self._estimator.proportion([h for h, _ in possible], [c for _, c in possible])
        money = [cost * h for cost, h in zip(table.column("cost"), hit, strict=True)]
        mean = self._estimator.mean(money, table.clusters, name=f"cost.{name}_cost")
        if mean.value == 0:
            mean = replace(mean, low=None, high=None, method="none", reason="none was seen, so none has a price")
        return [
            table.metric(
                f"cost.{name}",
                _times(share, len(possible)),
                unit="count",
                detail=f"{int(sum(hit))} of {len(possible)}",
                lower_is_better=True,
            ),
            table.metric(
                f"cost.{name}_cost",
                _times(mean, len(money)),
                unit=self._taxonomy.currency,
                detail="in all",
                lower_is_better=True,
            ),
        ]


def _times(estimate: Estimate, n: int) -> Estimate:
    """An estimate of a mean as one of the total over `n`."""
    if estimate.value is None:
        return estimate
    low, high = (None if bound is None else bound * n for bound in (estimate.low, estimate.high))
    return replace(estimate, value=estimate.value * n, low=low, high=high)
