"""Parts of the agent as solvers of their own, to be measured alone: the retriever, and the verifier of claims."""

from datetime import date
from pathlib import Path
from typing import Literal

from harness.claims import Resolver, verify
from harness.core.files import Strict, validate
from harness.core.moments import start_of
from harness.core.protocols import SolverInput
from harness.core.ticket import Ticket
from harness.core.types import Claim, Output, Trace
from harness.corpus import Corpus
from harness.evalsets.load import ClaimRow
from harness.guard import citable
from harness.retrieval import Retriever

_DEPTH = 10


class _Query(Strict):
    query: str
    as_of: date
    kind: Literal["policy", "incident"]


class Claimed(Strict):
    """What is asked of the verifier."""

    claim: ClaimRow
    ticket: Ticket


class SearchSolver:
    """Answers `{"query", "as_of": day, "kind": policy | incident}` with the ids of the first 10 passages, best first."""

    name = "search"

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    async def __call__(self, item: SolverInput) -> Output:
        """Search one shelf as of the midnight, UTC, on which a day begins; UsageError where the input is no such query."""
        asked = validate(_Query, item.input, where=Path(item.id))
        moment = start_of(asked.as_of)
        search = self._retriever.search_policies if asked.kind == "policy" else self._retriever.search_incidents
        found = search(asked.query, as_of=moment, k=_DEPTH)
        return Output(value=[passage.id for passage in found], trace=Trace(evidence=found))


class VerifySolver:
    """Answers `{"claim": {"text", "citations"}, "ticket"}` with the verdict of the check that grounds rationales.

    What the claim cites counts as having stood in the context: the claim is judged, not what was retrieved.
    """

    name = "verify"

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    async def __call__(self, item: SolverInput) -> Output:
        """Judge one claim; UsageError where the input is none."""
        asked = validate(Claimed, item.input, where=Path(item.id))
        case = asked.ticket.to_case()
        claim = Claim(asked.claim.text, asked.claim.citations)
        resolve = Resolver(
            corpus=self._corpus, fields=citable(case), context=set(claim.citations), as_of=case.created_at
        )
        return Output(value=verify(claim, resolve).verdict)
