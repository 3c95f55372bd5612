"""A scorer of the user's own: any function `(sample, output)`, sync or async."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.core.hashing import canonical_json
from harness.core.types import (
    Errored,
    Metric,
    NotApplicable,
    Outcome,
    Output,
    Sample,
    Scored,
    ScoreRow,
    Unscored,
)
from harness.scorers.metrics import Table, numeric
from harness.stats import Estimator

Function = Callable[[Sample, Output], Any]


class FunctionScorer:
    """Wraps a function that returns a bool, a number, a mapping of these, None (nothing to say), or an Outcome.

    Its metrics are the means: `<name>.mean`, or `<name>.<key>` for each key; bools have the interval of a proportion. More
    counts as better.
    """

    version = "1"
    best: Mapping[str, float | None] = {}
    noop: Mapping[str, float | None] = {}

    def __init__(self, function: Function, *, name: str, estimator: Estimator) -> None:
        self._function, self.name, self._estimator = function, name, estimator

    async def score(self, sample: Sample, output: Output) -> Outcome:
        """The function's verdict as an Outcome; TypeError, ValueError or OverflowError where it returns another."""
        result = self._function(sample, output)
        if inspect.isawaitable(result):
            result = await result
        if isinstance(result, NotApplicable | Unscored | Errored):
            return result
        if isinstance(result, Scored):
            result = result.value
        if result is None:
            return NotApplicable("the scorer returned None")
        if isinstance(result, bool | int | float):
            result = {"mean": result}
        if not isinstance(result, Mapping):
            raise TypeError(f"returned {type(result).__name__}; return a bool, a number, a mapping, None or an Outcome")
        canonical_json(dict(result))  # raises where the journal could not hold it
        for value in result.values():
            if isinstance(value, int):
                float(value)  # raises where no mean could be taken of it
        return Scored({str(key): value for key, value in result.items()})

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """The mean of each numeric key."""
        table = Table.of(rows)
        keys = dict.fromkeys(
            key
            for _, scored in table.scored
            for key, value in scored.value.items()
            if isinstance(value, bool | int | float)
        )
        if not keys:
            return [table.metric(f"{self.name}.mean", self._estimator.mean([], [], name=self.name))]
        found: list[Metric] = []
        for key in keys:
            part = table.where(numeric(key))
            name = f"{self.name}.{key}"
            column = part.column(key)
            binary = all(isinstance(scored.value[key], bool) for _, scored in part.scored)
            estimate = (
                self._estimator.proportion(column, part.clusters)
                if binary
                else self._estimator.mean(column, part.clusters, name=name)
            )
            found.append(part.metric(name, estimate, fact=(self.name, key)))
        return found
