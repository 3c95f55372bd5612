"""Which passages count at a date, held against the corpus's own dates; and retrieval against a search of all."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.corpus import Corpus
from harness.retrieval.shelf import shelve

from .conftest import Open
from .corpora import Scatter, corpus, incident, policy, small_corpus

DAY = timedelta(days=1)


def random_corpus(seed: int, *, policies: int, incidents: int, clauses: int) -> Corpus:
    """Policies of one to three versions with gaps between some, incidents closed over two years, some undated."""
    rng = np.random.default_rng(seed)
    parts: list[object] = []
    for number in range(policies):
        start = date(2024, 1, 1) + int(rng.integers(0, 300)) * DAY
        versions = int(rng.integers(1, 4))
        for version in range(1, versions + 1):
            end = start + int(rng.integers(30, 250)) * DAY
            last = version == versions and rng.random() < 0.7
            texts = [f"clause {number} {version} {n} word{rng.integers(0, 40)}" for n in range(clauses)]
            parts.append(policy(f"P{number}", version, texts, start=start, end=None if last else end))
            start = end + int(rng.integers(0, 2)) * DAY
    for number in range(incidents):
        closed = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=float(rng.uniform(0, 6.3e7)))
        text = f"incident {number} word{rng.integers(0, 40)} word{rng.integers(0, 40)}"
        parts.append(incident(f"i-{number}", text, closed=None if rng.random() < 0.1 else closed))
    return corpus(*parts)  # type: ignore[arg-type]


RANDOM = random_corpus(1, policies=30, incidents=80, clauses=2)
SHELVES = shelve(RANDOM)
MOMENTS = st.datetimes(datetime(2023, 6, 1), datetime(2026, 6, 1), timezones=st.timezones())


@settings(deadline=None, max_examples=150)
@given(MOMENTS | st.sampled_from([i.closed_at for i, _ in RANDOM.incidents if i.closed_at]))
def test_the_filter_agrees_with_the_dates_of_each_policy_and_incident(as_of: datetime) -> None:
    day = as_of.astimezone(UTC).date()
    clauses = [policy.in_force(day) for policy in RANDOM.policies for _ in policy.clauses]
    closed = [item.closed_at is None or item.closed_at < as_of for item, _ in RANDOM.incidents]
    assert SHELVES["policies"].admitted(as_of).tolist() == clauses
    assert SHELVES["incidents"].admitted(as_of).tolist() == closed


def test_an_incident_is_seen_one_microsecond_after_its_closing_and_not_at_it() -> None:
    closed = datetime(2025, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    shelf = shelve(corpus(incident("i", "text", closed=closed)))["incidents"]
    assert not shelf.admitted(closed)[0]
    assert shelf.admitted(closed + timedelta(microseconds=1))[0]


def test_a_policy_changes_at_midnight_utc_wherever_the_ticket_was_written() -> None:
    shelf = shelve(small_corpus())["policies"]
    east = timezone(timedelta(hours=9))
    assert shelf.admitted(datetime(2025, 7, 1, 8, 59, tzinfo=east)).tolist() == [True, True, False, False, True]
    assert shelf.admitted(datetime(2025, 7, 1, 9, 0, tzinfo=east)).tolist() == [False, False, True, True, True]


def test_dates_at_the_ends_of_the_calendar_are_dates_like_others() -> None:
    shelf = shelve(corpus(policy("P", 1, ["x"], start=date(1, 1, 1)), policy("Q", 1, ["y"], start=date(9999, 12, 31))))
    assert shelf["policies"].admitted(datetime(1, 1, 1, tzinfo=UTC)).tolist() == [True, False]
    assert shelf["policies"].admitted(datetime(9999, 12, 31, 23, tzinfo=UTC)).tolist() == [True, True]


def test_without_a_date_only_the_latest_version_of_each_policy_and_region_counts() -> None:
    of = corpus(
        policy("P", 1, ["a", "b"], end=date(2025, 2, 1)),
        policy("P", 3, ["c"], start=date(2025, 2, 1), end=date(2025, 3, 1)),
        policy("P", 2, ["d"], region="EU"),
        incident("i", "text", closed=datetime(2099, 1, 1, tzinfo=UTC)),
    )
    shelves = shelve(of)
    assert shelves["policies"].admitted(None).tolist() == [False, False, True, True]
    assert shelves["incidents"].admitted(None).tolist() == [True]


def test_excluded_ids_are_never_admitted_and_unknown_ones_are_ignored() -> None:
    shelf = shelve(small_corpus())["incidents"]
    assert shelf.admitted(None, exclude={"i-2", "i-99"}).tolist() == [True, False, True]
    assert shelf.admitted(None).all()


def test_a_date_without_a_time_zone_is_a_usage_error(open_retriever: Open) -> None:
    with pytest.raises(UsageError, match=r"as_of '2025-01-01T00:00:00' has no time zone; write 2025-01-01T00:00:00Z"):
        open_retriever(small_corpus()).retrieve("x", as_of=datetime(2025, 1, 1), policies=1, incidents=0)


def test_dense_results_at_a_date_are_those_of_an_exhaustive_search(open_retriever: Open) -> None:
    of = random_corpus(2, policies=120, incidents=300, clauses=4)
    embedder = Scatter()
    retriever = open_retriever(of, mode="dense", embedder=embedder)
    shelves = shelve(of)
    rows = {
        name: embedder.embed([f"{p.title}\n{p.text}" if p.title else p.text for p in shelf.passages])
        for name, shelf in shelves.items()
    }
    rng = np.random.default_rng(3)
    found = wanted = 0
    for number in range(120):
        query = f"query {number}"
        as_of = datetime(2023, 12, 1, tzinfo=UTC) + timedelta(hours=float(rng.uniform(0, 22_000)))
        skip = {f"i-{n}" for n in rng.integers(0, 300, 3)}
        answer = retriever.retrieve(query, as_of=as_of, policies=8, incidents=10, exclude=skip)
        for kind, k in (("policies", 8), ("incidents", 10)):
            shelf = shelves[kind]  # type: ignore[index]
            visible = np.flatnonzero(_visible(of, kind, as_of, skip))
            order = visible[np.argsort(-(rows[kind][visible] @ embedder.embed([query])[0]))][:k]  # type: ignore[index]
            best = {shelf.passages[n].id for n in order}
            got = [e.id for e in answer if (e.kind == "policy") == (kind == "policies")]
            assert len(got) == len(set(got)) == len(best)
            assert set(got) <= {shelf.passages[n].id for n in visible}
            found, wanted = found + len(best & set(got)), wanted + len(best)
    assert wanted > 1500
    assert found / wanted >= 0.99


def _visible(of: Corpus, kind: str, as_of: datetime, skip: set[str]) -> list[bool]:
    if kind == "policies":
        return [policy.in_force(as_of.date()) for policy in of.policies for _ in policy.clauses]
    return [(i.closed_at is None or i.closed_at < as_of) and i.id not in skip for i, _ in of.incidents]


def test_lexical_results_at_a_date_are_the_full_ranking_without_what_is_hidden(open_retriever: Open) -> None:
    of = random_corpus(4, policies=40, incidents=400, clauses=4)
    retriever = open_retriever(of, mode="lexical", embedder=Scatter())
    rng = np.random.default_rng(5)
    for number in range(40):
        query = f"incident word{number}"
        everything = retriever.search_incidents(query, as_of=None, k=400)
        as_of = datetime(2023, 12, 20, tzinfo=UTC) + timedelta(hours=float(rng.uniform(0, 18_000)))
        skip = {f"i-{n}" for n in rng.integers(0, 400, 3)}
        shown = {
            i.id for (i, _), seen in zip(of.incidents, _visible(of, "incidents", as_of, skip), strict=True) if seen
        }
        answer = retriever.search_incidents(query, as_of=as_of, k=6, exclude=skip)
        assert answer == tuple(e for e in everything if e.id in shown)[:6]
