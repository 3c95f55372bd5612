"""Building an index: all of it, or what changed over the nearest older one.

It is built in a folder beside its place and renamed into it, so that what stands there is whole, and whoever uses an
older one goes on with it. Vectors of rows that an older index has are taken from there, and its Chroma files are copied
and changed by the difference; words are indexed anew each time (0.2 s at 10,000 rows), since BM25 in an index with
deletions depends on what was deleted.
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import UsageError
from harness.embeddings import Embedder
from harness.retrieval import chroma
from harness.retrieval.folder import Hold, Manifest, discard, hold, indexes, read_manifest, read_rows
from harness.retrieval.lexical import build_lexical
from harness.retrieval.shelf import Shelf, ShelfName
from harness.retrieval.slack import wipe_slack
from harness.retrieval.vectors import load_matrix, save_matrix

_MOST_CHURN = 0.25
"""Vectors taken out of Chroma, as a share of all, beyond which it is filled anew: its graph keeps their places."""

Shelves = Mapping[ShelfName, Shelf]
Matrices = Mapping[ShelfName, NDArray[np.float32]]


@dataclass(frozen=True)
class Older:
    """An index to begin from, held while it is read."""

    folder: Path
    manifest: Manifest
    keys: Mapping[ShelfName, list[str]]
    held: Hold


@dataclass(frozen=True)
class Wanted:
    """What is to be built: `content` names it, `url` is a Chroma server's (None: files)."""

    folder: Path
    content: str
    shelves: Shelves
    embedder: Embedder | None
    url: str | None


def build(wanted: Wanted, *, replace: bool) -> None:
    """Put an index at its place; with `replace` from nothing, over the one that stands there."""
    mark = uuid4().hex[:8]
    draft = wanted.folder.with_name(f".{wanted.folder.name}.{mark}.new")
    draft.mkdir(parents=True)
    held = hold(draft)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, draft, ignore_errors=True)
        older = None if replace or wanted.embedder is None else _nearest(wanted)
        matrices = _vectors(wanted, older)
        for name, matrix in matrices.items():
            save_matrix(draft / f"{name}.npy", matrix)
        vectors, churn = "", 0
        if wanted.embedder is not None and wanted.url is None:
            vectors = f"vectors-{mark}"
            churn = _store(draft / vectors, wanted, matrices, older)
        elif wanted.url is not None:
            _serve(wanted, matrices, mark, replace=replace)
        if older is not None:
            older.held.release()
        build_lexical(draft / "words", wanted.shelves)
        rows = {name: list(shelf.rows) for name, shelf in wanted.shelves.items()}
        (draft / "rows.json").write_text(json.dumps(rows), encoding="ascii")
        manifest = Manifest(
            content=wanted.content,
            embedder=embedder_name(wanted.embedder),
            vectors=vectors,
            policies=len(rows["policies"]),
            incidents=len(rows["incidents"]),
            churn=churn,
        )
        (draft / "index.json").write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        _put(draft, wanted.folder, replace=replace)
        if held is not None:
            held.release()


def embedder_name(embedder: Embedder | None) -> str:
    """What an index is of, besides its rows; nothing where it holds words alone."""
    return "" if embedder is None else embedder.name


def _nearest(wanted: Wanted) -> Older | None:
    """The index of the same embedder that shares most rows with what is wanted; None where none shares any."""
    keys = {name: set(shelf.rows) for name, shelf in wanted.shelves.items()}
    best, most = None, 0
    for folder in indexes(wanted.folder.parent):
        held = hold(folder)
        if held is None:
            continue
        try:
            manifest, rows = read_manifest(folder), read_rows(folder)
        except (UsageError, OSError, ValueError):
            continue
        shared = sum(len(keys[name].intersection(rows[name])) for name in keys)
        if manifest.embedder == embedder_name(wanted.embedder) and shared > most:
            best, most = Older(folder, manifest, rows, held), shared
    return best


def _vectors(wanted: Wanted, older: Older | None) -> dict[ShelfName, NDArray[np.float32]]:
    """A matrix for each shelf that has rows: known ones from the older index, the others embedded."""
    if wanted.embedder is None:
        return {}
    known = {} if older is None else _known(older)
    texts = {key: text for shelf in wanted.shelves.values() for key, text in shelf.rows.items() if key not in known}
    fresh = dict(zip(texts, wanted.embedder.embed(list(texts.values())), strict=True)) if texts else {}
    return {
        name: np.stack([known[key] if key in known else fresh[key] for key in shelf.rows])
        for name, shelf in wanted.shelves.items()
        if shelf.rows
    }


def _known(older: Older) -> dict[str, NDArray[np.float32]]:
    """Vectors of an older index by key; none where its files are damaged."""
    try:
        return {
            key: row
            for name, keys in older.keys.items()
            if keys
            for key, row in zip(keys, load_matrix(older.folder / f"{name}.npy", rows=len(keys)), strict=True)
        }
    except (OSError, ValueError):
        return {}


def _store(folder: Path, wanted: Wanted, matrices: Matrices, older: Older | None) -> int:
    """Write Chroma's files into the new folder `folder`, and let go of them; how many vectors it has lost by now."""
    churn = _changed(folder, wanted, matrices, older) if older is not None else None
    if churn is None:
        churn = 0
        shutil.rmtree(folder, ignore_errors=True)
        with chroma.local_client(folder) as client:
            for name, matrix in matrices.items():
                chroma.create(client, name, keys=list(wanted.shelves[name].rows), vectors=matrix)
    wipe_slack(folder)
    return churn


def _changed(folder: Path, wanted: Wanted, matrices: Matrices, older: Older) -> int | None:
    """Copy the older files and change what differs; None where it is better, or necessary, to fill them anew."""
    gone = {name: set(older.keys[name]).difference(shelf.rows) for name, shelf in wanted.shelves.items()}
    churn = older.manifest.churn + sum(map(len, gone.values()))
    same_shelves = all(bool(older.keys[name]) == bool(shelf.rows) for name, shelf in wanted.shelves.items())
    if not older.manifest.vectors or not same_shelves or churn > _MOST_CHURN * sum(map(len, matrices.values())):
        return None
    source = older.folder / older.manifest.vectors
    before = _stamps(source)
    try:
        shutil.copytree(source, folder)
    except (OSError, shutil.Error):
        return None
    if _stamps(source) != before:  # another process that opened it was writing
        return None
    with chroma.local_client(folder) as client:
        for name, matrix in matrices.items():
            collection = chroma.collection_of(client, name)
            chroma.remove(client, collection, keys=sorted(gone[name]))
            had = set(older.keys[name])
            new = [row for row, key in enumerate(wanted.shelves[name].rows) if key not in had]
            keys = list(wanted.shelves[name].rows)
            chroma.add(client, collection, keys=[keys[row] for row in new], vectors=matrix[new])
            if collection.count() != len(matrix):
                return None
    return churn


def _stamps(folder: Path) -> list[tuple[str, int, int]]:
    return sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*"))


def collection_name(content: str, name: ShelfName) -> str:
    """What a shelf's collection is called on a server: by its content, so that all who index it share it."""
    return f"harness-{content[:16]}-{name}"


def _serve(wanted: Wanted, matrices: Matrices, mark: str, *, replace: bool) -> None:
    """Have a server hold a collection for each shelf, filled under another name and then renamed."""
    assert wanted.url is not None
    with chroma.server_client(wanted.url) as client:
        try:
            for shelf, matrix in matrices.items():
                name = collection_name(wanted.content, shelf)
                there = chroma.find(client, name)
                if there is not None and there.count() == len(matrix) and not replace:
                    continue
                draft = chroma.create(client, f"{name}-{mark}", keys=list(wanted.shelves[shelf].rows), vectors=matrix)
                if there is not None:
                    client.delete_collection(name)
                draft.modify(name=name)
        except Exception as error:
            raise chroma.unreachable(wanted.url, error) from None


def _put(draft: Path, folder: Path, *, replace: bool) -> None:
    """Rename `draft` to `folder`; what another process put there in the meantime stays, and is as good."""
    old = draft.with_suffix(".old")
    if replace and folder.exists():
        folder.rename(old)
    try:
        draft.rename(folder)
    except OSError:
        if not folder.exists():
            raise
    discard(old)
