"""A journal row as the report shows it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reporting.samples import Keys, sample_view
from harness.reporting.trials import read_trial

MakeTrial = Callable[..., dict[str, Any]]
KEYS = Keys(["a", "b"], [("slice", "long"), ("language", "de")])


def with_findings(text: str, *findings: dict[str, Any]) -> tuple[tuple[str, str | None], ...]:
    row = {"sample": {"input": {"text": text}}, "trace": {"findings": list(findings)}}
    return sample_view(row, number=1, keys=KEYS).untrusted[0].pieces


def finding(start: Any, end: Any, excerpt: str, *, field: str = "text", kind: str = "override") -> dict[str, Any]:
    return {"field": field, "kind": kind, "start": start, "end": end, "score": 0.9, "excerpt": excerpt}


@pytest.mark.parametrize(
    ("findings", "pieces"),
    [
        ([finding(3, 6, "bad")], (("so ", None), ("bad", "override"), (" it is", None))),
        ([finding(0, 3, "bad")], (("so ", None), ("bad", "override"), (" it is", None))),
        ([finding(3, 9, "bad")], (("so ", None), ("bad it", "override"), (" is", None))),
        ([finding(0, 12, "so bad it is")], (("so bad it is", "override"),)),
        ([finding(3, 6, "bad"), finding(4, 6, "ad")], (("so ", None), ("bad", "override"), (" it is", None))),
        ([finding(0, 4, "gone")], (("so bad it is", None),)),
        ([finding(0, 4, "")], (("so bad it is", None),)),
        ([finding("0", None, "bad")], (("so bad it is", None),)),
        ([finding(3, 6, "bad", field="other")], (("so bad it is", None),)),
    ],
)
def test_findings_are_marked_where_their_excerpt_stands(
    findings: list[dict[str, Any]], pieces: tuple[tuple[str, str | None], ...]
) -> None:
    assert with_findings("so bad it is", *findings) == pieces


@given(st.text(min_size=1), st.lists(st.tuples(st.integers(-3, 30), st.integers(-3, 40), st.text(max_size=5))))
def test_marking_loses_no_character(text: str, spans: list[tuple[int, int, str]]) -> None:
    pieces = with_findings(text, *(finding(start, end, excerpt) for start, end, excerpt in spans))
    assert "".join(piece for piece, _ in pieces) == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
parts = st.sampled_from(["output", "scores", "trace", "sample", "error", "reason", "outcome", "latency_ms"])
inner_keys = st.sampled_from(
    ["routing", "cost", "calibration", "grounding", "outcome", "value", "label", "rationale", "probabilities", "claims",
     "evidence", "findings", "messages", "tool_calls", "timings_ms", "usage", "input", "target", "slices", "failure"]
)  # fmt: skip


@given(st.dictionaries(parts, st.dictionaries(inner_keys, json_values, max_size=4) | json_values))
def test_any_json_where_a_verdict_or_a_trace_is_expected_can_be_shown(row: dict[str, Any]) -> None:
    trial = read_trial({"sample_id": "x", "trial": 0, "outcome": "scored", **row})
    assert trial.cost is None or isinstance(trial.cost, float)
    assert sample_view({"sample_id": "x", "trial": 0, **row}, number=1, keys=KEYS).anchor == "s1"


def test_expected_label_is_shown_even_where_it_is_unlikely(trial: MakeTrial) -> None:
    row = trial("t", "a", "l00")
    row["output"]["probabilities"] = {**{f"l{n:02}": 0.1 for n in range(9)}, "a": 0.01, "z": 0.0, "bad": "0.5"}
    view = sample_view(row, number=1, keys=KEYS)
    assert [label for label, _ in view.probabilities] == [f"l{n:02}" for n in range(8)] + ["a"]
    assert view.n_other_probabilities == 2


def test_a_claim_has_a_verdict_only_where_grounding_judged_that_very_text(trial: MakeTrial) -> None:
    judged = [{"text": "one", "verdict": "supported", "reason": ""}, {"text": "other", "verdict": "unsupported"}]
    row = trial("t", "a", "a", scores={"grounding": {"outcome": "scored", "value": {"claims": judged}}})
    row["output"]["rationale"] = [{"text": text, "citations": ["x"]} for text in ("one", "two", "three")]
    claims = sample_view(row, number=1, keys=KEYS).claims
    assert [(claim.text, claim.verdict) for claim in claims] == [("one", "supported"), ("two", None), ("three", None)]
    del row["output"]["rationale"]
    assert [claim.text for claim in sample_view(row, number=1, keys=KEYS).claims] == ["one", "other"]


def test_keys_are_numbers_and_unknown_ones_are_none(trial: MakeTrial) -> None:
    row = trial("t", "a", "unlisted", slices=["long", "unlisted"])
    row["sample"]["input"] = {"locale": "de-AT"}
    view = sample_view(row, number=1, keys=KEYS)
    assert (view.label_keys, view.tag_keys) == (("l0", "none"), ("t0", "t1"))


def test_what_else_is_accepted_and_unusual_messages_are_shown(trial: MakeTrial) -> None:
    row = trial("t", "a", "a")
    row["sample"]["target"] = {"acceptable": ["b", "c"]}
    row["trace"] = {
        "messages": [{"role": "ai", "content": [{"type": "text"}], "tool_calls": [{"name": "x"}]}, {"role": "tool"}],
        "tool_calls": [{"name": "x", "result": None}],
        "usage": {"input_tokens": 1200},
        "evidence": [{"id": "e", "label": "a"}],
    }
    view = sample_view(row, number=1, keys=KEYS)
    assert view.target == (("also accepted", "b, c"),)
    assert '"type": "text"' in view.messages[0][1] and '"name": "x"' in view.messages[0][1]
    assert view.messages[1] == ("tool", "")
    assert view.tool_calls == (("x", "", "{}", ""),)
    assert view.usage == "1,200 tokens in, – out, 0 model calls"
    assert view.evidence is not None and (view.evidence[0].label, view.evidence[0].score) == ("a", None)


def test_an_unscored_trial_says_why() -> None:
    row = {"sample_id": "x", "trial": 0, "outcome": "unscored", "reason": "no key"}
    view = sample_view(row, number=1, keys=KEYS)
    assert (view.error, view.trial.status, view.trial.problem) == ("no key", "unscored", "no key")


def test_a_trial_that_nothing_calls_right_or_wrong_is_just_scored() -> None:
    assert read_trial({"sample_id": "x", "outcome": "scored"}).status == "scored"
