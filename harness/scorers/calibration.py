"""Is the model as sure as it is right: expected calibration error of the answered label's probability."""

from collections.abc import Mapping, Sequence

import numpy as np

from harness.core.types import Metric, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow, Unscored
from harness.scorers.metrics import Table
from harness.stats import Estimator, ece_from_bins, equal_width_bins


class CalibrationScorer:
    """Keeps confidence and correctness of each answer."""

    name = "calibration"
    version = "1"
    best: Mapping[str, float | None] = {"calibration.ece": 0.0}
    noop: Mapping[str, float | None] = {"calibration.ece": None}

    def __init__(self, *, estimator: Estimator, bins: int = 10) -> None:
        self._estimator, self._bins = estimator, bins

    def score(self, sample: Sample, output: Output) -> Outcome:
        """`confidence` (the probability given to the answered label) and `correct`."""
        if sample.target.label is None:
            return NotApplicable("no label is right for this sample")
        if output.failure is not None:
            return Unscored(f"the answer failed ({output.failure.kind}) and has no confidence")
        if output.probabilities is None or output.label is None:
            return NotApplicable("the solver gives no probabilities")
        confidence = output.probabilities.get(output.label, 0.0)
        correct = output.label == sample.target.gold_for(output.label)
        return Scored({"confidence": float(confidence), "correct": correct})

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """ECE over equal-width bins, empty ones skipped."""
        table = Table.of(rows)
        confidence = np.array(table.column("confidence"), dtype=float)
        correct = np.array(table.column("correct"), dtype=float)
        columns = equal_width_bins(confidence, correct, bins=self._bins)
        ece = self._estimator.of_sums(columns, ece_from_bins, table.clusters)
        return [table.metric("calibration.ece", ece, detail=f"{self._bins} bins", lower_is_better=True)]
