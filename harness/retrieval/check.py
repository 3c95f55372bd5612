"""Whether an index that stands there is whole, and of this corpus."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.core.errors import UsageError, one_line
from harness.corpus import Corpus
from harness.embeddings import Embedder
from harness.retrieval.build import embedder_name
from harness.retrieval.index import Index, content_of, open_index
from harness.retrieval.shelf import Shelf, ShelfName, shelve
from harness.retrieval.vectors import load_matrix

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

_STEP = 1000
_CLOSE = 1e-3


def check_index(corpus: Corpus, *, embedder: Embedder | None, home: Path, chroma_url: str | None = None) -> list[str]:
    """What is wrong with the corpus's index, in sentences; nothing where it is whole. It builds nothing and mends nothing."""
    shelves = shelve(corpus)
    content = content_of(shelves, embedder=embedder, url=chroma_url)
    folder = home / "index" / content[:16]
    if not folder.is_dir():
        others = len(list((home / "index").glob("[!.]*/index.json")))
        return [
            f"{folder}: there is no index of this corpus and {embedder_name(embedder) or 'no embedder'} ({others} of others)"
        ]
    try:
        index = open_index(corpus, embedder=embedder, home=home, chroma_url=chroma_url)
        found = [f"{folder}: {what}" for what in _wrong(index)]
        index.tidy()
    except UsageError as error:
        return [str(error)]
    return found


def _wrong(index: Index) -> Iterator[str]:
    """Each store held against the corpus's rows, and the vectors against each other and the embedder."""
    from harness.retrieval.folder import read_rows

    wanted: Mapping[ShelfName, list[str]] = {name: list(shelf.rows) for name, shelf in index.shelves.items()}
    try:
        if read_rows(index.folder) != wanted:
            yield "rows.json lists other rows than the corpus has"
    except (OSError, ValueError) as error:
        yield f"rows.json can't be read ({one_line(str(error))})"
    _ = index.lexical  # raises where words are damaged, or of another number of rows
    if index.embedder is None:
        return
    collections = index.collections
    for name, shelf in index.shelves.items():
        if shelf.rows:
            matrix = load_or_none(index.folder / f"{name}.npy", len(shelf.rows))
            if matrix is None:
                yield f"{name}.npy can't be read, or is of another size"
            else:
                yield from _wrong_vectors(name, shelf, matrix, collections[name], index.embedder)


def load_or_none(path: Path, rows: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None":
    """A matrix, if it can be read."""
    try:
        return load_matrix(path, rows=rows)
    except (OSError, ValueError):
        return None


def _wrong_vectors(
    name: str,
    shelf: Shelf,
    matrix: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]",
    collection: "Collection",
    embedder: Embedder,
) -> Iterator[str]:
    keys = list(shelf.rows)
    stored: dict[str, object] = {}
    differing = 0
    for start in range(0, len(keys), _STEP):
        got = collection.get(ids=keys[start : start + _STEP], include=["embeddings"])
        vectors = got["embeddings"]
        stored.update(dict.fromkeys(got["ids"]))
        number = {key: row for row, key in enumerate(keys[start : start + _STEP], start)}
        for key, vector in zip(got["ids"], vectors if vectors is not None else [], strict=True):
            differing += not np.allclose(matrix[number[key]], vector, atol=_CLOSE)
    extra = collection.count() - len(stored)
    if len(stored) < len(keys) or extra:
        yield f"Chroma lacks {len(keys) - len(stored)} of {len(keys)} {name} and has {extra} of no row"
    if differing:
        yield f"{differing} vectors of {name} differ between Chroma and {name}.npy"
    first = embedder.embed([shelf.rows[keys[0]]])[0]
    if not np.allclose(matrix[0], first, atol=_CLOSE):
        yield f"{name} were embedded by another {embedder.name} than this one"
