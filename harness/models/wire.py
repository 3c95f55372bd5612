"""What a service says, brought into our own types: a server may send anything. Raises ValueError, TypeError and the like."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.core.secrets import SECRET
from harness.core.types import Json
from harness.models.calls import Call, Reply, Token, ToolCall

_FINISH = {
    "stop": "stop",
    "end_turn": "stop",
    "tool_use": "tool_calls",
    "tool_calls": "tool_calls",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "recitation": "content_filter",
    "prohibited_content": "content_filter",
    "refusal": "refusal",
}
_MOST = 2**53
"""No reader of JSON loses a digit of a whole number below this."""
_SHORTEST_SECRET = 8


def sample_headers(call: Call) -> dict[str, str]:
    """The harness's own channel to a stub server: which sample a call is about."""
    return {
        "X-Harness-Sample": call.sample.encode("ascii", "backslashreplace").decode(),
        "X-Harness-Trial": str(call.trial),
        "X-Harness-Draw": str(call.draw),
    }


def ending(said: Json, *, refusal: Json, calls: bool) -> tuple[str, str | None]:
    """How a reply ended, of stop, tool_calls, length and content_filter, and its refusal, whatever the service's words."""
    finish = _FINISH.get(str(said or "").lower(), "tool_calls" if calls else "stop")
    if finish == "refusal":
        return "stop", str(refusal or "the model declined")
    return finish, str(refusal) if refusal else None


def object_of(value: Json) -> Mapping[str, Any]:
    """`value` where it is an object; one without a key otherwise."""
    return value if isinstance(value, Mapping) else {}


def count_of(value: Json) -> int | None:
    """A number of tokens; None where it isn't known, or is none that could be."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST or value % 1:
        return None
    return int(value)


def tool_call(id: Json, name: Json, arguments: Json, *, number: int) -> ToolCall:
    """A call that a model asks for, the reply's `number`th; some servers leave its id out, or send arguments unquoted."""
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)
    return ToolCall(str(id or f"call_{number}"), str(name or ""), arguments)


def tokens_of(content: Sequence[Mapping[str, Any]] | None) -> tuple[Token, ...] | None:
    """Log-probabilities as the OpenAI protocol gives them."""
    if not content:
        return None
    return tuple(Token(*_token(t), tuple(_token(o) for o in t.get("top_logprobs") or ())) for t in content)


def _token(row: Mapping[str, Any]) -> tuple[str, float]:
    text, logprob = row["token"], float(row["logprob"])
    if not isinstance(text, str) or math.isnan(logprob):
        raise ValueError("a token's log-probability is none")
    return text, min(logprob, 0.0)


def without_secret(reply: Reply, secret: str) -> Reply:
    """`reply` without the key that was sent, which a server may send back: replies are kept and shown."""
    if len(secret) < _SHORTEST_SECRET:
        return reply
    texts = {name: getattr(reply, name) for name in ("text", "refusal", "model", "request_id")}
    calls = tuple(
        ToolCall(*(part.replace(secret, SECRET) for part in (call.id, call.name, call.arguments)))
        for call in reply.tool_calls
    )
    clean = {name: value.replace(secret, SECRET) if value else value for name, value in texts.items()}
    if calls == reply.tool_calls and clean == texts:
        return reply
    return replace(reply, tool_calls=calls, logprobs=None, native=None, **clean)
