"""Embedders by name."""

from pathlib import Path

import numpy as np
import pytest

from harness.core.errors import UsageError
from harness.embeddings import load_embedder


def test_minilm_keeps_its_vectors_in_the_cache_folder(tmp_path: Path) -> None:
    embedder = load_embedder("minilm", cache_dir=tmp_path / "vectors")
    assert (embedder.name, embedder.dim) == ("minilm-l6-v2-int8", 384)
    rows = embedder.embed(["a refund"])
    assert (tmp_path / "vectors" / "minilm-l6-v2-int8.v1.sqlite").is_file()
    assert np.array_equal(load_embedder("minilm", cache_dir=None).embed(["a refund"]), rows)


def test_hashing_needs_no_folder(tmp_path: Path) -> None:
    embedder = load_embedder("hashing", cache_dir=tmp_path)
    assert (embedder.name, embedder.dim) == ("hashing-1024", 1024)
    assert embedder.embed(["a refund"]).shape == (1, 1024)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_is_a_usage_error_that_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown embeddings 'minilmm'; did you mean 'minilm'\?"):
        load_embedder("minilmm", cache_dir=None)
