"""A fallback that needs nothing but numpy: signed hashing of words and of character 3- to 5-grams.

It finds shared words and spellings, never a paraphrase.
"""

import re
import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from harness.embeddings.protocol import MAX_CHARS, Vectors

_WORD = re.compile(r"\w+")
_GRAMS = (3, 4, 5)
_GRAM_WEIGHT = 0.5


class HashingEmbedder:
    """1,024 dimensions, any language that has words; the same vector on every machine."""

    name = "hashing-1024"
    dim = 1024

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text; see `Embedder`."""
        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for feature, count in _features(text).items():
                digest = zlib.crc32(feature.encode("utf-8"))
                sign = 1.0 if digest >> 31 else -1.0
                row[digest % self.dim] += sign * np.log1p(count)
            length = np.linalg.norm(row)
            if length > 0:
                row /= length
        return rows


def _features(text: str) -> dict[str, float]:
    """Weighted counts: a whole word counts 1, each of its grams a half; `<` and `>` mark its ends."""
    counts: dict[str, float] = defaultdict(float)
    for word in _WORD.findall(unicodedata.normalize("NFKC", text[:MAX_CHARS]).casefold()):
        counts[word] += 1.0
        marked = f"<{word}>"
        for size in _GRAMS:
            for start in range(len(marked) - size + 1):
                counts[marked[start : start + size]] += _GRAM_WEIGHT
    return counts
