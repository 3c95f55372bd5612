"""One recorded call as a line of JSON: what identifies it, how it is written, and how it is read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.errors import UsageError
from harness.core.files import Strict, validate
from harness.core.hashing import content_hash
from harness.core.secrets import is_secret_name, without_secrets
from harness.core.types import Json
from harness.models.calls import Call, Reply, Token, ToolCall

TRANSPORT = frozenset(
    {
        *("base_url", "api_base", "openai_api_base", "azure_endpoint", "api_version", "openai_api_version"),
        *("proxy", "openai_proxy", "http_client", "http_async_client", "http_socket_options"),
        *("timeout", "request_timeout", "stream_chunk_timeout", "max_retries"),
        *("default_headers", "extra_headers", "default_query", "extra_query"),
        *("organization", "openai_organization", "project"),
        *("stream", "streaming", "stream_options", "stream_usage"),
    }
)
"""Parameters that say how a reply comes, not what it is: they are neither in a call's key nor recorded."""

FORM = ("tools", "tool_choice", "response_format")
"""What is alike in many calls: a line of its own, which entries name."""

_UNLIKELY = 9999.0
"""Log-probabilities are kept within this: JSON has no infinity, and OpenAI writes -9999 for one."""


class _ToolCallRow(Strict):
    id: str
    name: str
    arguments: str


class _ReplyRow(Strict):
    """A reply as it stands in a file. A token is [text, log-probability, [[text, log-probability], …]]."""

    text: str = ""
    tool_calls: tuple[_ToolCallRow, ...] = ()
    finish: str = "stop"
    refusal: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    estimated: bool = False
    model: str = ""
    request_id: str | None = None
    logprobs: tuple[tuple[str, float, tuple[tuple[str, float], ...]], ...] | None = None
    simulated: bool = False
    planted: tuple[str, ...] = ()


def parts(call: Call) -> dict[str, Json]:
    """What the reply to `call` depends on; neither transport nor secrets, which never leave the process."""
    given = {
        name: value
        for name, value in sorted(call.parameters.items())
        if value is not None and name not in TRANSPORT and not is_secret_name(name)
    }
    return {
        "model": call.model,
        "trial": call.trial,
        "draw": call.draw,
        "parameters": without_secrets(given),
        "messages": [dict(message) for message in call.messages],
        "tools": [dict(tool) for tool in call.tools],
        "tool_choice": call.tool_choice,
        "response_format": call.response_format,
    }


def form_of(identity: Mapping[str, Json]) -> tuple[str, dict[str, Json]]:
    """(name, form) of a call's `parts`; ("", {}) where it has neither tools nor a format."""
    form = {name: identity[name] for name in FORM if identity[name]}
    return (content_hash(form)[:16], form) if form else ("", form)


def entry_row(key: str, identity: Mapping[str, Json], *, sample: str, form: str, reply: Reply) -> dict[str, Json]:
    """An entry in the order that it is read in; what is as always is left out."""
    row: dict[str, Json] = {"key": key, "model": identity["model"], "trial": identity["trial"]}
    row |= {"draw": identity["draw"], "sample": sample, "parameters": identity["parameters"], "form": form}
    row = {name: value for name, value in row.items() if value or name == "model"}
    return row | {"messages": [_ordered(message) for message in identity["messages"]], "reply": reply_row(reply)}


def _ordered(message: Mapping[str, Json]) -> dict[str, Json]:
    first = {name: message[name] for name in ("role", "content") if name in message}
    return first | dict(sorted(message.items()))


def parts_of(row: Mapping[str, Any], form: Mapping[str, Json]) -> dict[str, Json]:
    """The `parts` of the call that an entry records."""
    whole = {"trial": 0, "draw": 0, "parameters": {}, "tools": [], "tool_choice": None, "response_format": None}
    names = ("model", "trial", "draw", "parameters", "messages")
    return whole | {name: row[name] for name in names if name in row} | {n: form[n] for n in FORM if n in form}


def reply_row(reply: Reply) -> dict[str, Json]:
    """A reply without what only the running process has (native, delay, probabilities), nor what is as always."""
    logprobs = reply.logprobs
    whole: dict[str, Json] = {
        "text": reply.text,
        "tool_calls": [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in reply.tool_calls],
        "finish": reply.finish,
        "refusal": reply.refusal,
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "cached_tokens": reply.cached_tokens,
        "estimated": reply.estimated,
        "model": reply.model,
        "request_id": reply.request_id,
        "logprobs": None if logprobs is None else [_token_row(token) for token in logprobs],
        "simulated": reply.simulated,
        "planted": list(reply.planted),
    }
    return {name: value for name, value in whole.items() if value != _ALWAYS[name]}


def _token_row(token: Token) -> list[Json]:
    return [token.text, _within(token.logprob), [[text, _within(logprob)] for text, logprob in token.top]]


def _within(logprob: float) -> float:
    return min(max(-_UNLIKELY, logprob), _UNLIKELY)


_ALWAYS: Mapping[str, Json] = {"tool_calls": [], "planted": []} | {
    name: field.default for name, field in _ReplyRow.model_fields.items() if name not in ("tool_calls", "planted")
}


def read_reply(row: Json, *, where: str) -> Reply:
    """The reply of an entry; UsageError where it is none."""
    read = validate(_ReplyRow, row, where=Path(where))
    tokens = None if read.logprobs is None else tuple(Token(*token) for token in read.logprobs)
    values = {name: getattr(read, name) for name in _ReplyRow.model_fields if name not in ("tool_calls", "logprobs")}
    return Reply(
        tool_calls=tuple(ToolCall(c.id, c.name, c.arguments) for c in read.tool_calls), logprobs=tokens, **values
    )


def write_row(row: Mapping[str, Json]) -> bytes:
    """`row` as a line. Lone surrogates, which UTF-8 can't carry, become JSON's escapes; all else stays readable."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace") + b"\n"


def read_row(line: bytes, *, where: str) -> dict[str, Any]:
    """The object of a line; UsageError where there is none."""
    fix = "delete that line or record again"
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise UsageError("not UTF-8", where=where, fix=fix) from None
    except ValueError as error:
        raise UsageError(f"not valid JSON: {error}", where=where, fix=fix) from None
    except RecursionError:
        raise UsageError("JSON nested too deeply", where=where, fix=fix) from None
    if not isinstance(row, dict):
        raise UsageError(f"expected an object, found {type(row).__name__}", where=where, fix=fix)
    return row


def plain(value: Json) -> Json:
    """`value` as a file gives it back: tuples are lists, and two surrogates that make a pair are one character."""
    return json.loads(json.dumps(value))
