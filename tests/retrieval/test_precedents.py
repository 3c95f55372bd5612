"""Clauses that the closest past cases were decided under are raised, in the version that holds."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.corpus import Corpus, Incident
from harness.retrieval import Mode, Retriever, fuse
from harness.retrieval.fusion import weights

from .conftest import Open
from .corpora import corpus, policy

CHANGE = date(2026, 1, 1)


def case(id: str, text: str, *clauses: str, closed: datetime | None = None) -> Incident:
    return Incident(id=id, narrative=text, label="x", clauses=clauses, closed_at=closed)


def world(*cases: Incident) -> Corpus:
    return corpus(
        policy("PAY", 1, ["Sums go through the checkout.", "Receipts are kept."], end=CHANGE),
        policy("PAY", 2, ["Sums go through the checkout only.", "Receipts are kept."], start=CHANGE),
        policy("CAT", 1, ["An animal is named beforehand.", "Fur is cleaned."]),
        *cases,
    )


ASKED = "she told us to wire the deposit to her cousin"


def found(retriever: Retriever, as_of: datetime | None = None) -> list[str]:
    return [one.id for one in retriever.search_policies(ASKED, as_of=as_of, k=9)]


def test_the_clause_of_the_closest_case_comes_first_in_the_version_that_holds(open_retriever: Open) -> None:
    of = world(case("i-1", "The host told the guest to wire the deposit to a cousin.", "PAY@1#1.1"))
    retriever = open_retriever(of)
    for year, version in ((2025, 1), (2027, 2)):
        assert found(retriever, datetime(year, 5, 1, tzinfo=UTC))[0] == f"PAY@{version}#1.1"
    (first, *_) = retriever.matches("policies", ASKED, as_of=None, k=9)
    assert (first.passage.id, first.votes) == ("PAY@2#1.1", pytest.approx(1.0))


def test_a_case_that_was_not_closed_yet_has_no_vote(open_retriever: Open) -> None:
    closed = datetime(2026, 6, 1, tzinfo=UTC)
    of = world(case("i-1", "The host told the guest to wire the deposit to a cousin.", "CAT@1#1.2", closed=closed))
    retriever = open_retriever(of)
    assert found(retriever, datetime(2026, 7, 1, tzinfo=UTC))[0] == "CAT@1#1.2"
    without = Retriever(retriever._index, of, precedents=False)
    assert found(retriever, closed) == found(without, closed)


def test_a_clause_that_holds_no_more_gets_nothing(open_retriever: Open) -> None:
    of = corpus(
        policy("OLD", 1, ["wire the deposit"], end=CHANGE), policy("NEW", 1, ["something else"]),
        case("i-1", "wire the deposit", "OLD@1#1.1"), case("i-2", "wire the deposit", "NONE@1#1.1"),
    )  # fmt: skip
    assert found(open_retriever(of), datetime(2026, 5, 1, tzinfo=UTC)) == ["NEW@1#1.1"]


def test_a_case_that_is_excluded_has_no_vote(open_retriever: Open) -> None:
    of = world(case("i-1", "wire the deposit to a cousin", "CAT@1#1.2"), case("i-2", "rain", "PAY@1#1.2"))
    retriever = open_retriever(of)
    kept = retriever.retrieve(ASKED, as_of=None, policies=1, incidents=2)
    assert [one.id for one in kept] == ["CAT@1#1.2", "i-1", "i-2"]
    rest = retriever.retrieve(ASKED, as_of=None, policies=1, incidents=2, exclude={"i-1"})
    assert [one.id for one in rest] == ["PAY@2#1.2", "i-2"]


@pytest.mark.parametrize("mode", ["dense", "lexical"])
def test_only_hybrid_search_hears_cases(open_retriever: Open, mode: Mode) -> None:
    of = world(case("i-1", "wire the deposit to a cousin", "CAT@1#1.2"))
    retriever = open_retriever(of, mode=mode)
    assert {match.votes for match in retriever.matches("policies", "fur deposit", as_of=None, k=9)} == {None}


def test_votes_count_half_in_the_fused_score() -> None:
    assert fuse([(1, 0.5), (2, 0.4)], [], {2: 0.4, 3: 0.2}) == [
        (2, pytest.approx(0.7 * 0.4 + 0.5 * 0.4)), (3, pytest.approx(0.7 * 0.4 + 0.1)), (1, pytest.approx(0.35))
    ]  # fmt: skip


@given(st.lists(st.floats(-0.7, 1.5), max_size=10))
def test_weights_add_up_to_one_and_fall_with_the_scores(scores: list[float]) -> None:
    found = weights(scores)
    assert sum(found) == pytest.approx(1.0 if scores else 0.0)
    assert sorted(found, reverse=True) == [
        weight for _, weight in sorted(zip(scores, found, strict=True), reverse=True)
    ]
