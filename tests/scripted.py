"""Chat models that say what a test tells them to, run through the real agent."""

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Literal

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import PrivateAttr

from harness.agents.asking import Asker
from harness.agents.conversation import Conversation
from harness.agents.triage import Depth, TriageAgent
from harness.build.plan import Plan
from harness.build.solver import build_index, default_home
from harness.evaluation.runner import Input
from harness.models.calls import Engine
from harness.models.chat import GatewayChat
from harness.models.gateway import Gateway, Limits
from harness.models.offline import Offline
from harness.models.prices import load_prices
from harness.models.provider import Provider
from harness.models.settings import Form
from harness.retrieval import Retriever

GOOD: dict[str, Any] = {
    "label": "berth_fee",
    "probabilities": {"berth_fee": 0.9, "mooring_fault": 0.1},
    "rationale": [{"text": "The guest wrote about it.", "citations": ["ticket:guest_message"]}],
}
"""An answer of the tiny world's that can be used."""


class Scripted(BaseChatModel):
    """Gives its replies one after the other; an exception among them is raised. Like a provider, it refuses a

    conversation in which a tool call has no result.
    """

    replies: list[Any]
    _seen: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def seen(self) -> list[list[BaseMessage]]:
        """The messages of each call."""
        return self._seen

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self._seen.append(list(messages))
        answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
        asked = {call["id"] for m in messages if isinstance(m, AIMessage) for call in m.tool_calls}
        assert asked <= answered, f"calls without a result: {asked - answered}"
        reply = self.replies[len(self._seen) - 1]
        if isinstance(reply, Exception):
            raise reply
        return ChatResult(generations=[ChatGeneration(message=reply)])


def says(text: str, *, finish: str = "stop", refusal: str | None = None) -> AIMessage:
    """A reply in text."""
    extra = {"refusal": refusal} if refusal else {}
    return AIMessage(content=text, additional_kwargs=extra, response_metadata={"finish_reason": finish})


def calls(*wanted: tuple[str, dict[str, Any]], ids: Sequence[str] | None = None) -> AIMessage:
    """A reply that calls tools; ids are made up where none are given."""
    made = ids or [f"c-{name}-{hash(json.dumps(args, sort_keys=True))}-{n}" for n, (name, args) in enumerate(wanted)]
    return AIMessage(
        content="",
        tool_calls=[
            {"name": name, "args": args, "id": id, "type": "tool_call"}
            for (name, args), id in zip(wanted, made, strict=True)
        ],
    )


def decides(**changed: Any) -> AIMessage:
    """A reply that submits GOOD with keys replaced; None takes one out."""
    value = {key: item for key, item in {**GOOD, **changed}.items() if item is not None}
    return calls(("submit_decision", value))


def chat_on(model: BaseChatModel | Engine) -> GatewayChat:
    """A model behind the gateway, without retries."""
    backend = Provider(model, id="scripted") if isinstance(model, BaseChatModel) else Offline(model)
    gateway = Gateway(backend, model="scripted", prices=load_prices(), limits=Limits(max_retries=0))
    return GatewayChat(gateway=gateway)


def agent_on(model: BaseChatModel | Engine, plan: Plan, forms: Sequence[Form] = ("tool",)) -> TriageAgent:
    """The triage agent of a plan on `model`."""
    assert plan.taxonomy is not None and plan.prompt is not None
    settings = plan.suite.retrieval
    held = bool(plan.corpus.policies or plan.corpus.incidents)
    return TriageAgent(
        asker=Asker(Conversation(model=chat_on(model), taxonomy=plan.taxonomy, forms=forms), taxonomy=plan.taxonomy),
        prompt=plan.prompt,
        taxonomy=plan.taxonomy,
        corpus=plan.corpus,
        retriever=Retriever(build_index(plan, home=default_home()), plan.corpus) if held else None,
        depth=Depth(
            settings.policies, settings.incidents, as_of=settings.as_of is not None, frozen=_day(settings.as_of)
        ),
        kind=plan.suite.input,
    )


def _day(as_of: Literal["created_at"] | date | None) -> date | None:
    return None if as_of == "created_at" else as_of


def item(id: str, value: object) -> Input:
    """What a solver sees of a sample."""
    return Input(id=id, input=value, trial=0, seed=0)
