"""Slices with a mechanical meaning hold it, and gold rationales have as many claims as asked for."""

from typing import Any

import pytest

from .suites import Suite, policy

WORDS_40 = " ".join(["word"] * 40)


def counting(small: Suite, name: str, *, has: bool, **fields: Any) -> list[tuple[str, int, str]]:
    """Findings where sample 3, of unlike words, has or hasn't the only slice that is counted."""
    small.suite["counts"] = {"slices": {name: 0}}
    small.samples[2]["input"].update(fields)
    small.samples[2]["slices"] = [name] if has else []
    for row in small.samples[:2]:  # both are short
        row["slices"] = ["one_line"]
    return [place for place in small.findings() if place[2] == "slice"]


WRONG = [("samples.jsonl", 3, "slice")]


@pytest.mark.parametrize(
    ("name", "fields", "belongs"),
    [
        ("one_line", {"guest_message": WORDS_40}, True),
        ("one_line", {"guest_message": f"{WORDS_40}\n"}, True),
        ("one_line", {"guest_message": f"{WORDS_40} more"}, False),
        ("one_line", {"guest_message": "two\nlines"}, False),
        ("one_line", {"guest_message": "", "listing_text": "a flat"}, False),
        ("long", {"guest_message": "word " * 500, "listing_text": "more " * 301}, True),
        ("long", {"guest_message": "word " * 500, "listing_text": "more " * 300}, False),
    ],
)
@pytest.mark.parametrize("has", [True, False])
def test_slices_of_length_hold_just_the_tickets_of_that_length(
    small: Suite, name: str, fields: dict[str, str], belongs: bool, has: bool
) -> None:
    assert counting(small, name, has=has, **fields) == ([] if has == belongs else WRONG)


@pytest.mark.parametrize(
    ("locale", "has", "wrong"),
    [("en-GB", True, True), ("EN_us", True, True), ("en", False, False), ("de-DE", True, False), ("de", False, False)],
)
def test_english_locales_are_not_in_non_english_and_others_may_write_english(
    small: Suite, locale: str, has: bool, wrong: bool
) -> None:
    assert counting(small, "non_english", has=has, locale=locale) == (WRONG if wrong else [])


def test_out_of_scope_are_just_the_tickets_without_a_label(small: Suite) -> None:
    assert counting(small, "out_of_scope", has=True) == []
    assert counting(small, "out_of_scope", has=False) == WRONG
    small.samples[2]["slices"] = ["out_of_scope"]
    small.samples[1]["slices"] = ["out_of_scope"]
    (one,) = small.check().findings
    assert one.message == "sample 's-2' is in slice 'out_of_scope', and it has a label" and one.line == 2


@pytest.mark.parametrize(
    ("created", "clause", "belongs"),
    [
        ("2026-03-01T00:00:00Z", "POL-A@2#1.1", True),
        ("2026-03-15T23:59:00Z", "POL-A@2#1.1", True),
        ("2026-03-16T00:00:00Z", "POL-A@2#1.1", False),
        ("2026-03-16T00:30:00+02:00", "POL-A@2#1.1", True),
        ("2026-03-05T00:00:00Z", "POL-A@2#1.2", False),
        ("2026-03-05T00:00:00Z", "POL-A@2#1.3", True),
        ("2025-01-05T00:00:00Z", "POL-A@1#1.2", True),
        ("2026-02-20T00:00:00Z", "POL-A@1#1.1", False),
        ("2026-03-05T00:00:00Z", None, False),
    ],
)
@pytest.mark.parametrize("has", [True, False])
def test_policy_change_is_a_deciding_clause_that_is_new_for_two_weeks(
    small: Suite, created: str, clause: str | None, belongs: bool, has: bool
) -> None:
    small.policies["2.md"] += "1.3 A late guest is told so.\n"
    small.samples[2]["target"] = {"label": None, "evidence": {"clauses": [clause] if clause else []}}
    assert counting(small, "policy_change", has=has, created_at=created) == ([] if has == belongs else WRONG)


def test_changes_are_not_judged_where_the_version_before_could_not_be_read(small: Suite) -> None:
    small.policies["1.md"] = "nothing"
    small.samples[2]["target"] = {"label": None, "evidence": {"clauses": ["POL-A@2#1.2", "POL-A@2#8"]}}
    assert counting(small, "policy_change", has=False, created_at="2026-03-05T00:00:00Z") == []
    small.policies["1.md"] = policy(1, start="2025-01-01", end="2026-03-01", text="Half is paid.")
    assert counting(small, "policy_change", has=True) == WRONG


def test_slices_that_the_suite_does_not_count_may_mean_anything(small: Suite) -> None:
    for row in small.samples:
        row["slices"] = ["long", "out_of_scope", "non_english", "policy_change"]
    assert small.findings() == []
    small.suite["counts"] = {"slices": {"night": 0}}
    assert small.findings() == []


def test_texts_that_are_no_tickets_have_slices_of_their_own(small: Suite) -> None:
    small.suite.update(input="text", scorers=["routing"], counts={"slices": {"long": 1}})
    for row in small.samples:
        row["input"] = {"text": row["input"]["guest_message"]}
    small.samples[0].update(slices=["long"], target={"label": "refund"})
    assert small.findings() == []


def test_rationales_have_as_many_claims_as_asked_for(small: Suite) -> None:
    small.suite["counts"] = {"claims": [0, 2]}
    assert small.findings() == []
    small.suite["counts"] = {"claims": [1, 1]}
    assert [one.message for one in small.check().findings] == [
        "sample 's-1': its rationale has 2 claims, not 1 to 1",
        "sample 's-2': its rationale has 0 claims, not 1 to 1",
        "sample 's-3': its rationale has 0 claims, not 1 to 1",
    ]
    assert small.findings()[0] == ("samples.jsonl", 1, "claim-count")
