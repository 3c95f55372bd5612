"""Second labels: one of each sample, known, and in agreement with the first."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .suites import Suite

LineOf = Callable[[Path, str], int]
SAME: list[Any] = [{"id": "s-1", "label": "refund"}, {"id": "s-2", "label": "card_fraud"}, {"id": "s-3", "label": None}]


def labelled(small: Suite, rows: list[Any], **counts: Any) -> Suite:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (small.folder / "second.jsonl").write_text("".join(f"{line}\n" for line in lines))
    small.suite["counts"] = {"second_labels": "second.jsonl", **counts}
    return small


def test_the_same_labels_agree(small: Suite) -> None:
    rows = [{**SAME[0], "second": "card_fraud", "why": "perhaps"}, *SAME[1:]]
    assert labelled(small, rows, kappa=1).findings() == []


def test_a_sample_without_a_second_label_is_found_at_its_line(small: Suite) -> None:
    (one,) = labelled(small, [SAME[0], SAME[2]]).check().findings
    assert small.place(one) == ("samples.jsonl", 2, "second-label")
    assert one.message == "sample 's-2' has no second label in second.jsonl"


@pytest.mark.parametrize(
    ("row", "rule", "said"),
    [
        ({"id": "s-1", "label": "refund"}, "second-label", "'s-1' has a second label at "),
        ({"id": "s-9", "label": "refund"}, "second-label", "no sample 's-9' in samples.jsonl"),
        ({"id": "s-2"}, "schema", "missing key 'label'"),
        ({"id": "s-2", "label": "refund", "why": "", "who": "me"}, "schema", "unknown key 'who'"),
        ("{", "schema", "not valid JSON"),
    ],
)
def test_a_wrong_line_is_found_there(small: Suite, row: Any, rule: str, said: str) -> None:
    (one,) = labelled(small, [*SAME, row]).check().findings
    assert small.place(one) == ("second.jsonl", 4, rule) and said in one.message


@pytest.mark.parametrize("key", ["label", "second"])
def test_unknown_second_labels_are_found(small: Suite, key: str) -> None:
    (one,) = labelled(small, [{**SAME[0], key: "refnd"}, *SAME[1:]]).check().findings
    assert small.place(one) == ("second.jsonl", 1, "label")
    assert one.message == "label 'refnd' is not in the taxonomy; did you mean 'refund'?"


def test_a_file_that_is_not_there_is_found_as_that_alone(small: Suite) -> None:
    small.suite["counts"] = {"second_labels": "none.jsonl"}
    (one,) = small.check().findings
    assert one.rule == "schema" and "no such file of second labels" in one.message
    assert small.place(one)[:2] == (
        "suite.yaml",
        1 + small.path.read_text().splitlines().index("  second_labels: none.jsonl"),
    )


@pytest.mark.parametrize(("least", "found"), [(0.5, False), (0.51, True)])
def test_agreement_is_cohens_kappa_with_no_label_as_a_class(
    small: Suite, line_of: LineOf, least: float, found: bool
) -> None:
    # agreed 2 of 3; by chance (1*1 + 1*2 + 1*0) / 9 = 1/3, so kappa is (2/3 - 1/3) / (1 - 1/3) = 0.5
    labelled(small, [SAME[0], SAME[1], {"id": "s-3", "label": "card_fraud"}], kappa=least)
    line = line_of(small.write(), "kappa")
    findings = small.check().findings
    assert [small.place(one) for one in findings] == ([("suite.yaml", line, "second-label")] if found else [])
    said = "Cohen's kappa of first and second labels is 0.500, less than 0.51 (2 of 3 agree)"
    assert [one.message for one in findings] == ([said] if found else [])


def test_agreement_on_a_single_label_is_undefined(small: Suite) -> None:
    for row in small.samples:
        row["target"]["label"] = None
    small.samples[0]["target"].pop("rationale")
    rows = [{**row, "label": None} for row in SAME]
    found = [one for one in labelled(small, rows, kappa=0.1).check().findings if one.rule == "second-label"]
    assert ["undefined" in one.message for one in found] == [True]


def test_agreement_of_no_sample_is_not_judged(small: Suite) -> None:
    found = labelled(small, [{"id": "s-9", "label": None}], kappa=0.9).check().findings
    assert not any("kappa" in one.message for one in found) and len(found) == 4


def test_labels_are_not_looked_up_without_a_taxonomy(small: Suite) -> None:
    del small.suite["taxonomy"]
    small.suite.update(solver="baseline", scorers=["exact"], prompt=None)
    rows = [{**SAME[0], "label": "refnd"}, *SAME[1:]]
    assert not any(place[0] == "second.jsonl" for place in labelled(small, rows).findings())


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"kappa": 0.8}, "kappa needs second_labels"),
        ({"kappa": 2, "second_labels": "a"}, "counts.kappa: input should be less than or equal to 1"),
        ({"claims": [4, 2]}, "claims: the least, 4, is more than the most, 2"),
        ({"claims": [2]}, "missing key 'counts.claims.1'"),
        ({"claims": [-1, 2]}, "counts.claims.0: input should be greater than or equal to 0"),
    ],
)
def test_counts_that_are_wrong_are_found(small: Suite, counts: dict[str, Any], said: str) -> None:
    small.suite["counts"] = counts
    (one,) = small.check().findings
    assert one.rule == "schema" and said in one.message
