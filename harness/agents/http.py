"""A solver behind an address: each sample is posted as JSON, and the JSON that comes back is the answer."""

import asyncio
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from weakref import WeakKeyDictionary

from harness.agents.function import MAX_ANSWER, json_answer, request_of, shown
from harness.core.errors import InfrastructureError, UsageError
from harness.core.hashing import generator
from harness.core.protocols import SolverInput
from harness.core.secrets import expand
from harness.core.types import Output
from harness.models.network import is_loopback

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response
    from tenacity import RetryCallState

_AGAIN = frozenset({"rate_limit", "server_error", "connection", "timeout"})
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 8.0
_MAX_REDIRECTS = 3
_ENOUGH = 4000
"""Bytes of a refusal's text that are read."""
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class HttpSolver:
    """Posts `{"id", "input", "trial", "seed"}` to `url`; never the target.

    `${NAME}` in a header's value is taken from the environment. Rate limits, server errors, lost connections and
    timeouts are tried again, at most `max_retries` times and within `timeout` seconds × all attempts. Redirects are
    followed where they keep the method (307, 308) and the origin. To be closed in the loop that used it.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        max_retries: int = 2,
        where: str | Path = "solver",
    ) -> None:
        self.name, self._url, self._where = url.partition("?")[0], url, where
        self._timeout, self._max_retries = timeout, max_retries
        self._headers, self._secrets = _filled(headers or {}, where=where)
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncClient] = WeakKeyDictionary()

    async def __call__(self, item: SolverInput) -> Output:
        """Ask for one sample.

        Raises InfrastructureError where the endpoint fails or answers what can't be read, UsageError where it refuses
        the request for its headers or its address.
        """
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_before_delay

        client = self._client()
        seconds = self._timeout * (self._max_retries + 1)
        ends = time.monotonic() + seconds
        draws = generator("retry", item.id, item.seed)

        def wait(state: "RetryCallState") -> float:
            """What the endpoint asks for, else between half and all of 0.25, 0.5, 1, … seconds."""
            error = state.outcome.exception() if state.outcome else None
            if isinstance(error, InfrastructureError) and error.retry_after is not None:
                return error.retry_after
            return float(min(_FIRST_WAIT * 2 ** (state.attempt_number - 1), _LONGEST_WAIT) * draws.uniform(0.5, 1.0))

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, InfrastructureError) and error.kind in _AGAIN),
            stop=stop_after_attempt(self._max_retries + 1) | stop_before_delay(seconds),
            wait=wait,
            reraise=True,
        )
        answer: bytes = await retrying(self._attempt, client, request_of(item), ends)
        return json_answer(answer, whose=self.name, secrets=self._secrets)

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    async def _attempt(self, client: "AsyncClient", body: bytes, ends: float) -> bytes:
        """The body of one answer, within one timeout and what is left of all of them."""
        import httpx2

        seconds = max(min(self._timeout, ends - time.monotonic()), 0.001)
        try:
            async with asyncio.timeout(seconds):
                return await self._post(client, body)
        except TimeoutError:
            raise InfrastructureError("timeout", f"{self.name} gave no answer within {seconds:.3g} s") from None
        except httpx2.DecodingError as error:
            raise self._failed("bad_answer", f"can't be decoded: {error}") from None
        except httpx2.InvalidURL as error:
            raise UsageError(f"{self.name} is no address: {error}", where=self._where, fix="correct it") from None
        except (httpx2.TransportError, OSError) as error:
            raise self._failed("connection", str(error) or type(error).__name__) from None

    async def _post(self, client: "AsyncClient", body: bytes) -> bytes:
        url = self._url
        for _ in range(_MAX_REDIRECTS + 1):
            async with client.stream("POST", url, content=body, headers=self._headers) as response:
                if not 300 <= response.status_code < 400:
                    return await self._read(response)
                url = self._redirected(response, url)
        raise UsageError(f"{self.name} redirects in a circle", where=self._where, fix="give the address that answers")

    def _redirected(self, response: "Response", url: str) -> str:
        """Where to go on; UsageError where that is another server or would lose the request."""
        location = response.headers.get("location", "")
        try:
            to = urljoin(url, location)
            if response.status_code in {307, 308} and _origin(to) == _origin(url):
                return to
        except ValueError:
            pass  # a location that is no address is none on this server either
        raise UsageError(
            f"{self.name} answers {response.status_code}, a redirect to {shown(location, *self._secrets, limit=200)!r}",
            where=self._where,
            fix="give the address that answers; redirects are followed on the same server only",
        )

    async def _read(self, response: "Response") -> bytes:
        """The body of a good answer; every other status is an error of its kind."""
        status = response.status_code
        if status < 300:
            answer = await _bounded(response, MAX_ANSWER)
            if len(answer) > MAX_ANSWER:
                raise self._failed("bad_answer", f"is longer than {MAX_ANSWER:,} bytes")
            return answer
        said = shown((await _bounded(response, _ENOUGH)).decode("utf-8", "replace"), *self._secrets, limit=200)
        text = f"{status}: {said}" if said else str(status)
        if status in {401, 403}:
            raise UsageError(f"{self.name} refuses the request ({text})", where=self._where, fix="check `headers`")
        if status == 404:
            raise UsageError(f"{self.name} has nothing there ({text})", where=self._where, fix="check the address")
        kind = "rate_limit" if status == 429 else "bad_request" if status < 500 else "server_error"
        asked = _retry_after(response.headers.get("retry-after", "")) if kind != "bad_request" else None
        raise InfrastructureError(kind, f"{self.name} answered {text}", retry_after=asked)

    def _failed(self, kind: str, why: str) -> InfrastructureError:
        return InfrastructureError(kind, shown(f"{self.name}: {why}", *self._secrets))

    def _client(self) -> "AsyncClient":
        """The running loop's client, made on first use."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = _new_client(loopback=is_loopback(self._url))
        return self._clients[loop]


def _new_client(*, loopback: bool) -> "AsyncClient":
    """A client with proxies and certificates from the environment, but no proxy to this machine itself."""
    import httpx2

    # No timeouts and limits of its own: `asyncio.timeout` bounds an attempt, the runner how many there are at once.
    client = httpx2.AsyncClient(
        headers={"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"},
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=5.0),
        timeout=None,
        follow_redirects=False,
        trust_env=not loopback,
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))  # no sample may depend on another
    return client


async def _bounded(response: "Response", limit: int) -> bytes:
    """The body; as soon as it is longer than `limit` the rest is not read."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)


def _filled(headers: Mapping[str, str], *, where: str | Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """Headers with their variables filled in, and every text that must not be shown."""
    filled: dict[str, str] = {}
    secrets: list[str] = []
    for name, text in headers.items():
        filled[name] = expand(text, where=where).strip()
        if not re.fullmatch(r"[\x20-\x7e]*", filled[name]):
            raise UsageError(
                f"the header {name} holds a character that no header can carry", where=where, fix="check its variable"
            )
        if "${" in text:
            secrets += [filled[name], *(expand(match[0], where=where) for match in _VARIABLE.finditer(text))]
    return filled, tuple(secrets)


def _origin(url: str) -> tuple[Any, ...]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _retry_after(text: str) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or a date; None where it holds neither."""
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text.strip()):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
