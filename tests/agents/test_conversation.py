"""The agent loop with models that misbehave: one repair try, failures named, tools guarded."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage

from harness.agents.triage import TriageAgent
from harness.build.plan import Plan, planned
from harness.core.errors import InfrastructureError, UsageError
from harness.core.types import Output
from tests.scripted import Scripted, agent_on, calls, decides, item, says
from tests.world import SAMPLES, World

FEE = SAMPLES[2]


@pytest.fixture
def plan(world: World) -> Plan:
    return planned(world.suite)


async def answer(plan: Plan, *replies: Any) -> tuple[Output, Scripted]:
    """The agent's output on the ticket about a fee, and the model that gave the replies."""
    model = Scripted(replies=list(replies))
    return await agent_on(model, plan)(item(FEE["id"], FEE["input"])), model


async def test_a_good_answer_is_taken_as_it_is(plan: Plan) -> None:
    output, model = await answer(plan, decides())
    assert (output.label, output.failure, len(model.seen)) == ("berth_fee", None, 1)
    assert output.rationale is not None and output.rationale[0].text == "The guest wrote about it."
    assert output.trace.evidence is not None and {"i-05", "i-06"} <= {e.id for e in output.trace.evidence}
    assert set(output.trace.timings_ms) == {"screen", "retrieve", "render", "converse", "conclude"}


async def test_text_in_json_is_an_answer_too(plan: Plan) -> None:
    import json

    from tests.scripted import GOOD

    output, _ = await answer(plan, says(json.dumps(GOOD)))
    assert output.label == "berth_fee"


@pytest.mark.parametrize("first", [says("Hm, a fee?"), decides(label="dentist"), calls(("submit_decision", {}))])
async def test_one_bad_answer_is_repaired_once(plan: Plan, first: AIMessage) -> None:
    output, model = await answer(plan, first, decides())
    assert (output.label, output.failure, len(model.seen)) == ("berth_fee", None, 2)
    assert "could not be used" in model.seen[1][-1].text
    assert output.trace.usage is not None and output.trace.usage.model_calls == 2


async def test_two_bad_answers_are_the_models_failure_and_go_to_a_human(plan: Plan) -> None:
    output, model = await answer(plan, says("fee"), says("still a fee"))
    assert output.failure is not None and output.failure.kind == "malformed"
    assert (output.label, output.action, output.rationale, len(model.seen)) == (None, "review", None, 2)
    wrong, _ = await answer(plan, decides(label="dentist"), decides(label="dentist"))
    assert wrong.failure is not None and wrong.failure.kind == "wrong_schema"
    assert "after one repair try: label is 'dentist'" in wrong.failure.message


async def test_two_answers_at_once_are_repaired_too(plan: Plan) -> None:
    twice = calls(("submit_decision", {"label": "berth_fee"}), ("submit_decision", {"label": "oil_spill"}))
    output, _ = await answer(plan, twice, decides())
    assert output.label == "berth_fee"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (says("", refusal="I can't help with that."), "refusal"),
        (says("{", finish="length"), "truncated"),
        (says("", finish="content_filter"), "content_filter"),
    ],
)
async def test_a_declared_failure_is_not_asked_again(plan: Plan, reply: AIMessage, kind: str) -> None:
    output, model = await answer(plan, reply)
    assert output.failure is not None
    assert (output.failure.kind, output.action, len(model.seen)) == (kind, "review", 1)


def provider_error(name: str) -> Exception:
    """An exception of a provider's client, known by the name of its class."""
    return type(name, (Exception,), {})("the provider's words")  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("RateLimitError", "rate_limit"),
        ("APITimeoutError", "timeout"),
        ("APIConnectionError", "connection"),
        ("InternalServerError", "server_error"),
        ("BadRequestError", "bad_request"),
    ],
)
async def test_a_providers_failure_is_raised_with_its_class(plan: Plan, name: str, kind: str) -> None:
    with pytest.raises(InfrastructureError, match="the provider's words") as caught:
        await answer(plan, provider_error(name))
    assert caught.value.kind == kind


@pytest.mark.parametrize("name", ["AuthenticationError", "PermissionDeniedError", "NotFoundError"])
async def test_a_refused_key_or_unknown_model_is_the_users_to_mend(plan: Plan, name: str) -> None:
    with pytest.raises(UsageError, match="--model"):
        await answer(plan, provider_error(name))


async def test_an_error_of_a_client_that_nobody_knows_is_an_errored_trial_with_its_name(plan: Plan) -> None:
    with pytest.raises(InfrastructureError, match="ZeroDivisionError: bug") as caught:
        await answer(plan, ZeroDivisionError("bug"))
    assert caught.value.kind == "provider_error"


@pytest.mark.parametrize("name", ["delete_all", "search_policies_and_delete", "SEARCH_POLICIES", "search_policies "])
async def test_a_tool_that_is_not_on_the_list_by_its_exact_name_is_refused(plan: Plan, name: str) -> None:
    output, _ = await answer(plan, calls((name, {"query": "x"})), decides())
    (call,) = output.trace.tool_calls
    assert (call["name"], call["status"]) == (name, "error")
    assert "Refused" in call["result"] and "allow-list" in call["result"]
    assert output.label == "berth_fee"


async def test_calls_over_a_tools_limit_are_refused_even_within_one_reply(plan: Plan) -> None:
    five = calls(*[("search_incidents", {"query": "fee"})] * 5, ids=[f"c{n}" for n in range(5)])
    output, _ = await answer(plan, five, decides())
    assert [call["status"] for call in output.trace.tool_calls] == ["success"] * 3 + ["error"] * 2
    same = calls(*[("search_incidents", {"query": "fee"})] * 5, ids=["c"] * 5)
    output, _ = await answer(plan, same, decides())
    assert sum(call["status"] == "success" for call in output.trace.tool_calls) <= 3


async def test_the_tickets_own_limit_holds_over_all_tools_and_replies(plan: Plan) -> None:
    rounds = [
        calls(("search_policies", {"query": "fee"}), ("search_incidents", {"query": "fee"}), ids=[f"p{n}", f"i{n}"])
        for n in range(3)
    ]
    more = calls(*[("get_account_history", {"account_id": "g-t-3"})] * 4, ids=[f"a{n}" for n in range(4)])
    output, _ = await answer(plan, *rounds, more, decides())
    statuses = [call["status"] for call in output.trace.tool_calls]
    assert statuses.count("success") == 8 and statuses[-2:] == ["error", "error"]


async def test_a_model_that_never_decides_is_stopped(plan: Plan) -> None:
    output, model = await answer(
        plan, *[calls(("search_policies", {"query": "fee"}), ids=[f"c{n}"]) for n in range(40)]
    )
    assert output.failure is not None and output.action == "review"
    assert len(model.seen) <= 20


async def test_records_are_given_for_the_tickets_own_ids_only(plan: Plan) -> None:
    asked = calls(
        ("get_reservation", {"reservation_id": "r-t-3"}),
        ("get_reservation", {"reservation_id": "r-t-1"}),
        ("get_account_history", {"account_id": "g-t-3"}),
        ("get_account_history", {"account_id": "h-t-3"}),
        ("get_account_history", {"account_id": "g-t-1"}),
    )
    output, _ = await answer(plan, asked, decides())
    own, foreign, guest, host, other = [call["result"] for call in output.trace.tool_calls]
    assert '<record field="reservation.nights">3</record>' in own
    assert '<record field="accounts.guest.age_days">40</record>' in guest
    assert '<record field="accounts.host.age_days">900</record>' in host
    assert foreign == "Refused: 'r-t-1' is not this ticket's reservation."
    assert other == "Refused: 'g-t-1' is not an account of this ticket."


async def test_what_a_search_finds_joins_the_context_and_may_be_cited(world: World) -> None:
    plan = planned(world.suite, overrides=["retrieval.incidents=0", "retrieval.policies=0"])
    cited = decides(rationale=[{"text": "A receipt was asked for.", "citations": ["i-06"]}])
    without, _ = await answer(plan, cited)
    assert (without.action, without.trace.evidence) == ("review", ())
    output, _ = await answer(plan, calls(("search_incidents", {"query": "receipt for a berth"})), cited)
    assert output.trace.evidence is not None and "i-06" in {e.id for e in output.trace.evidence}
    assert "none of 1 claims is grounded" not in output.why


async def test_tools_say_so_where_there_is_nothing_to_search(world: World) -> None:
    plan = planned(world.write_suite(corpora=None))
    both = calls(("search_policies", {"query": "x"}), ("search_incidents", {"query": "x"}))
    output, _ = await answer(plan, both, decides())
    assert [call["result"] for call in output.trace.tool_calls] == ["There are no policies.", "There are no incidents."]


async def test_arguments_that_are_not_json_are_kept_as_text(plan: Plan) -> None:
    output, _ = await answer(plan, calls(("search_policies", {"query": "x", "k": float("nan")})), decides())
    assert output.trace.tool_calls[0]["args"]["k"] == "NaN"


async def test_the_agent_reads_tickets_or_texts_only(world: World) -> None:
    plan = planned(world.suite)
    agent = agent_on(Scripted(replies=[decides()]), plan)
    assert isinstance(agent, TriageAgent)
    agent._kind = "any"
    with pytest.raises(TypeError, match="input: ticket"):
        await agent(item("t-3", FEE["input"]))
