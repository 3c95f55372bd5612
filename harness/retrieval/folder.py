"""The folders of indexes: what stands in one, who is using it, and which may go."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.core.errors import UsageError
from harness.core.files import Strict, validate
from harness.core.version import SCHEMA_VERSION, __version__
from harness.retrieval.shelf import ShelfName

if sys.platform != "win32":
    import fcntl

INDEX_FORMAT = 2
"""Raised when what is in an index changes: another way to split words, other text, another library's format."""

REMEDY = "`harness index --rebuild SUITE` makes it anew"
_KEPT = 4
"""Indexes that stay, by when they were last opened."""


class Manifest(Strict):
    """index.json. `vectors` is the folder of Chroma's files, under a name of its own for each build (empty: a server's).

    Chroma keeps one open system a path in a process; a rebuilt index under the old path would get the old one.
    `policies` and `incidents` count rows; `churn` counts vectors taken out of Chroma since it was filled.
    """

    schema_version: int = SCHEMA_VERSION
    index_format: int = INDEX_FORMAT
    built_by: str = __version__
    content: str
    embedder: str
    vectors: str
    policies: int
    incidents: int
    churn: int = 0


class Hold:
    """A folder that somebody uses: as long as one is held it isn't removed. Let go of by `release` or the process's end."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def release(self) -> None:
        """Let go; a second time does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    def __del__(self) -> None:
        self.release()


def hold(folder: Path, *, alone: bool = False) -> Hold | None:
    """Take a folder, with other users or `alone`; None where it isn't there, or is held against that.

    On Windows nobody holds against anybody, and nothing is removed.
    """
    if sys.platform == "win32":
        return Hold(-1) if folder.is_dir() and not alone else None
    try:
        held = Hold(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
    except OSError:
        return None
    try:
        fcntl.flock(held.descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(held.descriptor), folder.stat()):
            return held
    except OSError:
        pass  # held by another, or renamed away in between
    held.release()
    return None


def discard(folder: Path) -> bool:
    """Remove a folder that nobody holds; whether it is gone."""
    held = hold(folder, alone=True)
    if held is None:
        return False
    old = folder.with_name(f".{folder.name.strip('.')}.{os.getpid()}.old")
    with suppress(OSError):
        folder.rename(old)
        shutil.rmtree(old, ignore_errors=True)
    held.release()
    return not folder.exists()


def tidy_up(home: Path, *, keep: Path) -> None:
    """Remove what builds that were killed left, and indexes that weren't opened for longest; none that is in use."""
    with suppress(OSError):
        for left in home.glob(".*"):
            discard(left)
        for old in sorted(indexes(home), key=_opened, reverse=True)[_KEPT:]:
            if old != keep:
                discard(old)


def indexes(home: Path) -> Iterator[Path]:
    """Folders that an index stands in."""
    return (path.parent for path in home.glob("[!.]*/index.json"))


def touch(folder: Path) -> None:
    """Note that an index was opened."""
    with suppress(OSError):
        os.utime(folder / "index.json")


def _opened(folder: Path) -> float:
    try:
        return (folder / "index.json").stat().st_mtime
    except OSError:
        return 0.0


def read_manifest(folder: Path) -> Manifest:
    """index.json, if this version can read the index; else a UsageError that says which version built it."""
    path = folder / "index.json"
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(folder, f"index.json can't be read ({error})") from None
    if not isinstance(value, dict):
        raise damaged(folder, "index.json is not an object")
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
        raise damaged(folder, f"index.json: {error.what}") from None


def read_rows(folder: Path) -> dict[ShelfName, list[str]]:
    """The keys of each shelf's rows, from rows.json; ValueError or OSError where it is damaged."""
    value = json.loads((folder / "rows.json").read_text(encoding="ascii"))
    if not isinstance(value, dict) or set(value) != {"policies", "incidents"}:
        raise ValueError("rows.json doesn't name two shelves")
    return {"policies": value["policies"], "incidents": value["incidents"]}


def damaged(folder: Path, why: str) -> UsageError:
    """What a broken index is told as."""
    return UsageError(f"this index is damaged: {why}", where=folder, fix=REMEDY)
