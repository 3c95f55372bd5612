"""The retriever and the verifier as solvers of their own: what they answer, what they refuse, and a run of each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.agents.lookup import SearchSolver, VerifySolver
from harness.build import build_solver, evaluate
from harness.build.plan import Plan, planned
from harness.build.solver import bring_up, default_home
from harness.core.errors import UsageError
from harness.core.protocols import Solver
from tests.scripted import item
from tests.world import INCIDENTS, World, ticket

DIESEL = {"query": "a boom against diesel fuel on the water", "as_of": "2026-05-10", "kind": "policy"}
SAID = "I smell diesel and 12 litres are gone."


def part(world: World, name: str, samples: Sequence[dict[str, Any]] = (), **changed: Any) -> Path:
    """A suite whose solver is a part of the agent."""
    rows = samples or [{"id": "q-1", "input": DIESEL, "target": {"value": {"POL-OIL-01@2#1.1": 2}}}]
    world.write_rows("part.jsonl", rows)
    scorers = ["ranking" if name == "search" else "exact"]
    return world.write_suite(
        **{"solver": name, "eval_set": "part.jsonl", "input": "any", "prompt": None, "scorers": scorers, **changed}
    )


@pytest.fixture
def search(world: World) -> Solver:
    return build_solver(planned(part(world, "search")), home=default_home())


@pytest.fixture
def verifier(world: World) -> Solver:
    return build_solver(planned(part(world, "verify")), home=default_home())


def claimed(text: str, *citations: str, day: str = "2026-05-10") -> dict[str, Any]:
    return {"claim": {"text": text, "citations": list(citations)}, "ticket": ticket("t-1", SAID, day=day)}


async def test_a_query_is_answered_with_ids_of_its_shelf_best_first(search: Solver) -> None:
    rules = await search(item("q-1", DIESEL))
    assert rules.value[0] == "POL-OIL-01@2#1.1" and set(rules.value) <= {
        "POL-OIL-01@2#1.1", "POL-OIL-01@2#1.2", "POL-FEE-01@1#2.1"
    }  # fmt: skip
    assert [evidence.id for evidence in rules.trace.evidence or ()] == rules.value
    scores = [evidence.score for evidence in rules.trace.evidence or ()]
    assert scores == sorted(scores, reverse=True)
    cases = await search(item("q-2", {**DIESEL, "query": "a hose dripped diesel", "kind": "incident"}))
    assert cases.value[0] == "i-01" and {evidence.kind for evidence in cases.trace.evidence or ()} == {"incident"}


@pytest.mark.parametrize(
    ("day", "clause", "seen"),
    [
        ("2026-02-28", "POL-OIL-01@1#1.1", False),
        ("2026-03-01", "POL-OIL-01@2#1.1", False),
        ("2026-08-01", "POL-OIL-01@2#1.1", False),
        ("2026-08-02", "POL-OIL-01@2#1.1", True),
    ],
)
async def test_only_clauses_in_force_on_the_day_and_incidents_closed_before_it_are_found(
    search: Solver, day: str, clause: str, seen: bool
) -> None:
    rules = await search(item("q-1", {**DIESEL, "as_of": day}))
    assert rules.value[0] == clause and sum(id.startswith("POL-OIL-01") for id in rules.value) <= 2
    cases = await search(item("q-1", {**DIESEL, "as_of": day, "kind": "incident"}))
    assert ("i-02" in cases.value) is seen


async def test_at_most_ten_passages_are_found(world: World) -> None:
    rows = [{**INCIDENTS[0], "id": f"n-{n:02}", "narrative": f"Diesel drop number {n}."} for n in range(14)]
    world.write_rows("incidents.jsonl", rows)
    solver = build_solver(planned(part(world, "search")), home=default_home())
    found = await solver(item("q-1", {**DIESEL, "kind": "incident"}))
    assert len(found.value) == len(set(found.value)) == 10


@pytest.mark.parametrize("query", ["", "   "])
async def test_a_blank_query_finds_nothing(search: Solver, query: str) -> None:
    assert (await search(item("q-1", {**DIESEL, "query": query}))).value == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("diesel", "expected a mapping, found str"),
        ({"query": "diesel", "kind": "policy"}, "missing key 'as_of'"),
        ({**DIESEL, "as_of": "last May"}, "as_of: input should be a valid date"),
        ({**DIESEL, "kind": "policies"}, "kind: input should be 'policy' or 'incident'"),
        ({**DIESEL, "k": 3}, "unknown key 'k'"),
    ],
)
async def test_what_is_no_query_is_refused_by_its_id(search: Solver, value: object, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        await search(item("q-7", value))
    assert str(caught.value).startswith(f"q-7: {words}")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (claimed("A boom is laid within 2 hours.", "POL-OIL-01@2#1.1"), "supported"),
        (claimed("A boom is laid within 9 hours.", "POL-OIL-01@2#1.1"), "wrong_value"),
        (claimed("A boom is laid within 4 hours.", "POL-OIL-01@1#1.1"), "wrong_version"),
        (claimed("A boom is laid within 4 hours.", "POL-OIL-01@1#1.1", day="2026-02-01"), "supported"),
        (claimed("A boom is laid.", "POL-OIL-01@7#1.1"), "fabricated_citation"),
        (claimed("12 litres are gone.", "ticket:guest_message"), "supported"),
        (claimed("13 litres are gone.", "ticket:guest_message"), "wrong_value"),
        (claimed("The host wrote.", "ticket:host_messages.0"), "fabricated_citation"),
        (claimed('The clause says "two booms are laid at once".', "POL-OIL-01@2#1.1"), "unsupported"),
        (claimed("A sheen of diesel spread.", "i-01"), "supported"),
        (claimed("Fuel oil leaked from a trawler.", "i-02"), "wrong_version"),
        (claimed("A boom is laid."), "unsupported"),
    ],
)
async def test_a_claim_is_judged_as_one_of_a_rationale_would_be(
    verifier: Solver, value: dict[str, Any], verdict: str
) -> None:
    assert (await verifier(item("c-1", value))).value == verdict


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["claim"], "expected a mapping, found list"),
        ({"claim": {"text": "x"}}, "missing key 'ticket'"),
        ({**claimed("x"), "claim": {"citations": []}}, "missing key 'claim.text'"),
        ({**claimed("x"), "claim": {"text": "x", "citations": "i-01"}}, "claim.citations: input should be a valid"),
        ({**claimed("x"), "ticket": {"id": "t-1"}}, "missing key 'ticket.created_at'"),
    ],
)
async def test_what_is_no_claim_is_refused_by_its_id(verifier: Solver, value: object, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        await verifier(item("c-7", value))
    assert str(caught.value).startswith(f"c-7: {words}")


def test_a_run_of_the_retriever_is_scored_against_grades(world: World) -> None:
    samples = [
        {"id": "q-1", "input": DIESEL, "target": {"value": {"POL-OIL-01@2#1.1": 2, "i-01": 0}}},
        {"id": "q-2", "input": {**DIESEL, "as_of": "2025-02-01"}, "target": {"value": {"POL-OIL-01@2#1.1": 2}}},
    ]
    made = evaluate(part(world, "search", samples), out=world.folder / "run")
    assert made["ranking.mrr"].value == made["ranking.ndcg_at_10"].value == made["ranking.recall_at_5"].value == 0.5
    assert made.info["solver"] == "search" and made.info["model"] is None


def test_a_run_of_the_verifier_is_scored_against_verdicts(world: World) -> None:
    samples = [
        {"id": f"c-{n}", "input": claimed(f"A boom is laid within {n} hours.", "POL-OIL-01@2#1.1"),
         "target": {"value": "supported"}}
        for n in (2, 3)
    ]  # fmt: skip
    made = evaluate(part(world, "verify", samples), out=world.folder / "run")
    assert made["exact.pass_rate"].value == 0.5


def test_the_index_of_a_search_is_let_go_of_and_a_verifier_has_none(world: World) -> None:
    def live(plan: Plan) -> tuple[type[object], bool]:
        made = bring_up(plan, home=default_home())
        return type(made.solver), made.index is not None

    assert live(planned(part(world, "search"))) == (SearchSolver, True)
    assert live(planned(part(world, "verify"))) == (VerifySolver, False)


@pytest.mark.parametrize("mode", ["dense", "lexical"])
async def test_a_search_is_made_in_the_suites_mode(world: World, mode: str) -> None:
    plan = planned(part(world, "search", retrieval={"embeddings": "hashing", "mode": mode}))
    found = await build_solver(plan, home=default_home())(item("q-1", {**DIESEL, "query": "xylophone"}))
    assert bool(found.value) is (mode == "dense")


@pytest.mark.parametrize("name", ["search", "verify"])
def test_a_part_needs_corpora(world: World, name: str) -> None:
    with pytest.raises(UsageError, match=f"solver {name} needs corpora; add `corpora:` to the suite"):
        planned(part(world, name, corpora=None))


def test_either_corpus_is_enough(world: World) -> None:
    assert planned(part(world, "search", corpora={"policies": "policies"})).spec is None
    assert planned(part(world, "verify", corpora={"incidents": "incidents.jsonl"})).prompt is None


def test_a_part_that_there_is_not_is_refused_with_the_one_meant(world: World) -> None:
    with pytest.raises(UsageError, match="unknown solver 'serch'; did you mean 'search'"):
        planned(part(world, "serch", scorers=["ranking"]))
