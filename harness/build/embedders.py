"""The embedder that a suite names."""

from pathlib import Path

from harness.build.functions import import_function
from harness.embeddings import Embedder, cached, load_embedder
from harness.evaluation.suite import Retrieval

_HOSTED = ("openai/", "openai-compatible/")
_OWN = ("chroma",)
"""What stands before a colon without being a module."""


def is_hosted(name: str) -> bool:
    """Whether these embeddings are asked of a server."""
    return name.startswith(_HOSTED)


def is_function(name: str) -> bool:
    """Whether these embeddings are made by a class or function of the user's own."""
    return ":" in name and not is_hosted(name) and name.partition(":")[0] not in _OWN


def embedder_of(settings: Retrieval, *, folder: Path, where: str, cache_dir: Path | None) -> Embedder | None:
    """`retrieval.embeddings`, with its vectors kept in `cache_dir`; None where the mode is lexical and nothing is embedded.

    Modules and paths are looked for in `folder` first.
    """
    name = settings.embeddings
    if settings.mode == "lexical":
        return None
    if is_hosted(name):
        from harness.models.embedder import HostedEmbedder

        hosted = HostedEmbedder(
            name, base_url=settings.base_url, api_key=settings.api_key, dimensions=settings.dimensions
        )
        return cached(hosted, cache_dir)
    if is_function(name):
        from harness.embeddings.langchain import made_by

        return cached(made_by(import_function(name, folder=folder, where=where), name=name), cache_dir)
    return load_embedder(name, cache_dir=cache_dir, folder=folder)
