"""What is said about a run in words."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.core.types import Metric
from harness.evaluation import Run
from harness.evaluation.gates import GateResult
from harness.reporting import summary

MakeRun = Callable[..., Run]
PASS, FAIL, UNSURE = (GateResult("g", verdict, "r") for verdict in ("pass", "fail", "inconclusive"))


@pytest.mark.parametrize(
    ("gates", "info", "tone", "words"),
    [
        ([PASS], {}, "good", "The gate passed."),
        ([PASS, PASS], {}, "good", "All 2 gates passed."),
        ([PASS, FAIL, UNSURE], {}, "bad", "1 of 3 gates failed."),
        ([FAIL], {}, "bad", "1 of 1 gate failed."),
        ([PASS, UNSURE], {}, "unsure", "Too little data to decide 1 of 2 gates."),
        ([], {}, "unsure", "No gates: nothing was asked of these figures."),
        ([FAIL], {"coverage": 0.5, "coverage_floor": 0.9}, "bad", "Too few trials were scored to trust the figures."),
        ([PASS], {"coverage": None, "coverage_floor": 0.9}, "good", "The gate passed."),
        ([PASS], {"interrupted": True}, "bad", "The run was interrupted; the figures are of what was finished."),
    ],
)
def test_the_conclusion_is_the_worst_news(
    make_run: MakeRun, gates: list[GateResult], info: dict[str, Any], tone: str, words: str
) -> None:
    assert summary.conclusion(replace(make_run([], **info), gates=gates)) == (tone, words)


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, ""), (2.25, "2.25 s"), (41, "41 s"), (200.2, "3 min 20 s"), (3840, "1 h 4 min")]
)
def test_duration(seconds: float | None, words: str) -> None:
    assert summary.duration(seconds) == words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-24T05:40:12+00:00", "2026-11-24 05:40 UTC"),
        ("2026-11-24T05:40:12+02:00", "2026-11-24 03:40 UTC"),
        ("2026-11-24T05:40:12", "2026-11-24 05:40"),
        ("yesterday", "yesterday"),
        (None, ""),
    ],
)
def test_when(moment: str | None, words: str) -> None:
    assert summary.when(moment) == words


def test_a_run_without_accuracy_and_cost_leads_with_its_first_two_headlines(make_run: MakeRun) -> None:
    metrics = [
        Metric("a", 1.0, headline=False),
        Metric("b", 1.0),
        Metric("b", 0.5, label="x"),
        Metric("c", 2.0),
        Metric("d", 3.0),
    ]
    assert [metric.name for metric in summary.primary(make_run([], metrics=metrics))] == ["b", "c"]
    with_cost = [*metrics, Metric("cost.per_ticket", 6.0)]
    assert [metric.name for metric in summary.primary(make_run([], metrics=with_cost))] == ["cost.per_ticket"]


def test_one_ticket_is_no_plural(make_run: MakeRun) -> None:
    assert summary.sample_count(make_run([], n_samples=1, split=None)) == "1 ticket"
