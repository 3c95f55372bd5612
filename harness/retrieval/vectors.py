"""Nearest passages by cosine, in a Chroma collection a shelf.

A date filter of Chroma's own costs 9 to 13 ms at 10,000 passages, and a plain query 1.6 ms. So more than is needed is
fetched and filtered here; only where that leaves too few is Chroma asked again, among exactly the passages that are
admitted (3 to 5 ms at 10,000; `where` on the dates finds the same ones).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.embeddings import Embedder, well_formed
from harness.retrieval.shelf import Hit, Shelf, ShelfName, document

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

_EF_SEARCH = 100
_OVER_FETCH = 4


class DenseIndex:
    """One collection, opened."""

    def __init__(self, collection: "Collection", *, size: int) -> None:
        self._collection, self._size = collection, size

    def search(self, vector: NDArray[np.float32], *, admitted: NDArray[np.bool_], k: int) -> list[Hit]:
        """The `k` nearest admitted passages with their cosines, nearest first; none for a vector of zeros."""
        k = min(k, int(admitted.sum()))
        if k == 0 or not vector.any():
            return []
        hits = [hit for hit in self._query(vector, n=min(self._size, k * _OVER_FETCH)) if admitted[hit[0]]]
        if len(hits) < k:
            hits = self._query(vector, n=k, among=[str(number) for number in np.flatnonzero(admitted)])
        return sorted(hits, key=_by_score)[:k]

    def _query(self, vector: NDArray[np.float32], *, n: int, among: list[str] | None = None) -> list[Hit]:
        found = self._collection.query(query_embeddings=vector, ids=among, n_results=n, include=["distances"])
        distances = found["distances"] or [[]]
        pairs = zip(found["ids"][0], distances[0], strict=True)
        return [(int(number), 1.0 - distance) for number, distance in pairs]


def build_dense(folder: Path, shelves: Mapping[ShelfName, Shelf], *, embedder: Embedder) -> None:
    """Write a collection for each shelf that isn't empty into the new folder `folder`, and let go of it."""
    with _client(folder) as client:
        for shelf in shelves.values():
            if shelf.passages:
                _fill(client, shelf, vectors=embedder.embed([document(passage) for passage in shelf.passages]))


def open_dense(folder: Path, sizes: Mapping[ShelfName, int]) -> dict[ShelfName, DenseIndex]:
    """The collection of each shelf with a size above 0. ChromaError or ValueError where the files are damaged."""
    client = _client(folder)
    indexes: dict[ShelfName, DenseIndex] = {}
    for name, size in sizes.items():
        if size:
            collection = client.get_collection(name, embedding_function=None)
            if collection.count() != size:
                raise ValueError(f"{name} has {collection.count()} vectors, expected {size}")
            indexes[name] = DenseIndex(collection, size=size)
    return indexes


def _client(folder: Path) -> "Client":
    """A client of the files in `folder`; neither `.env` nor the environment can make it call a server."""
    from chromadb.api.client import Client
    from chromadb.config import Settings

    return Client(
        settings=Settings(
            _env_file=None,
            anonymized_telemetry=False,
            chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
            chroma_otel_collection_endpoint="",
            chroma_otel_granularity=None,  # one process may not open a folder twice with different settings
            is_persistent=True,
            persist_directory=str(folder),
        )
    )


def _fill(client: "Client", shelf: Shelf, *, vectors: NDArray[np.float32]) -> None:
    """One record a passage under its number, in batches. The metadata is for whoever opens the collection elsewhere."""
    collection = client.create_collection(
        shelf.name,
        # Without this Chroma attaches its default function, which downloads a model when it is given a text.
        embedding_function=None,
        configuration={"hnsw": {"space": "cosine", "ef_search": _EF_SEARCH}},
    )
    step = client.get_max_batch_size()
    for start in range(0, len(shelf), step):
        numbers = range(start, min(start + step, len(shelf)))
        collection.add(
            ids=[str(number) for number in numbers],
            embeddings=vectors[start : start + step],
            metadatas=[_metadata(shelf, number) for number in numbers],
        )


def _metadata(shelf: Shelf, number: int) -> dict[str, str | int]:
    passage = shelf.passages[number]
    values: dict[str, str | int] = {
        "id": passage.id,
        "visible_from": int(shelf.visible_from[number]),
        "visible_to": int(shelf.visible_to[number]),
    }
    return values if passage.label is None else {**values, "label": well_formed(passage.label)}


def _by_score(hit: Hit) -> tuple[float, int]:
    """Falling score; equal ones in the corpus's order, so that an answer doesn't depend on how the index was built."""
    return -hit[1], hit[0]
