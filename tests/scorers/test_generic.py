"""exact, regex and json_schema, for any solver."""

import re
from typing import Any

import pytest

from harness.core.types import NotApplicable, Output
from harness.scorers.generic import PassScorer, exact, regex_judge, schema_judge
from tests.scorers.judged import ESTIMATOR, FAILED, headlines, metrics, sample, value, verdict

EXACT = PassScorer(name="exact", judge=exact, needs_expected=True, estimator=ESTIMATOR)


def no_expectation(name: str, judge: Any) -> PassScorer:
    return PassScorer(name=name, judge=judge, needs_expected=False, estimator=ESTIMATOR)


@pytest.mark.parametrize(
    ("answer", "expected", "passes"),
    [
        ("42", "42", True),
        (" 42\n", "42", True),
        ("42", 42, False),
        (42, 42.0, True),
        ({"a": [1, 2]}, {"a": [1, 2]}, True),
        ({"a": [2, 1]}, {"a": [1, 2]}, False),
        (0, 0, True),
        (False, False, True),
        ("", "x", False),
    ],
)
def test_exact_compares_json_values_and_texts_without_their_surrounding_space(
    answer: Any, expected: Any, passes: bool
) -> None:
    assert value(EXACT, sample(None, value=expected), Output(value=answer))["passed"] is passes


def test_the_label_stands_in_for_a_missing_value_on_either_side() -> None:
    assert value(EXACT, sample("oil_spill"), Output(label="oil_spill"))["passed"] is True
    assert value(EXACT, sample("oil_spill", value="x"), Output(label="oil_spill"))["passed"] is False


def test_exact_without_an_expectation_is_outside_and_a_failure_fails() -> None:
    assert isinstance(verdict(EXACT, sample(None), Output(value=1)), NotApplicable)
    assert value(EXACT, sample("oil_spill"), FAILED)["passed"] is False


def test_a_regular_expression_is_searched_in_text_and_in_json_text() -> None:
    scorer = no_expectation("regex", regex_judge(re.compile(r"\bboom\b")))
    assert value(scorer, sample(None), Output(value="lay a boom now"))["passed"] is True
    assert value(scorer, sample(None), Output(value="kaboom"))["passed"] is False
    assert value(scorer, sample(None), Output(value={"do": "boom"}))["passed"] is True
    assert value(scorer, sample(None), FAILED)["passed"] is False


def test_json_text_and_json_values_are_held_against_a_schema() -> None:
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    scorer = no_expectation("json_schema", schema_judge(schema))
    for answer, passes in (
        ('{"n": 3}', True),
        ({"n": 3}, True),
        ('{"n": "3"}', False),
        ("not json", False),
        ([], False),
    ):
        assert value(scorer, sample(None), Output(value=answer))["passed"] is passes, answer


def test_the_rate_is_the_share_that_pass() -> None:
    answers = [("a", Output(label="a")), ("a", Output(label="b")), ("a", FAILED), (None, Output(label="a"))]
    found = headlines(metrics(EXACT, answers))["exact.pass_rate"]
    assert found.value == pytest.approx(1 / 3) and (found.n_scored, found.n_not_applicable) == (3, 1)
    assert found.values == [1.0, 0.0, 0.0] and found.detail == "1 of 3"
    assert headlines(metrics(EXACT, []))["exact.pass_rate"].value is None
