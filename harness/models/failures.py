"""Whose failure it is: the provider's (the trial is errored), the user's (the run stops), or the model's (it is wrong)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.core.errors import InfrastructureError, UsageError, one_line
from harness.core.types import Failure

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage

_INFRASTRUCTURE = {
    "RateLimitError": "rate_limit",
    "APITimeoutError": "timeout",
    "TimeoutError": "timeout",
    "APIConnectionError": "connection",
    "ConnectionError": "connection",
    "InternalServerError": "server_error",
    "BadRequestError": "bad_request",
    "APIStatusError": "server_error",
}
_USAGE = {
    "AuthenticationError": ("the provider refuses the key", "set a valid key"),
    "PermissionDeniedError": ("the provider denies access to this model", "check the key's permissions"),
    "NotFoundError": ("the provider doesn't know this model", "check the model's name"),
}
_FINISH = {"length": "truncated", "content_filter": "content_filter"}


def translate(error: Exception) -> Exception:
    """A client's exception as InfrastructureError or UsageError, by the names of its class and bases; else itself."""
    names = [kind.__name__ for kind in type(error).__mro__]
    for name in names:
        if name in _USAGE:
            what, fix = _USAGE[name]
            return UsageError(what, where="--model", fix=fix)
    for name in names:
        if name in _INFRASTRUCTURE:
            return InfrastructureError(_INFRASTRUCTURE[name], one_line(str(error))[:300])
    return error


def refusal_of(messages: Sequence["AnyMessage"]) -> Failure | None:
    """The failure that the last reply itself declares: a refusal, a cut by length, or the content filter."""
    last = next((message for message in reversed(messages) if message.type == "ai"), None)
    if last is None:
        return Failure("malformed", "the model said nothing")
    refusal = last.additional_kwargs.get("refusal")
    if refusal:
        return Failure("refusal", one_line(str(refusal))[:300])
    finish = last.response_metadata.get("finish_reason")
    if finish in _FINISH:
        return Failure(_FINISH[finish], f"the reply ended with {finish!r}")
    return None
