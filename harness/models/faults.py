"""The faults that personas and the stub server can plant, each with what a real service does then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault by name. `kind` is the failure class that a client must come to.

    `where` says what goes wrong: `status` is an error response (with `status`, `type` and `code` as the service sends
    them), `transport` an answer that doesn't arrive as it should, `reply` a whole answer with something wrong in it.
    """

    name: str
    where: Literal["status", "transport", "reply"]
    kind: str
    about: str
    status: int = 200
    type: str = ""
    code: str | None = None
    message: str = ""


_KINDS = (
    FaultKind("rate_limit", "status", "rate_limit", "429, with Retry-After where `retry_after` is given", 429,
              "requests", "rate_limit_exceeded",
              "Rate limit reached for requests. Please try again in 1s."),
    FaultKind("quota", "status", "quota", "429 that no retry mends: the account has no credit", 429,
              "insufficient_quota", "insufficient_quota",
              "You exceeded your current quota, please check your plan and billing details."),
    FaultKind("server_error", "status", "server_error", "500", 500, "server_error", None,
              "The server had an error while processing your request. Sorry about that!"),
    FaultKind("bad_gateway", "status", "server_error", "502, an HTML page of the proxy before it", 502),
    FaultKind("unavailable", "status", "server_error", "503", 503, "server_error", None,
              "The server is currently overloaded with other requests. Please retry later."),
    FaultKind("overloaded", "status", "server_error", "529", 529, "overloaded_error", None, "Overloaded"),
    FaultKind("authentication", "status", "authentication", "401", 401, "invalid_request_error", "invalid_api_key",
              "Incorrect API key provided."),
    FaultKind("unknown_model", "status", "unknown_model", "404: no such model", 404, "invalid_request_error",
              "model_not_found", "The model does not exist or you do not have access to it."),
    FaultKind("context_too_long", "status", "context_too_long", "400: the prompt is longer than the model's context",
              400, "invalid_request_error", "context_length_exceeded",
              "This model's maximum context length is 8192 tokens. Please reduce the length of the messages."),
    FaultKind("bad_request", "status", "bad_request", "400", 400, "invalid_request_error", None,
              "The request could not be processed."),
    FaultKind("timeout", "transport", "timeout", "no answer ever comes"),
    FaultKind("dropped", "transport", "connection", "the connection closes without an answer"),
    FaultKind("truncated_stream", "transport", "connection", "the connection closes in the middle of the answer"),
    FaultKind("bad_body", "transport", "server_error", "a body that is no JSON"),
    FaultKind("html", "transport", "server_error", "200 with a page of HTML"),
    FaultKind("empty_choices", "reply", "server_error", "an answer without a choice in it"),
    FaultKind("malformed", "reply", "malformed", "JSON that is cut in the middle"),
    FaultKind("wrong_schema", "reply", "wrong_schema", "JSON of another form than was asked for"),
    FaultKind("refusal", "reply", "refusal", "the model declines"),
    FaultKind("content_filter", "reply", "content_filter", "the service's filter stops the answer"),
    FaultKind("truncated", "reply", "truncated", "the answer ends at its token limit"),
    FaultKind("wrong_model", "reply", "", "another model than the one that was asked answers"),
    FaultKind("slow", "reply", "", "the answer comes, token by token, slowly"),
)  # fmt: skip

FAULTS: Mapping[str, FaultKind] = {kind.name: kind for kind in _KINDS}
"""Every fault by its name."""


class Fault(Exception):
    """A planted fault instead of a reply; `retry_after` in seconds, where the service names it."""

    def __init__(self, name: str, *, retry_after: float | None = None) -> None:
        self.kind, self.retry_after = FAULTS[name], retry_after
        super().__init__(f"{name}: {self.kind.message or self.kind.about}")
