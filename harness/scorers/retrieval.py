"""Did the evidence that decides a ticket stand in the model's context: recall of gold clauses and incidents."""

from collections.abc import Mapping, Sequence

from harness.core.types import Metric, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow
from harness.scorers.metrics import Table, positive
from harness.stats import Estimator

_KINDS = ("clause", "incident")


class RetrievalScorer:
    """Compares the context with the target's evidence."""

    name = "retrieval"
    version = "2"
    best: Mapping[str, float | None] = {"retrieval.clause_recall": 1.0, "retrieval.incident_recall": 1.0}
    noop: Mapping[str, float | None] = {"retrieval.clause_recall": None, "retrieval.incident_recall": None}

    def __init__(self, *, estimator: Estimator) -> None:
        self._estimator = estimator

    def score(self, sample: Sample, output: Output) -> Outcome:
        """Found and wanted, of clauses and of incidents, and recall, their quotient: None where none is wanted."""
        if output.trace.evidence is None:
            return NotApplicable("the solver doesn't say what it looked at")
        if not sample.target.clauses and not sample.target.incidents:
            return NotApplicable("the target names no evidence")
        seen = {item.id for item in output.trace.evidence}
        value: dict[str, float | None] = {}
        for kind, gold in zip(_KINDS, (sample.target.clauses, sample.target.incidents), strict=True):
            hits, wanted = len(seen & set(gold)), len(set(gold))
            value |= {
                f"{kind}_found": hits,
                f"{kind}_wanted": wanted,
                f"{kind}_recall": hits / wanted if wanted else None,
            }
        return Scored(value)

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """Mean recall over the samples that want at least one, for each kind."""
        table = Table.of(rows)
        found: list[Metric] = []
        for kind in _KINDS:
            wanting = table.where(positive(f"{kind}_wanted"))
            recall = wanting.column(f"{kind}_recall")
            estimate = self._estimator.share(recall, [1.0] * len(recall), wanting.clusters)
            found.append(wanting.metric(f"retrieval.{kind}_recall", estimate, fact=(self.name, f"{kind}_recall")))
        return found
