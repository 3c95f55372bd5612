"""The index folder: whole or absent, found again, and refused with a remedy where it can't be used."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.core.errors import UsageError
from harness.core.version import __version__
from harness.embeddings import HashingEmbedder
from harness.retrieval import INDEX_FORMAT, Index, Retriever, open_index
from harness.retrieval.index import content_of
from harness.retrieval.shelf import shelve

from .corpora import corpus, incident, small_corpus

OF = small_corpus()
REMEDY = r"`harness index --rebuild SUITE` makes it anew"


def build(home: Path, *, rebuild: bool = False) -> Index:
    return open_index(OF, embedder=HashingEmbedder(), home=home, rebuild=rebuild)


def found(index: Index) -> list[str]:
    return [e.id for e in Retriever(index, OF).retrieve("bank transfer", as_of=None, policies=2, incidents=2)]


def rewrite(index: Index, **values: object) -> None:
    path = index.folder / "index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_index_json_says_what_the_index_is_of(tmp_path: Path) -> None:
    index = build(tmp_path)
    assert index.folder.parent == tmp_path / "index"
    written = json.loads((index.folder / "index.json").read_text())
    assert written.pop("vectors").startswith("vectors-")
    assert written == {
        "schema_version": 1,
        "index_format": INDEX_FORMAT,
        "built_by": __version__,
        "content": content_of(shelve(OF), embedder=HashingEmbedder(), url=None),
        "embedder": "hashing-1024",
        "policies": 5,
        "incidents": 3,
        "churn": 0,
    }


def test_an_index_that_is_there_is_opened_without_embedding(tmp_path: Path) -> None:
    class Refusing(HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            raise AssertionError(texts)

    first = build(tmp_path)
    assert open_index(OF, embedder=Refusing(), home=tmp_path).folder == first.folder
    assert [path.name for path in (tmp_path / "index").iterdir()] == [first.folder.name]


def test_another_corpus_and_another_embedder_have_their_own_folders(tmp_path: Path) -> None:
    class Renamed(HashingEmbedder):
        name = "hashing-renamed"

    folders = {
        build(tmp_path).folder,
        open_index(OF, embedder=Renamed(), home=tmp_path).folder,
        open_index(corpus(incident("i", "x")), embedder=HashingEmbedder(), home=tmp_path).folder,
    }
    assert len(folders) == 3


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    class Failing(HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_index(OF, embedder=Failing(), home=tmp_path)
    assert list((tmp_path / "index").iterdir()) == []


def test_a_build_that_is_killed_is_begun_anew(tmp_path: Path) -> None:
    code = """
import os, pathlib, sys
from harness.corpus import Corpus, Incident
from harness.embeddings import HashingEmbedder
from harness.retrieval import open_index
class Dying(HashingEmbedder):
    def embed(self, texts):
        os._exit(9)
row = Incident(id="i", narrative="x", label="fraud")
open_index(Corpus(incidents=((row, "f:1"),)), embedder=Dying(), home=pathlib.Path(sys.argv[1]))
"""
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 9
    (left,) = (tmp_path / "index").iterdir()
    assert left.name.startswith(".")
    of = corpus(incident("i", "x"))
    retriever = Retriever(open_index(of, embedder=HashingEmbedder(), home=tmp_path), of)
    assert [e.id for e in retriever.search_incidents("x", as_of=None, k=1)] == ["i"]


def test_the_slower_of_two_builders_uses_the_quicker_ones_index(tmp_path: Path) -> None:
    class Overtaken(HashingEmbedder):
        """While it embeds, somebody else builds the same index."""

        winner: Index | None = None

        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            self.winner = self.winner or build(tmp_path)
            return super().embed(texts)

    slow = Overtaken()
    index = open_index(OF, embedder=slow, home=tmp_path)
    assert slow.winner is not None
    assert index.manifest == slow.winner.manifest
    assert found(index) == found(slow.winner)
    assert [path.name for path in (tmp_path / "index").iterdir()] == [index.folder.name]


def test_two_processes_that_build_at_once_both_get_an_index(tmp_path: Path) -> None:
    code = """
import pathlib, sys
from harness.corpus import Corpus, Incident
from harness.embeddings import HashingEmbedder
from harness.retrieval import Retriever, open_index
rows = [Incident(id=f"i-{n}", narrative=f"text {n}", label="fraud") for n in range(50)]
of = Corpus(incidents=tuple((row, "f:1") for row in rows))
index = open_index(of, embedder=HashingEmbedder(), home=pathlib.Path(sys.argv[1]))
print(Retriever(index, of).search_incidents("text 7", as_of=None, k=1)[0].id)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0] for process in running] == ["i-7\n", "i-7\n"]
    assert len(list((tmp_path / "index").iterdir())) == 1


def test_rebuild_makes_a_new_one_while_the_old_is_open_in_this_process(tmp_path: Path) -> None:
    old = build(tmp_path)
    expected = found(old)
    new = build(tmp_path, rebuild=True)
    assert new.folder == old.folder
    assert new.manifest.vectors != old.manifest.vectors
    assert found(new) == expected
    assert found(old) == expected  # somebody still has it open, so it stays under another name
    old.tidy()
    assert found(build(tmp_path, rebuild=True)) == expected
    assert [path.name for path in (tmp_path / "index").glob("[!.]*")] == [new.folder.name]


def test_an_index_that_was_deleted_is_built_again_in_this_process(tmp_path: Path) -> None:
    expected = found(build(tmp_path))
    shutil.rmtree(tmp_path / "index")
    assert found(build(tmp_path)) == expected


@pytest.mark.parametrize(
    "values", [{"index_format": 99, "built_by": "9.9.9"}, {"schema_version": 7, "built_by": "9.9.9"}]
)
def test_another_format_is_refused_with_the_version_that_built_it(tmp_path: Path, values: dict[str, object]) -> None:
    rewrite(build(tmp_path), **values)
    with pytest.raises(UsageError, match=f"built by harness 9.9.9 .*this is harness {__version__}.*; {REMEDY}"):
        build(tmp_path)
    assert found(build(tmp_path, rebuild=True))
    assert found(build(tmp_path))


@pytest.mark.parametrize("text", ["{", "[]", "\udcff", None])
def test_an_index_json_that_cannot_be_read_is_refused(tmp_path: Path, text: str | None) -> None:
    path = build(tmp_path).folder / "index.json"
    path.unlink()
    if text is not None:
        path.write_text(text, errors="surrogateescape")
    with pytest.raises(UsageError, match=f"this index is damaged: index.json .*{REMEDY}"):
        build(tmp_path)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"surprise": 1}, "unknown key 'surprise'"),
        ({"content": "other"}, "of another corpus"),
        ({"embedder": "x"}, "of another"),
    ],
)
def test_an_index_json_that_does_not_fit_is_refused(tmp_path: Path, values: dict[str, object], why: str) -> None:
    rewrite(build(tmp_path), **values)
    with pytest.raises(UsageError, match=f"this index is damaged: .*{why}.*{REMEDY}"):
        build(tmp_path)


def test_missing_vectors_are_found_out_when_they_are_used(tmp_path: Path) -> None:
    built = build(tmp_path)
    shutil.rmtree(built.folder / built.manifest.vectors)
    with pytest.raises(UsageError, match=f"this index is damaged: .*{REMEDY}"):
        found(build(tmp_path))


def test_garbage_for_vectors_is_found_out_when_they_are_used(tmp_path: Path) -> None:
    built = build(tmp_path)
    (built.folder / built.manifest.vectors / "chroma.sqlite3").write_bytes(b"garbage " * 1000)
    with pytest.raises(UsageError, match=f"this index is damaged: .*{REMEDY}"):
        found(build(tmp_path))


def test_a_missing_word_index_is_found_out_when_it_is_used(tmp_path: Path) -> None:
    built = build(tmp_path)
    shutil.rmtree(built.folder / "words" / "policies")
    with pytest.raises(UsageError, match=f"this index is damaged: .*{REMEDY}"):
        found(build(tmp_path))


def test_stores_of_another_size_are_found_out_when_they_are_used(tmp_path: Path) -> None:
    three, one = corpus(*(incident(f"i-{n}", f"x {n}") for n in range(3))), corpus(incident("i", "x"))
    mine = open_index(three, embedder=HashingEmbedder(), home=tmp_path)
    other = open_index(one, embedder=HashingEmbedder(), home=tmp_path)
    for here, there in ((mine.manifest.vectors, other.manifest.vectors), ("words", "words")):
        shutil.rmtree(mine.folder / here)
        shutil.copytree(other.folder / there, mine.folder / here)
    with pytest.raises(UsageError, match=f"incidents has 1 documents, expected 3; {REMEDY}"):
        Retriever(mine, three, mode="lexical").search_incidents("x", as_of=None, k=1)
    with pytest.raises(UsageError, match=f"incidents has 1 vectors, expected 3; {REMEDY}"):
        Retriever(mine, three, mode="dense").search_incidents("x", as_of=None, k=1)


def test_a_home_where_nothing_can_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"file: can't write the index: .*; make that folder writable"):
        build(tmp_path / "file")


def test_a_place_that_can_neither_be_taken_nor_used_is_a_usage_error(tmp_path: Path) -> None:
    folder = build(tmp_path).folder
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="can't write the index"):
        build(tmp_path)
    assert [path.name for path in (tmp_path / "index").iterdir()] == [folder.name]
