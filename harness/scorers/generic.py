"""Scorers for any solver: exact match, regular expression, JSON Schema.

The answer is `output.value`, or the label where the solver gives no value; the expected one is `target.value`, or the
target's label. A model failure fails all of them.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.core.types import Metric, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow
from harness.scorers.metrics import Table
from harness.stats import Estimator

Judge = Callable[[Any, Any], bool]
"""(answer, expected) -> passed."""


class PassScorer:
    """A scorer that passes or fails an answer; its metric is the share that pass."""

    version = "1"

    def __init__(self, *, name: str, judge: Judge, needs_expected: bool, estimator: Estimator) -> None:
        self.name, self._judge, self._needs_expected, self._estimator = name, judge, needs_expected, estimator
        self.best: Mapping[str, float | None] = {f"{name}.pass_rate": 1.0} if needs_expected else {}
        self.noop: Mapping[str, float | None] = {f"{name}.pass_rate": 0.0} if needs_expected else {}

    def score(self, sample: Sample, output: Output) -> Outcome:
        """`passed`; not applicable where an expected answer is needed and the sample has none."""
        expected = sample.target.value if sample.target.value is not None else sample.target.label
        if self._needs_expected and expected is None:
            return NotApplicable("the sample has no expected value")
        if output.failure is not None:
            return Scored({"passed": False})
        answer = output.value if output.value is not None else output.label
        return Scored({"passed": bool(self._judge(answer, expected))})

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """The share that pass."""
        table = Table.of(rows)
        passed = table.column("passed")
        estimate = self._estimator.proportion(passed, table.clusters)
        detail = f"{int(sum(passed))} of {len(passed)}"
        return [table.metric(f"{self.name}.pass_rate", estimate, detail=detail, fact=(self.name, "passed"))]


def exact(answer: Any, expected: Any) -> bool:
    """Equal as JSON values; texts are compared without surrounding space."""
    if isinstance(answer, str) and isinstance(expected, str):
        return answer.strip() == expected.strip()
    return bool(answer == expected)


def regex_judge(pattern: re.Pattern[str]) -> Judge:
    """Passes where the pattern is found in the answer (as JSON text where it isn't a string)."""
    return lambda answer, _: pattern.search(as_text(answer)) is not None


def schema_judge(schema: Mapping[str, Any]) -> Judge:
    """Passes where the answer, parsed if it is JSON text, is valid under `schema`."""
    from jsonschema.validators import validator_for

    validator = validator_for(schema)(schema)
    return lambda answer, _: validator.is_valid(_parsed(answer))


def as_text(answer: Any) -> str:
    """A string as it is, anything else as JSON."""
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def _parsed(answer: Any) -> Any:
    if not isinstance(answer, str):
        return answer
    try:
        return json.loads(answer)
    except ValueError:
        return answer
