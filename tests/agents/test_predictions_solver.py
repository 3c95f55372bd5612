"""A file of answers made elsewhere: read at once, told apart from errors, and never guessed."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.agents.predictions import PredictionsSolver
from harness.core.errors import InfrastructureError, UsageError
from harness.core.types import Claim
from harness.evaluation.runner import Input


def written(folder: Path, *rows: Any) -> PredictionsSolver:
    """The solver of a file with these lines."""
    path = folder / "predictions.jsonl"
    path.write_text(
        "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8"
    )
    return PredictionsSolver(path, name="predictions.jsonl")


def item(id: str, trial: int = 0) -> Input:
    return Input(id, {"text": "?"}, trial, 0)


async def test_answers_are_read_as_those_of_functions(tmp_path: Path) -> None:
    solver = written(
        tmp_path,
        {"id": "a", "label": "x"},
        "",
        {"sample_id": "b", "value": [1], "probabilities": {"x": 1}, "action": "review",
         "rationale": [{"text": "So.", "citations": ["i-1"]}]},
    )  # fmt: skip
    assert (await solver(item("a"))).label == "x"
    output = await solver(item("b", 3))
    assert (output.label, output.value, output.action) == (None, [1], "review")
    assert output.rationale == (Claim("So.", ("i-1",)),) and output.probabilities == {"x": 1}


async def test_a_line_may_be_of_one_trial(tmp_path: Path) -> None:
    solver = written(tmp_path, {"id": "a", "trial": 0, "label": "x"}, {"id": "a", "trial": 1, "label": "y"})
    assert [(await solver(item("a", trial))).label for trial in (0, 1)] == ["x", "y"]
    with pytest.raises(InfrastructureError, match="has no prediction for 'a', trial 2"):
        await solver(item("a", 2))


async def test_what_is_missing_is_an_error_and_no_wrong_answer(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError) as caught:
        await written(tmp_path, {"id": "a", "label": "x"})(item("b"))
    assert caught.value.kind == "missing_prediction"


async def test_an_error_of_the_file_is_an_error_of_its_class(tmp_path: Path) -> None:
    solver = written(tmp_path, {"id": "a", "error": {"class": "rate_limit", "message": "too\nmany"}},
                     {"id": "b", "error": {"class": "timeout"}})  # fmt: skip
    for id, kind, message in (("a", "rate_limit", "too many"), ("b", "timeout", "")):
        with pytest.raises(InfrastructureError) as caught:
            await solver(item(id))
        assert (caught.value.kind, caught.value.message) == (kind, message)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"id": "a", "lable": "x"}], ":1: unknown key 'lable'; did you mean 'label'?"),
        ([{"label": "x"}], ":1: a prediction needs the id of its sample"),
        ([{"id": 3, "label": "x"}], ":1: a prediction needs the id"),
        ([{"id": "", "label": "x"}], ":1: a prediction needs the id"),
        ([{"id": "a", "sample_id": "a", "label": "x"}], ":1: a prediction needs the id"),
        ([{"id": "a", "trial": -1, "label": "x"}], ":1: trial is -1; trials are numbered from 0"),
        ([{"id": "a", "trial": True, "label": "x"}], ":1: trial is True"),
        ([{"id": "a"}], ":1: neither an answer nor an error"),
        ([{"id": "a", "label": "x", "error": {"class": "e"}}], ":1: an answer and an error at once"),
        ([{"id": "a", "error": "timeout"}], ":1: error is 'timeout'; write"),
        ([{"id": "a", "error": {"class": " "}}], ":1: error is"),
        ([{"id": "a", "error": {"class": "e", "message": 3}}], ":1: error is"),
        ([{"id": "a", "error": {"class": "e", "why": ""}}], ":1: error is"),
        ([{"id": "a", "label": 3}], ":1: this answer can't be read: label is 3, not a string"),
        ([{"id": "a", "label": "x", "action": "drop"}], ":1: this answer can't be read: action is 'drop'"),
        ([{"id": "a", "rationale": [3]}], ":1: this answer can't be read: a claim is 3"),
        (["{}", "nonsense"], ":1: a prediction needs"),
        ([{"id": "a", "label": "x"}, "nonsense"], ":2: not valid JSON"),
        ([{"id": "a", "label": "x"}, "", {"id": "a", "label": "y"}], ":3: 'a' was predicted on line 1 already"),
        ([{"id": "a", "trial": 0, "label": "x"}, {"id": "a", "label": "y"}], ":2: 'a' was predicted on line 1 already"),
        ([{"id": "a", "label": "x"}, {"id": "a", "trial": 4, "label": "y"}], ":2: 'a' was predicted on line 1 already"),
        ([{"id": "a", "trial": 1, "label": "x"}, {"id": "a", "trial": 1, "label": "y"}], ":2: 'a' was predicted"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_one_line_with_its_place(tmp_path: Path, rows: list[Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        written(tmp_path, *rows)
    assert f"predictions.jsonl{said}" in str(caught.value)


def test_a_file_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file of predictions"):
        PredictionsSolver(tmp_path / "absent.jsonl", name="absent.jsonl")
