"""The journal: what a line holds, and that a killed run's is readable."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.types import (
    Claim,
    Errored,
    NotApplicable,
    Outcome,
    Output,
    Sample,
    Scored,
    Target,
    Trace,
    Unscored,
    Usage,
)
from harness.evaluation.journal import Journal, read_journal, trial_outcome, trial_row

SAMPLE = Sample("t-1", {"text": "Größe"}, Target("a", ("b",)), "dev", "c-1", ("long",), "hard", "samples.jsonl:1")
OUTPUT = Output(
    label="a",
    probabilities={"a": 0.75, "b": 0.25},
    rationale=(Claim("Because.", ("P@1#1",)),),
    trace=Trace(usage=Usage(10, 2, 1), timings_ms={"total": 3.0}),
)


def row(**changed: Any) -> dict[str, Any]:
    options: dict[str, Any] = {
        "trial": 1, "output": OUTPUT, "error": None, "scores": {"routing": Scored({"correct": True})},
        "latency_ms": 3.00049, **changed,
    }  # fmt: skip
    return trial_row(SAMPLE, **options)


def test_a_line_holds_the_answer_its_scores_its_trace_and_the_sample(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.jsonl") as journal:
        journal.append(row())
    (read,) = read_journal(tmp_path / "j.jsonl")
    assert read["schema_version"] == 1
    assert (read["sample_id"], read["trial"], read["outcome"], read["latency_ms"]) == ("t-1", 1, "scored", 3.0)
    assert read["output"]["label"] == "a" and read["output"]["probabilities"] == {"a": 0.75, "b": 0.25}
    assert read["output"]["rationale"] == [{"text": "Because.", "citations": ["P@1#1"]}]
    assert "trace" not in read["output"] and read["trace"]["usage"]["input_tokens"] == 10
    assert read["scores"] == {"routing": {"outcome": "scored", "value": {"correct": True}}}
    assert read["sample"]["target"]["acceptable"] == ["b"] and read["sample"]["input"] == {"text": "Größe"}
    assert (read["sample"]["split"], read["sample"]["cluster"], read["sample"]["slices"]) == ("dev", "c-1", ["long"])


def test_an_errored_trial_has_no_output() -> None:
    failed = Errored("RateLimitError", "slow down")
    made = row(output=None, error=failed, scores={"routing": failed})
    assert made["outcome"] == "errored" and made["error"] == {"class": "RateLimitError", "message": "slow down"}
    assert made["output"] is None and made["trace"] is None


@pytest.mark.parametrize(
    ("scores", "outcome"),
    [
        ({}, "scored"),
        ({"a": Scored({})}, "scored"),
        ({"a": NotApplicable("n")}, "scored"),
        ({"a": Unscored("u")}, "unscored"),
        ({"a": NotApplicable("n"), "b": Unscored("u")}, "unscored"),
        ({"a": Scored({}), "b": Unscored("u")}, "scored"),
        ({"a": Unscored("u"), "b": Errored("E", "e")}, "errored"),
        ({"a": Scored({}), "b": Errored("E", "e")}, "errored"),
    ],
)
def test_the_worst_of_the_scores_is_the_trials_outcome(scores: dict[str, Outcome], outcome: str) -> None:
    made = trial_outcome(None, scores)
    assert made["outcome"] == outcome
    assert ("error" in made, "reason" in made) == (outcome == "errored", outcome == "unscored")


def test_every_kind_of_score_is_told_with_its_reason() -> None:
    scores: dict[str, Outcome] = {"a": NotApplicable("n"), "b": Unscored("u"), "c": Errored("E", "e")}
    assert row(scores=scores)["scores"] == {
        "a": {"outcome": "not_applicable", "reason": "n"},
        "b": {"outcome": "unscored", "reason": "u"},
        "c": {"outcome": "errored", "error": {"class": "E", "message": "e"}},
    }


@given(st.integers(min_value=0, max_value=400))
def test_a_journal_cut_at_any_byte_gives_its_whole_lines(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "j.jsonl"
    lines = [json.dumps({"n": n, "text": "é" * n}, ensure_ascii=False) + "\n" for n in range(8)]
    data = "".join(lines).encode()[:cut]
    path.write_bytes(data)
    whole = data.decode(errors="ignore").count("\n")
    assert [read["n"] for read in read_journal(path)] == list(range(whole))


def test_lines_are_on_disk_before_the_journal_is_closed(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.jsonl") as journal:
        journal.append({"n": 1})
        assert list(read_journal(tmp_path / "j.jsonl")) == [{"n": 1}]
        journal.append({"n": 2})
        assert len(list(read_journal(tmp_path / "j.jsonl"))) == 2


def test_lone_surrogates_do_not_break_the_journal_and_not_a_number_never_gets_in(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.jsonl") as journal:
        journal.append({"text": "\ud800 & \u2028"})
        with pytest.raises(ValueError, match="JSON"):
            journal.append({"n": float("nan")})
    (read,) = read_journal(tmp_path / "j.jsonl")
    assert read["text"] == "\ud800 & \u2028"
