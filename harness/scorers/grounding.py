"""Are the rationale's claims grounded: every claim judged against what it cites."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from harness.claims import Resolver, verify
from harness.core.ticket import Case, InputKind
from harness.core.types import Metric, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow, Unscored
from harness.corpus import Corpus
from harness.evalsets import parse_case
from harness.guard import citable
from harness.scorers.metrics import Table, positive
from harness.stats import Estimator


def no_rationale(output: Output) -> Outcome:
    """What is said of an answer without a rationale to judge."""
    if output.failure is not None:
        return Unscored(f"the answer failed ({output.failure.kind}) and has no rationale")
    return NotApplicable("the solver gives no rationale")


class GroundingScorer:
    """Judges each claim of a rationale; see harness.claims for what is judged."""

    name = "grounding"
    version = "1"
    best: Mapping[str, float | None] = {"grounding.hallucinated_rate": 0.0, "grounding.hallucinated_tickets": 0.0}
    noop: Mapping[str, float | None] = {"grounding.hallucinated_rate": None, "grounding.hallucinated_tickets": None}

    def __init__(self, *, corpus: Corpus, kind: InputKind, as_of: str | None, estimator: Estimator) -> None:
        self._corpus, self._kind, self._as_of, self._estimator = corpus, kind, as_of, estimator

    def score(self, sample: Sample, output: Output) -> Outcome:
        """`claims` with a verdict each, and their number and how many are hallucinated."""
        if output.rationale is None or output.failure is not None:
            return no_rationale(output)
        case = parse_case(sample.input, sample_id=sample.id, kind=self._kind, where=sample.at)
        evidence = output.trace.evidence
        resolve = Resolver(
            corpus=self._corpus,
            fields=citable(case) if case is not None else {},
            context=None if evidence is None else {item.id for item in evidence},
            as_of=self._moment(case),
        )
        verdicts = [verify(claim, resolve) for claim in output.rationale]
        claims = [
            {"text": v.claim.text, "citations": list(v.claim.citations), "verdict": v.verdict, "reason": v.reason}
            for v in verdicts
        ]
        bad = sum(verdict.verdict != "supported" for verdict in verdicts)
        return Scored({"claims": claims, "n_claims": len(claims), "n_hallucinated": bad})

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """Hallucinated claims of all claims, and tickets with at least one of all tickets that have a claim."""
        table = Table.of(rows)
        bad, claims = table.column("n_hallucinated"), table.column("n_claims")
        rate = self._estimator.share(bad, claims, table.clusters)
        having = table.where(positive("n_claims"))
        touched = [float(n > 0) for n in having.column("n_hallucinated")]
        tickets = self._estimator.proportion(touched, having.clusters)
        return [
            table.metric(
                "grounding.hallucinated_rate",
                rate,
                detail=f"{int(sum(bad))} claims of {int(sum(claims))}",
                lower_is_better=True,
            ),
            having.metric(
                "grounding.hallucinated_tickets",
                tickets,
                detail=f"{int(sum(touched))} of {len(touched)}",
                lower_is_better=True,
            ),
        ]

    def _moment(self, case: Case | None) -> datetime | None:
        return case.created_at if case is not None and self._as_of == "created_at" else None
