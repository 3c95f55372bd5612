"""Ids, versions, labels and citations: a planted defect is found at its line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.workflows.check import check_suites

from .suites import Suite, policy, sample

LineOf = Callable[[Path, str], int]


def test_repeated_ids_are_found_at_the_later_one(small: Suite) -> None:
    small.samples[2]["id"] = "s-1"
    small.incidents[1]["id"] = "i-1"
    small.incidents.append({**small.incidents[1], "id": "i-2"})
    small.incidents[0]["closed_at"], small.incidents[1]["closed_at"] = "2025-06-01T00:00:00Z", "2025-07-01T00:00:00Z"
    found = small.findings()
    assert ("incidents.jsonl", 2, "duplicate-id") in found
    assert ("samples.jsonl", 3, "duplicate-id") in found


def test_two_files_of_one_version_are_found(small: Suite, line_of: LineOf) -> None:
    small.policies["3.md"] = small.policies["2.md"]
    line = line_of(small.write().with_name("policies") / "3.md", "version")
    assert small.findings() == [("policies/3.md", line, "duplicate-id")]


@pytest.mark.parametrize(
    ("end", "rule"), [("2026-03-02", "overlap"), ("null", "overlap"), ("2026-02-27", "gap"), ("2026-03-01", None)]
)
def test_versions_must_follow_one_another_to_the_day(small: Suite, line_of: LineOf, end: str, rule: str | None) -> None:
    small.policies["1.md"] = policy(1, start="2025-01-01", end=end, text="Unused nights are refunded by half.")
    found = small.findings()
    line = line_of(small.folder / "policies" / "2.md", "effective_from")
    assert found == ([("policies/2.md", line, rule)] if rule else [])


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("POL-A@9", "supersedes 'POL-A@9', which doesn't exist"),
        ("POL-A@1", "supersedes 'POL-A@1'; the version before is POL-A@2"),
        ("POL-A@3", "supersedes 'POL-A@3'; the version before is POL-A@2"),
        ("POL-A@2", None),
        ("null", None),
    ],
)
def test_a_version_supersedes_the_one_before_it_or_says_nothing(
    small: Suite, line_of: LineOf, before: str, said: str | None
) -> None:
    small.policies["2.md"] = policy(2, start="2026-03-01", end="2026-09-01", text="Nights are refunded after 3 days.")
    small.policies["3.md"] = policy(3, start="2026-09-01", before=before, text="No night is refunded.")
    found = small.check().findings
    assert [one.message for one in found] == ([said] if said else [])
    line = line_of(small.folder / "policies" / "3.md", "supersedes")
    assert {small.place(one) for one in found} <= {("policies/3.md", line, "supersedes")}


def test_versions_follow_one_another_by_region(small: Suite, line_of: LineOf) -> None:
    small.policies["3.md"] = policy(3, start="2026-01-01", text="Half is paid.").replace(
        "---\n##", "region: EU\n---\n##"
    )
    assert small.findings() == []
    small.policies["4.md"] = policy(4, start="2027-01-01", before="POL-A@2", text="No night is refunded.")
    line = line_of(small.write().with_name("policies") / "4.md", "effective_from")
    assert small.findings() == [("policies/4.md", line, "overlap")]


def test_a_first_version_supersedes_nothing(small: Suite) -> None:
    small.policies["1.md"] = policy(1, start="2025-01-01", end="2026-03-01", before="POL-A@2", text="Half is paid.")
    (one,) = small.check().findings
    assert one.message == "supersedes 'POL-A@2'; the version before is none"


def test_unknown_labels_are_found_wherever_they_stand(small: Suite, line_of: LineOf) -> None:
    small.policies["2.md"] = small.policies["2.md"].replace("[refund]", "[refund, refnd]")
    small.incidents.append({"id": "i-3", "narrative": "A door.", "label": "door"})
    small.samples[1]["target"]["acceptable"] = ["fraud"]
    assert small.findings() == [
        ("incidents.jsonl", 3, "label"),
        ("policies/2.md", line_of(small.folder / "policies" / "2.md", "labels"), "label"),
        ("samples.jsonl", 2, "label"),
    ]


@pytest.mark.parametrize(("part", "gone"), [("samples", 1), ("incidents", 1)])
def test_a_label_without_an_example_is_found_at_its_definition(
    small: Suite, line_of: LineOf, part: str, gone: int
) -> None:
    getattr(small, part).pop(gone)
    (one,) = small.check().findings
    line = line_of(small.folder / "taxonomy.yaml", "- id: card_fraud")
    assert small.place(one) == ("taxonomy.yaml", line, "label-count")
    assert one.message.startswith("label 'card_fraud' has no ")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("This must be card_fraud, I think", True),
        ("please set -Card_Fraud- now", True),
        ("it is about card fraud", False),
        ("see card_fraud_2 and postcard_fraud", False),
        ("I want a refund", False),
    ],
)
def test_a_label_id_in_what_people_wrote_is_found(small: Suite, text: str, found: bool) -> None:
    small.samples[2]["input"]["host_messages"] = ["Hello.", text]
    assert small.findings() == ([("samples.jsonl", 3, "label-in-text")] if found else [])


def test_labels_that_are_plain_words_can_not_be_looked_for(small: Suite) -> None:
    small.taxonomy = small.taxonomy.replace("card_fraud", "fraud")
    small.incidents[1]["label"] = small.samples[1]["target"]["label"] = "fraud"
    small.samples[2]["input"]["listing_text"] = "fraud, refund"
    assert small.findings() == []


@pytest.mark.parametrize(
    ("clause", "rule", "said"),
    [
        ("POL-A@1#9.9", "citation", "cites 'POL-A@1#9.9': no such clause"),
        ("POL-A@2#1.1", "not-in-force", "in force from 2026-03-01 on; closed_at is 2025-06-01T00:00:00Z"),
        ("POL-A@1#1.2", None, ""),
    ],
)
def test_incidents_cite_clauses_that_held_when_they_were_closed(
    small: Suite, clause: str, rule: str | None, said: str
) -> None:
    small.incidents[0]["clauses"] = [clause]
    found = small.check().findings
    assert [small.place(one) for one in found] == ([("incidents.jsonl", 1, rule)] if rule else [])
    assert all(said in one.message for one in found)


@pytest.mark.parametrize(
    ("kind", "citation", "rule", "said"),
    [
        ("clauses", "POL-A@2#3.3", "citation", "no such clause"),
        ("clauses", "i-1", "citation", "no such clause"),
        ("clauses", "POL-A@1#1.1", "not-in-force", "to 2026-03-01; created_at is 2026-05-01T10:00:00Z"),
        ("incidents", "i-9", "citation", "no such incident"),
        ("incidents", "POL-A@2#1.1", "citation", "no such incident"),
        ("incidents", "i-2", "not-in-force", "closed at 2026-06-01T00:00:00Z"),
    ],
)
def test_gold_evidence_exists_and_was_known_at_the_tickets_date(
    small: Suite, kind: str, citation: str, rule: str, said: str
) -> None:
    small.samples[0]["target"]["evidence"][kind].append(citation)
    (one,) = small.check().findings
    assert small.place(one) == ("samples.jsonl", 1, rule)
    assert said in one.message


@pytest.mark.parametrize(
    ("claim", "rule", "said"),
    [
        ({"text": "So be it.", "citations": ["POL-A@7#1.1"]}, "citation", "no such clause, incident or field"),
        ({"text": "So be it.", "citations": ["ticket:signals.age"]}, "citation", "'ticket:signals.age'"),
        ({"text": "So be it.", "citations": ["POL-A@1#1.1"]}, "not-in-force", "'POL-A@1#1.1'"),
        ({"text": "So be it.", "citations": ["i-2"]}, "not-in-force", "closed at 2026-06-01T00:00:00Z"),
        ({"text": "It is 5 days.", "citations": ["POL-A@2#1.1"]}, "claim", "claim 3 is wrong_value: not in what it"),
        ({"text": 'He says "never pay them back".', "citations": ["i-1"]}, "claim", "is unsupported: no such words"),
        ({"text": "It is so.", "citations": []}, "claim", "is unsupported: it cites nothing"),
    ],
)
def test_gold_claims_must_be_supported_by_what_they_cite(
    small: Suite, claim: dict[str, Any], rule: str, said: str
) -> None:
    small.samples[0]["target"]["rationale"].append(claim)
    (one,) = small.check().findings
    assert small.place(one) == ("samples.jsonl", 1, rule)
    assert one.message.startswith("sample 's-1': claim 3") and said in one.message


def test_undated_inputs_may_cite_any_version(small: Suite) -> None:
    small.suite["input"] = "text"
    small.suite["scorers"] = ["routing"]
    for row in small.samples:
        row["input"] = {"text": row["input"]["guest_message"]}
    small.samples[0]["target"] = {
        "label": "refund",
        "evidence": {"clauses": ["POL-A@1#1.1", "POL-A@2#1.1", "POL-A@2#9"], "incidents": ["i-2"]},
        "rationale": [{"text": "On Tuesday.", "citations": ["ticket:text"]}],
    }
    (one,) = small.check().findings
    assert small.place(one) == ("samples.jsonl", 1, "citation")


def test_ids_are_held_against_those_of_other_eval_sets(small: Suite) -> None:
    first = small.write()
    other = small.folder / "other.yaml"
    (small.folder / "more.jsonl").write_text(json.dumps(sample("s-3", None, "Who are you?")) + "\n")
    value = {**small.suite, "eval_set": "more.jsonl", "split": None}
    other.write_text(yaml.safe_dump(value))
    found = [one for one in check_suites([first, other]).findings if one.rule == "duplicate-id"]
    assert [small.place(one) for one in found] == [("more.jsonl", 1, "duplicate-id")]
    assert "samples.jsonl:3" in found[0].message
    other.write_text(yaml.safe_dump({**value, "derived_from": "samples.jsonl"}))
    assert "duplicate-id" not in {one.rule for one in check_suites([first, other]).findings}
    other.write_text(yaml.safe_dump({**small.suite, "name": "again"}))
    assert check_suites([first, other]).findings == ()


def test_control_characters_are_found_as_binary(small: Suite) -> None:
    small.samples[1]["input"]["guest_message"] = "PK\x03\x04 somebody charged my card"
    small.incidents[1]["narrative"] = "A tab\t and a line\n are none."
    small.incidents[0]["note"] = "\x00"
    found = small.check().findings
    assert [small.place(one) for one in found] == [("incidents.jsonl", 1, "binary"), ("samples.jsonl", 2, "binary")]
    assert "guest_message holds the control character '\\x03'" in found[1].message
