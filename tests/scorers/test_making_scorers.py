"""Entries of a suite become scorers, or one line that says why not."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.core.protocols import Scorer
from harness.core.types import Output
from harness.corpus import Corpus
from harness.scorers import NAMES, ScorerContext, make_scorer
from tests.scorers.judged import ESTIMATOR, HARBOUR, sample, value

OPTIONS: dict[str, dict[str, Any]] = {"regex": {"pattern": "x"}, "json_schema": {"schema": {"type": "string"}}}


@pytest.fixture
def context(tmp_path: Path) -> ScorerContext:
    return ScorerContext(
        taxonomy=HARBOUR, corpus=Corpus((), ()), kind="ticket", as_of=None, estimator=ESTIMATOR, folder=tmp_path,
        where="suite.yaml",
    )  # fmt: skip


def find(name: str) -> Callable[..., Any]:
    return lambda sample, output: name


def made(entry: Any, context: ScorerContext) -> Scorer:
    return make_scorer(entry, context=context, import_function=find)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_makes_the_scorer_of_that_name(name: str, context: ScorerContext) -> None:
    entry: Any = {name: OPTIONS[name]} if name in OPTIONS else name
    scorer = made(entry, context)
    assert scorer.name == name and scorer.version
    assert set(scorer.best) == set(scorer.noop)


def test_a_name_with_empty_options_is_the_name(context: ScorerContext) -> None:
    assert made({"routing": None}, context).name == "routing"


def test_a_function_is_named_after_itself(context: ScorerContext) -> None:
    assert made("judges:polite", context).name == "polite"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("rooting", "unknown scorer 'rooting'; did you mean 'routing'?"),
        ({"routing": {"binz": 3}}, "scorer 'routing' has no option 'binz'"),
        ({"judges:polite": {"hard": 1}}, "scorer 'judges:polite' has no option 'hard'"),
        ({"routing": None, "cost": None}, "names 2 scorers"),
        ({"calibration": {"bins": 0}}, "bins is 0"),
        ({"calibration": {"bins": True}}, "bins is True"),
        ({"calibration": {"bins": "ten"}}, "bins is 'ten'"),
        ({"calibration": {"bins": 1001}}, "bins is 1001"),
        ("regex", "regex needs `pattern`"),
        ({"regex": {"pattern": 3}}, "regex needs `pattern`"),
        ({"regex": {"pattern": "("}}, "regex: "),
        ("json_schema", "json_schema needs `schema`"),
        ({"json_schema": {"schema": 3}}, "json_schema needs `schema`"),
        ({"json_schema": {"schema": {"type": "strin"}}}, "json_schema: "),
        ({"json_schema": {"schema": "absent.json"}}, "no such JSON Schema"),
    ],
)
def test_a_wrong_entry_is_one_line_with_a_remedy(entry: Any, said: str, context: ScorerContext) -> None:
    with pytest.raises(UsageError) as caught:
        made(entry, context)
    text = str(caught.value)
    assert said in text and ("suite.yaml" in text or "absent.json" in text)
    assert caught.value.fix and "\n" not in text


@pytest.mark.parametrize("name", ["routing", "cost"])
def test_what_needs_a_taxonomy_says_so(name: str, context: ScorerContext) -> None:
    with pytest.raises(UsageError, match="needs a taxonomy"):
        made(name, replace(context, taxonomy=None))


def test_a_schema_may_stand_in_a_file_beside_the_suite(context: ScorerContext) -> None:
    (context.folder / "schema.json").write_text(json.dumps({"type": "object"}))
    scorer = made({"json_schema": {"schema": "schema.json"}}, context)
    assert value(scorer, sample(), Output(value={}))["passed"] is True
    assert value(scorer, sample(), Output(value=[]))["passed"] is False


def test_options_of_a_suite_reach_the_scorer_and_stay_in_the_suite(context: ScorerContext) -> None:
    entry = {"calibration": {"bins": 3}}
    scorer = made(entry, context)
    assert [metric.detail for metric in scorer.metrics([])] == ["3 bins"]
    assert entry == {"calibration": {"bins": 3}}
