"""How a structured answer is asked for, and where its probabilities come from."""

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest

from harness.agents.asking import Asker, Source
from harness.agents.conversation import Conversation
from harness.agents.triage import TriageAgent
from harness.build.plan import Plan, planned
from harness.core.errors import InfrastructureError, UsageError
from harness.models.calls import Call, Reply, Token
from harness.models.chat import GatewayChat
from harness.models.settings import FORMS, Form
from tests.scripted import GOOD, agent_on, chat_on, item
from tests.world import SAMPLES, World

FEE = SAMPLES[2]
ANSWER = json.dumps(GOOD)


class Refused(Exception):
    """An error response of a service."""

    def __init__(self, message: str) -> None:
        self.status_code, self.body = 400, {"message": message}
        super().__init__(message)


class Says:
    """An engine that answers each call by a function of it, and keeps the calls."""

    name = "says"

    def __init__(self, answer: Any) -> None:
        self._answer, self.calls = answer, list[Call]()

    def answer(self, call: Call) -> Reply:
        self.calls.append(call)
        found = self._answer(call)
        return found if isinstance(found, Reply) else Reply(text=found, input_tokens=10, output_tokens=5)


@pytest.fixture
def plan(world: World) -> Plan:
    return planned(world.suite)


def asking(plan: Plan, engine: Says, *, source: Source, draws: int = 5, forms: Sequence[Form] = FORMS) -> TriageAgent:
    agent = agent_on(engine, plan, forms=forms)
    assert plan.taxonomy is not None
    chat: GatewayChat = chat_on(engine)
    conversation = Conversation(model=chat, taxonomy=plan.taxonomy, forms=forms)
    agent._asker = Asker(conversation, taxonomy=plan.taxonomy, source=source, draws=draws)
    return agent


async def test_a_native_schema_is_asked_for_first_and_is_strict(plan: Plan) -> None:
    engine = Says(lambda call: ANSWER)
    output = await agent_on(engine, plan, forms=FORMS)(item(FEE["id"], FEE["input"]))
    assert output.label == "berth_fee"
    asked = engine.calls[0].response_format
    assert asked["type"] == "json_schema" and asked["json_schema"]["strict"] is True
    schema = asked["json_schema"]["schema"]
    assert schema["properties"]["probabilities"]["required"] == list(plan.taxonomy.ids)  # type: ignore[union-attr]
    assert not any(tool["function"]["name"] == "submit_decision" for tool in engine.calls[0].tools)


async def test_a_form_that_the_model_does_not_know_gives_way_to_the_next_for_good(plan: Plan) -> None:
    from harness.models.failures import Unsupported

    def picky(call: Call) -> str:
        if call.response_format is not None:
            raise Unsupported("json_schema", "response_format is not supported")
        if any(tool["function"]["name"] == "submit_decision" for tool in call.tools):
            raise Unsupported("tool", "no tools here")
        return ANSWER

    engine = Says(picky)
    agent = agent_on(engine, plan, forms=FORMS)
    assert (await agent(item(FEE["id"], FEE["input"]))).label == "berth_fee"
    assert len(engine.calls) == 3
    assert (await agent(item(FEE["id"], FEE["input"]))).label == "berth_fee"
    assert len(engine.calls) == 4  # what it found out the first time, it remembers


async def test_tickets_in_flight_together_find_out_once_that_a_form_is_not_known(plan: Plan) -> None:
    import asyncio

    async def asked(number: int) -> Any:
        return await agent(item(f"t-{number}", FEE["input"]))

    def picky(call: Call) -> Reply:
        if call.response_format is not None:
            raise Unsupported("json_schema", "response_format is not supported")
        return Reply(text=ANSWER, delay_ms=1)

    from harness.models.failures import Unsupported

    engine = Says(picky)
    agent = agent_on(engine, plan, forms=("json_schema", "text"))
    outputs = await asyncio.gather(*(asked(number) for number in range(4)))
    assert [output.label for output in outputs] == ["berth_fee"] * 4
    assert {call["structured"] for output in outputs for call in output.trace.calls} == {"text"}


@pytest.mark.parametrize(
    ("takes_schema", "used", "asked"), [(True, "json_schema without tools", 4), (False, "text without tools", 5)]
)
async def test_a_model_that_takes_no_tools_is_asked_without_them(
    plan: Plan, takes_schema: bool, used: str, asked: int
) -> None:
    from harness.models.failures import Unsupported

    def picky(call: Call) -> str:
        if call.tools:
            raise Unsupported("tool", "no tools here")
        if call.response_format is not None and not takes_schema:
            raise Unsupported("json_schema", "response_format is not supported")
        return ANSWER

    engine = Says(picky)
    agent = agent_on(engine, plan, forms=FORMS)
    output = await agent(item(FEE["id"], FEE["input"]))
    assert output.label == "berth_fee" and len(engine.calls) == asked
    assert [call["structured"] for call in output.trace.calls] == [used]


async def test_a_request_that_is_refused_in_a_form_that_is_known_is_at_fault_itself(plan: Plan) -> None:
    from harness.models.failures import Unsupported

    def odd(call: Call) -> str:
        if len(engine.calls) == 2:
            raise Unsupported("tool", "messages with role 'tool' must follow 'tool_calls'")
        return ANSWER

    engine = Says(odd)
    agent = agent_on(engine, plan, forms=FORMS)
    assert (await agent(item("t-1", FEE["input"]))).label == "berth_fee"
    with pytest.raises(InfrastructureError, match="bad_request.*must follow"):
        await agent(item("t-2", FEE["input"]))
    again = await agent(item("t-3", FEE["input"]))
    assert [call["structured"] for call in again.trace.calls] == ["json_schema"]


async def test_the_last_form_that_is_not_known_ends_the_run_with_a_remedy(plan: Plan) -> None:
    from harness.models.failures import Unsupported

    def none(call: Call) -> str:
        raise Unsupported("json_schema", "response_format is not supported")

    with pytest.raises(UsageError, match=r"json_schema is not supported.*calls\.structured"):
        await agent_on(Says(none), plan, forms=["json_schema"])(item(FEE["id"], FEE["input"]))


async def test_the_run_counts_the_form_that_was_used(plan: Plan) -> None:
    engine = Says(lambda call: ANSWER)
    chat = chat_on(engine)
    assert plan.taxonomy is not None
    agent = agent_on(engine, plan)
    agent._asker = Asker(Conversation(model=chat, taxonomy=plan.taxonomy, forms=("text",)), taxonomy=plan.taxonomy)
    await agent(item(FEE["id"], FEE["input"]))
    assert chat.gateway.ledger.forms == {"text": 1}


def with_tokens(**probabilities: float) -> Reply:
    """The answer with the label's token, and the other labels beside it."""
    before, after = ANSWER.split("berth_fee", 1)
    top = tuple((label, math.log(p)) for label, p in probabilities.items())
    tokens = (Token(before, 0.0), Token("berth_fee", math.log(probabilities["berth_fee"]), top), Token(after, 0.0))
    return Reply(text=ANSWER, logprobs=tokens)


async def test_logprobs_of_the_label_replace_what_the_answer_says_of_itself(plan: Plan) -> None:
    engine = Says(lambda call: with_tokens(berth_fee=0.6, mooring_fault=0.3, oil_spill=0.1))
    output = await asking(plan, engine, source="logprobs")(item(FEE["id"], FEE["input"]))
    assert output.probabilities == pytest.approx({"berth_fee": 0.6, "mooring_fault": 0.3, "oil_spill": 0.1})


async def test_a_model_without_logprobs_ends_the_run_with_a_remedy(plan: Plan) -> None:
    with pytest.raises(UsageError, match=r"no log-probabilities.*verbalised"):
        await asking(plan, Says(lambda call: ANSWER), source="logprobs")(item(FEE["id"], FEE["input"]))


async def test_no_other_form_is_tried_where_log_probabilities_are_not_known(plan: Plan) -> None:
    from harness.models.failures import Unsupported

    def none(call: Call) -> str:
        raise Unsupported("logprobs", "logprobs are not supported")

    engine = Says(none)
    with pytest.raises(UsageError, match=r"logprobs is not supported.*verbalised"):
        await asking(plan, engine, source="logprobs")(item(FEE["id"], FEE["input"]))
    assert len(engine.calls) == 1


async def test_where_a_draw_fails_the_others_are_ended(plan: Plan) -> None:
    import asyncio

    def answer(call: Call) -> Reply:
        if call.draw == 1:
            raise InfrastructureError("server_error", "500")
        return Reply(text=ANSWER, delay_ms=60_000)

    before = asyncio.all_tasks()
    with pytest.raises(InfrastructureError, match="500"):
        await asking(plan, Says(answer), source="trials", draws=3)(item(FEE["id"], FEE["input"]))
    assert asyncio.all_tasks() == before


def drawn(*labels: str) -> Says:
    """One answer a draw."""

    def answer(call: Call) -> str:
        label = labels[call.draw]
        return "what?" if label == "?" else json.dumps({**GOOD, "label": label, "probabilities": {label: 1.0}})

    return Says(answer)


async def test_trials_give_each_label_its_share_of_the_draws(plan: Plan) -> None:
    engine = drawn("mooring_fault", "berth_fee", "berth_fee", "berth_fee", "oil_spill")
    output = await asking(plan, engine, source="trials")(item(FEE["id"], FEE["input"]))
    assert output.label == "berth_fee"
    assert output.probabilities == pytest.approx({"berth_fee": 0.6, "mooring_fault": 0.2, "oil_spill": 0.2})
    assert sorted(call.draw for call in engine.calls) == [0, 1, 2, 3, 4]
    assert output.trace.usage is not None
    assert (output.trace.usage.model_calls, output.trace.usage.input_tokens, len(output.trace.calls)) == (5, 50, 5)


async def test_tokens_that_one_call_does_not_tell_are_unknown_for_the_trial(plan: Plan) -> None:
    def answer(call: Call) -> Reply:
        told = None if call.draw else 10
        return Reply(text=ANSWER, input_tokens=told, output_tokens=5)

    output = await asking(plan, Says(answer), source="trials", draws=2)(item("t-3", FEE["input"]))
    assert output.trace.usage is not None
    assert (output.trace.usage.input_tokens, output.trace.usage.output_tokens) == (None, 10)


async def test_a_draw_that_fails_is_left_out_and_all_of_them_are_the_models_failure(plan: Plan) -> None:
    some = await asking(plan, drawn("?", "oil_spill", "oil_spill"), source="trials", draws=3)(item("t-3", FEE["input"]))
    assert some.probabilities == pytest.approx({"berth_fee": 0.0, "mooring_fault": 0.0, "oil_spill": 1.0})
    none = await asking(plan, drawn("?", "?"), source="trials", draws=2)(item("t-3", FEE["input"]))
    assert none.failure is not None and none.failure.kind == "malformed"
    assert none.trace.usage is not None and none.trace.usage.model_calls == 4  # each draw has its repair try


async def test_a_call_says_what_it_is_for_on_a_channel_that_no_model_sees(plan: Plan) -> None:
    engine = Says(lambda call: ANSWER)
    from harness.evaluation.runner import Input

    await agent_on(engine, plan)(Input(id="t-3", input=FEE["input"], trial=4, seed=0))
    (call,) = engine.calls
    assert (call.sample, call.trial, call.draw) == ("t-3", 4, 0)
    assert "trial" not in json.dumps(call.messages).lower() and "t-3 " not in json.dumps(call.messages)


async def test_a_prompt_that_is_too_long_is_the_models_failure_and_goes_to_a_human(plan: Plan) -> None:
    from harness.models.failures import ModelFailed

    def too_long(call: Call) -> str:
        raise ModelFailed("context_too_long", "8192 tokens at most")

    output = await agent_on(Says(too_long), plan)(item("t-3", FEE["input"]))
    assert output.failure is not None and output.failure.kind == "context_too_long" and output.action == "review"


@pytest.mark.parametrize("text", ["\0", "{" * 100_000, '{"label": "\\ud800"}', "null", "[1, 2]", '{"label": NaN}'])
async def test_whatever_a_model_says_comes_to_a_named_failure(plan: Plan, text: str) -> None:
    output = await agent_on(Says(lambda call: text), plan, forms=FORMS)(item("t-3", FEE["input"]))
    assert output.failure is not None and output.failure.kind in {"malformed", "wrong_schema"}


async def test_hostile_characters_of_a_claim_are_replaced(plan: Plan) -> None:
    claim = {"text": "Fine\ud800 and \0 well.", "citations": ["i-05\ud800"]}
    output = await agent_on(Says(lambda call: json.dumps({**GOOD, "rationale": [claim]})), plan)(
        item("t-3", FEE["input"])
    )
    assert output.rationale is not None
    assert (output.rationale[0].text, output.rationale[0].citations) == ("Fine\ufffd and \ufffd well.", ("i-05\ufffd",))
