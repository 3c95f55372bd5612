"""How well passages are ranked against graded relevance: nDCG@10, recall@5 and reciprocal rank."""

from collections.abc import Mapping, Sequence

from harness.core.types import Json, Metric, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow, Unscored
from harness.scorers.metrics import Table
from harness.stats import Estimator
from harness.stats.ranking import ndcg_at_k, recall_at_k, reciprocal_rank

_FIGURES = ("ndcg_at_10", "recall_at_5", "mrr")


class RankingScorer:
    """Holds a ranked list of ids, or ids with scores to rank them by (`value`), against the target's `{id: grade}`."""

    name = "ranking"
    version = "1"
    best: Mapping[str, float | None] = {"ranking.ndcg_at_10": 1.0, "ranking.recall_at_5": None, "ranking.mrr": 1.0}
    noop: Mapping[str, float | None] = dict.fromkeys((f"ranking.{figure}" for figure in _FIGURES), None)

    def __init__(self, *, estimator: Estimator) -> None:
        self._estimator = estimator

    def score(self, sample: Sample, output: Output) -> Outcome:
        """The three figures of one query."""
        grades = sample.target.value
        if not isinstance(grades, Mapping):
            return NotApplicable("the target has no grades")
        ranked = _ranked(output.value)
        if ranked is None:
            return Unscored("the answer is no list of ids")
        if len(set(ranked)) < len(ranked):
            return Unscored("an id is ranked twice")
        figures = {
            "ndcg_at_10": ndcg_at_k(ranked, grades, k=10),
            "recall_at_5": recall_at_k(ranked, grades, k=5),
            "mrr": reciprocal_rank(ranked, grades),
        }
        if any(figure is None for figure in figures.values()):
            return NotApplicable("nothing is relevant to the query")
        return Scored(figures)

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """Means over the queries."""
        table = Table.of(rows)
        found: list[Metric] = []
        for figure in _FIGURES:
            estimate = self._estimator.mean(table.column(figure), table.clusters, name=f"ranking.{figure}")
            found.append(table.metric(f"ranking.{figure}", estimate, fact=(self.name, figure)))
        return found


def _ranked(value: Json) -> list[str] | None:
    """The ids of an answer, best first; None where it is neither a list nor a mapping to scores."""
    if isinstance(value, list):
        return [str(id) for id in value]
    if isinstance(value, Mapping) and all(isinstance(score, int | float) for score in value.values()):
        return [str(id) for id in sorted(value, key=value.__getitem__, reverse=True)]
    return None
