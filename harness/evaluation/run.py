"""A finished run: its folder, manifest, metrics and gates, and the exit code they amount to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import Exit, worst_exit
from harness.core.taxonomy import Taxonomy
from harness.core.types import Metric
from harness.core.version import SCHEMA_VERSION
from harness.evaluation.gates import GateResult
from harness.evaluation.journal import read_journal


@dataclass(frozen=True)
class Run:
    """One execution of a suite, as written to `path`."""

    path: Path
    manifest: Mapping[str, Any]
    metrics: Sequence[Metric]
    baselines: Mapping[str, Sequence[Metric]]
    gates: Sequence[GateResult]
    info: Mapping[str, Any]
    taxonomy: Taxonomy | None = None

    def __getitem__(self, name: str) -> Metric:
        """The metric of that name, e.g. `run["routing.accuracy"]`; KeyError where the run has none."""
        for metric in self.metrics:
            if metric.name == name and metric.label is None:
                return metric
        raise KeyError(name)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The journal's lines, one a trial."""
        return read_journal(self.path / "samples.jsonl")

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.path / "report.html"

    @property
    def exit_code(self) -> Exit:
        """What the run amounts to; see Exit for the numbers and their order."""
        verdicts = {gate.verdict for gate in self.gates}
        codes: set[Exit] = set()
        if self.info["interrupted"]:
            codes.add(Exit.INTERRUPTED)
        if self.info["coverage"] is not None and self.info["coverage"] < self.info["coverage_floor"]:
            codes.add(Exit.COVERAGE)
        if "fail" in verdicts:
            codes.add(Exit.FINDINGS)
        if "inconclusive" in verdicts:
            codes.add(Exit.INCONCLUSIVE)
        return worst_exit(codes)

    def to_json(self) -> dict[str, Any]:
        """The content of metrics.json."""
        return {
            "schema_version": SCHEMA_VERSION,
            "metrics": {m.name: m.to_json() for m in self.metrics if m.label is None},
            "labels": metrics_by_label(self.metrics),
            "baselines": {name: {m.name: m.to_json() for m in ms} for name, ms in self.baselines.items()},
            "gates": [gate.to_json() for gate in self.gates],
            "run": dict(self.info),
        }


def metrics_by_label(metrics: Sequence[Metric]) -> dict[str, dict[str, Any]]:
    """Metrics of single labels: {label: {metric name: figures}}."""
    labels: dict[str, dict[str, Any]] = {}
    for metric in metrics:
        if metric.label is not None:
            labels.setdefault(metric.label, {})[metric.name] = metric.to_json()
    return labels
