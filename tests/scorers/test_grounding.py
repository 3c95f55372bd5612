"""Grounding: claims held against what they cite, as of the ticket's day."""

from pathlib import Path
from typing import Any

import pytest

from harness.core.types import Claim, Evidence, NotApplicable, Output, Trace, Unscored
from harness.corpus import Corpus, load_corpus
from harness.scorers.grounding import GroundingScorer
from tests.scorers.judged import ESTIMATOR, FAILED, HARBOUR, headlines, sample, value, verdict
from tests.world import World, ticket, write_world

NEW, OLD = "POL-OIL-01@2#1.1", "POL-OIL-01@1#1.1"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    world: World = write_world(tmp_path_factory.mktemp("harbour"))
    folder: Path = world.folder
    return load_corpus(policies=folder / "policies", incidents=folder / "incidents.jsonl", taxonomy=HARBOUR)


def scorer(corpus: Corpus, **changed: Any) -> GroundingScorer:
    options: dict[str, Any] = {"kind": "ticket", "as_of": "created_at", **changed}
    return GroundingScorer(corpus=corpus, estimator=ESTIMATOR, **options)


def answer(*claims: tuple[str, str], seen: tuple[str, ...] | None = (NEW, OLD)) -> Output:
    evidence = None if seen is None else tuple(Evidence(id, "policy", "", "", 1.0) for id in seen)
    rationale = tuple(Claim(text, (cited,) if cited else ()) for text, cited in claims)
    return Output(label="oil_spill", rationale=rationale, trace=Trace(evidence=evidence))


def verdicts(scorer: GroundingScorer, output: Output, day: str = "2026-05-10") -> list[str]:
    written = ticket("t-1", "There is diesel on the water, a\u200b sheen.", day=day)
    found = value(scorer, sample(input=written), output)
    assert found["n_claims"] == len(output.rationale or ())
    named = [str(claim["verdict"]) for claim in found["claims"]]
    assert found["n_hallucinated"] == sum(name != "supported" for name in named)
    return named


def test_each_claim_gets_its_verdict(corpus: Corpus) -> None:
    output = answer(
        ("A boom is laid within 2 hours of a report of fuel on the water.", NEW),
        ("A boom is laid within 9 hours of a report of fuel on the water.", NEW),
        ("A boom is laid within 4 hours of a report of fuel on the water.", OLD),
        ("The guest reports diesel on the water.", "ticket:guest_message"),
        ("A boom is laid within 2 hours.", "POL-XYZ-99@1#1.1"),
        ("The moon is made of cheese.", ""),
    )
    assert verdicts(scorer(corpus), output) == [
        "supported", "wrong_value", "wrong_version", "supported", "fabricated_citation", "unsupported",
    ]  # fmt: skip


def test_the_version_is_that_of_the_tickets_day(corpus: Corpus) -> None:
    old = answer(("A boom is laid within 4 hours of a report of fuel on the water.", OLD))
    assert verdicts(scorer(corpus), old, day="2026-01-10") == ["supported"]
    assert verdicts(scorer(corpus), old, day="2026-05-10") == ["wrong_version"]


def test_what_stood_not_in_the_context_can_not_be_cited_unless_the_solver_keeps_it_to_itself(corpus: Corpus) -> None:
    claim = ("A boom is laid within 2 hours of a report of fuel on the water.", NEW)
    assert verdicts(scorer(corpus), answer(claim, seen=("i-01",))) != ["supported"]
    assert verdicts(scorer(corpus), answer(claim, seen=None)) == ["supported"]


def test_a_case_of_after_the_ticket_can_not_be_cited_unless_the_suite_looks_at_the_latest(corpus: Corpus) -> None:
    late = answer(("Fuel oil leaked from a trawler and people smelled it on the pontoon.", "i-02"), seen=("i-02",))
    assert verdicts(scorer(corpus), late) != ["supported"]
    assert verdicts(scorer(corpus, as_of=None), late) == ["supported"]


def test_without_a_rationale_there_is_nothing_to_say_and_a_failure_should_have_had_one(corpus: Corpus) -> None:
    written = ticket("t-1", "Diesel.")
    assert isinstance(verdict(scorer(corpus), sample(input=written), Output(label="oil_spill")), NotApplicable)
    outcome = verdict(scorer(corpus), sample(input=written), FAILED)
    assert isinstance(outcome, Unscored) and "refusal" in outcome.reason


def test_inputs_of_any_kind_have_no_fields_to_cite() -> None:
    output = answer(("It says diesel.", "ticket:guest_message"))
    found = value(scorer(Corpus((), ()), kind="any"), sample(input=["diesel"]), output)
    assert found["n_hallucinated"] == 1


def test_rates_are_over_claims_and_over_tickets_that_have_any(corpus: Corpus) -> None:
    from harness.core.types import ScoreRow

    good = ("A boom is laid within 2 hours of a report of fuel on the water.", NEW)
    bad = ("A boom is laid within 9 hours of a report of fuel on the water.", NEW)
    outputs = [answer(good, good), answer(good, bad, bad), answer(), FAILED, Output(label="oil_spill")]
    judge = scorer(corpus)
    made = [sample(id=f"t-{n}", input=ticket(f"t-{n}", "Diesel.")) for n in range(len(outputs))]
    rows = [ScoreRow(one.id, 0, one.id, verdict(judge, one, output)) for one, output in zip(made, outputs, strict=True)]
    head = headlines(list(judge.metrics(rows)))
    rate, tickets = head["grounding.hallucinated_rate"], head["grounding.hallucinated_tickets"]
    assert rate.value == pytest.approx(2 / 5) and rate.detail == "2 claims of 5"
    assert tickets.value == pytest.approx(1 / 2) and tickets.detail == "1 of 2"
    assert (rate.n_scored, rate.n_unscored, rate.n_not_applicable) == (3, 1, 1)


def test_without_any_claim_the_rate_is_undefined(corpus: Corpus) -> None:
    from harness.core.types import ScoreRow

    judge = scorer(corpus)
    row = ScoreRow("t-1", 0, "t-1", verdict(judge, sample(input=ticket("t-1", "Diesel.")), answer()))
    assert {metric.value for metric in judge.metrics([row])} == {None}
    assert {metric.value for metric in judge.metrics([])} == {None}
