"""Any chat model that LangChain's `init_chat_model` knows, behind the gateway."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.core.types import Json
from harness.models.calls import Call, Reply, Token, ToolCall
from harness.models.failures import Unsupported, translate

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

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


class Provider:
    """One LangChain chat model; its own retries are expected to be off.

    `tell_sample` sends the harness's own headers, which a stub server reads; `close` lets go of the model's connections.
    """

    in_process = False

    def __init__(
        self,
        model: "BaseChatModel",
        *,
        id: str,
        secret: str = "",
        tell_sample: bool = False,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._model, self._id, self._secret, self._tell_sample = model, id, secret, tell_sample
        self._close = close

    async def complete(self, call: Call) -> Reply:
        """The reply to one call; everything the client raises is named."""
        from langchain_core.messages import convert_to_messages

        messages = call.native if call.native is not None else convert_to_messages([dict(m) for m in call.messages])
        extra: dict[str, Any] = {"extra_headers": sample_headers(call)} if self._tell_sample and call.sample else {}
        try:
            answered: AIMessage = await self._bound(call).ainvoke(messages, **extra)
            return _reply(answered)
        except Exception as error:
            if call.response_format is not None and isinstance(error, TypeError | NotImplementedError):
                raise Unsupported("json_schema", str(error)) from error
            raise translate(error, model=self._id, secret=self._secret) from error

    def _bound(self, call: Call) -> Any:
        """The model with the call's tools and parameters."""
        given: dict[str, Any] = {k: v for k, v in call.parameters.items() if k in _PER_CALL}
        if call.response_format is not None:
            given["response_format"] = call.response_format
        if not call.tools:
            return self._model.bind(**given) if given else self._model
        if call.tool_choice is not None:
            given["tool_choice"] = call.tool_choice
        tools = [dict(tool) for tool in call.tools]
        if call.response_format is not None and hasattr(self._model, "openai_api_base"):
            tools = [_strict(tool) for tool in tools]  # the openai client parses a schema's answer only beside these
        return self._model.bind_tools(tools, **given)

    async def aclose(self) -> None:
        """Let go of connections, where they are ours."""
        if self._close is not None:
            await self._close()


def _strict(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A tool in OpenAI's strict form: every property required, and no other allowed."""
    function = tool["function"]
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    closed = {**parameters, "required": list(parameters.get("properties", {})), "additionalProperties": False}
    return {**tool, "function": {**function, "strict": True, "parameters": closed}}


_PER_CALL = frozenset({"logprobs", "top_logprobs", "parallel_tool_calls", "stop"})
"""Parameters that are given with a call; the others went into the model when it was made."""


def sample_headers(call: Call) -> dict[str, str]:
    """The harness's own channel to a stub server: which sample a call is about."""
    return {
        "X-Harness-Sample": call.sample.encode("ascii", "backslashreplace").decode(),
        "X-Harness-Trial": str(call.trial),
        "X-Harness-Draw": str(call.draw),
    }


def _reply(message: "AIMessage") -> Reply:
    """What a provider's message says, in our words."""
    metadata: Mapping[str, Any] = message.response_metadata
    usage: Mapping[str, Any] = message.usage_metadata or {}
    raw = metadata.get("token_usage") or metadata.get("usage") or {}
    calls = [ToolCall(str(c["id"]), c["name"], json.dumps(c["args"], ensure_ascii=False)) for c in message.tool_calls]
    calls += [ToolCall(str(c["id"]), str(c["name"]), str(c["args"])) for c in message.invalid_tool_calls]
    finish = _finish(metadata, bool(calls))
    refusal = message.additional_kwargs.get("refusal") or _refusal_part(message.content)
    headers = metadata.get("headers") or {}
    fingerprint = str(metadata.get("system_fingerprint") or "")
    return Reply(
        text=message.text,
        tool_calls=tuple(calls),
        finish="stop" if finish == "refusal" else finish,
        refusal=str(refusal) if refusal else "the model declined" if finish == "refusal" else None,
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
        cached_tokens=int((usage.get("input_token_details") or {}).get("cache_read") or 0),
        estimated=bool(isinstance(raw, Mapping) and raw.get("estimated")),
        model=str(metadata.get("model_name") or metadata.get("model") or ""),
        request_id=headers.get("x-request-id") or message.id or metadata.get("id"),
        logprobs=tokens_of((metadata.get("logprobs") or {}).get("content")),
        simulated=fingerprint.endswith(":simulated"),
        native=_light(message),
    )


def _light(message: "AIMessage") -> "AIMessage":
    """The message without the response's headers: they are nobody's to keep."""
    kept = {key: value for key, value in message.response_metadata.items() if key != "headers"}
    return message.model_copy(update={"response_metadata": kept})


def _finish(metadata: Mapping[str, Any], calls: bool) -> str:
    incomplete = metadata.get("incomplete_details") or {}
    said = incomplete.get("reason") or metadata.get("finish_reason") or metadata.get("stop_reason")
    return _FINISH.get(str(said or "").lower(), "tool_calls" if calls else "stop")


def _refusal_part(content: Json) -> str | None:
    parts = content if isinstance(content, list) else []
    return next((str(p["refusal"]) for p in parts if isinstance(p, dict) and p.get("refusal")), None)


def tokens_of(content: Sequence[Mapping[str, Any]] | None) -> tuple[Token, ...] | None:
    """Log-probabilities as the OpenAI protocol gives them."""
    if not content:
        return None
    return tuple(
        Token(t["token"], t["logprob"], tuple((o["token"], o["logprob"]) for o in t.get("top_logprobs") or ()))
        for t in content
    )
