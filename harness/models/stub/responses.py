"""Replies in the form of the Responses API: one body, or the events of a stream."""

from collections.abc import Iterator, Mapping
from itertools import count

from harness.core.types import Json
from harness.models.calls import Call, Reply, ToolCall
from harness.models.stub.response_input import parse_responses as parse_responses
from harness.models.stub.tokens import logprobs_json, split, tokens_of

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def responses_body(reply: Reply, call: Call, *, id: str, created: int) -> dict[str, Json]:
    """The body of a finished response; `id` begins with `resp_`, `created` is in seconds."""
    status = "incomplete" if reply.finish in _INCOMPLETE else "completed"
    reason = {"reason": _INCOMPLETE[reply.finish]} if reply.finish in _INCOMPLETE else None
    return {
        **_head(call, id=id, created=created),
        "status": status,
        "incomplete_details": reason,
        "output": _output(reply, call, id=id, status=status),
        "usage": _usage(reply),
    }


def responses_events(reply: Reply, call: Call, *, id: str, created: int) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield (event's name, its data) of a streamed response, numbered from 0."""
    numbers = count()
    body = responses_body(reply, call, id=id, created=created)
    begun = {**_head(call, id=id, created=created), "status": "in_progress"}

    def event(name: str, data: Mapping[str, Json]) -> tuple[str, dict[str, Json]]:
        return name, {"type": name, "sequence_number": next(numbers), **data}

    yield event("response.created", {"response": begun})
    yield event("response.in_progress", {"response": begun})
    for index, item in enumerate(body["output"]):
        started: dict[str, Json] = {"content": []} if item["type"] == "message" else {"arguments": ""}
        where = {"output_index": index, "item": {**item, **started, "status": "in_progress"}}
        yield event("response.output_item.added", where)
        inner = _message_events if item["type"] == "message" else _call_events
        for name, data in inner(item):
            yield event(name, {"item_id": item["id"], "output_index": index, **data})
        yield event("response.output_item.done", {"output_index": index, "item": item})
    yield event(f"response.{body['status']}", {"response": body})


def _message_events(item: Mapping[str, Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    """The events between a message's beginning and its end."""
    part = item["content"][0]
    at = {"content_index": 0}
    if part["type"] == "refusal":
        yield "response.content_part.added", {**at, "part": {**part, "refusal": ""}}
        for piece in split(part["refusal"]):
            yield "response.refusal.delta", {**at, "delta": piece}
        yield "response.refusal.done", {**at, "refusal": part["refusal"]}
    else:
        yield "response.content_part.added", {**at, "part": {**part, "text": "", "logprobs": []}}
        for piece, logprobs in _pieces(part):
            yield "response.output_text.delta", {**at, "delta": piece, "logprobs": logprobs}
        yield "response.output_text.done", {**at, "text": part["text"], "logprobs": part["logprobs"]}
    yield "response.content_part.done", {**at, "part": part}


def _pieces(part: Mapping[str, Json]) -> Iterator[tuple[str, list[Json]]]:
    if part["logprobs"]:
        yield from ((one["token"], [one]) for one in part["logprobs"])
    else:
        yield from ((piece, []) for piece in split(part["text"]))


def _call_events(item: Mapping[str, Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    for piece in split(item["arguments"]):
        yield "response.function_call_arguments.delta", {"delta": piece}
    yield "response.function_call_arguments.done", {"name": item["name"], "arguments": item["arguments"]}


def _head(call: Call, *, id: str, created: int) -> dict[str, Json]:
    """The keys of a response that tell of its request, with nothing answered yet."""
    asked = call.parameters
    return {
        "id": id,
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.get("instructions"),
        "max_output_tokens": asked.get("max_tokens"),
        "metadata": asked.get("metadata") or {},
        "model": call.model,
        "output": [],
        "parallel_tool_calls": asked.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "reasoning": asked.get("reasoning") or {"effort": None, "summary": None},
        "service_tier": "default",
        "store": False,
        "temperature": asked.get("temperature", 1.0),
        "text": {"format": _format(call.response_format), "verbosity": "medium"},
        "tool_choice": _choice(call.tool_choice),
        "tools": [{"type": "function", "strict": False, **tool["function"]} for tool in call.tools],
        "top_logprobs": asked.get("top_logprobs", 0),
        "top_p": asked.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": None,
        "user": asked.get("user"),
    }


def _format(asked: Json) -> dict[str, Json]:
    """The response format in its flat form."""
    if not isinstance(asked, dict):
        return {"type": "text"}
    return {"type": asked["type"], **(asked.get("json_schema") or {})}


def _choice(asked: Json) -> Json:
    return {"type": "function", **asked["function"]} if isinstance(asked, dict) else asked or "auto"


def _output(reply: Reply, call: Call, *, id: str, status: str) -> list[dict[str, Json]]:
    """A message, where there is text or nothing else, then the tool calls."""
    suffix = id.removeprefix("resp_")
    calls = [_call_item(made, suffix=f"{suffix}{at}", status=status) for at, made in enumerate(reply.tool_calls)]
    if reply.tool_calls and not reply.text and reply.refusal is None:
        return calls
    message: dict[str, Json] = {
        "id": f"msg_{suffix}",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [_part(reply, call)],
    }
    return [message, *calls]


def _part(reply: Reply, call: Call) -> dict[str, Json]:
    if reply.refusal is not None:
        return {"type": "refusal", "refusal": reply.refusal}
    wanted = bool(call.parameters.get("logprobs")) and bool(reply.text)
    top = call.parameters.get("top_logprobs") or 0
    logprobs = logprobs_json(tokens_of(reply), top=top) if wanted else []
    return {"type": "output_text", "annotations": [], "logprobs": logprobs, "text": reply.text}


def _call_item(made: ToolCall, *, suffix: str, status: str) -> dict[str, Json]:
    return {
        "id": f"fc_{suffix}",
        "type": "function_call",
        "status": status,
        "arguments": made.arguments,
        "call_id": made.id,
        "name": made.name,
    }


def _usage(reply: Reply) -> dict[str, Json]:
    read, written = reply.input_tokens or 0, reply.output_tokens or 0
    usage: dict[str, Json] = {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": reply.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }
    if reply.estimated:
        usage["estimated"] = True
    return usage
