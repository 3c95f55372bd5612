"""Policies given whole: every clause in force at a moment, without a search."""

from datetime import datetime

from harness.core.types import Evidence
from harness.corpus import Corpus
from harness.retrieval.shelf import shelve


class Handbook:
    """The clauses of a corpus in its own order; which of them hold at a moment is decided as for a search."""

    def __init__(self, corpus: Corpus) -> None:
        self._shelf = shelve(corpus)["policies"]

    def in_force(self, as_of: datetime | None) -> tuple[Evidence, ...]:
        """Every clause in force on the UTC day of `as_of`; without a date those of each policy's latest version."""
        admitted = self._shelf.admitted(as_of)
        chosen = (passage for passage, holds in zip(self._shelf.passages, admitted, strict=True) if holds)
        return tuple(Evidence(p.id, p.kind, p.title, p.text, 0.0, p.label) for p in chosen)
