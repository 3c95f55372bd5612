"""The vector cache: it remembers, and never is a reason to fail."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.embeddings import CachedEmbedder, HashingEmbedder


class Recording(HashingEmbedder):
    """Hashing that notes what it was asked to embed."""

    def __init__(self, name: str = "hashing-1024") -> None:
        self.name = name
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return super().embed(texts)


def rows_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM vectors").fetchone()[0])


def test_what_one_object_embedded_another_reads_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cache.sqlite"
    texts = ["one", "two", "", "stay \ud800", "stay ?"]
    first = CachedEmbedder(Recording(), path).embed(texts)
    second = Recording()
    again = CachedEmbedder(second, path).embed(texts[::-1])
    assert second.asked == []
    assert np.array_equal(again, first[::-1])
    assert np.array_equal(first, HashingEmbedder().embed(texts))
    assert rows_in(path) == 5


def test_each_distinct_text_is_embedded_once_and_rows_keep_their_order(tmp_path: Path) -> None:
    inner = Recording()
    cached = CachedEmbedder(inner, tmp_path / "c.sqlite")
    rows = cached.embed(["b", "a", "b", "a", "c"])
    assert sorted(inner.asked) == ["a", "b", "c"]
    assert np.array_equal(rows, HashingEmbedder().embed(["b", "a", "b", "a", "c"]))


def test_more_texts_than_one_look_up_takes_are_all_kept(tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(1201)]
    rows = CachedEmbedder(Recording(), tmp_path / "c.sqlite").embed(texts)
    inner = Recording()
    assert np.array_equal(CachedEmbedder(inner, tmp_path / "c.sqlite").embed([*texts, "new"])[:-1], rows)
    assert inner.asked == ["new"]


def test_an_interrupt_loses_no_finished_chunk(tmp_path: Path) -> None:
    class Interrupted(Recording):
        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            if "text 700" in texts:
                raise KeyboardInterrupt
            return super().embed(texts)

    texts = [f"text {n}" for n in range(800)]
    with pytest.raises(KeyboardInterrupt):
        CachedEmbedder(Interrupted(), tmp_path / "c.sqlite").embed(texts)
    inner = Recording()
    CachedEmbedder(inner, tmp_path / "c.sqlite").embed(texts)
    assert inner.asked == texts[500:]


def test_memory_keeps_the_most_recently_used(tmp_path: Path) -> None:
    inner = Recording()
    cached = CachedEmbedder(inner, None, memory=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        cached.embed([text])
    assert inner.asked == ["a", "b", "c", "b"]


def test_memory_of_none_still_answers() -> None:
    cached = CachedEmbedder(Recording(), None, memory=0)
    assert np.array_equal(cached.embed(["a", "b"]), HashingEmbedder().embed(["a", "b"]))


def test_no_text_gives_no_row() -> None:
    assert CachedEmbedder(Recording(), None).embed([]).shape == (0, 1024)


def test_what_a_caller_does_to_a_row_does_not_reach_the_cache() -> None:
    cached = CachedEmbedder(Recording(), None)
    cached.embed(["a"])[:] = 7
    assert np.array_equal(cached.embed(["a"]), HashingEmbedder().embed(["a"]))


def test_embedders_of_other_names_do_not_share_vectors(tmp_path: Path) -> None:
    CachedEmbedder(Recording("one"), tmp_path / "c.sqlite").embed(["a"])
    inner = Recording("two")
    CachedEmbedder(inner, tmp_path / "c.sqlite").embed(["a"])
    assert inner.asked == ["a"]


def test_a_corrupt_file_is_set_aside_and_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"this is no database " * 100)
    CachedEmbedder(Recording(), path).embed(["a"])
    assert (tmp_path / "c.sqlite.corrupt").read_bytes().startswith(b"this is no database")
    assert rows_in(path) == 1


def test_a_file_that_breaks_while_it_is_in_use_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    cached = CachedEmbedder(Recording(), path)
    cached.embed([f"text {n}" for n in range(300)])
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    assert np.array_equal(cached.embed(["new"]), HashingEmbedder().embed(["new"]))
    assert (tmp_path / "c.sqlite.corrupt").exists()
    assert rows_in(path) == 1


def test_a_corrupt_file_that_cannot_be_moved_is_done_without(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"this is no database " * 100)
    (tmp_path / "c.sqlite.corrupt" / "in the way").mkdir(parents=True)
    assert np.array_equal(CachedEmbedder(Recording(), path).embed(["a"]), HashingEmbedder().embed(["a"]))


@pytest.mark.parametrize(
    "blob", [b"\0" * 12, np.full(1024, 3, "<f4").tobytes(), np.full(1024, np.nan, "<f4").tobytes(), "x"]
)
def test_a_damaged_vector_counts_as_missing_and_is_replaced(tmp_path: Path, blob: object) -> None:
    path = tmp_path / "c.sqlite"
    good = CachedEmbedder(Recording(), path).embed(["a"])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE vectors SET vector = ?", (blob,))
    inner = Recording()
    assert np.array_equal(CachedEmbedder(inner, path).embed(["a"]), good)
    assert inner.asked == ["a"]
    inner = Recording()
    assert np.array_equal(CachedEmbedder(inner, path).embed(["a"]), good)
    assert inner.asked == []


def test_a_path_where_no_file_can_be_made_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cached = CachedEmbedder(Recording(), tmp_path / "file" / "c.sqlite")
    for _ in range(2):
        assert np.array_equal(cached.embed(["a", "b"]), HashingEmbedder().embed(["a", "b"]))
    assert np.array_equal(cached.embed(["c"]), HashingEmbedder().embed(["c"]))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions don't bind this user")
def test_a_read_only_folder_is_done_without(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        cached = CachedEmbedder(Recording(), tmp_path / "c.sqlite")
        assert np.array_equal(cached.embed(["a"]), HashingEmbedder().embed(["a"]))
    finally:
        tmp_path.chmod(0o755)


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE vectors (id INTEGER)")
    assert np.array_equal(CachedEmbedder(Recording(), path).embed(["a"]), HashingEmbedder().embed(["a"]))
    assert rows_in(path) == 0


def test_a_file_that_is_locked_too_long_is_used_again_once_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.embeddings.cache._BUSY_SECONDS", 0.01)
    path = tmp_path / "c.sqlite"
    cached = CachedEmbedder(Recording(), path)
    cached.embed(["a"])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert np.array_equal(cached.embed(["b"]), HashingEmbedder().embed(["b"]))
        other.execute("COMMIT")
    assert rows_in(path) == 1
    cached.embed(["c"])
    assert rows_in(path) == 2


def test_several_processes_fill_one_file_at_once(tmp_path: Path) -> None:
    code = """
import sys, pathlib
from harness.embeddings import CachedEmbedder, HashingEmbedder
start = int(sys.argv[2])
cached = CachedEmbedder(HashingEmbedder(), pathlib.Path(sys.argv[1]))
for n in range(start, start + 60):
    cached.embed([f"text {n}", f"text {n + 1}"])
"""
    path = tmp_path / "c.sqlite"
    command = [sys.executable, "-c", code, str(path)]
    running = [subprocess.Popen([*command, str(start)]) for start in (0, 30, 60)]
    assert [process.wait() for process in running] == [0, 0, 0]
    inner = Recording()
    texts = [f"text {n}" for n in range(121)]
    assert np.array_equal(CachedEmbedder(inner, path).embed(texts), HashingEmbedder().embed(texts))
    assert inner.asked == []
