"""One conversation with a chat model through LangChain's agent loop: tools guarded, one repair try, failures named."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware
from langchain.agents.structured_output import StructuredOutputError, ToolStrategy
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from harness.agents.answer import Answer, Unusable, answer_schema, parse_answer
from harness.agents.blocks import ANSWER_TOOL
from harness.agents.middleware import ToolGuard
from harness.agents.tools import LIMITS, TOTAL_CALLS, CaseContext, make_tools
from harness.core.taxonomy import Taxonomy
from harness.core.types import Failure, Json, Usage
from harness.guard import ToolPolicy
from harness.models.failures import refusal_of, translate

_MAX_MODEL_CALLS = TOTAL_CALLS + 2
_RECURSION_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a conversation: an answer, or the failure that stands for it."""

    answer: Answer | None
    failure: Failure | None
    messages: tuple[dict[str, Json], ...]
    tool_calls: tuple[dict[str, Json], ...]
    usage: Usage


class Conversation:
    """The agent graph, built once and used for every ticket."""

    def __init__(self, *, model: BaseChatModel, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        limit: Any = ModelCallLimitMiddleware(run_limit=_MAX_MODEL_CALLS, exit_behavior="end")
        self._graph: Any = create_agent(
            model,
            make_tools(),
            middleware=[ToolGuard(ToolPolicy(limits=LIMITS, total=TOTAL_CALLS)), limit],
            response_format=ToolStrategy(answer_schema(taxonomy, title=ANSWER_TOOL), handle_errors=False),
            context_schema=CaseContext,
        )

    async def hold(self, prompt: Sequence[tuple[str, str]], context: CaseContext) -> Said:
        """Ask, and ask once more where the answer can't be used. Infrastructure failures are raised."""
        messages: list[AnyMessage] = [
            SystemMessage(text) if role == "system" else HumanMessage(text) for role, text in prompt
        ]
        problem: Unusable | None = None
        for _attempt in range(2):
            if problem is not None:
                messages = [*messages, HumanMessage(_repair(problem))]
            messages, raw = await self._ask(messages, context)
            declined = refusal_of(messages)
            if declined is not None:
                return self._said(None, declined, messages)
            try:
                return self._said(parse_answer(raw, self._taxonomy), None, messages)
            except Unusable as error:
                problem = error
        assert problem is not None
        return self._said(None, Failure(problem.kind, f"after one repair try: {problem.message}"), messages)

    async def _ask(self, messages: list[AnyMessage], context: CaseContext) -> tuple[list[AnyMessage], object]:
        """The conversation after one run of the loop, and the raw answer: tool arguments or the last text."""
        state: dict[str, Any] = {"messages": messages}
        steps = self._graph.astream(
            state, context=context, config={"recursion_limit": _RECURSION_LIMIT}, stream_mode="values"
        )
        try:
            async for reached in steps:
                state = reached
        except StructuredOutputError as error:
            return _settled([*state["messages"], error.ai_message]), str(error)
        except Exception as error:
            raise translate(error) from error
        found: list[AnyMessage] = state["messages"]
        raw: object = state.get("structured_response")
        return found, raw if raw is not None else found[-1].text

    def _said(self, answer: Answer | None, failure: Failure | None, messages: Sequence[AnyMessage]) -> Said:
        return Said(
            answer=answer,
            failure=failure,
            messages=tuple({"role": message.type, "content": message.text} for message in messages),
            tool_calls=tuple(_tool_calls(messages)),
            usage=_usage(messages),
        )


def _settled(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """`messages` with a result for each call of the last reply that has none: providers refuse to go on without."""
    last = messages[-1]
    calls = last.tool_calls if isinstance(last, AIMessage) else []
    return [*messages, *(ToolMessage("Not run.", tool_call_id=str(call["id"]), status="error") for call in calls)]


def _repair(problem: Unusable) -> str:
    return f"Your answer could not be used: {problem.message}. Answer again, in the form that was asked for."


def _tool_calls(messages: Sequence[AnyMessage]) -> list[dict[str, Json]]:
    """Every call that the model made, with what became of it; the final answer isn't one."""
    found: list[dict[str, Json]] = []
    waiting: list[tuple[str, dict[str, Json]]] = []
    for message in messages:
        if isinstance(message, AIMessage):
            calls = [call for call in message.tool_calls if call["name"] != ANSWER_TOOL]
            waiting = [
                (str(c["id"]), {"name": c["name"], "args": _json(c["args"]), "status": "not run"}) for c in calls
            ]
            found += [row for _, row in waiting]
        elif isinstance(message, ToolMessage):
            asked = next((pair for pair in waiting if pair[0] == message.tool_call_id), None)
            if asked is not None:
                waiting.remove(asked)
                asked[1].update(status=message.status, result=message.text)
    return found


def _json(args: object) -> Json:
    """Arguments as the journal can hold them: what isn't JSON, NaN and infinities included, becomes text."""
    return json.loads(json.dumps(args, default=str), parse_constant=str)


def _usage(messages: Sequence[AnyMessage]) -> Usage:
    replies = [message for message in messages if isinstance(message, AIMessage)]
    given = [message.usage_metadata for message in replies if message.usage_metadata]
    return Usage(
        input_tokens=sum(usage["input_tokens"] for usage in given),
        output_tokens=sum(usage["output_tokens"] for usage in given),
        model_calls=len(replies),
        estimated=any(message.response_metadata.get("usage_estimated") for message in replies),
    )
