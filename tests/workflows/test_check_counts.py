"""A suite says how much data it needs, and the check holds it to that."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .suites import Suite, sample

LineOf = Callable[[Path, str], int]


def messages(small: Suite) -> list[str]:
    return [one.message for one in small.check().findings]


def test_a_suite_that_asks_for_nothing_or_for_what_there_is_has_no_findings(small: Suite) -> None:
    assert small.findings() == []
    small.samples[0]["slices"] = ["cold"]
    small.suite["counts"] = {"per_label": 1, "incidents_per_label": 1, "slices": {"cold": 1, "warm": 0}}
    assert small.findings() == []


def test_each_label_with_too_few_samples_is_found_at_the_counts(small: Suite, line_of: LineOf) -> None:
    small.samples.append(sample("s-4", "refund", "Where is my money for the two nights that we did not stay?"))
    small.suite["counts"] = {"per_label": 2}
    (one,) = small.check().findings
    assert one.message == "label 'card_fraud' has 1 samples, fewer than 2"
    assert small.place(one) == ("suite.yaml", line_of(small.path, "counts:"), "label-count")


def test_samples_of_every_split_count_and_those_without_a_label_count_for_none(small: Suite) -> None:
    words = ["Where is my money?", "A stranger used my number in Rome.", "Tell me a joke."]
    rows = zip(("refund", "card_fraud", None), words, strict=True)
    small.samples += [sample(f"s-{n}", label, text, split="dev") for n, (label, text) in enumerate(rows, 4)]
    small.suite["counts"] = {"per_label": 2}
    assert small.findings() == []


def test_each_label_with_too_few_incidents_is_found(small: Suite) -> None:
    small.suite["counts"] = {"incidents_per_label": 2}
    assert messages(small) == [f"label {name!r} has 1 incidents, fewer than 2" for name in ("card_fraud", "refund")]


def test_a_suite_without_incidents_has_none_of_any_label(small: Suite) -> None:
    del small.suite["corpora"]["incidents"]
    small.samples[0]["target"] = {"label": "refund"}
    small.suite["counts"] = {"incidents_per_label": 1}
    assert messages(small) == [f"label {name!r} has 0 incidents, fewer than 1" for name in ("card_fraud", "refund")]


def test_each_slice_with_too_few_samples_is_found_at_its_own_line(small: Suite, line_of: LineOf) -> None:
    small.samples[0]["slices"] = ["cold", "warm"]
    small.samples[1]["slices"] = ["warm"]
    small.suite["counts"] = {"slices": {"warm": 2, "cold": 2, "typos": 1}}
    found = small.check().findings
    assert [one.message for one in found] == [
        "slice 'cold' has 1 samples, fewer than 2",
        "slice 'typos' has 0 samples, fewer than 1",
    ]
    assert [small.place(one) for one in found] == [
        ("suite.yaml", line_of(small.path, f"{name}:"), "slice-count") for name in ("cold", "typos")
    ]


def test_labels_are_not_counted_without_a_taxonomy_and_slices_are(small: Suite) -> None:
    del small.suite["taxonomy"]
    small.suite.update(solver="baseline", scorers=["exact"], prompt=None)
    small.suite["counts"] = {"per_label": 9, "slices": {"cold": 1}}
    rules = [rule for _, _, rule in small.findings()]
    assert "slice-count" in rules and "label-count" not in rules


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"per_label": -1}, "counts.per_label: input should be greater than or equal to 0"),
        ({"slices": {"cold": "many"}}, "counts.slices.cold: input should be a valid integer"),
        ({"per_labels": 1}, "unknown key 'counts.per_labels'"),
    ],
)
def test_counts_that_are_wrong_are_found(small: Suite, counts: dict[str, Any], words: str) -> None:
    small.suite["counts"] = counts
    (one,) = small.check().findings
    assert one.rule == "schema" and one.message.startswith(words)


def test_targets_that_are_values_need_no_example_of_each_label(small: Suite) -> None:
    small.suite["scorers"] = ["ranking"]
    small.samples = [
        {"id": "s-1", "input": {"q": "half a refund"}, "target": {"value": {"POL-A@2#1.1": 2, "i-1": 1}}},
        {"id": "s-2", "input": {"q": "stolen card"}, "target": {"value": {"i-2": 1}}},
    ]
    small.suite.update(input="any", solver="search", prompt=None)
    assert small.findings() == []
    small.samples.append({"id": "s-3", "input": {"q": "a label"}, "target": {"label": "refund", "value": {"i-1": 1}}})
    assert messages(small) == ["label 'card_fraud' has no sample in samples.jsonl"]


def test_grades_that_are_none_are_found_as_no_verdict_on_gold(small: Suite) -> None:
    small.suite.update(input="any", solver="search", prompt=None, scorers=["ranking"])
    small.samples = [{"id": "s-1", "input": {"q": "refund"}, "target": {"value": {"i-1": "high"}}}]
    (one,) = small.check().findings
    assert (one.rule, one.line) == ("gold", 1) and "scorer 'ranking' gives no verdict on the gold answer" in one.message
