"""Is the label right: accuracy, macro-F1 and the confusion behind them.

An answer that the target lists as acceptable counts as right, under its own label. A model failure is wrong. A sample
whose target is no label at all is outside: only the cost of the action judges it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.core.taxonomy import Taxonomy
from harness.core.types import Metric, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow
from harness.scorers.metrics import Table, having
from harness.stats import Estimator, macro_f1

Floats = NDArray[np.float64]


class RoutingScorer:
    """Holds the answered label against the target's."""

    name = "routing"
    version = "1"
    best: Mapping[str, float | None] = {"routing.accuracy": 1.0, "routing.macro_f1": 1.0}
    noop: Mapping[str, float | None] = {"routing.accuracy": 0.0, "routing.macro_f1": 0.0}

    def __init__(self, *, taxonomy: Taxonomy, estimator: Estimator) -> None:
        self._labels, self._estimator = taxonomy.ids, estimator

    def score(self, sample: Sample, output: Output) -> Outcome:
        """`correct`, with the label expected and the one given (None: no usable answer)."""
        if sample.target.label is None:
            return NotApplicable("no label is right for this sample")
        if output.label is None and output.failure is None:
            return NotApplicable("the solver gives no label")
        expected = sample.target.gold_for(output.label)
        return Scored({"correct": output.label == expected, "expected": expected, "given": output.label})

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """Accuracy, macro-F1, and precision, recall and F1 of each label."""
        table = Table.of(rows)
        correct = table.column("correct")
        accuracy = self._estimator.proportion(correct, table.clusters)
        detail = f"{sum(map(int, correct))} of {len(correct)}"
        columns = self._confusions(table)
        macro = self._estimator.of_sums(columns, lambda totals: macro_f1(self._square(totals)), table.clusters)
        return [
            table.metric("routing.accuracy", accuracy, detail=detail, fact=(self.name, "correct")),
            table.metric("routing.macro_f1", macro),
            *self._of_labels(table, columns),
        ]

    def _of_labels(self, table: Table, columns: Floats) -> list[Metric]:
        """Precision and recall are proportions of what was given and of what occurs; F1 is a share of both."""
        found: list[Metric] = []
        for index, label in enumerate(self._labels):
            given = table.where(having("given", label))
            gold = table.where(having("expected", label))
            for name, part in (("routing.precision", given), ("routing.recall", gold)):
                hits = part.column("correct")
                estimate = self._estimator.proportion(hits, part.clusters)
                detail = f"{sum(map(int, hits))} of {len(hits)}"
                found.append(part.metric(name, estimate, label=label, detail=detail, headline=False))
            f1 = self._estimator.share(*self._dice(columns, index), table.clusters)
            found.append(gold.metric("routing.f1", f1, label=label, headline=False))
        return found

    def _confusions(self, table: Table) -> Floats:
        """One row a trial: its cell of the confusion matrix, flattened; the last column is "no label of the set"."""
        position = {label: index for index, label in enumerate(self._labels)}
        width = len(self._labels) + 1
        columns = np.zeros((len(table.scored), len(self._labels) * width))
        for row, (_, scored) in enumerate(table.scored):
            given = position.get(scored.value["given"], width - 1)
            columns[row, position[scored.value["expected"]] * width + given] = 1
        return columns

    def _dice(self, columns: Floats, index: int) -> tuple[Floats, Floats]:
        """F1 of a label as a share: twice its hits, of the times it was given and the times it was right."""
        square = self._square(columns)
        return 2 * square[:, index, index], square[:, :, index].sum(axis=1) + square[:, index].sum(axis=1)

    def _square(self, totals: Floats) -> Floats:
        return totals.reshape(len(totals), len(self._labels), len(self._labels) + 1)
