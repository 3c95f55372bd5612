"""Nearest rows by cosine.

Vectors live in Chroma, a collection a shelf, and once more as a plain matrix that is mapped into memory. Up to 20,000
rows, where nearly all of them may be returned, Chroma's graph is asked for eight times as many as are wanted; else the
product of the matrix and the query is taken, which is exact. Measured with k 50: at 10,000 rows Chroma 3.5 ms (recall
.9997), the product 0.6 ms; at 100,000 rows 13 ms (.95) and 12 ms. Chroma's own filter by ids takes 13 to 100 ms there,
the one by dates 160 ms.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import InfrastructureError, one_line
from harness.retrieval.shelf import Hit, ShelfName

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

_OVER_FETCH = 8
_GRAPH_UP_TO = 20_000
"""Rows of a shelf up to which Chroma finds what an exhaustive search finds, but for one in a thousand."""
_LEAST = 400
"""Hits asked of Chroma at least: with 80 instead, recall@10 at 100,000 rows is .93."""
_MOST = 480
"""Hits asked of Chroma at most; they cost 0.8 ms a hundred."""
_FEW = 8
"""Where fewer than one row in so many counts, these are gathered before they are multiplied."""


class DenseIndex:
    """One shelf's vectors, opened. `keys` are the ids in Chroma, in the order of the matrix's rows."""

    def __init__(self, collection: "Collection", *, keys: Sequence[str], matrix: NDArray[np.float32]) -> None:
        self._collection, self._matrix = collection, matrix
        self._rows = {key: row for row, key in enumerate(keys)}

    def search(self, vector: NDArray[np.float32], *, admitted: NDArray[np.bool_], k: int) -> list[Hit]:
        """The `k` nearest admitted rows with their cosines, nearest first; none for a vector of zeros."""
        size, count = len(admitted), int(admitted.sum())
        k = min(k, count)
        if k == 0 or not vector.any():
            return []
        needed = math.ceil(_OVER_FETCH * k * size / count)
        if needed <= _MOST and size <= _GRAPH_UP_TO:
            hits = [hit for hit in self._near(vector, n=min(size, max(needed, _LEAST))) if admitted[hit[0]]]
            if len(hits) >= k:
                return sorted(hits, key=_by_score)[:k]
        return self.exhaustive(vector, admitted=admitted, k=k)

    def exhaustive(self, vector: NDArray[np.float32], *, admitted: NDArray[np.bool_], k: int) -> list[Hit]:
        """What `search` finds, from the matrix alone."""
        rows = np.flatnonzero(admitted)
        few = _FEW * len(rows) < len(admitted)
        scores = _products(self._matrix[rows], vector) if few else _products(self._matrix, vector)[rows]
        if len(rows) > k:
            best = scores >= np.partition(scores, -k)[-k]
            rows, scores = rows[best], scores[best]
        return sorted(zip(rows.tolist(), scores.tolist(), strict=True), key=_by_score)[:k]

    def cosines(self, vector: NDArray[np.float32], rows: Sequence[int]) -> list[Hit]:
        """The cosine of each of `rows`."""
        numbers = np.array(rows, np.int64)
        return list(zip(numbers.tolist(), _products(self._matrix[numbers], vector).tolist(), strict=True))

    def _near(self, vector: NDArray[np.float32], *, n: int) -> list[Hit]:
        try:
            found = self._collection.query(query_embeddings=vector, n_results=n, include=["distances"])
        except Exception as error:  # a client over HTTP raises what its own client raises
            text = f"Chroma doesn't answer: {type(error).__name__}: {one_line(str(error))[:200]}"
            raise InfrastructureError("connection", text) from error
        distances = found["distances"] or [[]]
        return [(self._rows[key], 1.0 - distance) for key, distance in zip(found["ids"][0], distances[0], strict=True)]


def _products(matrix: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row's product with `vector`, which depends on nothing but the two.

    Not by BLAS: its threads wait for each other, which on a busy machine of two cores makes 8 ms of 0.6.
    """
    products: NDArray[np.float32] = np.einsum("ij,j->i", matrix, vector)
    return products


def save_matrix(path: Path, matrix: NDArray[np.float32]) -> None:
    """Write a shelf's vectors."""
    np.save(path, np.ascontiguousarray(matrix, np.float32), allow_pickle=False)


def load_matrix(path: Path, *, rows: int) -> NDArray[np.float32]:
    """A shelf's vectors, mapped; ValueError or OSError where the file is damaged or of another size."""
    matrix: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    if matrix.ndim != 2 or matrix.dtype != np.float32 or len(matrix) != rows:
        raise ValueError(f"{path.name} is {matrix.dtype} of shape {matrix.shape}, expected {rows} rows")
    return matrix


def open_dense(
    collections: Mapping[ShelfName, "Collection"], folder: Path, keys: Mapping[ShelfName, Sequence[str]]
) -> dict[ShelfName, DenseIndex]:
    """The vectors of each shelf that has rows; ValueError, OSError or a ChromaError where they are damaged."""
    indexes: dict[ShelfName, DenseIndex] = {}
    for name, collection in collections.items():
        if collection.count() != len(keys[name]):
            raise ValueError(f"{name} has {collection.count()} vectors, expected {len(keys[name])}")
        matrix = load_matrix(folder / f"{name}.npy", rows=len(keys[name]))
        indexes[name] = DenseIndex(collection, keys=keys[name], matrix=matrix)
    return indexes


def _by_score(hit: Hit) -> tuple[float, int]:
    """Falling score; equal ones in the corpus's order, so that an answer doesn't depend on how the index was built."""
    return -hit[1], hit[0]
