"""Chroma: a client of files or of a server, and collections of vectors under the keys of their rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import UsageError, one_line
from harness.core.secrets import scrub

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

_EF_SEARCH = 100
_WHERE = "retrieval.chroma"


def check_chroma_url(url: str) -> None:
    """Refuse what is no http(s) URL of a server, or holds a login."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:
        sound = False
    if not sound or "@" in url or url != url.strip():
        fix = "e.g. http://127.0.0.1:8000; a login goes into CHROMA_CLIENT_AUTH_CREDENTIALS"
        raise UsageError(f"{scrub(url)[:80]!r} is no URL of a Chroma server", where=_WHERE, fix=fix)


def local_client(folder: Path) -> "Client":
    """A client of the files in `folder`; neither `.env` nor the environment can make it call a server."""
    from chromadb.api.client import Client
    from chromadb.config import Settings

    return Client(
        settings=Settings(
            _env_file=None,
            anonymized_telemetry=False,
            chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
            chroma_otel_collection_endpoint="",
            chroma_otel_granularity=None,  # one process may not open a folder twice with different settings
            is_persistent=True,
            persist_directory=str(folder),
        )
    )


def server_client(url: str) -> "Client":
    """A client of the server at `url`; UsageError where none answers there, or it refuses.

    Chroma's own variables (CHROMA_CLIENT_AUTH_PROVIDER, CHROMA_CLIENT_AUTH_CREDENTIALS) give it a login.
    """
    from chromadb.config import Settings

    from harness.retrieval.chroma_http import BoundedClient

    check_chroma_url(url)
    parts = urlsplit(url)
    settings = Settings(
        _env_file=None,
        anonymized_telemetry=False,
        chroma_api_impl="chromadb.api.fastapi.FastAPI",
        chroma_otel_collection_endpoint="",
        chroma_otel_granularity=None,
        chroma_server_host=url.rstrip("/"),
        chroma_server_http_port=parts.port or (443 if parts.scheme == "https" else 80),
        chroma_server_ssl_enabled=parts.scheme == "https",
        is_persistent=False,
    )
    try:
        return BoundedClient(settings=settings)
    except Exception as error:
        raise unreachable(url, error) from None


def unreachable(url: str, error: Exception) -> UsageError:
    """What a server's failure is told as."""
    said = one_line(scrub(str(error.__cause__ or error.__context__ or error)))[:200]
    fix = "start it (`chroma run`), or take retrieval.chroma out of the suite to keep vectors in files"
    return UsageError(f"no Chroma server to use at {url}: {said or type(error).__name__}", where=_WHERE, fix=fix)


def collection_of(client: "Client", name: str) -> "Collection":
    """A collection that is there; a ChromaError where it isn't."""
    # Without this Chroma attaches its default function, which downloads a model when it is given a text.
    return client.get_collection(name, embedding_function=None)


def find(client: "Client", name: str) -> "Collection | None":
    """A collection, if it is there."""
    from chromadb.errors import NotFoundError

    try:
        return collection_of(client, name)
    except NotFoundError:
        return None


def create(client: "Client", name: str, *, keys: Sequence[str], vectors: NDArray[np.float32]) -> "Collection":
    """A new collection of these vectors."""
    collection = client.create_collection(
        name, embedding_function=None, configuration={"hnsw": {"space": "cosine", "ef_search": _EF_SEARCH}}
    )
    add(client, collection, keys=keys, vectors=vectors)
    return collection


def add(client: "Client", collection: "Collection", *, keys: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Add vectors in batches."""
    step = client.get_max_batch_size()
    for start in range(0, len(keys), step):
        collection.add(ids=list(keys[start : start + step]), embeddings=vectors[start : start + step])


def remove(client: "Client", collection: "Collection", *, keys: Sequence[str]) -> None:
    """Take vectors out in batches."""
    step = client.get_max_batch_size()
    for start in range(0, len(keys), step):
        collection.delete(ids=list(keys[start : start + step]))
