"""One clause in several versions and regions is told once, and a region's search stays in that region."""

from datetime import UTC, date, datetime

import pytest

from harness.core.errors import UsageError
from harness.corpus import Corpus
from harness.retrieval import Mode, Retriever
from harness.retrieval.shelf import shelve

from .conftest import Open
from .corpora import corpus, incident, policy

MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")
CHANGE = date(2026, 1, 1)
VERSIONS = corpus(
    policy("PAY", 1, ["a bank transfer", "keep receipts"], end=CHANGE),
    policy("PAY", 2, ["a bank transfer", "keep all receipts"], start=CHANGE),
    policy("VAT", 1, ["an invoice of the union"], region="EU"),
    policy("VAT", 2, ["an invoice of the states"], region="US"),
    policy("ANY", 1, ["an invoice of anywhere"]),
    incident("i-1", "an invoice"),
)


def ids(retriever: Retriever, query: str, as_of: datetime | None = None) -> list[str]:
    return [one.id for one in retriever.search_policies(query, as_of=as_of, k=9)]


def test_a_text_that_stands_in_two_versions_is_one_row() -> None:
    shelf = shelve(VERSIONS)["policies"]
    assert (len(shelf), len(shelf.rows)) == (7, 6)


@pytest.mark.parametrize("mode", MODES)
def test_a_clause_is_told_once_as_the_version_that_holds(open_retriever: Open, mode: Mode) -> None:
    retriever = open_retriever(VERSIONS, mode=mode)
    for as_of, version in ((None, 2), (datetime(2026, 5, 1, tzinfo=UTC), 2), (datetime(2025, 5, 1, tzinfo=UTC), 1)):
        found = ids(retriever, "bank transfer receipts", as_of)
        assert found[0] == f"PAY@{version}#1.1"
        assert [id for id in found if id.startswith("PAY")] == [f"PAY@{version}#1.1", f"PAY@{version}#1.2"]


def test_clauses_that_two_regions_share_are_told_once(open_retriever: Open) -> None:
    of = corpus(policy("P", 1, ["the same rule"], region="EU"), policy("P", 2, ["the same rule"], region="US"))
    assert ids(open_retriever(of), "rule") == ["P@2#1.1"]
    index = open_retriever(of)._index
    assert ids(Retriever(index, of, region="EU"), "rule") == ["P@1#1.1"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("region", "kept"), [("EU", {"VAT@1#1.1"}), ("us", {"VAT@2#1.1"}), ("all", set())])
def test_a_region_sees_its_own_clauses_and_those_of_all(
    open_retriever: Open, mode: Mode, region: str, kept: set[str]
) -> None:
    index = open_retriever(VERSIONS, mode=mode)._index
    retriever = Retriever(index, VERSIONS, mode=mode, region=region)
    found = {one.id for one in retriever.retrieve("invoice anywhere", as_of=None, policies=9, incidents=9)}
    assert found & {"VAT@1#1.1", "VAT@2#1.1"} == kept
    assert {"ANY@1#1.1", "i-1"} <= found


def test_without_a_region_clauses_of_every_region_are_candidates(open_retriever: Open) -> None:
    assert {"VAT@1#1.1", "VAT@2#1.1", "ANY@1#1.1"} <= set(ids(open_retriever(VERSIONS), "invoice"))


def test_a_region_that_no_policy_is_of_is_a_usage_error_that_names_those_there_are(open_retriever: Open) -> None:
    index = open_retriever(VERSIONS)._index
    with pytest.raises(UsageError, match=r"retrieval.region: no policy is of region 'UK'; known are EU, US"):
        Retriever(index, VERSIONS, region="UK")
    plain = open_retriever(Corpus())._index
    with pytest.raises(UsageError, match=r"no policy is of region 'EU'; leave it out"):
        Retriever(plain, Corpus(), region="EU")
