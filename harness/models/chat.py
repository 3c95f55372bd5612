"""A Gateway as a LangChain chat model, for agents, chains and judges that ask asynchronously."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, InvalidToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, SkipValidation

from harness.core.text import holdable
from harness.core.types import Json
from harness.models.calls import Call, Message, Reply
from harness.models.gateway import CallRecord, Gateway

SAMPLE, TRIAL, DRAW = "harness_sample", "harness_trial", "harness_draw"
"""Keys of a run's metadata by which a caller says what a call is for; no model sees them."""
_ROLES = {"system": "system", "human": "user", "ai": "assistant", "tool": "tool"}
_BOUND = frozenset({"tools", "tool_choice", "response_format"})


class GatewayChat(BaseChatModel):
    """Chats through a gateway. `bind_tools` takes what `create_agent` passes; replies carry their CallRecord."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    gateway: SkipValidation[Gateway]

    @property
    def _llm_type(self) -> str:
        return self.gateway.model

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.gateway.model}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[Any, AIMessage]:
        """The model with these tools, a choice among them, and other parameters of the request."""
        bound: dict[str, Any] = {**kwargs, "tools": [convert_to_openai_tool(tool) for tool in tools]}
        if tool_choice is not None:
            bound["tool_choice"] = tool_choice
        return self.bind(**bound)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        metadata = dict(getattr(run_manager, "metadata", None) or {})
        own = {key: value for key, value in kwargs.items() if key not in _BOUND and value is not None}
        call = Call(
            model=self.gateway.model,
            messages=tuple(to_chat(messages)),
            tools=tuple(kwargs.get("tools") or ()),
            tool_choice=_choice(kwargs.get("tool_choice")),
            response_format=kwargs.get("response_format"),
            parameters={**self.gateway.parameters, **own, **({"stop": stop} if stop else {})},
            sample=str(metadata.get(SAMPLE, "")),
            trial=int(metadata.get(TRIAL, 0)),
            draw=int(metadata.get(DRAW, 0)),
            native=messages,
        )
        reply, record = await self.gateway.complete(call)
        return ChatResult(generations=[ChatGeneration(message=to_message(reply, record))])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        # LangChain wants this method; the clients' connections belong to one loop, which a call that blocks hasn't got
        raise NotImplementedError("the harness's models are asked asynchronously: use ainvoke")


def _choice(choice: Any) -> Json:
    """A tool choice in OpenAI's words: LangChain's `any` is `required`, a tool's name names it."""
    if choice in (None, "auto", "none", "required") or isinstance(choice, dict):
        return choice
    if choice in ("any", True):
        return "required"
    return {"type": "function", "function": {"name": str(choice)}}


def to_chat(messages: Sequence[BaseMessage]) -> list[Message]:
    """LangChain messages in OpenAI's chat form; lone surrogates and NUL, which not every request can carry, are replaced."""
    return [_chat(message) for message in messages]


def _chat(message: BaseMessage) -> dict[str, Json]:
    content: Json = message.content
    if isinstance(content, str):
        content = holdable(content)
    found: dict[str, Json] = {"role": _ROLES.get(message.type, "user"), "content": content}
    if isinstance(message, AIMessage):
        if message.tool_calls:
            found["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
        elif message.invalid_tool_calls and not message.text:
            found["content"] = holdable("\n".join(str(call["args"]) for call in message.invalid_tool_calls))
    elif isinstance(message, ToolMessage):
        found["tool_call_id"] = message.tool_call_id
    return found


def _tool_call(call: Any) -> dict[str, Json]:
    arguments = json.dumps(call["args"], ensure_ascii=False)
    return {
        "id": str(call["id"]),
        "type": "function",
        "function": {"name": call["name"], "arguments": holdable(arguments)},
    }


def to_message(reply: Reply, record: CallRecord) -> AIMessage:
    """A reply as LangChain's message; the provider's own message where there is one, with the record on it."""
    metadata: dict[str, Any] = {
        "model_name": record.model,
        "finish_reason": reply.finish,
        "usage_estimated": reply.estimated,
        "harness_call": record,
        "harness_reply": reply,
    }
    if isinstance(reply.native, AIMessage):
        merged = {**reply.native.response_metadata, **metadata}
        return reply.native.model_copy(update={"response_metadata": merged})
    calls, broken = [], []
    for call in reply.tool_calls:
        args = _object(call.arguments)
        if args is None:
            error = "not a JSON object"
            broken.append(
                InvalidToolCall(type="invalid_tool_call", name=call.name, args=call.arguments, id=call.id, error=error)
            )
        else:
            calls.append({"name": call.name, "args": args, "id": call.id, "type": "tool_call"})
    given = reply.input_tokens or 0, reply.output_tokens or 0
    known = reply.input_tokens is not None or reply.output_tokens is not None
    return AIMessage(
        content=reply.text,
        tool_calls=calls,
        invalid_tool_calls=broken,
        additional_kwargs={"refusal": reply.refusal} if reply.refusal else {},
        usage_metadata={"input_tokens": given[0], "output_tokens": given[1], "total_tokens": sum(given)}
        if known
        else None,
        response_metadata=metadata,
    )


def _object(text: str) -> Mapping[str, Json] | None:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def reply_of(messages: Sequence[AnyMessage]) -> Reply | None:
    """The reply behind the last message of a model; None where there is none or it came from elsewhere."""
    last = next((message for message in reversed(messages) if message.type == "ai"), None)
    found = None if last is None else last.response_metadata.get("harness_reply")
    return found if isinstance(found, Reply) else None
