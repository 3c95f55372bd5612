"""Does the rationale rest on the policies of the ticket's date: versions not in force, and the clause that decides."""

from collections.abc import Mapping, Sequence

from harness.claims import Resolver, verify
from harness.core.ticket import InputKind
from harness.core.types import Metric, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow
from harness.corpus import Corpus
from harness.evalsets import parse_case
from harness.guard import citable
from harness.scorers.grounding import no_rationale
from harness.scorers.metrics import Table, numeric
from harness.stats import Estimator


class FreshnessScorer:
    """Judges a whole ticket: one claim with the verdict `wrong_version` makes it wrong, one gold clause cited right.

    The date is always the ticket's own, whatever date the agent looked things up at. A rationale that cites no clause
    can't cite a wrong one, so the two belong together.
    """

    name = "freshness"
    version = "1"
    best: Mapping[str, float | None] = {
        "freshness.wrong_version": 0.0,
        "freshness.gold_cited": 1.0,
        "freshness.clause_cited": None,
    }
    noop: Mapping[str, float | None] = {
        "freshness.wrong_version": None,
        "freshness.gold_cited": None,
        "freshness.clause_cited": None,
    }

    def __init__(self, *, corpus: Corpus, kind: InputKind, estimator: Estimator) -> None:
        self._corpus, self._kind, self._estimator = corpus, kind, estimator

    def score(self, sample: Sample, output: Output) -> Outcome:
        """`wrong_version` and `gold_cited` (None where the target names no clause), and whether any clause is cited."""
        if output.rationale is None or output.failure is not None:
            return no_rationale(output)
        case = parse_case(sample.input, sample_id=sample.id, kind=self._kind, where=sample.at)
        if case is None or case.created_at is None:
            return NotApplicable("the sample has no date")
        resolve = Resolver(corpus=self._corpus, fields=citable(case), context=None, as_of=case.created_at)
        cited = {citation for claim in output.rationale for citation in claim.citations}
        gold = set(sample.target.clauses)
        return Scored(
            {
                "wrong_version": any(verify(claim, resolve).verdict == "wrong_version" for claim in output.rationale),
                "gold_cited": bool(cited & gold) if gold else None,
                "clause_cited": any(self._corpus.clause(citation) is not None for citation in cited),
            }
        )

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """Shares of the tickets that were answered; `gold_cited` of those whose target names a clause."""
        table = Table.of(rows)
        wrong, citing = table.column("wrong_version"), table.column("clause_cited")
        wanting = table.where(numeric("gold_cited"))
        gold = wanting.column("gold_cited")
        return [
            table.metric(
                "freshness.wrong_version",
                self._estimator.proportion(wrong, table.clusters),
                detail=f"{int(sum(wrong))} of {len(wrong)}",
                lower_is_better=True,
                fact=(self.name, "wrong_version"),
            ),
            wanting.metric(
                "freshness.gold_cited",
                self._estimator.proportion(gold, wanting.clusters),
                detail=f"{int(sum(gold))} of {len(gold)}",
                fact=(self.name, "gold_cited"),
            ),
            table.metric(
                "freshness.clause_cited",
                self._estimator.proportion(citing, table.clusters),
                detail=f"{int(sum(citing))} of {len(citing)}",
                fact=(self.name, "clause_cited"),
            ),
        ]
