"""Small corpora and an embedder of the tests' own."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.core.hashing import derive_seed, generator
from harness.corpus import Clause, Corpus, Incident, Policy
from harness.corpus.policies import PolicyHead


def policy(
    name: str,
    version: int,
    texts: Sequence[str],
    *,
    start: date = date(2025, 1, 1),
    end: date | None = None,
    labels: tuple[str, ...] = ("fraud",),
    region: str = "all",
) -> Policy:
    head = PolicyHead(
        id=name,
        title=f"Policy {name}",
        version=version,
        effective_from=start,
        effective_to=end,
        labels=labels,
        region=region,
    )
    clauses = [Clause(f"{name}@{version}#1.{n}", f"1.{n}", "Rule", text, "p.md:1") for n, text in enumerate(texts, 1)]
    return Policy(head=head, clauses=tuple(clauses), path=Path("p.md"))


def incident(name: str, text: str, *, closed: datetime | None = None, label: str = "fraud") -> Incident:
    return Incident(id=name, title="", narrative=text, label=label, closed_at=closed)


def corpus(*parts: Policy | Incident) -> Corpus:
    return Corpus(
        policies=tuple(part for part in parts if isinstance(part, Policy)),
        incidents=tuple((part, "i.jsonl:1") for part in parts if isinstance(part, Incident)),
    )


def small_corpus() -> Corpus:
    return corpus(
        policy("PAY", 1, ["Old rule on bank transfers.", "Keep the receipts."], end=date(2025, 7, 1)),
        policy("PAY", 2, ["New rule on bank transfers.", "Suspend the listing."], start=date(2025, 7, 1)),
        policy("PTY", 1, ["A party ends the stay."], labels=("party", "damage")),
        incident("i-1", "The host asked for a bank transfer.", closed=datetime(2025, 3, 1, 12, tzinfo=UTC)),
        incident(
            "i-2", "Eighty people at a party broke the window.", closed=datetime(2025, 9, 1, tzinfo=UTC), label="party"
        ),
        incident("i-3", "A transfer to a bank in another country.", label="payment"),
    )


class Scatter:
    """Any text as a point of a low-rank cloud: as good as random, and the same on every call."""

    name, dim = "scatter-48", 48

    def __init__(self) -> None:
        self._basis = generator("basis").standard_normal((12, self.dim))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        points = [generator("point", derive_seed(text)).standard_normal(12) @ self._basis for text in texts]
        rows = np.array(points, np.float32).reshape(len(texts), self.dim)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
