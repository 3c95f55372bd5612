"""Anything with LangChain's `Embeddings` interface, by the name of what makes it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

from harness.core.errors import UsageError
from harness.embeddings import cached, embed_query
from harness.embeddings.langchain import LangChainEmbedder, made_by


class Asymmetric(Embeddings):
    """Queries and passages are embedded in two ways, as by E5; it counts what it is asked."""

    model_name = "twofold"

    def __init__(self) -> None:
        self.documents: list[str] = []
        self.queries: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.documents += texts
        return [[3.0, 4.0, float(len(text) % 2)] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        self.queries.append(text)
        return [0.0, 0.0, 2.0]


def test_a_langchain_class_embeds_in_rows_of_length_one() -> None:
    embedder = made_by(lambda: DeterministicFakeEmbedding(size=7), name="mine:make")
    rows = embedder.embed(["a refund", " ", "a party"])
    assert (embedder.dim, embedder.name, rows.dtype) == (7, "mine:make-7", np.float32)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0, 1], abs=1e-6)
    assert np.array_equal(embedder.embed(["a refund"])[0], rows[0])


def test_queries_go_their_own_way_and_both_are_kept(tmp_path: Path) -> None:
    model = Asymmetric()
    embedder = cached(LangChainEmbedder(model, name="mine:Asymmetric"), tmp_path)
    assert embedder.name == "mine:Asymmetric[twofold]-3"
    assert embed_query(embedder, "oil").tolist() == [0, 0, 1]
    assert embedder.embed(["oil!"])[0].tolist() == pytest.approx([0.6, 0.8, 0])
    again = Asymmetric()
    kept = cached(LangChainEmbedder(again, name="mine:Asymmetric"), tmp_path)
    again.queries.clear()
    assert embed_query(kept, "oil").tolist() == [0, 0, 1]
    assert kept.embed(["oil!"]).shape == (1, 3)
    assert (again.documents, again.queries) == ([], [])
    assert [path.name for path in tmp_path.glob("*.sqlite")] == ["mine-Asymmetric-twofold--3.v1.sqlite"]


def test_a_blank_query_is_zeros_and_is_not_asked_about() -> None:
    model = Asymmetric()
    embedder = LangChainEmbedder(model, name="m:f")
    model.queries.clear()
    assert not embedder.embed_query(" \n").any()
    assert model.queries == []


@pytest.mark.parametrize("made", [object(), None, "text"])
def test_what_is_no_embeddings_is_a_usage_error(made: Any) -> None:
    with pytest.raises(UsageError, match=r"'m:f' gives a \w+, which has no embed_documents; name a class"):
        made_by(lambda: made, name="m:f")


def test_what_it_raises_is_told_in_one_line() -> None:
    def failing() -> Any:
        raise RuntimeError("no\nweights")

    with pytest.raises(UsageError, match="'m:f' failed: RuntimeError: no weights; it is called without arguments"):
        made_by(failing, name="m:f")

    class Later(Asymmetric):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise ConnectionError("gone")

    with pytest.raises(UsageError, match="'m:f' failed: ConnectionError: gone"):
        LangChainEmbedder(Later(), name="m:f").embed(["x"])


@pytest.mark.parametrize("answer", [[], [[1.0, 2.0]], [[1.0, 2.0, float("nan")]], "x", [[1.0, 2.0, 3.0]] * 2, [None]])
def test_an_answer_that_is_no_row_a_text_is_refused(answer: Any) -> None:
    class Wrong(Asymmetric):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return answer  # type: ignore[no-any-return]

    with pytest.raises(UsageError, match=r"1 texts gave an answer of shape .*, not 1 rows of 3 finite numbers"):
        LangChainEmbedder(Wrong(), name="m:f").embed(["x"])
