"""Targets that are values: graded passages and claims with a verdict cite what they should."""

from typing import Any

import pytest

from .suites import Suite, ticket


def searching(small: Suite, grades: dict[str, Any], **asked: Any) -> Suite:
    small.suite.update(input="any", solver="search", prompt=None, scorers=["ranking"])
    del small.suite["taxonomy"]
    small.samples = [
        {"id": "q-1", "input": {"query": "refund", "kind": "policy", **asked}, "target": {"value": grades}},
    ]
    return small


def verifying(small: Suite, verdict: Any, *citations: str, **more: Any) -> Suite:
    small.suite.update(input="any", solver="verify", prompt=None, scorers=["exact"])
    del small.suite["taxonomy"]
    asked = {"claim": {"text": "So it is.", "citations": list(citations)}, "ticket": ticket("t-1", "Hello."), **more}
    small.samples = [{"id": "c-1", "input": asked, "target": {"value": verdict}}]
    return small


@pytest.mark.parametrize(
    ("as_of", "key", "rule", "said"),
    [
        ("2026-05-01", "POL-A@2#1.1", None, ""),
        ("2026-03-01", "POL-A@2#1.1", None, ""),
        ("2026-02-28", "POL-A@2#1.1", "not-in-force", "in force from 2026-03-01 on; as_of is 2026-02-28T00:00:00Z"),
        ("2026-03-01", "POL-A@1#1.1", "not-in-force", "to 2026-03-01"),
        ("2026-05-01", "POL-A@2#7.7", "citation", "value cites 'POL-A@2#7.7': no such clause or incident"),
        ("2026-05-01", "i-9", "citation", "no such clause or incident"),
        ("2025-06-01", "i-1", "not-in-force", "closed at 2025-06-01T00:00:00Z"),
        ("2025-06-02", "i-1", None, ""),
        ("2025-06-01T00:00:01Z", "i-1", None, ""),
        ("2025-06-01T00:00:01", "i-1", "schema", "or a time with its zone"),
        ("first of May", "i-1", "schema", "as_of is no date"),
        (20260501, "i-1", "schema", "as_of is no date"),
        (None, "POL-A@1#1.1", None, ""),
    ],
)
def test_graded_passages_exist_and_are_of_the_querys_day(
    small: Suite, as_of: Any, key: str, rule: str | None, said: str
) -> None:
    found = searching(small, {key: 2}, as_of=as_of).check().findings
    assert [small.place(one) for one in found] == ([("samples.jsonl", 1, rule)] if rule else [])
    assert all(said in one.message for one in found)


def test_grades_of_a_ticket_are_held_to_its_date(small: Suite) -> None:
    small.samples[0]["target"] = {"label": "refund", "value": {"POL-A@1#1.1": 1, "i-2": 1, "i-1": 2}}
    assert small.findings() == [("samples.jsonl", 1, "not-in-force")] * 2


@pytest.mark.parametrize(
    ("value", "found"),
    [({"POL-B@1#1": 1}, True), ({"i-77": 1}, True), ({"route": 1, "review": 2}, False), (["i-77"], False), (7, False)],
)
def test_only_mappings_from_citations_are_taken_for_grades(small: Suite, value: Any, found: bool) -> None:
    small.suite.update(input="any", solver="baseline:majority", scorers=["exact"], prompt=None)
    del small.suite["taxonomy"]
    small.samples = [{"id": "s-1", "input": {"q": "?"}, "target": {"value": value}}]
    assert ("samples.jsonl", 1, "citation") in small.findings() or not found
    assert found or not {rule for _, _, rule in small.findings()} & {"citation", "not-in-force"}


def test_grades_are_nothing_to_a_suite_without_corpora(small: Suite) -> None:
    searching(small, {"POL-A@2#7.7": 2})
    del small.suite["corpora"]
    assert "citation" not in {rule for _, _, rule in small.findings()}


@pytest.mark.parametrize("value", [{"POL-A@1#9.9": 2}, {"i-9": 2}])
def test_grades_of_nothing_are_not_reported_where_a_part_could_not_be_read(small: Suite, value: Any) -> None:
    small.policies["2.md"] = "nothing"
    assert [rule for _, _, rule in searching(small, value).findings()] == ["schema"]


@pytest.mark.parametrize(
    ("verdict", "citations", "rule", "said"),
    [
        ("supported", ["POL-A@2#1.1", "i-1", "ticket:guest_message"], None, ""),
        ("contradicted", ["POL-A@2#1.1"], None, ""),
        ("unsupported", [], None, ""),
        ("fabricated_citation", ["POL-A@2#1.1", "POL-A@2#9.9"], None, ""),
        ("fabricated_citation", ["i-9", "i-2"], None, ""),
        ("wrong_version", ["POL-A@2#1.1", "POL-A@1#1.1"], None, ""),
        ("wrong_version", ["i-2"], None, ""),
        ("fabricated_citation", ["i-1"], "claim", "is fabricated_citation, and all it cites exists"),
        ("fabricated_citation", ["POL-A@1#1.1"], "claim", "and all it cites exists"),
        ("wrong_version", ["POL-A@2#1.1"], "claim", "is wrong_version, and all it cites held at the ticket's date"),
        ("wrong_version", ["i-2", "i-9"], "citation", "wrong_version, cites 'i-9': no such clause, incident or field"),
        ("supported", ["ticket:signals.age"], "citation", "supported, cites 'ticket:signals.age'"),
        ("wrong_value", ["POL-A@1#1.1"], "not-in-force", "to 2026-03-01; created_at is 2026-05-01T10:00:00Z"),
        ("contradicted", ["i-2"], "not-in-force", "closed at 2026-06-01T00:00:00Z"),
        ("suported", ["i-1"], "claim", "'suported' is no verdict; did you mean 'supported'?"),
        (1, ["i-1"], "claim", "1 is no verdict; known are contradicted"),
    ],
)
def test_a_claims_verdict_is_borne_out_by_its_citations(
    small: Suite, verdict: Any, citations: list[str], rule: str | None, said: str
) -> None:
    found = verifying(small, verdict, *citations).check().findings
    assert [small.place(one) for one in found] == ([("samples.jsonl", 1, rule)] if rule else [])
    assert all(said in one.message for one in found)


def test_a_claim_that_the_verifier_could_not_read_is_found(small: Suite) -> None:
    (one,) = verifying(small, "supported", "i-1", ticket={"id": "t-1"}).check().findings
    assert small.place(one) == ("samples.jsonl", 1, "schema") and "missing key 'ticket.created_at'" in one.message


def test_claims_for_other_solvers_are_checked_where_they_have_that_form(small: Suite) -> None:
    verifying(small, "fabricated_citation", "i-1").suite["solver"] = "baseline:majority"
    other = {"id": "c-2", "input": {"statement": "A sentence."}, "target": {"value": "supported"}}
    small.samples += [other, {"id": "c-3", "input": {"statement": "Another one."}, "target": {"value": None}}]
    found = {place for place in small.findings() if place[0] == "samples.jsonl"}
    assert found == {("samples.jsonl", 1, "claim")}


def test_verdicts_on_what_could_not_be_read_are_left_alone(small: Suite) -> None:
    verifying(small, "wrong_version", "POL-A@2#1.1").policies["2.md"] = "nothing"
    assert [rule for _, _, rule in small.findings()] == ["schema"]
