"""Where calls go: checked addresses, and HTTP clients that go nowhere else."""

import ipaddress
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from harness.core.errors import InfrastructureError, UsageError
from harness.core.secrets import scrub

if TYPE_CHECKING:
    from httpx2 import Response
    from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

C = TypeVar("C")
MAX_BYTES = 32_000_000
"""Of a response's body; log-probabilities of a long reply take some of it."""
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f]")


def check_url(base_url: Any, *, where: str | Path) -> None:
    """Refuse what is no http(s) URL, and one that holds a login, a query or a fragment."""
    text = base_url if isinstance(base_url, str) else ""
    try:
        parts = urlsplit(text)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or _UNPRINTABLE.search(text):
        shown = scrub(str(base_url))[:80]
        raise UsageError(f"base_url {shown!r} is no http(s) URL", where=where, fix="e.g. http://127.0.0.1:8000/v1")
    if "@" in parts.netloc:
        raise UsageError("base_url holds a password", where=where, fix="take it out; see `calls.api_key`")
    if "?" in text or "#" in text:
        fix = "take it out; `model_parameters: {default_query: {…}}` goes with every call"
        raise UsageError("base_url holds a query or a fragment", where=where, fix=fix)


def is_loopback(url: str | None) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname if url else None
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def http_client(*, loopback: bool) -> "DefaultAsyncHttpxClient":
    """An HTTP client for the OpenAI client, which goes to the address that was named and nowhere else.

    No proxy lies before this machine itself; redirects, which would take a ticket elsewhere, are not followed; a body
    that doesn't end is not kept. UsageError where a proxy of the environment can't be used.
    """
    from openai import DefaultAsyncHttpxClient

    hooks = {"response": [_bound]}
    return _made(DefaultAsyncHttpxClient, trust_env=not loopback, follow_redirects=False, event_hooks=hooks)


def idle_client(*, loopback: bool) -> "DefaultHttpxClient":
    """The client that LangChain wants for calls that block, of which none is made."""
    from openai import DefaultHttpxClient

    return _made(DefaultHttpxClient, trust_env=not loopback)


def _made(kind: Callable[..., C], **options: Any) -> C:
    try:
        return kind(**options)
    except (ImportError, ValueError) as error:
        where = "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY"
        raise UsageError(f"a proxy can't be used: {scrub(str(error))}", where=where, fix="mend or unset it") from None


async def _bound(response: "Response") -> None:
    """Have the response's body end in an error where it is too long."""
    from httpx2 import AsyncByteStream

    whole = cast(AsyncByteStream, response.stream)

    class Bounded(AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for chunk in whole:
                size += len(chunk)
                if size > MAX_BYTES:
                    raise InfrastructureError("server_error", f"the server's answer is longer than {MAX_BYTES:,} bytes")
                yield chunk

        async def aclose(self) -> None:
            await whole.aclose()

    response.stream = Bounded()


def own_headers(key: str) -> dict[str, Any]:
    """Headers over those that the OpenAI client takes from the environment, which are OpenAI's and no other server's."""
    from openai import Omit

    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
    names = [
        "OpenAI-Organization",
        "OpenAI-Project",
        *(line.partition(":")[0].strip() for line in lines if ":" in line),
    ]
    return {name: f"Bearer {key}" if name.lower() == "authorization" else Omit() for name in names}
