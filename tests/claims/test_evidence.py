from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from harness.claims import Resolver
from harness.corpus import Corpus, load_corpus
from tests.corpus.samples import incident, write_policy, write_rows

DAY = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder: Path = tmp_path_factory.mktemp("corpus")
    write_policy(folder / "p", "1.md", effective_to="2026-03-01")
    write_policy(folder / "p", "2.md", version=2, effective_from="2026-03-01")
    rows = write_rows(folder / "i.jsonl", incident("i-1", closed_at="2026-02-28T23:00:00Z"), incident("i-2"))
    return load_corpus(policies=folder / "p", incidents=rows)


def status(
    corpus: Corpus, citation: str, *, as_of: datetime | None = DAY, context: tuple[str, ...] | None = None
) -> str:
    resolver = Resolver(corpus=corpus, fields={"guest_message": "Hello"}, context=context, as_of=as_of)
    return resolver(citation).status


def test_a_ticket_field_resolves_to_its_text(corpus: Corpus) -> None:
    resolver = Resolver(corpus=corpus, fields={"guest_message": "Hello"}, context=(), as_of=DAY)
    found = resolver("ticket:guest_message")
    assert (found.citation, found.status, found.title, found.text) == (
        "ticket:guest_message",
        "ok",
        "guest_message",
        "Hello",
    )
    assert resolver("ticket:listing_text").status == "missing"
    assert resolver("guest_message").status == "missing"


def test_a_clause_and_an_incident_resolve_to_title_and_text(corpus: Corpus) -> None:
    resolver = Resolver(corpus=corpus, fields={}, context=None, as_of=DAY)
    found = resolver("POL-A@2#1.1")
    assert (found.status, found.title, found.text) == ("ok", "Pets: 1 Scope", "This policy is about dogs.")
    assert (resolver("i-1").status, resolver("i-1").text) == ("ok", "A dog bit the host.")


@pytest.mark.parametrize("citation", ["POL-A@2#9.9", "POL-A@3#1.1", "POL-A", "i-9", "", "ticket:"])
def test_what_does_not_exist_is_missing(corpus: Corpus, citation: str) -> None:
    assert status(corpus, citation) == "missing"
    assert status(corpus, citation, as_of=None, context=(citation,)) == "missing"


def test_a_clause_must_be_in_force_on_the_day_in_utc(corpus: Corpus) -> None:
    old, new = "POL-A@1#1.1", "POL-A@2#1.1"
    assert [status(corpus, c) for c in (old, new)] == ["not_in_force", "ok"]
    before = DAY - timedelta(seconds=1)
    assert [status(corpus, c, as_of=before) for c in (old, new)] == ["ok", "not_in_force"]
    # 23:30 in New York is the next day in UTC, and 00:30 in Paris is the day before
    west = datetime(2026, 2, 28, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    east = datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert [status(corpus, new, as_of=moment) for moment in (west, east)] == ["ok", "not_in_force"]


def test_an_incident_must_be_closed_before_the_moment_and_an_undated_one_always_is(corpus: Corpus) -> None:
    closed = datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert status(corpus, "i-1", as_of=closed) == "not_in_force"
    assert status(corpus, "i-1", as_of=closed + timedelta(seconds=1)) == "ok"
    assert status(corpus, "i-2", as_of=datetime(1999, 1, 1, tzinfo=UTC)) == "ok"


def test_without_a_moment_everything_holds(corpus: Corpus) -> None:
    assert {status(corpus, c, as_of=None) for c in ("POL-A@1#1.1", "POL-A@2#1.1", "i-1")} == {"ok"}


def test_a_passage_must_have_stood_in_the_context_where_that_is_known(corpus: Corpus) -> None:
    assert status(corpus, "i-2", context=("i-1",)) == "not_in_context"
    assert status(corpus, "i-2", context=("i-1", "i-2")) == "ok"
    assert status(corpus, "i-2", context=()) == "not_in_context"
    assert status(corpus, "POL-A@1#1.1", context=()) == "not_in_force"


def test_what_was_not_in_force_or_context_is_told_with_its_text_all_the_same(corpus: Corpus) -> None:
    resolver = Resolver(corpus=corpus, fields={}, context=(), as_of=DAY)
    assert {resolver(c).text for c in ("POL-A@1#1.1", "POL-A@2#1.1")} == {"This policy is about dogs."}
