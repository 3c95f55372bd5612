"""One conversation with a chat model through LangChain's agent loop: tools guarded, one repair try, failures named."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware
from langchain.agents.structured_output import ProviderStrategy, StructuredOutputError, ToolStrategy
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from harness.agents.answer import Answer, Unusable, answer_schema, parse_answer
from harness.agents.blocks import ANSWER_TOOL
from harness.agents.middleware import ToolGuard
from harness.agents.tools import LIMITS, TOTAL_CALLS, CaseContext, make_tools
from harness.core.errors import InfrastructureError, UsageError
from harness.core.taxonomy import Taxonomy
from harness.core.types import Failure, Json, Usage
from harness.guard import ToolPolicy
from harness.models.calls import Reply
from harness.models.chat import DRAW, SAMPLE, TRIAL, GatewayChat, reply_of
from harness.models.failures import ModelFailed, Unsupported, failure_of
from harness.models.gateway import CallRecord
from harness.models.settings import FORMS, Form, Way

_MAX_MODEL_CALLS = TOTAL_CALLS + 2
_RECURSION_LIMIT = 60
_ENDLESS = Failure(
    "malformed", f"the model called tools until its {_MAX_MODEL_CALLS} turns were over, and gave no answer"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a conversation is for: the harness's own channel to recordings and simulations, never in the prompt."""

    sample: str
    trial: int
    draw: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a conversation: an answer, or the failure that stands for it. `reply` is the model's last.

    `records` are those of all calls that were made for it.
    """

    answer: Answer | None
    failure: Failure | None
    messages: tuple[dict[str, Json], ...]
    tool_calls: tuple[dict[str, Json], ...]
    records: tuple[CallRecord, ...]
    reply: Reply | None = None

    @property
    def calls(self) -> tuple[dict[str, Json], ...]:
        """The records as the trace keeps them."""
        return tuple(record.to_json() for record in self.records)

    @property
    def usage(self) -> Usage:
        """Tokens and price of all calls; each is None where that of any call isn't known."""
        return Usage(
            input_tokens=_total([record.input_tokens for record in self.records]),
            output_tokens=_total([record.output_tokens for record in self.records]),
            model_calls=len(self.records),
            estimated=any(record.estimated for record in self.records),
            price=_total([record.price for record in self.records]) if self.records else None,
            currency=self.records[0].currency if self.records else "",
        )


N = TypeVar("N", int, float)


def _total(figures: Sequence[N | None]) -> N | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None


class Conversation:
    """The agent graph, built once a way of asking and used for every ticket.

    `forms` are tried in order: a form that the model doesn't know gives way to the next, for good. Where it takes none
    of them because of the look-up tools that are offered with them, they are tried again without (`tools` False: from
    the start). A way that a reply came in is known: a request that is refused after that is at fault itself.
    """

    def __init__(
        self, *, model: GatewayChat, taxonomy: Taxonomy, forms: Sequence[Form] = FORMS, tools: bool = True
    ) -> None:
        self._model, self._taxonomy = model, taxonomy
        self._ways = [Way(form) for form in forms if tools]
        self._ways += [Way(form, tools=False) for form in forms if form != "tool" or not tools]
        self._known: set[Way] = set()
        self._graphs: dict[Way, Any] = {}

    async def hold(self, prompt: Sequence[tuple[str, str]], context: CaseContext, mark: Mark) -> Said:
        """Ask, and ask once more where the answer can't be used. Infrastructure failures are raised."""
        messages: list[AnyMessage] = [
            SystemMessage(text) if role == "system" else HumanMessage(text) for role, text in prompt
        ]
        problem: Unusable | None = None
        for _attempt in range(2):
            if problem is not None:
                messages = [*messages, HumanMessage(_repair(problem))]
            try:
                way, messages, raw = await self._ask(messages, context, mark)
            except _Declined as declined:
                return _said(None, declined.failure, declined.messages)
            reply = reply_of(messages)
            failure = failure_of(reply) if reply is not None else _ENDLESS
            if failure is not None:
                return _said(None, failure, messages)
            try:
                answer = parse_answer(raw, self._taxonomy)
            except Unusable as error:
                problem = error
            else:
                self._model.gateway.ledger.forms[way.name] += 1
                return _said(answer, None, messages, way=way)
        assert problem is not None
        return _said(None, Failure(problem.kind, f"after one repair try: {problem.message}"), messages)

    async def _ask(
        self, messages: list[AnyMessage], context: CaseContext, mark: Mark
    ) -> tuple[Way, list[AnyMessage], object]:
        """The way it was asked, the conversation after one run of the loop, and the raw answer: arguments or text."""
        way = self._ways[0]
        try:
            found, raw = await self._run(way, messages, context, mark)
        except Unsupported as error:
            self._give_up(way, error)
            return await self._ask(messages, context, mark)
        self._known.add(way)
        return way, found, raw

    def _give_up(self, way: Way, error: Unsupported) -> None:
        """Go on to the next way; UsageError where none is left."""
        if way not in self._ways:
            return  # somebody else in flight found out first
        if way in self._known or way.name in self._model.gateway.ledger.forms:
            raise InfrastructureError("bad_request", str(error)) from error
        mend = error.form == "tool" and way.tools  # without tools, its form may be known
        left = [other for other in self._ways if other.form != way.form or (mend and not other.tools)]
        if not left or error.form == "logprobs":
            raise _no_form(error) from error
        self._ways = left

    async def _run(
        self, way: Way, messages: list[AnyMessage], context: CaseContext, mark: Mark
    ) -> tuple[list[AnyMessage], object]:
        state: dict[str, Any] = {"messages": messages}
        steps = self._graph(way).astream(
            state,
            context=context,
            config={
                "recursion_limit": _RECURSION_LIMIT,
                "metadata": {SAMPLE: mark.sample, TRIAL: mark.trial, DRAW: mark.draw},
            },
            stream_mode="values",
        )
        try:
            async for reached in steps:
                state = reached
        except StructuredOutputError as error:
            return _settled([*state["messages"], error.ai_message]), error.ai_message.text or str(error)
        except ModelFailed as error:
            raise _Declined(error.failure, state["messages"]) from error
        found: list[AnyMessage] = state["messages"]
        raw: object = state.get("structured_response")
        return found, raw if raw is not None else _last_words(found)

    def _graph(self, way: Way) -> Any:
        if way not in self._graphs:
            schema = answer_schema(self._taxonomy, title=ANSWER_TOOL)
            limit: Any = ModelCallLimitMiddleware(run_limit=_MAX_MODEL_CALLS, exit_behavior="end")
            strategy: Any = None
            if way.form == "json_schema":
                strategy = ProviderStrategy(schema, strict=True)
            elif way.form == "tool":
                strategy = ToolStrategy(schema, handle_errors=False)
            self._graphs[way] = create_agent(
                self._model,
                make_tools() if way.tools else [],
                middleware=[ToolGuard(ToolPolicy(limits=LIMITS, total=TOTAL_CALLS)), limit],
                response_format=strategy,
                context_schema=CaseContext,
            )
        return self._graphs[way]


class _Declined(Exception):
    """The service says that the model can't go on with these messages."""

    def __init__(self, failure: Failure, messages: list[AnyMessage]) -> None:
        self.failure, self.messages = failure, messages
        super().__init__(failure.kind)


def _no_form(error: Unsupported) -> UsageError:
    fix = "use `calls: {probabilities: verbalised}`" if error.form == "logprobs" else "set `calls.structured`"
    return UsageError(str(error), where="--model", fix=fix)


def _said(
    answer: Answer | None, failure: Failure | None, messages: Sequence[AnyMessage], *, way: Way | None = None
) -> Said:
    """`way` is how a usable answer was asked for; the record of the call that gave it says so."""
    records = _records(messages)
    if way is not None and records:
        records[-1] = replace(records[-1], structured=way.name)
    return Said(
        answer=answer,
        failure=failure,
        messages=tuple({"role": message.type, "content": message.text} for message in messages),
        tool_calls=tuple(_tool_calls(messages)),
        records=tuple(records),
        reply=reply_of(messages),
    )


def _last_words(messages: Sequence[AnyMessage]) -> str:
    """The last text; where a reply has none, the arguments of the calls in it that couldn't be read."""
    last = messages[-1]
    broken = last.invalid_tool_calls if isinstance(last, AIMessage) else []
    return last.text or "\n".join(str(call["args"]) for call in broken)


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


def _records(messages: Sequence[AnyMessage]) -> list[CallRecord]:
    found = [message.response_metadata.get("harness_call") for message in messages if isinstance(message, AIMessage)]
    return [record for record in found if isinstance(record, CallRecord)]
