"""The guard's tool policy as LangChain middleware: what it refuses is never executed."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.types import Command

from harness.guard import ToolPolicy, ToolRefusal, decide_call

Result = ToolMessage | Command[Any]


class ToolGuard(AgentMiddleware):
    """Holds every tool call against the policy: exact names, default deny, limits per tool and per ticket."""

    def __init__(self, policy: ToolPolicy) -> None:
        super().__init__()
        self._policy = policy

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Result]]
    ) -> Result:
        """Refuse, or let the handler run the tool."""
        return self._refusal(request) or await handler(request)

    def _refusal(self, request: ToolCallRequest) -> ToolMessage | None:
        call = request.tool_call
        made = calls_before(request.state["messages"], str(call["id"]))
        refusal = decide_call(self._policy, call["name"], made=made)
        return None if refusal is None else _refused(refusal, str(call["id"]))


def calls_before(messages: Sequence[AnyMessage], call_id: str) -> list[str]:
    """Names of the tool calls asked for before `call_id` of the last reply, those of the same reply included.

    Ids are the model's own choice: where a reply gives several calls one id, each counts as the last of them.
    """
    replies = [message.tool_calls for message in messages if isinstance(message, AIMessage)]
    earlier = [call["name"] for calls in replies[:-1] for call in calls]
    last = replies[-1]
    position = max(index for index, call in enumerate(last) if str(call["id"]) == call_id)
    return [*earlier, *(call["name"] for call in last[:position])]


def _refused(refusal: ToolRefusal, call_id: str) -> ToolMessage:
    text = (
        f"Refused: {refusal.tool!r} is {refusal.reason}."
        if "allow" in refusal.reason
        else f"Refused: {refusal.reason}."
    )
    return ToolMessage(content=text, tool_call_id=call_id, name=refusal.tool, status="error")
