"""Embeddings of a server that speaks the OpenAI protocol, through the `openai` package."""

import os
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.core.errors import HarnessError, InfrastructureError, UsageError
from harness.core.secrets import read_secret
from harness.embeddings import MAX_CHARS, rows_of, well_formed
from harness.embeddings.protocol import Vectors
from harness.models.failures import RETRYABLE, ModelFailed, Unsupported, translate
from harness.models.network import check_url, idle_client, is_loopback, own_headers

if TYPE_CHECKING:
    from tenacity import RetryCallState

OPENAI, COMPATIBLE = "openai/", "openai-compatible/"
_BATCH = 128
_ATTEMPTS = 4
_TIMEOUT, _DEADLINE = 60.0, 180.0
_WHERE = "retrieval.embeddings"
_KNOWN = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
"""Dimensions that needn't be asked for."""


class HostedEmbedder:
    """One model of one server, asked for 128 texts at a time; lengths are made 1.

    Calls that may go better are tried again up to three times within three minutes, with the wait that the server asks
    for. `openai/MODEL` goes to OpenAI, or to OPENAI_BASE_URL, with OPENAI_API_KEY; `openai-compatible/MODEL` to
    `base_url`, with the key that `api_key` names (env:NAME or file:PATH), else OPENAI_COMPATIBLE_API_KEY, never OpenAI's.
    """

    def __init__(self, name: str, *, base_url: str | None, api_key: str | None, dimensions: int | None) -> None:
        compatible = name.startswith(COMPATIBLE)
        self._model = name.removeprefix(COMPATIBLE if compatible else OPENAI)
        if not self._model:
            raise UsageError(f"{name!r} names no model", where=_WHERE, fix="e.g. openai/text-embedding-3-small")
        address = base_url or (None if compatible else os.environ.get("OPENAI_BASE_URL") or None)
        if compatible and address is None:
            raise UsageError(
                f"{name} needs a base_url", where=_WHERE, fix="set retrieval.base_url: http://HOST:PORT/v1"
            )
        if address is not None:
            check_url(address, where="retrieval.base_url" if base_url else "OPENAI_BASE_URL")
        variable = "OPENAI_COMPATIBLE_API_KEY" if compatible else "OPENAI_API_KEY"
        self._secret = (
            read_secret(api_key, where="retrieval.api_key") if api_key else os.environ.get(variable, "").strip()
        )
        if not self._secret and address is None:
            fix = "export OPENAI_API_KEY=…, or name another by retrieval.api_key: env:NAME"
            raise UsageError(f"{name}: no API key", where=_WHERE, fix=fix)
        self._id, self._dimensions = name, dimensions
        self._client = _client(address, self._secret or "none", compatible=compatible)
        weakref.finalize(self, self._client.close)
        self.dim = (
            dimensions or (_KNOWN.get(self._model) if address is None else None) or len(self._ask(["dimensions"])[0])
        )
        self.name = f"{name}{'@' + address if address else ''}-{self.dim}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text; see `Embedder`. InfrastructureError where the server fails, UsageError where it refuses."""
        return rows_of([well_formed(text[:MAX_CHARS]) for text in texts], self._ask, self.dim, step=_BATCH)

    def _ask(self, texts: list[str]) -> list[list[float]]:
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_before_delay

        retrying = Retrying(
            retry=retry_if_exception(_worth_another),
            stop=stop_after_attempt(_ATTEMPTS) | stop_before_delay(_DEADLINE),
            wait=_wait,
            reraise=True,
        )
        rows: list[list[float]] = retrying(self._once, texts)
        return rows

    def _once(self, texts: list[str]) -> list[list[float]]:
        asked: dict[str, Any] = {} if self._dimensions is None else {"dimensions": self._dimensions}
        try:
            answered = self._client.embeddings.create(model=self._model, input=texts, encoding_format="float", **asked)
            rows = sorted(answered.data, key=lambda row: row.index)
            if [row.index for row in rows] != list(range(len(texts))):
                raise ValueError(f"{len(texts)} texts were sent, and {len(rows)} vectors came back")
            return [[float(number) for number in row.embedding] for row in rows]
        except Exception as error:  # `from None`: what a client raises may hold the key, and a traceback shows it
            raise _told(translate(error, model=self._id, secret=self._secret), self._id) from None


def _client(address: str | None, key: str, *, compatible: bool) -> Any:
    from openai import OpenAI

    http = idle_client(loopback=is_loopback(address))
    http.follow_redirects = False  # they would take texts elsewhere
    headers = own_headers(key) if compatible else None
    return OpenAI(
        base_url=address, api_key=key, max_retries=0, timeout=_TIMEOUT, http_client=http, default_headers=headers
    )


def _told(error: HarnessError, id: str) -> HarnessError:
    """What a failure is for somebody who builds an index: no answer of a model's counts as wrong here."""
    if isinstance(error, UsageError):
        return UsageError(error.what, where=_WHERE, fix="check the model's name, retrieval.base_url and the key")
    refused = isinstance(error, InfrastructureError) and error.kind == "bad_request"
    if refused or isinstance(error, ModelFailed | Unsupported):
        return UsageError(
            f"{id}: {error}", where=_WHERE, fix="check retrieval.dimensions, or use a model that takes such texts"
        )
    return error


def _worth_another(error: BaseException) -> bool:
    return isinstance(error, InfrastructureError) and error.kind in RETRYABLE


def _wait(state: "RetryCallState") -> float:
    """What the server asks for, else longer each time, with jitter."""
    from tenacity import wait_random_exponential

    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.retry_after if isinstance(error, InfrastructureError) else None
    return asked if asked is not None else wait_random_exponential(multiplier=0.5, max=20)(state)
