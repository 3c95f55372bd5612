"""What an agent looks up: clauses in force and incidents closed at a date, by meaning and by words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import UsageError
from harness.core.files import suggest
from harness.core.types import Evidence
from harness.corpus import Corpus, Passage
from harness.embeddings import embed_query
from harness.retrieval.fusion import VOTERS, fuse, weights
from harness.retrieval.index import Index
from harness.retrieval.lexical import shared_words
from harness.retrieval.shelf import Hit, Shelf, ShelfName, document, known_regions

Mode = Literal["hybrid", "dense", "lexical"]
Votes = Mapping[str, float]

_CANDIDATES = 50
"""How deep each of two lists goes before they are fused, at least: nDCG@10 on orsharc dev is .837 at 20, .840 at 50
and .841 with all 651."""


@dataclass(frozen=True, slots=True)
class Match:
    """A passage that was found, and why: None where a part has nothing to say of it, or wasn't asked.

    `votes` is the share of the closest past cases that were decided under this clause.
    """

    passage: Passage
    score: float
    cosine: float | None
    bm25: float | None
    votes: float | None

    @property
    def evidence(self) -> Evidence:
        """What an agent is shown."""
        found = self.passage
        return Evidence(found.id, found.kind, found.title, found.text, self.score, found.label)

    def words(self, query: str) -> list[str]:
        """The words of the query that stand in what is indexed of the passage."""
        return shared_words(query, document(self.passage))


class Retriever:
    """Searches an index of `corpus`; UsageError where it is an index of another one.

    With a `region`, clauses of that region and of all regions are candidates, else clauses of every region; UsageError
    where no clause is of it. Scores fall within each kind and compare within one answer only: cosines (dense), BM25
    (lexical), or what `fusion` makes of both and, with `precedents`, of the clauses that the closest incidents closed by
    then were decided under (hybrid). A blank query finds nothing; one of stop words only finds nothing
    by words.
    """

    def __init__(
        self, index: Index, corpus: Corpus, *, mode: Mode = "hybrid", region: str | None = None, precedents: bool = True
    ) -> None:
        if index.corpus is not corpus and index.corpus.hash != corpus.hash:
            raise UsageError("this index is of another corpus", where=index.folder, fix="open the index of this corpus")
        known = known_regions(index.shelves["policies"])
        if region is not None and region.casefold() not in {"all", *(one.casefold() for one in known)}:
            fix = suggest(region, known) if known else "leave it out"
            raise UsageError(f"no policy is of region {region!r}", where="retrieval.region", fix=fix)
        if mode != "lexical" and index.embedder is None:
            raise UsageError(
                f"this index has no vectors for {mode} search", where=index.folder, fix="open it with an embedder"
            )
        self._index, self._mode, self._region, self._precedents = index, mode, region, precedents

    def retrieve(
        self, query: str, *, as_of: datetime | None, policies: int, incidents: int, exclude: Collection[str] = ()
    ) -> tuple[Evidence, ...]:
        """Up to `policies` clauses, then up to `incidents` incidents without those in `exclude`, each best first.

        Clauses are of versions in force on the UTC day of `as_of`, incidents closed strictly before it. Without a date:
        clauses of the latest version of each policy, and all incidents.
        """
        asked = _Asked(query, as_of, frozenset(exclude), incidents)
        clauses = self._search("policies", asked, k=policies)
        return tuple(match.evidence for match in (*clauses, *self._search("incidents", asked, k=incidents)))

    def search_policies(self, query: str, *, as_of: datetime | None, k: int) -> tuple[Evidence, ...]:
        """The clauses that `retrieve` returns."""
        return self.retrieve(query, as_of=as_of, policies=k, incidents=0)

    def search_incidents(
        self, query: str, *, as_of: datetime | None, k: int, exclude: Collection[str] = ()
    ) -> tuple[Evidence, ...]:
        """The incidents that `retrieve` returns."""
        return self.retrieve(query, as_of=as_of, policies=0, incidents=k, exclude=exclude)

    def matches(self, name: ShelfName, query: str, *, as_of: datetime | None, k: int) -> tuple[Match, ...]:
        """What `retrieve` finds of one kind, with what each part says of it."""
        return self._search(name, _Asked(query, as_of, frozenset(), k if name == "incidents" else 0), k=k)

    def _search(self, name: ShelfName, asked: "_Asked", *, k: int) -> tuple[Match, ...]:
        if k < 0:
            raise UsageError(f"{k!r} {name} asked for", fix="ask for 0 or more")
        if k == 0:
            return ()
        if name == "incidents":
            ranked = self._cases(asked)
        else:
            votes = self._votes(asked) if self._citing else {}
            ranked = self._ranked(name, asked, k=k, votes=votes)
        passages = self._index.shelves[name].passages
        return tuple(
            Match(passages[number], score, ranked.cosines.get(row), ranked.words.get(row), ranked.votes.get(row))
            for number, score, row in ranked.first(k)
        )

    def _ranked(self, name: ShelfName, asked: "_Asked", *, k: int, votes: "Votes | None" = None) -> "_Ranked":
        """One shelf's rows in order. `votes` are for passages that cite a clause of any version, by `_clause_key`."""
        shelf = self._index.shelves[name]
        admitted = shelf.admitted(asked.as_of, exclude=asked.exclude, region=self._region)
        if not admitted.any():
            return _Ranked(shelf, admitted)
        rows = shelf.rows_with(admitted)
        depth = max(_CANDIDATES, 2 * k) if self._mode == "hybrid" else k
        vector = None if self._mode == "lexical" else self._vector(asked)
        dense = [] if vector is None else self._index.dense[name].search(vector, admitted=rows, k=depth)
        lexical = [] if self._mode == "dense" else self._index.lexical[name].search(asked.query, admitted=rows, k=depth)
        if self._mode != "hybrid":
            return _Ranked(shelf, admitted, dense or lexical, dict(dense), dict(lexical))
        voted = self._voted(votes or {}, admitted)
        if vector is not None and vector.any():
            missing = {row for row, _ in lexical}.union(voted).difference(row for row, _ in dense)
            dense = [*dense, *self._index.dense[name].cosines(vector, sorted(missing))]
        return _Ranked(shelf, admitted, fuse(dense, lexical, voted), dict(dense), dict(lexical), voted)

    def _cases(self, asked: "_Asked") -> "_Ranked":
        """The incidents, ranked once a question: they are answers, and they vote."""
        if asked.cases is None:
            asked.cases = self._ranked("incidents", asked, k=max(asked.incidents, VOTERS))
        return asked.cases

    def _votes(self, asked: "_Asked") -> "Votes":
        """How much of the closest cases' weight cites each clause."""
        voters = self._cases(asked).first(VOTERS)
        votes: dict[str, float] = {}
        for (number, _, _), weight in zip(voters, weights([score for _, score, _ in voters]), strict=True):
            case = self._index.corpus.incident(self._index.shelves["incidents"].passages[number].id)
            for key in {_clause_key(citation) for citation in (case.clauses if case is not None else ())}:
                votes[key] = votes.get(key, 0.0) + weight
        return votes

    def _voted(self, votes: "Votes", admitted: NDArray[np.bool_]) -> dict[int, float]:
        """Votes by the row of the version that is admitted."""
        row_of = self._index.shelves["policies"].row_of
        found = (
            (int(row_of[n]), vote) for key, vote in votes.items() for n in self._versions.get(key, ()) if admitted[n]
        )
        return dict(found)

    @cached_property
    def _citing(self) -> bool:
        """Whether past cases say which clauses they were decided under, and are to be heard."""
        heard = self._precedents and self._mode == "hybrid"
        return heard and any(case.clauses for case, _ in self._index.corpus.incidents)

    @cached_property
    def _versions(self) -> dict[str, list[int]]:
        """The passages of each clause, in all its versions."""
        versions: dict[str, list[int]] = {}
        for number, passage in enumerate(self._index.shelves["policies"].passages):
            versions.setdefault(_clause_key(passage.id), []).append(number)
        return versions

    def _vector(self, asked: "_Asked") -> NDArray[np.float32]:
        if asked.vector is None:
            assert self._index.embedder is not None
            asked.vector = embed_query(self._index.embedder, asked.query)
        return asked.vector


@dataclass
class _Asked:
    """A question, with what is worked out of it once."""

    query: str
    as_of: datetime | None
    exclude: frozenset[str]
    incidents: int
    vector: NDArray[np.float32] | None = None
    cases: "_Ranked | None" = None


@dataclass(frozen=True)
class _Ranked:
    """Rows of a shelf in order, and what each part says of them."""

    shelf: Shelf
    admitted: NDArray[np.bool_]
    hits: Sequence[Hit] = ()
    cosines: Mapping[int, float] = field(default_factory=dict)
    words: Mapping[int, float] = field(default_factory=dict)
    votes: Mapping[int, float] = field(default_factory=dict)

    def first(self, k: int) -> list[tuple[int, float, int]]:
        """The best `k` passages: number, score and row of each."""
        return self.shelf.unfold(self.hits, self.admitted, k=k)


def _clause_key(citation: str) -> str:
    """A clause whatever its version: `POL-PAY-02#4.1` of `POL-PAY-02@3#4.1`."""
    policy, _, clause = citation.partition("#")
    return f"{policy.partition('@')[0]}#{clause}"
