"""The offline reader as a LangChain chat model: it answers from the rendered messages and nothing else."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, SkipValidation

from harness.embeddings import Embedder
from harness.models.rationale import write_rationale
from harness.models.reading import Reading, read
from harness.models.weighing import weigh

_CHARS_PER_TOKEN = 4


class Reader(BaseChatModel):
    """An honest small model. Deterministic: equal messages, equal answer."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    embedder: SkipValidation[Embedder]
    tools: tuple[dict[str, Any], ...] = ()

    @property
    def _llm_type(self) -> str:
        return "reader"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": "reader", "embedder": self.embedder.name}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[Any, AIMessage]:
        """A copy that knows these tools."""
        return self.model_copy(update={"tools": tuple(convert_to_openai_tool(tool)["function"] for tool in tools)})

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop)

    def _answer(self, messages: Sequence[BaseMessage]) -> AIMessage:
        turns = [(message.type, message.text) for message in messages]
        reading = read(turns)
        call = self._next_step(reading, messages)
        if call is None:
            call = self._decide(reading)
        text = "" if call["name"] else json.dumps(call["args"], ensure_ascii=False)
        given = sum(len(text) for _, text in turns)
        produced = len(json.dumps(call["args"]))
        return AIMessage(
            content=text,
            tool_calls=[{**call, "id": f"call_{len(messages)}", "type": "tool_call"}] if call["name"] else [],
            usage_metadata={
                "input_tokens": given // _CHARS_PER_TOKEN,
                "output_tokens": produced // _CHARS_PER_TOKEN,
                "total_tokens": (given + produced) // _CHARS_PER_TOKEN,
            },
            response_metadata={"model_name": "reader", "finish_reason": "stop", "usage_estimated": True},
        )

    def _next_step(self, reading: Reading, messages: Sequence[BaseMessage]) -> dict[str, Any] | None:
        """The first tool that a numbered step names and that wasn't called yet, with arguments from trusted fields."""
        done = {message.name for message in messages if isinstance(message, ToolMessage)}
        for step in reading.steps:
            for tool in self.tools:
                if tool["name"] not in done and re.search(rf"\b{re.escape(tool['name'])}\b", step):
                    args = _arguments(tool, reading)
                    if args is not None and tool["name"] != self._answer_tool:
                        return {"name": tool["name"], "args": args}
        return None

    @property
    def _answer_tool(self) -> str:
        """The bound tool that takes a label: the one the final answer goes to; empty where there is none."""
        found = (tool["name"] for tool in self.tools if "label" in tool.get("parameters", {}).get("properties", {}))
        return next(found, "")

    def _decide(self, reading: Reading) -> dict[str, Any]:
        if not reading.labels:
            return {"name": "", "args": {"error": "the messages name no labels"}}
        weighed = weigh(reading, self.embedder.embed)
        label = max(weighed.probabilities, key=lambda name: weighed.probabilities[name])
        answer = {
            "label": label,
            "probabilities": {name: round(value, 6) for name, value in weighed.probabilities.items()},
            "rationale": write_rationale(reading, weighed, label),
        }
        return {"name": self._answer_tool, "args": answer}


def _arguments(tool: dict[str, Any], reading: Reading) -> dict[str, Any] | None:
    """A value for each required argument: `query` from the ticket's text, ids from records; None where one lacks."""
    parameters = tool.get("parameters", {})
    args: dict[str, Any] = {}
    for name in parameters.get("required", parameters.get("properties", {})):
        value = _argument(name, reading)
        if value is None:
            return None
        args[name] = value
    return args


def _argument(name: str, reading: Reading) -> str | None:
    if name == "query":
        return reading.texts[0][1][:400] if reading.texts else None
    wanted = name.removesuffix("_id")
    for path, value in reading.records.items():
        parts = path.split(".")
        if parts[-1] == "id" and wanted in (*parts, "account" if "accounts" in parts else ""):
            return value
    return None
