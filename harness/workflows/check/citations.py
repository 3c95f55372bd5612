"""Citations: what is cited exists and could have been known then, and what is claimed stands in it.

Where a part of the corpora couldn't be read, citations to nowhere are not reported: that part is what is to be mended.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from harness.claims import Resolver, verify
from harness.corpus import Corpus
from harness.guard import citable
from harness.workflows.check.findings import Finding, finding
from harness.workflows.check.material import Material


def of_incidents(material: Material) -> Iterator[Finding]:
    """Clauses of incidents exist and were in force when the incident was closed."""
    corpus = material.corpus
    for incident, at in corpus.incidents:
        resolve = Resolver(corpus=corpus, fields={}, context=None, as_of=incident.closed_at)
        of = _Place(at, f"incident {incident.id!r}", incident.closed_at, "closed_at")
        yield from _clauses(incident.clauses, material=material, resolve=resolve, of=of)


def of_evidence(material: Material) -> Iterator[Finding]:
    """Gold evidence exists; its clauses were in force, and its incidents closed, when the ticket was written."""
    corpus = material.corpus
    for sample, case in material.cases:
        moment = case.created_at if case is not None else None
        resolve = Resolver(corpus=corpus, fields={}, context=None, as_of=moment)
        of = _Place(sample.at, f"sample {sample.id!r}: evidence", moment, "created_at")
        yield from _clauses(sample.target.clauses, material=material, resolve=resolve, of=of)
        for citation in sample.target.incidents:
            if corpus.incident(citation) is None:
                if material.whole:
                    yield of.missing(citation, "incident")
            elif resolve(citation).status == "not_in_force":
                yield of.too_late(citation, corpus)


def of_claims(material: Material) -> Iterator[Finding]:
    """Citations of gold rationales, by the same rules, and the claims themselves where their citations are sound."""
    corpus = material.corpus
    for sample, case in material.cases:
        moment = case.created_at if case is not None else None
        resolve = Resolver(corpus=corpus, fields=citable(case) if case is not None else {}, context=None, as_of=moment)
        for number, claim in enumerate(sample.target.rationale, 1):
            of = _Place(sample.at, f"sample {sample.id!r}: claim {number}", moment, "created_at")
            bad = False
            for citation in claim.citations:
                status = resolve(citation).status
                bad = bad or status != "ok"
                if status == "missing":
                    if material.whole:
                        yield of.missing(citation, "clause, incident or field")
                elif status == "not_in_force":
                    yield of.too_late(citation, corpus)
            verdict = verify(claim, resolve)
            if not bad and verdict.verdict != "supported":
                yield finding(sample.at, rule="claim", message=f"{of.name} is {verdict.verdict}: {verdict.reason}")


class _Place:
    """Where citations stand, and the moment that they are held against."""

    def __init__(self, at: str, name: str, moment: datetime | None, moment_name: str) -> None:
        self.at, self.name = at, name
        self._moment = f"{moment_name} is {_utc(moment)}"

    def missing(self, citation: str, kind: str) -> Finding:
        """Nothing of that name."""
        return finding(self.at, rule="citation", message=f"{self.name} cites {citation!r}: no such {kind}")

    def too_late(self, citation: str, corpus: Corpus) -> Finding:
        """Something of that name, but not then."""
        clause, incident = corpus.clause(citation), corpus.incident(citation)
        if clause is not None:
            head = clause[0].head
            held = f"in force from {head.effective_from} {f'to {head.effective_to}' if head.effective_to else 'on'}"
        else:
            held = f"closed at {_utc(incident.closed_at if incident else None)}"
        message = f"{self.name} cites {citation!r}, {held}; {self._moment}"
        return finding(self.at, rule="not-in-force", message=message)


def _clauses(citations: Sequence[str], *, material: Material, resolve: Resolver, of: _Place) -> Iterator[Finding]:
    for citation in citations:
        if material.corpus.clause(citation) is None:
            if material.whole:
                yield of.missing(citation, "clause")
        elif resolve(citation).status == "not_in_force":
            yield of.too_late(citation, material.corpus)


def _utc(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else "not given"
