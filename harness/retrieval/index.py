"""The index of a corpus on disk: built once, found again by its content.

It is built in a folder beside its place and renamed into it, so that what stands there is whole; where two processes
build at once, the second one uses the first one's.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.core.errors import UsageError
from harness.core.files import Strict, validate
from harness.core.hashing import content_hash
from harness.core.version import SCHEMA_VERSION, __version__
from harness.corpus import Corpus
from harness.embeddings import Embedder
from harness.retrieval.lexical import LexicalIndex, build_lexical, open_lexical
from harness.retrieval.shelf import Shelf, ShelfName, shelve
from harness.retrieval.slack import wipe_slack
from harness.retrieval.vectors import DenseIndex, build_dense, open_dense

INDEX_FORMAT = 1
"""Raised when what is in an index changes: another way to split words, other text, another library's format."""

REMEDY = "`harness index --rebuild SUITE` makes it anew"


class Manifest(Strict):
    """index.json. `vectors` is the folder of Chroma's files, under a name of its own for each build.

    Chroma keeps one open system a path in a process; a rebuilt index under the old path would get the old one.
    """

    schema_version: int = SCHEMA_VERSION
    index_format: int = INDEX_FORMAT
    built_by: str = __version__
    corpus: str
    embedder: str
    vectors: str
    policies: int
    incidents: int


@dataclass(frozen=True)
class Index:
    """An index that is there. Its stores are opened when they are first used; one that is empty isn't among them."""

    folder: Path
    manifest: Manifest
    embedder: Embedder
    shelves: Mapping[ShelfName, Shelf]

    @cached_property
    def dense(self) -> Mapping[ShelfName, DenseIndex]:
        """Nearest neighbours of each shelf that isn't empty; UsageError where the files are damaged."""
        from chromadb.errors import ChromaError

        try:
            return open_dense(self.folder / self.manifest.vectors, self._sizes)
        except (ChromaError, ValueError, OSError) as error:
            raise _damaged(self.folder, str(error)) from error

    @cached_property
    def lexical(self) -> Mapping[ShelfName, LexicalIndex]:
        """Word search of each shelf that isn't empty; UsageError where the files are damaged."""
        try:
            return open_lexical(self.folder / "words", self._sizes)
        except (ValueError, OSError) as error:
            raise _damaged(self.folder, str(error)) from error

    def tidy(self) -> None:
        """Wipe what opening the vectors wrote of this process's memory; call it when the index is let go of."""
        wipe_slack(self.folder / self.manifest.vectors)

    @property
    def _sizes(self) -> dict[ShelfName, int]:
        return {name: len(shelf) for name, shelf in self.shelves.items()}


def open_index(corpus: Corpus, *, embedder: Embedder, home: Path, rebuild: bool = False) -> Index:
    """The index of `corpus` below `home`, built if it isn't there or if `rebuild` says so.

    UsageError where the folder can't be written, or where what stands there is damaged or of another format.
    """
    shelves = shelve(corpus)
    folder = home / "index" / content_hash([corpus.hash, embedder.name])[:16]
    try:
        if rebuild or not folder.exists():
            _build(folder, corpus=corpus, shelves=shelves, embedder=embedder, replace=rebuild)
    except OSError as error:
        raise UsageError(
            f"can't write the index: {error.strerror or error}", where=home, fix="make that folder writable"
        ) from error
    manifest = _read_manifest(folder)
    if (manifest.corpus, manifest.embedder) != (corpus.hash, embedder.name):
        raise _damaged(folder, "it is of another corpus or embedder")
    return Index(folder=folder, manifest=manifest, embedder=embedder, shelves=shelves)


def _build(
    folder: Path, *, corpus: Corpus, shelves: Mapping[ShelfName, Shelf], embedder: Embedder, replace: bool
) -> None:
    mark = uuid4().hex[:8]
    draft = folder.with_name(f".{folder.name}.{mark}.new")
    manifest = Manifest(
        corpus=corpus.hash,
        embedder=embedder.name,
        vectors=f"vectors-{mark}",
        policies=len(shelves["policies"]),
        incidents=len(shelves["incidents"]),
    )
    try:
        draft.mkdir(parents=True)
        build_dense(draft / manifest.vectors, shelves, embedder=embedder)
        wipe_slack(draft / manifest.vectors)
        build_lexical(draft / "words", shelves)
        (draft / "index.json").write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        _put(draft, folder, replace=replace)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


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
    shutil.rmtree(old, ignore_errors=True)


def _read_manifest(folder: Path) -> Manifest:
    """index.json, if this version can read the index; else a UsageError that says which version built it."""
    path = folder / "index.json"
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder, f"index.json can't be read ({error})") from None
    if not isinstance(value, dict):
        raise _damaged(folder, "index.json is not an object")
    if (value.get("index_format"), value.get("schema_version")) != (INDEX_FORMAT, SCHEMA_VERSION):
        raise UsageError(
            f"this index was built by harness {value.get('built_by', 'of an unknown version')!s}"
            f" in format {value.get('index_format')!r}; this is harness {__version__}, which reads {INDEX_FORMAT}",
            where=folder,
            fix=REMEDY,
        )
    try:
        return validate(Manifest, value, where=path)
    except UsageError as error:
        raise _damaged(folder, f"index.json: {error.what}") from None


def _damaged(folder: Path, why: str) -> UsageError:
    return UsageError(f"this index is damaged: {why}", where=folder, fix=REMEDY)
