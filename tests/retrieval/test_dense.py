"""The two ways to the nearest rows: Chroma's graph, and the product with the whole matrix."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.corpus import Corpus
from harness.embeddings import HashingEmbedder
from harness.retrieval import Index, Retriever, open_index
from harness.retrieval.lexical import shared_words
from harness.retrieval.vectors import load_matrix

from .corpora import Scatter, corpus, incident, policy

SIZE = 1500


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    of = corpus(*(incident(f"i-{n}", f"text {n}") for n in range(SIZE)))
    return open_index(of, embedder=Scatter(), home=tmp_path_factory.mktemp("dense"))


@pytest.mark.parametrize("share", [1.0, 0.9, 0.4, 0.05])
def test_whatever_share_is_admitted_the_nearest_are_found(index: Index, share: float) -> None:
    dense, rng = index.dense["incidents"], np.random.default_rng(7)
    found = wanted = 0
    for query in Scatter().embed([f"query {n}" for n in range(40)]):
        admitted = rng.random(SIZE) < share
        best = {row for row, _ in dense.exhaustive(query, admitted=admitted, k=50)}
        got = dense.search(query, admitted=admitted, k=50)
        assert len(got) == len(best) and all(admitted[row] for row, _ in got)
        assert [score for _, score in got] == sorted((score for _, score in got), reverse=True)
        found, wanted = found + len(best & {row for row, _ in got}), wanted + len(best)
    assert found / wanted >= 0.99


def test_both_ways_give_the_same_cosines(index: Index) -> None:
    dense, admitted = index.dense["incidents"], np.ones(SIZE, np.bool_)
    (query,) = Scatter().embed(["a query"])
    graph = dict(dense.search(query, admitted=admitted, k=10))
    product = dict(dense.exhaustive(query, admitted=admitted, k=10))
    assert graph == {row: pytest.approx(score, abs=1e-5) for row, score in product.items()}
    assert dict(dense.cosines(query, sorted(product))) == product


def test_an_exhaustive_search_is_the_product_in_order(index: Index) -> None:
    dense = index.dense["incidents"]
    matrix = np.load(index.folder / "incidents.npy")
    for few in (True, False):
        admitted = np.arange(SIZE) % 40 == 0 if few else np.arange(SIZE) % 2 == 0
        rows = np.flatnonzero(admitted)
        (query,) = Scatter().embed(["another"])
        order = rows[np.argsort(-(matrix[rows] @ query))][:7]
        assert [row for row, _ in dense.exhaustive(query, admitted=admitted, k=7)] == order.tolist()


def test_an_index_without_an_embedder_holds_words_alone(tmp_path: Path) -> None:
    of = corpus(incident("i", "oil on the water"))
    index = open_index(of, embedder=None, home=tmp_path)
    assert [one.id for one in Retriever(index, of, mode="lexical").search_incidents("oil", as_of=None, k=1)] == ["i"]
    assert not list(index.folder.glob("*.npy")) and not list(index.folder.glob("vectors*"))
    with pytest.raises(UsageError, match="this index has no vectors for hybrid search"):
        Retriever(index, of)
    with pytest.raises(UsageError, match="no vectors for dense search"):
        Retriever(open_index(Corpus(), embedder=None, home=tmp_path), Corpus(), mode="dense")


def test_a_matrix_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.npy"
    for matrix in (np.zeros((3, 2), np.float64), np.zeros((2, 2), np.float32), np.zeros(3, np.float32)):
        np.save(path, matrix)
        with pytest.raises(ValueError, match="expected 3 rows"):
            load_matrix(path, rows=3)


def test_words_are_matched_by_their_stems_and_told_as_they_were_asked() -> None:
    assert shared_words("Refunding THE deposits, please; deposits!", "The deposit was refunded.") == [
        "refunding",
        "deposits",
    ]
    assert shared_words("the of and", "the of and") == []


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_has_shared_words(query: str, text: str) -> None:
    assert set(shared_words(query, text)) <= set(query.lower().split()) | set(shared_words(query, text))
    assert shared_words(query, "") == []


def test_a_policy_of_two_versions_is_one_matrix_row_a_text(tmp_path: Path) -> None:
    of = corpus(policy("P", 1, ["a", "b"], end=date(2026, 1, 1)), policy("P", 2, ["a", "c"], start=date(2026, 1, 1)))
    index = open_index(of, embedder=HashingEmbedder(), home=tmp_path)
    assert np.load(index.folder / "policies.npy").shape == (3, 1024)
    assert index.collections["policies"].count() == 3
