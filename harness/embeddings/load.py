"""Embedders by the name that a suite gives them: those that run in this process."""

import re
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.files import suggest
from harness.core.version import SCHEMA_VERSION
from harness.embeddings.cache import CachedEmbedder
from harness.embeddings.hashing import HashingEmbedder
from harness.embeddings.minilm import MiniLM
from harness.embeddings.protocol import Embedder

_NAMES = ["minilm", "hashing", "chroma", "chroma:FOLDER", "openai/MODEL", "openai-compatible/MODEL", "module:function"]
_CHROMA = "chroma:"


def load_embedder(name: str, *, cache_dir: Path | None, folder: Path = Path()) -> Embedder:
    """The embedder `name`; vectors of all but `hashing` are kept in a file in `cache_dir` (None: in memory only).

    `hashing` is not cached: it is as fast as looking a vector up. UsageError for another name, or for one of a server or
    of the user's own, which `harness.build.embedders` makes. Paths in a name are relative to `folder`.
    """
    if name == "hashing":
        return HashingEmbedder()
    if name == "minilm":
        return cached(MiniLM(), cache_dir)
    if name == "chroma" or name.startswith(_CHROMA):
        from harness.embeddings.chroma import ChromaDefault

        return cached(ChromaDefault(folder / name.removeprefix(_CHROMA) if name != "chroma" else None), cache_dir)
    raise UsageError(f"unknown embeddings {name!r}", where="retrieval.embeddings", fix=suggest(name, _NAMES))


def cached(embedder: Embedder, cache_dir: Path | None) -> CachedEmbedder:
    """An embedder with a file of its own in `cache_dir`."""
    safe = re.sub(r"[^A-Za-z0-9._\-]+", "-", embedder.name).strip("-.")
    return CachedEmbedder(embedder, None if cache_dir is None else cache_dir / f"{safe[:100]}.v{SCHEMA_VERSION}.sqlite")
