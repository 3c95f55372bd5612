"""A retriever over an index in the test's own folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.corpus import Corpus
from harness.embeddings import Embedder, HashingEmbedder
from harness.retrieval import Mode, Retriever, open_index

Open = Callable[..., Retriever]


@pytest.fixture
def open_retriever(tmp_path: Path) -> Open:
    """Build and open: `open_retriever(corpus, mode=..., embedder=...)`."""

    def opened(of: Corpus, *, mode: Mode = "hybrid", embedder: Embedder | None = None) -> Retriever:
        index = open_index(of, embedder=embedder or HashingEmbedder(), home=tmp_path / "home")
        return Retriever(index, of, mode=mode)

    return opened
