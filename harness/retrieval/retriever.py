"""What an agent looks up: clauses in force and incidents closed at a date, by meaning and by words."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import UsageError
from harness.core.types import Evidence
from harness.corpus import Corpus
from harness.retrieval.fusion import fuse
from harness.retrieval.index import Index
from harness.retrieval.shelf import Hit, Shelf, ShelfName

Mode = Literal["hybrid", "dense", "lexical"]

_CANDIDATES = 50
"""How deep each of two lists goes before they are fused, at least: nDCG@10 on orsharc dev is .837 at 20, .840 at 50
and .841 with all 651."""


class Retriever:
    """Searches an index of `corpus`; UsageError where it is an index of another one.

    Scores fall within each kind and compare within one answer only: cosines (dense), BM25 (lexical), or what
    `fusion` makes of both (hybrid). A blank query finds nothing; one of stop words only finds nothing by words.
    """

    def __init__(self, index: Index, corpus: Corpus, *, mode: Mode = "hybrid") -> None:
        if index.manifest.corpus != corpus.hash:
            raise UsageError("this index is of another corpus", where=index.folder, fix="open the index of this corpus")
        self._index, self._mode = index, mode

    def retrieve(
        self, query: str, *, as_of: datetime | None, policies: int, incidents: int, exclude: Collection[str] = ()
    ) -> tuple[Evidence, ...]:
        """Up to `policies` clauses, then up to `incidents` incidents without those in `exclude`, each best first.

        Clauses are of versions in force on the UTC day of `as_of`, incidents closed strictly before it. Without a date:
        clauses of the latest version of each policy, and all incidents.
        """
        shelves = self._index.shelves
        wanted = (policies > 0 and len(shelves["policies"]) > 0) or (incidents > 0 and len(shelves["incidents"]) > 0)
        vector = self._vector(query) if wanted else None
        return (
            *self._search("policies", query, vector=vector, as_of=as_of, k=policies),
            *self._search("incidents", query, vector=vector, as_of=as_of, k=incidents, exclude=exclude),
        )

    def search_policies(self, query: str, *, as_of: datetime | None, k: int) -> tuple[Evidence, ...]:
        """The clauses that `retrieve` returns."""
        return self.retrieve(query, as_of=as_of, policies=k, incidents=0)

    def search_incidents(
        self, query: str, *, as_of: datetime | None, k: int, exclude: Collection[str] = ()
    ) -> tuple[Evidence, ...]:
        """The incidents that `retrieve` returns."""
        return self.retrieve(query, as_of=as_of, policies=0, incidents=k, exclude=exclude)

    def _vector(self, query: str) -> NDArray[np.float32] | None:
        """The query embedded, unless only its words count."""
        if self._mode == "lexical":
            return None
        vector: NDArray[np.float32] = self._index.embedder.embed([query])[0]
        return vector

    def _search(
        self,
        name: ShelfName,
        query: str,
        *,
        vector: NDArray[np.float32] | None,
        as_of: datetime | None,
        k: int,
        exclude: Collection[str] = (),
    ) -> tuple[Evidence, ...]:
        if k < 0:
            raise UsageError(f"{k!r} {name} asked for", fix="ask for 0 or more")
        shelf = self._index.shelves[name]
        admitted = shelf.admitted(as_of, exclude=exclude)
        if k == 0 or not admitted.any():
            return ()
        depth = max(_CANDIDATES, 2 * k) if self._mode == "hybrid" else k
        dense = [] if vector is None else self._index.dense[name].search(vector, admitted=admitted, k=depth)
        if self._mode == "dense":
            return _evidence(shelf, dense)
        lexical = self._index.lexical[name].search(query, admitted=admitted, k=depth)
        hits = lexical if self._mode == "lexical" else fuse(dense, lexical)[:k]
        return _evidence(shelf, hits)


def _evidence(shelf: Shelf, hits: list[Hit]) -> tuple[Evidence, ...]:
    passages = [(shelf.passages[number], score) for number, score in hits]
    return tuple(Evidence(p.id, p.kind, p.title, p.text, score, p.label) for p, score in passages)
