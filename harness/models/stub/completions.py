"""Replies as chat completions: one body, or the chunks of a stream."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.core.types import Json
from harness.models.calls import Reply, ToolCall
from harness.models.stub.tokens import logprobs_json, split, tokens_of


class Head(NamedTuple):
    """What body and chunks begin with."""

    id: str
    created: int
    model: str
    fingerprint: str

    def json(self, kind: str) -> dict[str, Json]:
        """The keys, in the service's order."""
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": self.fingerprint,
        }


def chat_body(replies: Sequence[Reply], head: Head, *, top_logprobs: int | None) -> dict[str, Json]:
    """The body of a completion with a choice for each reply; no reply, no choice."""
    choices = [
        {
            "index": index,
            "message": _message(reply),
            "logprobs": _logprobs(reply, top_logprobs),
            "finish_reason": finish_of(reply),
        }
        for index, reply in enumerate(replies)
    ]
    return {**head.json("chat.completion"), "choices": choices, "usage": usage_of(replies)}


def chat_chunks(
    replies: Sequence[Reply], head: Head, *, top_logprobs: int | None, include_usage: bool
) -> Iterator[dict[str, Json]]:
    """The chunks of a streamed completion: a role, a token or a piece of a tool call each, the end, the usage."""
    base = head.json("chat.completion.chunk")
    if include_usage:
        base["usage"] = None
    if not replies:
        yield {**base, "choices": []}
    for index, reply in enumerate(replies):
        for delta, logprobs in _deltas(reply, top_logprobs):
            yield {**base, "choices": [_choice(index, delta, logprobs=logprobs)]}
        yield {**base, "choices": [_choice(index, {}, finish=finish_of(reply))]}
    if include_usage:
        yield {**base, "choices": [], "usage": usage_of(replies)}


def usage_of(replies: Sequence[Reply]) -> dict[str, Json]:
    """The tokens of one request; its prompt counts once however many choices it asked for."""
    prompt = replies[0].input_tokens or 0 if replies else 0
    completion = sum(reply.output_tokens or 0 for reply in replies)
    usage: dict[str, Json] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": replies[0].cached_tokens if replies else 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
    if any(reply.estimated for reply in replies):
        usage["estimated"] = True
    return usage


def finish_of(reply: Reply) -> str:
    """The finish reason; a whole answer that calls tools ends with `tool_calls`."""
    return "tool_calls" if reply.tool_calls and reply.finish == "stop" else reply.finish


def _message(reply: Reply) -> dict[str, Json]:
    empty = reply.refusal is not None or (reply.tool_calls and not reply.text)
    message: dict[str, Json] = {
        "role": "assistant",
        "content": None if empty else reply.text,
        "refusal": reply.refusal,
        "annotations": [],
    }
    if reply.tool_calls:
        message["tool_calls"] = [_tool_call(call) for call in reply.tool_calls]
    return message


def _tool_call(call: ToolCall) -> dict[str, Json]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _logprobs(reply: Reply, top: int | None) -> Json:
    if top is None or not reply.text:
        return None
    return {"content": logprobs_json(tokens_of(reply), top=top), "refusal": None}


def _choice(index: int, delta: dict[str, Json], *, logprobs: Json = None, finish: str | None = None) -> dict[str, Json]:
    return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}


def _deltas(reply: Reply, top: int | None) -> Iterator[tuple[dict[str, Json], Json]]:
    """Yield (delta, its log-probabilities) of one choice."""
    first = {"role": "assistant", "content": "" if reply.text or not reply.tool_calls else None, "refusal": None}
    yield first, None
    if reply.refusal is not None:
        yield from (({"refusal": piece}, None) for piece in split(reply.refusal))
        return
    if top is None:
        yield from (({"content": piece}, None) for piece in split(reply.text))
    else:
        for token in tokens_of(reply) if reply.text else ():
            yield {"content": token.text}, {"content": logprobs_json([token], top=top), "refusal": None}
    for index, call in enumerate(reply.tool_calls):
        yield {"tool_calls": [{"index": index, **_tool_call(ToolCall(call.id, call.name, ""))}]}, None
        for piece in split(call.arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None
