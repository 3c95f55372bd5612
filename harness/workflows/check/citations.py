"""Citations: what is cited exists and could have been known then, and what is claimed stands in it.

Where a part of the corpora couldn't be read, citations to nowhere are not reported: that part is what is to be mended.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from harness.agents.lookup import Claimed
from harness.claims import VERDICTS, Resolver, verify
from harness.core.errors import UsageError
from harness.core.files import suggest, validate
from harness.core.moments import moment_of
from harness.core.ticket import Case
from harness.core.types import Sample
from harness.corpus import Corpus
from harness.guard import citable
from harness.workflows.check.findings import Finding, finding, of_error
from harness.workflows.check.material import Material

_CLAUSE = re.compile(r"[^\s@#]+@\d+#\d+(?:\.\d+)*")
_DEMANDED = {
    "fabricated_citation": ("missing", "all it cites exists"),
    "wrong_version": ("not_in_force", "all it cites held at the ticket's date"),
}
"""What has to be wrong with a citation of a claim of that verdict, and what is said where nothing is."""


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


def of_grades(material: Material) -> Iterator[Finding]:
    """Passages with a grade of relevance exist, and are of the query's date: `as_of`, else the ticket's own."""
    corpus = material.corpus
    if not (corpus.policies or corpus.incidents):
        return
    like_citation = _citation_like(corpus)
    searched = material.suite.solver_name == "search"
    for sample, case in material.cases:
        grades = sample.target.value
        if not isinstance(grades, dict) or not (searched or any(map(like_citation, grades))):
            continue
        try:
            moment = _as_of(sample, case)
        except (TypeError, ValueError):
            message = f"sample {sample.id!r}: as_of is no date; give a day such as 2026-07-20, or a time with its zone"
            yield finding(sample.at, rule="schema", message=message)
            continue
        resolve = Resolver(corpus=corpus, fields={}, context=None, as_of=moment)
        of = _Place(sample.at, f"sample {sample.id!r}: value", moment, "as_of")
        for citation in grades:
            status = resolve(citation).status
            if status == "missing" and material.whole:
                yield of.missing(citation, "clause or incident")
            elif status == "not_in_force":
                yield of.too_late(citation, corpus)


def of_verdicts(material: Material) -> Iterator[Finding]:
    """Claims with a verdict cite what the verdict says: something missing, something of another date, or all sound."""
    verifies = material.suite.solver_name == "verify"
    for sample in material.samples:
        verdict = sample.target.value
        if verdict is None or not (verifies or (isinstance(verdict, str) and verdict in VERDICTS)):
            continue
        try:
            asked = validate(Claimed, sample.input, where=Path(sample.at))
        except UsageError as error:  # another solver's input may be of any form
            if verifies:
                yield of_error(error, rule="schema", otherwise=sample.at)
            continue
        if verdict in VERDICTS:
            yield from _of_verdict(asked, str(verdict), sample=sample, material=material)
        else:
            message = f"sample {sample.id!r}: {verdict!r} is no verdict; {suggest(str(verdict), list(VERDICTS))}"
            yield finding(sample.at, rule="claim", message=message)


def _of_verdict(asked: Claimed, verdict: str, *, sample: Sample, material: Material) -> Iterator[Finding]:
    case, corpus = asked.ticket.to_case(), material.corpus
    resolve = Resolver(corpus=corpus, fields=citable(case), context=None, as_of=case.created_at)
    of = _Place(sample.at, f"sample {sample.id!r}, {verdict},", case.created_at, "created_at")
    found = {citation: resolve(citation).status for citation in asked.claim.citations}
    for citation, status in found.items():
        if status == "missing" and verdict != "fabricated_citation":
            if material.whole:
                yield of.missing(citation, "clause, incident or field")
        elif status == "not_in_force" and verdict not in _DEMANDED:
            yield of.too_late(citation, corpus)
    wanted, otherwise = _DEMANDED.get(verdict, (None, ""))
    if wanted is not None and material.whole and wanted not in found.values():
        yield finding(sample.at, rule="claim", message=f"sample {sample.id!r} is {verdict}, and {otherwise}")


def _citation_like(corpus: Corpus) -> Callable[[str], bool]:
    """Whether a text has the form of a clause's id, or of the corpus's incidents' ids but for their digits."""
    forms = {_form(incident.id) for incident, _ in corpus.incidents}
    return lambda text: _CLAUSE.fullmatch(text) is not None or _form(text) in forms


def _form(id: str) -> str:
    return re.sub(r"\d+", "0", id)


def _as_of(sample: Sample, case: Case | None) -> datetime | None:
    """The moment that a query is asked at. ValueError or TypeError where its `as_of` is none."""
    given = sample.input.get("as_of") if isinstance(sample.input, dict) else None
    if given is None:
        return case.created_at if case is not None else None
    return moment_of(given)


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
