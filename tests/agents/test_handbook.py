"""What an agent knows of the policies: all in force without a search, an index frozen on a day, or none."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.agents.handbook import Handbook
from harness.build import build_solver
from harness.build.plan import Plan, planned
from harness.build.solver import bring_up, default_home
from harness.core.errors import UsageError
from harness.core.moments import start_of
from harness.core.protocols import Solver
from harness.core.types import Output
from harness.corpus import load_corpus
from tests.commands import ROOT
from tests.pairs import write_pairs
from tests.scripted import Scripted, agent_on, decides, item
from tests.scripted import calls as calls_of
from tests.world import World, ticket

CORPUS = load_corpus(policies=ROOT / "corpora" / "policies", incidents=None)
BOOK = Handbook(CORPUS)
OIL_1, OIL_2, FIRE = "POL-OIL-01@1#1.1", "POL-OIL-01@2#1.1", "POL-OIL-01@2#1.2"
FEE_1 = "POL-FEE-01@1#2.1"


def plan(world: World, *overrides: str) -> Plan:
    return planned(world.suite, overrides=["retrieval.incidents=0", *overrides])


def solver(world: World, *overrides: str) -> Solver:
    return build_solver(plan(world, *overrides), home=default_home())


async def asked(world: World, *overrides: str, day: str = "2026-03-05", name: str = "t-1") -> Output:
    return await solver(world, *overrides)(item(name, ticket(name, "Diesel on the water of the basin.", day=day)))


def seen(output: Output) -> list[str]:
    return [evidence.id for evidence in output.trace.evidence or ()]


@given(st.dates(min_value=date(2024, 12, 1), max_value=date(2027, 1, 31)), st.integers(0, 86399))
def test_a_handbook_holds_all_clauses_in_force_and_only_those(day: date, second: int) -> None:
    moment = datetime(day.year, day.month, day.day, second // 3600, second // 60 % 60, second % 60, tzinfo=UTC)
    held = [clause.id for policy in CORPUS.policies if policy.in_force(day) for clause in policy.clauses]
    assert [evidence.id for evidence in BOOK.in_force(moment)] == held
    assert start_of(day) <= moment


def test_without_a_date_a_handbook_holds_the_latest_version_of_each_policy() -> None:
    found = {evidence.id.partition("#")[0] for evidence in BOOK.in_force(None)}
    last = {policy.head.id: policy.key for policy in CORPUS.policies}
    assert found == set(last.values())


async def test_all_policies_stand_in_the_prompt_word_for_word_without_an_index(world: World) -> None:
    write_pairs(world)
    output = await asked(world, "retrieval.policies=all")
    assert seen(output) == [FEE_1, OIL_2, FIRE]
    text = str(output.trace.messages)
    assert "within 2 hours" in text and "more than 50 litres" in text and "within 14 days" in text
    assert "within 4 hours" not in text and "within 7 days" not in text
    assert bring_up(plan(world, "retrieval.policies=all"), home=default_home()).index is None


async def test_all_policies_stand_beside_incidents_that_are_searched(world: World) -> None:
    write_pairs(world)
    text = (world.folder / "prompt.md").read_text(encoding="utf-8")
    world.write("prompt.md", text.replace("{{ ticket }}", "{{ incidents }}{{ ticket }}"))
    output = await asked(world, "retrieval.policies=all", "retrieval.incidents=2")
    assert seen(output)[:3] == [FEE_1, OIL_2, FIRE] and len(seen(output)) == 5


async def test_no_policies_leave_no_trace_of_them_in_the_prompt(world: World) -> None:
    write_pairs(world)
    output = await asked(world, "retrieval.policies=0")
    assert seen(output) == [] and "Rules:" not in str(output.trace.messages)
    shown = await asked(world, "retrieval.policies=3", day="2024-01-01")
    assert seen(shown) == [] and "(no policy found)" in str(shown.trace.messages)


async def test_a_frozen_index_shows_what_held_on_its_day_and_claims_are_held_to_the_tickets(world: World) -> None:
    write_pairs(world)
    frozen = await asked(world, "retrieval.as_of=2026-02-20")
    assert set(seen(frozen)) == {OIL_1, FEE_1}
    cited = {citation for claim in frozen.rationale or () for citation in claim.citations}
    assert OIL_1 in cited
    fresh = await asked(world)
    assert set(seen(fresh)) == {OIL_2, FIRE, FEE_1}
    scored = {scorer.name: scorer for scorer in plan(world, "retrieval.as_of=2026-02-20").scorers}
    sample = next(one for one in plan(world).samples if one.id == "p-1b")
    verdict: Any = scored["grounding"].score(sample, frozen)
    wrong = {claim["verdict"] for claim in verdict.value["claims"] if OIL_1 in claim["citations"]}
    assert wrong == {"wrong_version"}


async def test_a_claim_on_a_stale_clause_grounds_no_decision(world: World) -> None:
    """The agent's own check is by the ticket's date too: with nothing else to rest on, a human sees the ticket."""
    write_pairs(world)
    stale = [{"text": "A boom is laid within 4 hours.", "citations": [OIL_1]}]
    answer = {"label": "berth_fee", "probabilities": {"berth_fee": 1.0}, "rationale": stale}
    for day, action in (("2026-02-21", "route"), ("2026-03-05", "review")):
        made = plan(world, "retrieval.as_of=2026-02-20")
        agent = agent_on(Scripted(replies=[decides(**answer)]), made)
        output = await agent(item("t-1", ticket("t-1", "Diesel on the water of the basin.", day=day)))
        assert (output.action, output.label) == (action, "berth_fee"), output.why


async def test_a_tool_searches_the_frozen_index_too(world: World) -> None:
    write_pairs(world)
    replies = [calls_of(("search_policies", {"query": "diesel on the water"})), decides()]
    agent = agent_on(Scripted(replies=replies), plan(world, "retrieval.policies=1", "retrieval.as_of=2026-02-20"))
    output = await agent(item("t-1", ticket("t-1", "Diesel.", day="2026-03-05")))
    assert output.trace.tool_calls[0]["name"] == "search_policies"
    assert set(seen(output)) == {OIL_1, FEE_1}


@pytest.mark.parametrize("form", ["auto", "tool", "text"])
async def test_without_tools_none_is_offered_in_any_form(world: World, tmp_path: Path, form: str) -> None:
    write_pairs(world)
    tape = tmp_path / "calls.jsonl"
    made = planned(
        world.suite, overrides=["calls.tools=false", f"calls.structured={form}", "retrieval.incidents=0"], record=tape
    )
    live = bring_up(made, home=default_home())
    output = await live.solver(item("t-1", ticket("t-1", "Diesel on the water.")))
    await live.aclose()
    assert output.label == "oil_spill" and "search_policies" not in tape.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("retrieval.as_of=yesterday", "retrieval.as_of: .*a day such as 2026-07-20"),
        ("retrieval.as_of=3", "retrieval.as_of: .*a day such as 2026-07-20"),
        ("retrieval.policies=every", "retrieval.policies: .*from 0 to 1000, or all"),
        ("retrieval.policies=-1", "retrieval.policies: .*from 0 to 1000, or all"),
        ("retrieval.policies=true", "retrieval.policies: .*from 0 to 1000, or all"),
    ],
)
def test_what_is_no_day_and_no_number_is_refused(world: World, override: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        plan(world, override)
    assert "\n" not in str(caught.value)
