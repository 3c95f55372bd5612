"""How well a ranked list agrees with grades."""

from dataclasses import replace
from datetime import UTC, date, datetime
from math import log2
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.types import Errored, Metric, NotApplicable, Output, Scored, ScoreRow, Target, Unscored
from harness.scorers.ranking import RankingScorer
from tests.retrieval.corpora import corpus, incident, policy
from tests.scorers.judged import ESTIMATOR, FAILED, headlines, metrics, sample, value, verdict

RANKING = RankingScorer(estimator=ESTIMATOR)
GRADES = {"a": 2, "b": 1, "c": 0}
NAMES = ("ranking.ndcg_at_10", "ranking.recall_at_5", "ranking.mrr", "ranking.as_of_error")
UNDATED = {"results": None, "not_in_force": None}


def graded(ranked: Any, grades: Any = GRADES) -> Any:
    return verdict(RANKING, sample(None, value=grades), Output(value=ranked))


@pytest.mark.parametrize(
    ("ranked", "ndcg", "recall", "mrr"),
    [
        (["a", "b"], 1, 1, 1),
        (["b", "a"], (1 + 2 / log2(3)) / (2 + 1 / log2(3)), 1, 1),
        (["x", "c", "a"], (2 / log2(4)) / (2 + 1 / log2(3)), 0.5, 1 / 3),
        (["x", "y"], 0, 0, 0),
        ([], 0, 0, 0),
    ],
)
def test_a_list_is_held_against_the_grades(ranked: list[str], ndcg: float, recall: float, mrr: float) -> None:
    found = value(RANKING, sample(None, value=GRADES), Output(value=ranked))
    assert {key: found.pop(key) for key in UNDATED} == UNDATED
    assert found == pytest.approx({"ndcg_at_10": ndcg, "recall_at_5": recall, "mrr": mrr})


def test_recall_looks_at_five_ndcg_at_ten_and_the_first_hit_at_all() -> None:
    def at(rank: int) -> tuple[bool, bool, bool]:
        ranked = [f"x{n}" for n in range(1, rank)] + ["a"]
        found = value(RANKING, sample(None, value={"a": 1}), Output(value=ranked))
        return found["recall_at_5"] > 0, found["ndcg_at_10"] > 0, found["mrr"] > 0

    assert [at(rank) for rank in (5, 6, 10, 11)] == [
        (True, True, True), (False, True, True), (False, True, True), (False, False, True)
    ]  # fmt: skip


def test_ids_with_scores_are_ranked_by_them() -> None:
    assert graded({"b": 0.4, "x": 0.1, "a": 3}) == graded(["a", "b", "x"])
    assert graded({"x": 1, "a": 1}) == graded(["x", "a"])


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 3), min_size=1, max_size=20))
def test_the_grades_themselves_are_the_best_answer(grades: dict[str, int]) -> None:
    outcome = graded(grades, grades)
    if any(grades.values()):
        assert isinstance(outcome, Scored)
        assert outcome.value["ndcg_at_10"] == outcome.value["mrr"] == 1
    else:
        assert isinstance(outcome, NotApplicable)


@pytest.mark.parametrize("answer", [None, "a", 3, {"a": "high"}])
def test_an_answer_that_is_no_ranking_is_unscored(answer: Any) -> None:
    assert graded(answer) == Unscored("the answer is no list of ids")


def test_an_answer_that_ranks_an_id_twice_is_unscored() -> None:
    assert graded(["a", "b", "a"]) == Unscored("an id is ranked twice")
    assert graded([1, "1"]) == Unscored("an id is ranked twice")


def test_a_target_without_grades_or_without_a_relevant_id_is_outside() -> None:
    for other in (None, "supported", ["a"]):
        assert graded(["a"], other) == NotApplicable("the target has no grades")
    for grades in ({}, {"a": 0}):
        assert graded(["a"], grades) == NotApplicable("nothing is relevant to the query")


def test_an_impossible_grade_is_an_error_of_the_data() -> None:
    with pytest.raises(ValueError, match="the grade of 'a' must be a whole number"):
        graded(["a"], {"a": 0.5})


HELD = corpus(
    policy("P", 1, ["a boom"], start=date(2025, 1, 1), end=date(2026, 1, 1)),
    policy("P", 2, ["a rope"], start=date(2026, 1, 1)),
    incident("i-midnight", "x", closed=datetime(2026, 3, 1, tzinfo=UTC)),
    incident("i-eve", "y", closed=datetime(2026, 2, 28, 23, 59, tzinfo=UTC)),
    incident("i-undated", "z"),
)


def wrong(ranked: list[str], asked: Any) -> Any:
    scorer = RankingScorer(estimator=ESTIMATOR, corpus=HELD)
    found = value(scorer, replace(sample(None, value={"a": 1}), input=asked), Output(value=ranked))
    return found["not_in_force"], found["results"]


@pytest.mark.parametrize(
    ("id", "as_of", "held"),
    [
        ("P@1#1.1", "2025-12-31", True),
        ("P@1#1.1", "2026-01-01", False),
        ("P@1#1.1", "2026-01-01T08:00:00+09:00", True),
        ("P@2#1.1", "2025-12-31", False),
        ("P@2#1.1", "2026-01-01", True),
        ("i-midnight", "2026-03-01", False),
        ("i-midnight", "2026-03-01T00:00:01Z", True),
        ("i-midnight", "2026-03-01T00:00:01+01:00", False),
        ("i-eve", "2026-03-01", True),
        ("i-undated", "2001-01-01", True),
        ("nobody-has-it", "2026-03-01", False),
    ],
)
def test_what_did_not_hold_on_the_day_asked_for_is_counted_by_the_corpus_own_dates(
    id: str, as_of: str, held: bool
) -> None:
    assert wrong([id], {"as_of": as_of}) == (0 if held else 1, 1)


@pytest.mark.parametrize(
    "asked", [{}, {"as_of": None}, {"as_of": "soon"}, {"as_of": "2026-13-01"}, "text", {"as_of": "2026-01-01T00:00"}]
)
def test_a_query_without_a_date_has_nothing_to_hold_against(asked: Any) -> None:
    assert wrong(["P@1#1.1"], asked) == (None, None)


def test_the_as_of_error_is_the_share_of_all_dated_results() -> None:
    scorer = RankingScorer(estimator=ESTIMATOR, corpus=HELD)
    rows = []
    for number, (ids, asked) in enumerate(
        [
            (["P@1#1.1", "P@2#1.1"], {"as_of": "2026-05-01"}),
            (["i-eve", "i-midnight"], {"as_of": "2026-05-01"}),
            (["x"], {}),
        ]
    ):
        judged_sample = replace(sample(None, value={"a": 1}), id=f"s{number}", input=asked)
        rows.append(ScoreRow(f"s{number}", 0, f"s{number}", scorer.score(judged_sample, Output(value=ids))))
    metric = headlines(scorer.metrics(rows))["ranking.as_of_error"]
    assert (metric.value, metric.n_scored, metric.detail) == (0.25, 2, "1 of 4 results")
    assert metric.lower_is_better


def judged(*ranked: Any) -> dict[str, Metric]:
    return headlines(metrics(RANKING, [(Target(value=GRADES), Output(value=one)) for one in ranked]))


def test_metrics_are_means_over_the_queries_and_can_be_compared_in_pairs() -> None:
    head = judged(["a", "b"], ["x", "a"], "nothing")
    assert list(head) == list(NAMES)
    assert (head["ranking.as_of_error"].value, head["ranking.as_of_error"].n_scored) == (None, 0)
    mrr, recall = head["ranking.mrr"], head["ranking.recall_at_5"]
    assert (mrr.value, mrr.values, mrr.fact) == (0.75, [1.0, 0.5], "ranking.mrr")
    assert (recall.value, recall.values) == (0.75, [1.0, 0.5])
    assert (mrr.n_scored, mrr.n_unscored, list(mrr.keys)) == (2, 1, [("s-000", 0), ("s-001", 0)])
    assert mrr.low is not None and mrr.high is not None and mrr.low <= 0.75 <= mrr.high


def test_nothing_is_claimed_where_nothing_was_scored() -> None:
    head = headlines(metrics(RANKING, [(Target(value=GRADES), FAILED)]))
    assert {name: head[name].value for name in NAMES} == dict(RANKING.noop) == dict.fromkeys(NAMES)
    (row,) = [ScoreRow("s", 0, "s", Errored("timeout", "late"))]
    assert {metric.n_errored for metric in RANKING.metrics([row])} == {1}


def test_what_is_declared_as_best_is_what_gold_answers_reach() -> None:
    head = headlines(metrics(RANKING, [(Target(value=GRADES), Output(value=GRADES))]))
    assert {name: best for name, best in RANKING.best.items() if best is not None} == {
        name: head[name].value for name in ("ranking.ndcg_at_10", "ranking.mrr")
    }
