"""Parts of the agent as solvers of their own, to be measured alone: the retriever, and the verifier of claims."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from harness.claims import Resolver, verify
from harness.core.protocols import SolverInput
from harness.core.ticket import InputKind
from harness.core.types import Claim, Output, Trace
from harness.corpus import Corpus
from harness.evalsets import parse_case
from harness.guard import citable
from harness.retrieval import Retriever

_DEPTH = 10


class SearchSolver:
    """Answers `{"query", "as_of": day, "kind": policy | incident}` with the ids of the first 10 passages, best first."""

    name = "search"

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    async def __call__(self, item: SolverInput) -> Output:
        """Search one shelf as of a day."""
        asked = _mapping(item.input, "query", "as_of", "kind")
        day = date.fromisoformat(str(asked["as_of"]))
        moment = datetime.combine(day, time(12), tzinfo=UTC)
        search = self._retriever.search_policies if asked["kind"] == "policy" else self._retriever.search_incidents
        found = search(str(asked["query"]), as_of=moment, k=_DEPTH)
        return Output(value=[passage.id for passage in found], trace=Trace(evidence=found))


class VerifySolver:
    """Answers `{"claim": {"text", "citations"}, "ticket"}` with the verdict of the check that grounds rationales.

    What the claim cites counts as having stood in the context: the claim is judged, not what was retrieved.
    """

    name = "verify"

    def __init__(self, corpus: Corpus, *, kind: InputKind = "ticket") -> None:
        self._corpus, self._kind = corpus, kind

    async def __call__(self, item: SolverInput) -> Output:
        """Judge one claim."""
        asked = _mapping(item.input, "claim", "ticket")
        case = parse_case(asked["ticket"], sample_id=item.id, kind=self._kind, where=item.id)
        if case is None:
            raise TypeError("a claim is about a ticket or a text")
        claim = Claim(str(asked["claim"]["text"]), tuple(map(str, asked["claim"]["citations"])))
        resolve = Resolver(
            corpus=self._corpus, fields=citable(case), context=set(claim.citations), as_of=case.created_at
        )
        return Output(value=verify(claim, resolve).verdict)


def _mapping(value: object, *keys: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or any(key not in value for key in keys):
        raise TypeError(f"an input needs {', '.join(keys)}")
    return value
