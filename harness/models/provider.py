"""Any chat model that LangChain's `init_chat_model` knows, behind the gateway."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from harness.core.types import Json
from harness.models.calls import Call, Reply
from harness.models.failures import Unsupported, not_the_api, translate
from harness.models.wire import count_of, ending, object_of, sample_headers, tokens_of, tool_call, without_secret

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage


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
            return without_secret(_reply(answered), self._secret)
        except Exception as error:  # `from None`: what a client raises may hold the key, and a traceback shows it
            if isinstance(error, TypeError) and "unexpected keyword argument 'response_format'" in str(error):
                raise Unsupported("json_schema", "the client doesn't take a response_format") from None
            if isinstance(error, NotImplementedError) and call.tools:
                raise Unsupported("tool", "the client can't bind tools") from None
            if _PAGE.search(str(error)):  # the client takes a page for an answer
                raise not_the_api(self._id) from None
            raise translate(error, model=self._id, secret=self._secret) from None

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


_PAGE = re.compile(r"got str: |^'str' object has no attribute '(choices|output|model_dump)'$")
"""What LangChain's OpenAI client says where it was given a text instead of an answer."""
_PER_CALL = frozenset({"logprobs", "top_logprobs", "parallel_tool_calls", "stop"})
"""Parameters that are given with a call; the others went into the model when it was made."""


def _reply(message: "AIMessage") -> Reply:
    """What a provider's message says, in our words."""
    metadata: Mapping[str, Any] = message.response_metadata
    usage: Mapping[str, Any] = message.usage_metadata or {}
    raw = metadata.get("token_usage") or metadata.get("usage") or {}
    made = [(c["id"], c["name"], c["args"]) for c in (*message.tool_calls, *message.invalid_tool_calls)]
    declined = message.additional_kwargs.get("refusal") or _refusal_part(message.content)
    finish, refusal = ending(_said(metadata), refusal=declined, calls=bool(made))
    headers = metadata.get("headers") or {}
    marked = str(object_of(metadata.get("metadata")).get("harness") or "")  # by a stub server, over the responses API
    fingerprint = marked or str(metadata.get("system_fingerprint") or "")
    return Reply(
        text=message.text,
        tool_calls=tuple(tool_call(*one, number=number) for number, one in enumerate(made)),
        finish=finish,
        refusal=refusal,
        input_tokens=count_of(usage.get("input_tokens")),
        output_tokens=count_of(usage.get("output_tokens")),
        cached_tokens=count_of(object_of(usage.get("input_token_details")).get("cache_read")) or 0,
        estimated=bool(object_of(raw).get("estimated") or marked),  # LangChain drops what is said of such a usage
        model=str(metadata.get("model_name") or metadata.get("model") or ""),
        request_id=headers.get("x-request-id") or message.id or metadata.get("id"),
        logprobs=tokens_of(object_of(metadata.get("logprobs")).get("content")),
        simulated=fingerprint.endswith(":simulated"),
        native=_light(message),
    )


def _light(message: "AIMessage") -> "AIMessage":
    """The message without the response's headers: they are nobody's to keep."""
    kept = {key: value for key, value in message.response_metadata.items() if key != "headers"}
    return message.model_copy(update={"response_metadata": kept})


def _said(metadata: Mapping[str, Any]) -> Json:
    """The provider's word for how the reply ended."""
    incomplete = object_of(metadata.get("incomplete_details"))
    return incomplete.get("reason") or metadata.get("finish_reason") or metadata.get("stop_reason")


def _refusal_part(content: Json) -> str | None:
    parts = content if isinstance(content, list) else []
    return next((str(p["refusal"]) for p in parts if isinstance(p, dict) and p.get("refusal")), None)
