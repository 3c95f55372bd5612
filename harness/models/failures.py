"""What went wrong with a call, by name, and whose failure it is.

The provider's (InfrastructureError: the trial is errored), the model's own (ModelFailed: the answer is wrong), the
user's (ProviderRefused: the run stops), or only a form that the model doesn't know (Unsupported: ask in another). Clients'
exceptions are told apart by what they carry (`status_code`, `code`, `body`, `response.headers`), else by the names of
their classes, so that no provider's package is imported.
"""

import math
import re
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from harness.core.errors import HarnessError, InfrastructureError, ProviderRefused, one_line
from harness.core.secrets import scrub
from harness.core.types import Failure
from harness.models.calls import Reply

RETRYABLE = frozenset({"rate_limit", "timeout", "connection", "server_error"})
"""Infrastructure failures that another attempt may mend; quota, bad_request and provider_error are not."""
OF_THE_MODEL = frozenset({"content_filter", "refusal", "truncated", "malformed", "wrong_schema", "context_too_long"})
"""Failures that count as wrong answers."""
_LONGEST = 300

_TOO_LONG = re.compile(
    r"context.?(length|window)|too many tokens|prompt is too long|maximum (context|prompt)|input token count|"
    r"reduce the length of the messages",
    re.IGNORECASE,
)
_FILTERED = re.compile(r"content.?(filter|management policy|policy violation)|responsible.?ai", re.IGNORECASE)
_FORMS = (
    ("logprobs", re.compile(r"logprobs", re.IGNORECASE)),
    ("json_schema", re.compile(r"response_format|json_schema|text\.format|structured output|output_format", re.I)),
    ("tool", re.compile(r"\btools?\b|tool_choice|function.?call", re.IGNORECASE)),
)
_UNREADABLE = (TypeError, KeyError, IndexError, AttributeError, ValueError, OverflowError, RecursionError)


class ModelFailed(HarnessError):
    """The model, or its service on behalf of it, declined or could not answer: `failure` stands for the answer."""

    def __init__(self, kind: str, message: str) -> None:
        self.failure = Failure(kind, message)
        super().__init__(f"{kind}: {message}")


class Unsupported(HarnessError):
    """The model doesn't know the form that was asked for: json_schema, tool or logprobs."""

    def __init__(self, form: str, message: str) -> None:
        self.form = form
        super().__init__(f"{form} is not supported: {message}")


def not_the_api(model: str, text: str = "") -> ProviderRefused:
    """The server answered well, but with something else than the protocol: a page, as a rule."""
    begin = " ".join(text.split())[:60]
    what = f"{model}: the server doesn't answer with the OpenAI protocol but {repr(begin) if begin else 'with a text'}"
    return ProviderRefused(what, where="base_url", fix="check base_url: it usually ends in /v1")


def failure_of(reply: Reply) -> Failure | None:
    """The failure that a reply itself declares: a refusal, a cut by length, or the content filter."""
    if reply.refusal:
        return Failure("refusal", one_line(reply.refusal)[:_LONGEST])
    if reply.finish == "length":
        return Failure("truncated", "the reply ended at a limit on its length")
    if reply.finish == "content_filter":
        return Failure("content_filter", "the service's filter stopped the reply")
    return None


def translate(error: Exception, *, model: str, secret: str = "") -> HarnessError:
    """A client's exception by its name; provider's texts are cut to one short line without secrets."""
    for said in (error, error.__cause__):  # the openai client wraps what our part of its HTTP client raises
        if isinstance(said, HarnessError):
            return said
    text = _text(error, secret)
    names = {kind.__name__ for kind in type(error).__mro__}
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _by_status(error, status, text, model=model, shown=f"{status}: {text}")
    for wanted, as_status in _STATUS_OF.items():
        if wanted in names:
            return _by_status(error, as_status, text, model=model, shown=text)
    for kinds, made in _BY_NAME:
        if names & kinds:
            return made(text)
    if isinstance(error, _UNREADABLE) or "ValidationError" in names:
        return InfrastructureError("server_error", f"the server's answer can't be read: {text}")
    return InfrastructureError("provider_error", f"{type(error).__name__}: {text}")


_STATUS_OF = {
    "AuthenticationError": 401,
    "Unauthenticated": 401,
    "PermissionDeniedError": 403,
    "PermissionDenied": 403,
    "NotFoundError": 404,
    "NotFound": 404,
    "RateLimitError": 429,
    "ResourceExhausted": 429,
    "BadRequestError": 400,
    "InvalidArgument": 400,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
}
"""Of exceptions that carry no status: what the classes of common clients mean."""
_BY_NAME: tuple[tuple[set[str], Callable[[str], HarnessError]], ...] = (
    ({"LengthFinishReasonError"}, lambda text: ModelFailed("truncated", text)),
    ({"ContentFilterFinishReasonError"}, lambda text: ModelFailed("content_filter", text)),
    ({"APITimeoutError", "TimeoutError", "TimeoutException"}, lambda text: InfrastructureError("timeout", text)),
    (
        {"APIConnectionError", "TransportError", "ConnectionError", "OSError", "ClientError"},
        lambda text: InfrastructureError("connection", text),
    ),
)


def _by_status(error: Exception, status: int, text: str, *, model: str, shown: str) -> HarnessError:
    """`shown` is the text with the status, where the client gave one."""
    code = str(getattr(error, "code", None) or getattr(error, "type", None) or "")
    if status == 401:
        what = f"{model}: the provider refuses the key ({shown})"
        return ProviderRefused(what, where="--model", fix="set a valid key; `harness doctor` shows which are set")
    if status == 403:
        what = f"{model}: the provider denies access ({shown})"
        return ProviderRefused(what, where="--model", fix="check the key's permissions")
    if status == 404:
        named = code == "model_not_found" or re.search(r"\bmodel\b", text, re.IGNORECASE)
        what = "the provider doesn't know this model" if named else "the server has nothing there"
        fix = "check the model's name" if named else "check base_url, which usually ends in /v1, and the model's name"
        return ProviderRefused(f"{model}: {what} ({shown})", where="--model", fix=fix)
    if 300 <= status < 400:
        what = f"{model}: the server sends calls elsewhere ({status}), which is not followed"
        return ProviderRefused(what, where="base_url", fix="give the address that answers")
    if status == 429:
        kind = "quota" if code == "insufficient_quota" else "rate_limit"
        return InfrastructureError(kind, text, retry_after=_retry_after(error))
    if status in {400, 413, 422}:
        return _refused(text, code, too_large=status == 413)
    if status == 408:
        return InfrastructureError("timeout", text)
    if status >= 500 or status in {409, 425}:
        return InfrastructureError("server_error", shown, retry_after=_retry_after(error))
    return InfrastructureError("bad_request", shown)


def _refused(text: str, code: str, *, too_large: bool) -> HarnessError:
    """A request that the service doesn't take: for its length, its content, or its form."""
    if too_large or code == "context_length_exceeded" or _TOO_LONG.search(text):
        return ModelFailed("context_too_long", text)
    if code == "content_filter" or _FILTERED.search(text):
        return ModelFailed("content_filter", text)
    for form, pattern in _FORMS:
        if pattern.search(text):
            return Unsupported(form, text)
    return InfrastructureError("bad_request", text)


def _text(error: Exception, secret: str) -> str:
    """The provider's own words, in one line."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    said = inner.get("message") if isinstance(inner, dict) else None
    text = one_line(scrub(str(said or error or type(error).__name__), secret)[: 20 * _LONGEST])
    if text.lstrip().lower().startswith(("<!doctype", "<html")):
        text = f"a page of HTML: {re.sub('<[^>]*>', ' ', text)}"
    return one_line(text)[:_LONGEST]


def _retry_after(error: Exception) -> float | None:
    """Seconds that the response's headers ask to wait; None where they don't, or say what isn't a time."""
    headers: Any = getattr(getattr(error, "response", None), "headers", None)
    if headers is None:
        return None
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max((moment - datetime.now(moment.tzinfo)).total_seconds(), 0.0)


def _number(text: str | None) -> float | None:
    """A header's number, at least 0; None where it is none."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None
