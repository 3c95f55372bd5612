"""How well passages are ranked against graded relevance, and whether what is ranked held on the day that was asked for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from harness.core.moments import moment_of
from harness.core.types import Json, Metric, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow, Unscored
from harness.corpus import Corpus
from harness.scorers.metrics import Table, numeric
from harness.stats import Estimator
from harness.stats.ranking import ndcg_at_k, recall_at_k, reciprocal_rank

_FIGURES = ("ndcg_at_10", "recall_at_5", "mrr")
_AS_OF = "ranking.as_of_error"


class RankingScorer:
    """Holds a ranked list of ids, or ids with scores to rank them by (`value`), against the target's `{id: grade}`.

    Where the input has a day or a time as `as_of`, each id is also held against the dates of `corpus`, whatever the
    retriever says of them: a clause has to be in force on that day (UTC), an incident closed before that time (midnight UTC
    of a day). An id that the corpus doesn't have doesn't hold either.
    """

    name = "ranking"
    version = "2"
    best: Mapping[str, float | None] = {
        "ranking.ndcg_at_10": 1.0,
        "ranking.recall_at_5": None,
        "ranking.mrr": 1.0,
        _AS_OF: None,
    }
    noop: Mapping[str, float | None] = dict.fromkeys((*(f"ranking.{figure}" for figure in _FIGURES), _AS_OF), None)

    def __init__(self, *, estimator: Estimator, corpus: Corpus | None = None) -> None:
        self._estimator, self._corpus = estimator, corpus or Corpus()

    def score(self, sample: Sample, output: Output) -> Outcome:
        """The three figures of one query; results and how many of them didn't hold, where there is a date."""
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
        at = _moment(sample.input)
        dated = at is not None and bool(self._corpus.policies or self._corpus.incidents)
        wrong = sum(not _held(self._corpus, id, at) for id in ranked) if dated and at is not None else None
        return Scored({**figures, "results": len(ranked) if dated else None, "not_in_force": wrong})

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """Means over the queries, and the share of all dated results that didn't hold."""
        table = Table.of(rows)
        found: list[Metric] = []
        for figure in _FIGURES:
            values = table.column(figure)
            estimate = self._estimator.share(values, [1.0] * len(values), table.clusters)
            found.append(table.metric(f"ranking.{figure}", estimate, fact=(self.name, figure)))
        dated = table.where(numeric("not_in_force"))
        error = self._estimator.share(dated.column("not_in_force"), dated.column("results"), dated.clusters)
        total = f"{sum(dated.column('not_in_force')):,.0f} of {sum(dated.column('results')):,.0f} results"
        found.append(dated.metric(_AS_OF, error, detail=total if dated.scored else "", lower_is_better=True))
        return found


def _moment(asked: Json) -> datetime | None:
    """When a query is asked for; None where it says no day, or none that can be read."""
    text = asked.get("as_of") if isinstance(asked, Mapping) else None
    try:
        return moment_of(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _held(corpus: Corpus, id: str, at: datetime) -> bool:
    """Whether a passage was there to be found at a time, by the dates in its own file."""
    clause, incident = corpus.clause(id), corpus.incident(id)
    if clause is not None:
        return clause[0].in_force(at.astimezone(UTC).date())
    return incident is not None and (incident.closed_at is None or incident.closed_at < at)


def _ranked(value: Json) -> list[str] | None:
    """The ids of an answer, best first; None where it is neither a list nor a mapping to scores."""
    if isinstance(value, list):
        return [str(id) for id in value]
    if isinstance(value, Mapping) and all(isinstance(score, int | float) for score in value.values()):
        return [str(id) for id in sorted(value, key=value.__getitem__, reverse=True)]
    return None
