"""What an embedder is, and what it makes of text that isn't well formed."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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


def well_formed(text: str) -> str:
    """`text` with each lone surrogate made `?`: UTF-8, and so every library in another language, can't carry them."""
    return text.encode("utf-8", "replace").decode("utf-8")
