"""Make a model's reply obey its request: stop sequences, the token limit, the choice of tool."""

from dataclasses import replace

from harness.models.calls import Call, Reply, ToolCall
from harness.models.faults import FAULTS
from harness.models.improvise import improvise
from harness.models.stub.tokens import split

_ON_PURPOSE = frozenset({"tool_misuse", *(name for name, kind in FAULTS.items() if kind.where == "reply")})
"""What a persona plants that isn't to be mended."""


def obey(reply: Reply, call: Call, *, name: str) -> Reply:
    """The reply with a call of the tool that has to be called; made up where the model called none.

    A reply that was spoilt on purpose, or is no whole answer, stays as it is.
    """
    whole = reply.refusal is None and reply.finish in ("stop", "tool_calls")
    if not whole or not _ON_PURPOSE.isdisjoint(reply.planted):
        return reply
    wanted = _wanted(call)
    if wanted is not None and not any(wanted in ("", made.name) for made in reply.tool_calls):
        reply = improvise(call, name=name)
    if call.parameters.get("parallel_tool_calls") is False and len(reply.tool_calls) > 1:
        return replace(reply, tool_calls=reply.tool_calls[:1])
    return reply


def _wanted(call: Call) -> str | None:
    """The tool that has to be called; empty for any, None where none has to be."""
    if call.tool_choice == "required":
        return ""
    return str(call.tool_choice["function"]["name"]) if isinstance(call.tool_choice, dict) else None


def trim(reply: Reply, *, stop: tuple[str, ...], max_tokens: int | None) -> Reply:
    """The reply up to the first stop sequence in its text, and of no more than `max_tokens` tokens."""
    ends = [at for at in (reply.text.find(text) for text in stop) if at >= 0]
    if ends:
        reply = replace(reply, text=reply.text[: min(ends)], logprobs=None)
    return reply if max_tokens is None else _limited(reply, max_tokens)


def _limited(reply: Reply, most: int) -> Reply:
    text, left = _first(reply.text, most)
    calls: list[ToolCall] = []
    cut = text != reply.text
    for made in reply.tool_calls:
        if cut:
            break
        arguments, left = _first(made.arguments, left)
        calls.append(replace(made, arguments=arguments))
        cut = arguments != made.arguments
    if not cut:
        counted = None if reply.output_tokens is None else min(reply.output_tokens, most)
        return replace(reply, output_tokens=counted)
    logprobs = None if reply.logprobs is None else reply.logprobs[:most]
    return replace(
        reply,
        text=text,
        tool_calls=tuple(calls),
        finish="length",
        output_tokens=most,
        logprobs=logprobs,
        estimated=True,
    )


def _first(text: str, most: int) -> tuple[str, int]:
    """The first `most` tokens of a text, and how many of them are left over."""
    pieces = split(text)
    return "".join(pieces[:most]), max(most - len(pieces), 0)
