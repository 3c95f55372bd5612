"""`check_index`: what is there is whole and of this corpus, or it says what isn't."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.embeddings import HashingEmbedder
from harness.retrieval import Index, check_index, chroma, open_index

from .corpora import corpus, incident, small_corpus

OF = small_corpus()


def build(home: Path) -> Index:
    index = open_index(OF, embedder=HashingEmbedder(), home=home)
    index.tidy()
    return index


def findings(home: Path) -> list[str]:
    return check_index(OF, embedder=HashingEmbedder(), home=home)


def test_a_whole_index_has_no_finding_and_nothing_is_built(tmp_path: Path) -> None:
    (finding,) = findings(tmp_path)
    assert "there is no index of this corpus and hashing-1024 (0 of others)" in finding
    assert not (tmp_path / "index").exists()
    build(tmp_path)
    assert findings(tmp_path) == []


def test_an_index_of_another_corpus_is_no_index_of_this_one(tmp_path: Path) -> None:
    open_index(corpus(incident("i", "x")), embedder=HashingEmbedder(), home=tmp_path).tidy()
    (finding,) = findings(tmp_path)
    assert "(1 of others)" in finding


def test_an_index_of_words_alone_is_checked_too(tmp_path: Path) -> None:
    index = open_index(OF, embedder=None, home=tmp_path)
    assert check_index(OF, embedder=None, home=tmp_path) == []
    shutil.rmtree(index.folder / "words" / "policies")
    (finding,) = check_index(OF, embedder=None, home=tmp_path)
    assert "this index is damaged" in finding
    assert "no embedder (1 of others)" in check_index(corpus(), embedder=None, home=tmp_path)[0]


def test_rows_that_are_others_are_told(tmp_path: Path) -> None:
    path = build(tmp_path).folder / "rows.json"
    rows = json.loads(path.read_text())
    path.write_text(json.dumps({**rows, "incidents": rows["incidents"][:-1]}))
    assert [finding.partition(": ")[2] for finding in findings(tmp_path)] == [
        "rows.json lists other rows than the corpus has"
    ]
    path.write_text("[]")
    assert "rows.json can't be read" in findings(tmp_path)[0]


def test_a_matrix_that_is_cut_short_or_differs_from_chroma_is_told(tmp_path: Path) -> None:
    path = build(tmp_path).folder / "policies.npy"
    matrix = np.load(path)
    np.save(path, matrix[::-1])
    found = findings(tmp_path)
    assert any("4 vectors of policies differ between Chroma and policies.npy" in one for one in found)
    assert any("policies were embedded by another hashing-1024 than this one" in one for one in found)
    np.save(path, matrix[:2])
    assert "policies.npy can't be read, or is of another size" in findings(tmp_path)[0]


def test_vectors_that_chroma_lacks_or_has_of_no_row_are_told(tmp_path: Path) -> None:
    index = build(tmp_path)
    with chroma.local_client(index.folder / index.manifest.vectors) as client:
        collection = chroma.collection_of(client, "incidents")
        (first, *_) = collection.get()["ids"]
        collection.delete(ids=[first])
        collection.add(ids=["stranger"], embeddings=np.ones((1, 1024), np.float32))
    (finding,) = findings(tmp_path)
    assert finding.endswith("Chroma lacks 1 of 3 incidents and has 1 of no row")


def test_vectors_of_another_model_of_the_same_name_are_told(tmp_path: Path) -> None:
    class Other(HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.roll(super().embed(texts), 1, axis=1)

    build(tmp_path)
    found = check_index(OF, embedder=Other(), home=tmp_path)
    assert [one.rpartition(": ")[2] for one in found] == [
        f"{name} were embedded by another hashing-1024 than this one" for name in ("policies", "incidents")
    ]


@pytest.mark.parametrize("lost", ["index.json", "vectors"])
def test_files_that_are_missing_are_told(tmp_path: Path, lost: str) -> None:
    index = build(tmp_path)
    if lost == "vectors":
        shutil.rmtree(index.folder / index.manifest.vectors)
    else:
        (index.folder / lost).unlink()
    (finding,) = findings(tmp_path)
    assert "this index is damaged" in finding and "`harness index --rebuild SUITE` makes it anew" in finding
