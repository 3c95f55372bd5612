"""What an embedder is, and what it makes of text that isn't well formed."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import UsageError

MAX_CHARS = 20_000
"""How much of a text is read, so that a hostile one costs bounded time; far more than any embedder's own limit."""

Vectors = NDArray[np.float32]
"""One row a text, shape (n, dim)."""


class Embedder(Protocol):
    """Turns texts into vectors; `name` stands for model and method, and two embedders of one name agree."""

    @property
    def name(self) -> str:
        """Part of the key of every index and cache."""
        ...

    @property
    def dim(self) -> int:
        """Numbers in a row."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Rows of length 1, shape (n, dim); a text with nothing to embed (blank) gets a row of zeros.

        A row depends on its own text only, never on the others in the call.
        """
        ...


@runtime_checkable
class AsksDifferently(Protocol):
    """An embedder that embeds a query in another way than what it is to find."""

    def embed_query(self, text: str) -> Vectors:
        """One row, shape (dim,), else as `embed`."""
        ...


def embed_query(embedder: Embedder, text: str) -> Vectors:
    """The row of a query, shape (dim,)."""
    if isinstance(embedder, AsksDifferently):
        return embedder.embed_query(text)
    row: Vectors = embedder.embed([text])[0]
    return row


def rows_of(texts: Sequence[str], call: Callable[[list[str]], object], dim: int, *, step: int = 1) -> Vectors:
    """Rows of length 1 that `call` gives of `step` texts at a time; zeros for blank texts, which it isn't asked about.

    UsageError where it gives another number of rows, or rows that aren't `dim` finite numbers.
    """
    rows = np.zeros((len(texts), dim), np.float32)
    asked = [index for index, text in enumerate(texts) if text.strip()]
    for start in range(0, len(asked), step):
        part = asked[start : start + step]
        try:
            given = np.asarray(call([texts[index] for index in part]), np.float64)
        except (TypeError, ValueError):
            given = np.zeros(0)
        if given.shape != (len(part), dim) or not np.isfinite(given).all():
            what = (
                f"{len(part)} texts gave an answer of shape {given.shape}, not {len(part)} rows of {dim} finite numbers"
            )
            raise UsageError(what, where="retrieval.embeddings", fix="mend the embedder, or name another")
        lengths = np.linalg.norm(given, axis=1, keepdims=True)
        rows[part] = given / np.where(lengths > 0, lengths, 1)
    return rows


def well_formed(text: str) -> str:
    """`text` with each lone surrogate made `?`: UTF-8, and so every library in another language, can't carry them."""
    return text.encode("utf-8", "replace").decode("utf-8")
