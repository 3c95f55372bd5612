"""Freshness: whole tickets judged by the policies of their own date."""

from pathlib import Path
from typing import Any

import pytest

from harness.core.types import Claim, NotApplicable, Output, ScoreRow, Target, Unscored
from harness.corpus import Corpus, load_corpus
from harness.scorers.freshness import FreshnessScorer
from tests.scorers.judged import ESTIMATOR, FAILED, HARBOUR, headlines, metrics, sample, value, verdict
from tests.world import World, ticket, write_world

NEW, OLD, FEE = "POL-OIL-01@2#1.1", "POL-OIL-01@1#1.1", "POL-FEE-01@1#2.1"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    world: World = write_world(tmp_path_factory.mktemp("harbour"))
    folder: Path = world.folder
    return load_corpus(policies=folder / "policies", incidents=folder / "incidents.jsonl", taxonomy=HARBOUR)


@pytest.fixture
def scorer(corpus: Corpus) -> FreshnessScorer:
    return FreshnessScorer(corpus=corpus, kind="ticket", estimator=ESTIMATOR)


def citing(*cited: str) -> Output:
    return Output(label="oil_spill", rationale=tuple(Claim("A boom is laid.", (one,)) for one in cited))


def judged(scorer: FreshnessScorer, output: Output, day: str, *gold: str) -> dict[str, Any]:
    return dict(value(scorer, sample(input=ticket("t-1", "There is diesel.", day=day), clauses=gold), output))


@pytest.mark.parametrize(
    ("day", "cited", "wrong", "right"),
    [
        ("2026-02-28", (OLD,), False, False),
        ("2026-02-28", (NEW,), True, True),
        ("2026-03-01", (NEW,), False, True),
        ("2026-03-01", (OLD,), True, False),
        ("2026-03-01", (NEW, OLD), True, True),
        ("2026-03-01", (FEE,), False, False),
    ],
)
def test_one_claim_on_another_version_makes_it_wrong_and_one_gold_clause_makes_it_right(
    scorer: FreshnessScorer, day: str, cited: tuple[str, ...], wrong: bool, right: bool
) -> None:
    found = judged(scorer, citing(*cited), day, NEW)
    assert found == {"wrong_version": wrong, "gold_cited": right, "clause_cited": True}


def test_what_is_no_clause_is_no_wrong_version(scorer: FreshnessScorer) -> None:
    found = judged(scorer, citing("ticket:guest_message", "POL-XYZ-01@1#1.1"), "2026-03-01", NEW)
    assert found == {"wrong_version": False, "gold_cited": False, "clause_cited": False}
    assert judged(scorer, citing(NEW), "2026-03-01")["gold_cited"] is None


def test_without_a_rationale_or_a_date_there_is_nothing_to_judge(corpus: Corpus, scorer: FreshnessScorer) -> None:
    dated = sample(input=ticket("t-1", "There is diesel."))
    assert verdict(scorer, dated, Output(label="oil_spill")) == NotApplicable("the solver gives no rationale")
    assert isinstance(verdict(scorer, dated, FAILED), Unscored)
    texts = FreshnessScorer(corpus=corpus, kind="text", estimator=ESTIMATOR)
    assert verdict(texts, sample(input={"text": "Oil."}), citing(NEW)) == NotApplicable("the sample has no date")
    anything = FreshnessScorer(corpus=corpus, kind="any", estimator=ESTIMATOR)
    assert verdict(anything, sample(input=3), citing(NEW)) == NotApplicable("the sample has no date")


def test_shares_are_of_answered_tickets_and_of_those_that_have_a_gold_clause(scorer: FreshnessScorer) -> None:
    targets = (Target("oil_spill", clauses=(NEW,)), Target("oil_spill", clauses=(NEW,)), Target("oil_spill"))
    outputs = (citing(NEW), citing(OLD), citing("ticket:guest_message"))
    pairs = [*zip(targets, outputs, strict=True), (targets[0], FAILED)]
    dated = [
        (sample(id=f"t-{n}", input=ticket(f"t-{n}", "Oil.", day="2026-05-01"), clauses=target.clauses), output)
        for n, (target, output) in enumerate(pairs)
    ]
    rows = [ScoreRow(one.id, 0, one.cluster, verdict(scorer, one, output)) for one, output in dated]
    found = headlines(scorer.metrics(rows))
    assert found["freshness.wrong_version"].value == pytest.approx(1 / 3)
    assert found["freshness.wrong_version"].lower_is_better and found["freshness.wrong_version"].n_unscored == 1
    assert found["freshness.gold_cited"].value == 0.5 and found["freshness.gold_cited"].n_scored == 2
    assert found["freshness.clause_cited"].detail == "2 of 3"
    assert found["freshness.wrong_version"].low is not None and found["freshness.wrong_version"].high is not None


def test_nothing_answered_is_undefined_and_not_zero(scorer: FreshnessScorer) -> None:
    found = headlines(metrics(scorer, [("oil_spill", FAILED)]))
    assert {metric.value for metric in found.values()} == {None}
