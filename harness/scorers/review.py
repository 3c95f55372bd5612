"""Does a human see what no label fits: out-of-scope samples against the others, by confidence and by action.

A sample is out of scope where its target is no label at all. The answer's confidence is its largest probability.
"""

from collections.abc import Mapping, Sequence

from harness.core.types import Metric, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow
from harness.scorers.metrics import Table, having, numeric
from harness.stats import Estimator


class ReviewScorer:
    """Keeps the confidence of each answer and whether it went to review."""

    name = "review"
    version = "1"
    best: Mapping[str, float | None] = {
        "review.oos_auroc": None,  # a gold answer to a sample that is out of scope has no confidence
        "review.oos_rate": 1.0,
        "review.in_scope_rate": 0.0,
    }
    noop: Mapping[str, float | None] = {"review.oos_auroc": None, "review.oos_rate": 1.0, "review.in_scope_rate": 1.0}

    def __init__(self, *, estimator: Estimator) -> None:
        self._estimator = estimator

    def score(self, sample: Sample, output: Output) -> Outcome:
        """`out_of_scope`, `reviewed`, and `confidence` (None where the answer has no probabilities or failed)."""
        if sample.target.value is not None:
            return NotApplicable("the target is a value, not a label")
        given = None if output.failure is not None else output.probabilities
        confidence = max(given.values()) if given else None
        reviewed = output.failure is not None or output.action == "review"
        return Scored(
            {"out_of_scope": sample.target.label is None, "reviewed": reviewed, "confidence": confidence},
        )

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """AUROC of confidence for in scope against out of scope, and the share of each that was reviewed."""
        table = Table.of(rows)
        sure = table.where(numeric("confidence"))
        inside = [not scored.value["out_of_scope"] for _, scored in sure.scored]
        area = self._estimator.auroc(sure.column("confidence"), inside, sure.clusters)
        detail = f"{sum(inside)} in scope, {len(inside) - sum(inside)} out"
        return [
            sure.metric("review.oos_auroc", area, detail=detail),
            self._rate(table.where(having("out_of_scope", True)), "review.oos_rate", lower_is_better=False),
            self._rate(table.where(having("out_of_scope", False)), "review.in_scope_rate", lower_is_better=True),
        ]

    def _rate(self, table: Table, name: str, *, lower_is_better: bool) -> Metric:
        reviewed = table.column("reviewed")
        estimate = self._estimator.proportion(reviewed, table.clusters)
        detail = f"{int(sum(reviewed))} of {len(reviewed)}"
        return table.metric(name, estimate, detail=detail, lower_is_better=lower_is_better)
