"""The index of a corpus on disk: built once, found again by its content, and built from an older one where that helps."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import UsageError
from harness.core.hashing import content_hash
from harness.corpus import Corpus
from harness.embeddings import Embedder
from harness.retrieval import chroma
from harness.retrieval.build import Wanted, build, collection_name, embedder_name
from harness.retrieval.folder import Hold, Manifest, damaged, hold, read_manifest, tidy_up, touch
from harness.retrieval.lexical import LexicalIndex, open_lexical
from harness.retrieval.shelf import Shelf, ShelfName, shelve
from harness.retrieval.slack import wipe_slack
from harness.retrieval.vectors import DenseIndex, open_dense

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection


@dataclass(frozen=True)
class Index:
    """An index that is there. Its stores are opened when they are first used; one that is empty isn't among them."""

    folder: Path
    manifest: Manifest
    corpus: Corpus
    embedder: Embedder | None
    shelves: Mapping[ShelfName, Shelf]
    url: str | None
    held: Hold

    @cached_property
    def _client(self) -> "Client":
        if self.url is None:
            return chroma.local_client(self.folder / self.manifest.vectors)
        return chroma.server_client(self.url)

    @cached_property
    def collections(self) -> "Mapping[ShelfName, Collection]":
        """Chroma's collection of each shelf that isn't empty; UsageError where there is none, or no server."""
        from chromadb.errors import ChromaError

        names = {name: str(name) for name, shelf in self.shelves.items() if shelf.rows}
        if self.url is not None:
            names = {name: collection_name(self.manifest.content, name) for name in names}
        try:
            return {shelf: chroma.collection_of(self._client, name) for shelf, name in names.items()}
        except (ChromaError, ValueError, OSError) as error:
            raise damaged(self.folder, str(error)) from error

    @cached_property
    def dense(self) -> Mapping[ShelfName, DenseIndex]:
        """Nearest neighbours of each shelf that isn't empty; UsageError where the files are damaged."""
        from chromadb.errors import ChromaError

        keys = {name: list(shelf.rows) for name, shelf in self.shelves.items() if shelf.rows}
        try:
            return open_dense(self.collections, self.folder, keys)
        except (ChromaError, ValueError, OSError) as error:
            raise damaged(self.folder, str(error)) from error

    @cached_property
    def lexical(self) -> Mapping[ShelfName, LexicalIndex]:
        """Word search of each shelf that isn't empty; UsageError where the files are damaged."""
        sizes = {name: len(shelf.rows) for name, shelf in self.shelves.items()}
        try:
            return open_lexical(self.folder / "words", sizes)
        except (ValueError, OSError) as error:
            raise damaged(self.folder, str(error)) from error

    def tidy(self) -> None:
        """Wipe what opening the vectors wrote of this process's memory; call it when the index is let go of."""
        if self.manifest.vectors:
            wipe_slack(self.folder / self.manifest.vectors)
        if self.url is not None and "_client" in self.__dict__:
            self._client.close()
        self.held.release()


def content_of(shelves: Mapping[ShelfName, Shelf], *, embedder: Embedder | None, url: str | None) -> str:
    """What an index of these shelves is known by: its rows in order, the embedder, and the server if there is one."""
    rows = [list(shelves[name].rows) for name in ("policies", "incidents")]
    return content_hash([*rows, embedder_name(embedder), url])


def open_index(
    corpus: Corpus, *, embedder: Embedder | None, home: Path, rebuild: bool = False, chroma_url: str | None = None
) -> Index:
    """The index of `corpus` below `home`, built if it isn't there or if `rebuild` says so.

    Without an embedder it holds words alone, and can be searched by these. With `chroma_url` its vectors are kept by that server. UsageError where the folder can't be written, where what stands
    there is damaged or of another format, or where the server can't be used.
    """
    shelves = shelve(corpus)
    content = content_of(shelves, embedder=embedder, url=chroma_url)
    folder = home / "index" / content[:16]
    try:
        held = None if rebuild else hold(folder)
        if held is None:
            build(Wanted(folder, content, shelves, embedder, chroma_url), replace=rebuild)
            held = hold(folder)
            tidy_up(folder.parent, keep=folder)
    except OSError as error:
        raise UsageError(
            f"can't write the index: {error.strerror or error}", where=home, fix="make that folder writable"
        ) from error
    manifest = read_manifest(folder)
    if (manifest.content, manifest.embedder) != (content, embedder_name(embedder)):
        raise damaged(folder, "it is of another corpus or embedder")
    if held is None:
        raise damaged(folder, "it was removed while it was opened")
    touch(folder)
    return Index(folder, manifest, corpus, embedder, shelves, chroma_url, held)
