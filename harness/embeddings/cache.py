"""Vectors kept by the hash of their text: the latest in memory, all of them in one SQLite file.

The file is a convenience and never a reason to fail: one that is corrupt is set aside and begun anew, and where none
can be written the work is done without.
"""

import hashlib
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np

from harness.embeddings.protocol import AsksDifferently, Embedder, Vectors, embed_query

T = TypeVar("T")
_CHUNK = 500
"""Texts looked up, embedded and stored at once: under SQLite's limit on variables, and all that an interrupt loses."""
_BUSY_SECONDS = 10.0
_TABLE = """
CREATE TABLE IF NOT EXISTS vectors (embedder TEXT, key BLOB, vector BLOB, PRIMARY KEY (embedder, key)) WITHOUT ROWID
"""


class CachedEmbedder:
    """An embedder that remembers: up to `memory` vectors, and all of them in the file `path` (None: no file)."""

    def __init__(self, embedder: Embedder, path: Path | None, *, memory: int = 50_000) -> None:
        self.name, self.dim = embedder.name, embedder.dim
        self._embedder, self._limit = embedder, memory
        self._disk = None if path is None else _Disk(path, name=self.name, dim=self.dim)
        self._memory: OrderedDict[bytes, Vectors] = OrderedDict()
        self._lock = Lock()
        asks = isinstance(embedder, AsksDifferently)
        self._queries = CachedEmbedder(_Queries(embedder), path, memory=memory) if asks else self

    def embed_query(self, text: str) -> Vectors:
        """The row of a query, which some embedders make in another way."""
        row: Vectors = self._queries.embed([text])[0]
        return row

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text; see `Embedder`. Each distinct text that isn't known yet is embedded once."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        keys = [_key(text) for text in texts]
        found = self._recall(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        items = list(missing.items())
        for start in range(0, len(items), _CHUNK):
            found |= self._find(dict(items[start : start + _CHUNK]))
        return np.stack([found[key] for key in keys])

    def _recall(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        with self._lock:
            found = {key: self._memory[key] for key in keys if key in self._memory}
            for key in found:
                self._memory.move_to_end(key)
        return found

    def _find(self, texts: Mapping[bytes, str]) -> dict[bytes, Vectors]:
        """Vectors of texts that aren't in memory: from the file, else embedded and stored."""
        found = self._disk.read(texts.keys()) if self._disk else {}
        fresh = {key: text for key, text in texts.items() if key not in found}
        if fresh:
            new = dict(zip(fresh, self._embedder.embed(list(fresh.values())), strict=True))
            if self._disk:
                self._disk.write(new)
            found |= new
        with self._lock:
            self._memory.update(found)
            while len(self._memory) > self._limit:
                self._memory.popitem(last=False)
        return found


class _Queries:
    """The queries' side of an embedder that has one, as an embedder under a name of its own."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.dim = f"{embedder.name}, queries", embedder.dim
        self._embedder = embedder

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.stack([embed_query(self._embedder, text) for text in texts])


class _Disk:
    """The file. A connection is opened for each use, so that threads, forks and other processes never share one."""

    def __init__(self, path: Path, *, name: str, dim: int) -> None:
        self._path, self._name, self._dim = path, name, dim
        self._usable = True

    def read(self, keys: Collection[bytes]) -> dict[bytes, Vectors]:
        """What is stored of `keys` (at most `_CHUNK`); what can't be a vector counts as missing."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, vector FROM vectors WHERE embedder = ? AND key IN ({marks})"
        nothing: list[tuple[bytes, object]] = []
        rows = self._attempt(lambda db: db.execute(query, (self._name, *keys)).fetchall(), otherwise=nothing)
        vectors = ((key, self._vector(blob)) for key, blob in rows)
        return {key: vector for key, vector in vectors if vector is not None}

    def write(self, vectors: Mapping[bytes, Vectors]) -> None:
        """Store all of them, or none."""
        rows = [(self._name, key, np.asarray(vector, "<f4").tobytes()) for key, vector in vectors.items()]
        self._attempt(
            lambda db: db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows).rowcount, otherwise=0
        )

    def _vector(self, blob: object) -> Vectors | None:
        """A stored vector; None where its size or length shows that it was damaged."""
        if not isinstance(blob, bytes) or len(blob) != 4 * self._dim:
            return None
        vector = np.frombuffer(blob, "<f4").astype(np.float32)
        length = float(np.linalg.norm(vector))
        return vector if length == 0 or abs(length - 1) < 1e-3 else None

    def _attempt(self, action: Callable[[sqlite3.Connection], T], *, otherwise: T) -> T:
        """`action` on the database in one transaction; `otherwise` where there is no using it."""
        if not self._usable:
            return otherwise
        try:
            try:
                return self._transact(action)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self._set_aside()
                return self._transact(action)
        except (sqlite3.Error, OSError) as error:
            # Another process that holds the file too long costs this one look-up; anything else won't get better.
            self._usable = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            return otherwise

    def _transact(self, action: Callable[[sqlite3.Connection], T]) -> T:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            # No waiting for the disk (a new query's look-up takes 1.6 ms instead of 3): a power cut may cost the file.
            db.execute("PRAGMA synchronous = OFF")
            db.execute(_TABLE)
            with db:
                return action(db)

    def _set_aside(self) -> None:
        """Move a corrupt file to `<name>.corrupt`; its journal goes with it, since it fits no other file."""
        self._path.replace(self._path.with_name(f"{self._path.name}.corrupt"))
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
