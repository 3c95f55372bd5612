"""Embedders by the name that a suite gives them."""

from pathlib import Path

from harness.core.errors import UsageError
from harness.core.files import suggest
from harness.core.version import SCHEMA_VERSION
from harness.embeddings.cache import CachedEmbedder
from harness.embeddings.hashing import HashingEmbedder
from harness.embeddings.minilm import MiniLM
from harness.embeddings.protocol import Embedder

_NAMES = ["minilm", "hashing"]


def load_embedder(name: str, *, cache_dir: Path | None) -> Embedder:
    """The embedder `name`; vectors of `minilm` are kept in a file in `cache_dir` (None: in memory only).

    `hashing` is not cached: it is as fast as looking a vector up. UsageError for another name.
    """
    if name == "minilm":
        model = MiniLM()
        path = None if cache_dir is None else cache_dir / f"{model.name}.v{SCHEMA_VERSION}.sqlite"
        return CachedEmbedder(model, path)
    if name == "hashing":
        return HashingEmbedder()
    raise UsageError(f"unknown embeddings {name!r}", where="retrieval.embeddings", fix=suggest(name, _NAMES))
