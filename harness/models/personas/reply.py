"""A persona's replies: the answer's form, and the forms that can't be used."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.models.calls import CHARS_PER_TOKEN, Call, Reply, ToolCall

_REFUSAL = "I'm sorry, but I can't help with that."


def write_reply(
    call: Call, *, name: str, args: Mapping[str, Any], probabilities: Mapping[str, float] | None = None
) -> Reply:
    """A call of the tool `name`, or the JSON of `args` where there is none; tokens are estimated from characters."""
    written = json.dumps(args, ensure_ascii=False)
    reply = Reply(estimated=True, simulated=True, probabilities=probabilities)
    if name:
        made = ToolCall(f"call_{len(call.messages)}", name, written)
        reply = replace(reply, tool_calls=(made,), finish="tool_calls")
    else:
        reply = replace(reply, text=written)
    return reply


def counted(reply: Reply, *, characters: int, factor: float) -> Reply:
    """The reply with its tokens: a prompt of so many characters, and `factor` times what was written."""
    written = len(reply.text) + len(reply.refusal or "") + sum(len(made.arguments) for made in reply.tool_calls)
    return replace(
        reply,
        input_tokens=characters // CHARS_PER_TOKEN,
        output_tokens=round(written // CHARS_PER_TOKEN * factor),
        estimated=True,
    )


def spoiled(reply: Reply, kind: str) -> Reply:
    """The reply with the flaw of form `kind` instead of its content; `planted` names that flaw alone."""
    reply = replace(reply, planted=(kind,))
    match kind:
        case "refusal":
            return replace(reply, text="", tool_calls=(), refusal=_REFUSAL, finish="stop", probabilities=None)
        case "content_filter":
            return replace(reply, text="", tool_calls=(), finish="content_filter", probabilities=None)
        case "wrong_schema":
            form = {"category": _label(reply), "certainty": "high", "reason": "It seems the best fit."}
            return _rewritten(reply, lambda _: json.dumps(form, ensure_ascii=False))
        case "truncated":
            return replace(_rewritten(reply, _cut), finish="length")
        case _:
            return _rewritten(reply, _cut)


def _label(reply: Reply) -> str:
    """The label that the reply would have given."""
    given = reply.probabilities or {}
    return max(given, key=lambda name: given[name], default="")


def _rewritten(reply: Reply, write: Any) -> Reply:
    calls = tuple(replace(made, arguments=write(made.arguments)) for made in reply.tool_calls)
    return replace(reply, text=reply.text if calls else write(reply.text), tool_calls=calls)


def _cut(text: str) -> str:
    """The first part of a text: of JSON, never a whole value."""
    return text[: max(len(text) * 3 // 5, 1)]
