"""What a finished run amounts to."""

from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import Exit
from harness.core.types import Metric
from harness.evaluation.gates import GateResult, Verdict
from harness.evaluation.run import Run


def run(*verdicts: Verdict, interrupted: bool = False, coverage: float | None = 1.0, floor: float = 0.9) -> Run:
    info: dict[str, Any] = {"interrupted": interrupted, "coverage": coverage, "coverage_floor": floor}
    metrics = [
        Metric("routing.accuracy", 0.5),
        Metric("routing.recall", 0.1, label="a"),
        Metric("routing.accuracy", 0.2, label="a"),
        Metric("routing.recall", None, label="b", reason="never occurs"),
    ]
    return Run(
        path=Path("reports/x"),
        manifest={},
        metrics=metrics,
        baselines={"keyword": [Metric("routing.accuracy", 0.4)]},
        gates=[GateResult(f"g{n}", verdict, "") for n, verdict in enumerate(verdicts)],
        info=info,
    )


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (run(), Exit.OK),
        (run("pass", "pass"), Exit.OK),
        (run("pass", "inconclusive"), Exit.INCONCLUSIVE),
        (run("inconclusive", "fail"), Exit.FINDINGS),
        (run("fail", coverage=0.5), Exit.COVERAGE),
        (run(coverage=0.9), Exit.OK),
        (run("fail", "inconclusive", coverage=0.5, interrupted=True), Exit.INTERRUPTED),
        (run(coverage=None, interrupted=True), Exit.INTERRUPTED),
    ],
)
def test_the_worst_of_what_applies_is_the_exit_code(made: Run, code: Exit) -> None:
    assert made.exit_code == code


def test_a_metric_is_found_by_its_name_and_never_one_of_a_label() -> None:
    assert run()["routing.accuracy"].value == 0.5
    for name in ("routing.recall", "absent"):
        with pytest.raises(KeyError):
            run()[name]


def test_json_holds_metrics_by_name_labels_apart_and_undefined_as_null() -> None:
    made = run("pass").to_json()
    assert made["schema_version"] == 1
    assert list(made["metrics"]) == ["routing.accuracy"] and made["metrics"]["routing.accuracy"]["value"] == 0.5
    assert made["labels"]["a"]["routing.recall"]["value"] == 0.1
    assert made["labels"]["b"]["routing.recall"]["value"] is None
    assert made["labels"]["b"]["routing.recall"]["reason"] == "never occurs"
    assert made["baselines"]["keyword"]["routing.accuracy"]["value"] == 0.4
    assert made["gates"][0]["verdict"] == "pass"


def test_the_report_lies_in_the_runs_folder() -> None:
    assert run().report == Path("reports/x/report.html")
