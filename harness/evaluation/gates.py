"""Gates: conditions on a metric's interval. Three-valued unless `.value`, `.low` or `.high` is named.

`routing.accuracy >= 0.75` passes if the whole interval does, fails if none of it does, and is inconclusive else.
`routing.accuracy > baseline:keyword` compares in pairs on the same trials: the interval of the difference against 0.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness.core.types import Metric
from harness.stats import Estimator

Verdict = Literal["pass", "fail", "inconclusive"]

_GATE = re.compile(
    r"^\s*(?P<metric>[A-Za-z][\w.\-:]*?)(?:\.(?P<part>value|low|high))?\s*(?P<op>>=|<=|>|<)\s*"
    r"(?:baseline:(?P<baseline>[\w\-]+)|(?P<bound>[-+]?\d+(?:\.\d+)?))\s*$"
)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True, slots=True)
class Gate:
    """A parsed gate: `metric[.part] op bound`, or `metric op baseline:name`."""

    text: str
    metric: str
    part: Literal["value", "low", "high"] | None
    op: str
    bound: float | None
    baseline: str | None


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate's verdict, with the reason in words and the figures it rests on."""

    gate: str
    verdict: Verdict
    reason: str
    value: float | None = None
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands in metrics.json."""
        return asdict(self)


def parse_gate(text: str) -> Gate:
    """A gate from its text; ValueError with an example where it is not one."""
    match = _GATE.match(text)
    if not match:
        raise ValueError(f"{text!r} is not a gate, e.g. `routing.accuracy >= 0.75` or `… > baseline:keyword`")
    if match["baseline"] and match["part"]:
        raise ValueError(f"{text!r}: a comparison with a baseline is of the metric, not of its {match['part']!r}")
    part: Any = match["part"]
    bound = None if match["bound"] is None else float(match["bound"])
    return Gate(text.strip(), match["metric"], part, match["op"], bound, match["baseline"])


def judge(
    gate: Gate, metrics: Mapping[str, Metric], *, baselines: Mapping[str, Mapping[str, Metric]], estimator: Estimator
) -> GateResult:
    """The verdict of one gate. A metric that is missing or undefined makes it inconclusive."""
    metric = metrics.get(gate.metric)
    if metric is None:
        known = ", ".join(sorted(metrics)[:12])
        return GateResult(gate.text, "inconclusive", f"no metric {gate.metric!r} in this run; it has {known}")
    if metric.value is None:
        return GateResult(gate.text, "inconclusive", f"undefined: {metric.reason}")
    if gate.baseline is not None:
        return _against_baseline(gate, metric, baselines[gate.baseline].get(gate.metric), estimator)
    assert gate.bound is not None
    if gate.part:
        return _two_valued(gate, metric, gate.bound)
    if metric.low is None or metric.high is None:
        return GateResult(gate.text, "inconclusive", f"no interval: {metric.reason}", metric.value)
    return _three_valued(gate, metric.value, metric.low, metric.high, bound=gate.bound, n=metric.n_scored)


def _two_valued(gate: Gate, metric: Metric, bound: float) -> GateResult:
    figure = getattr(metric, gate.part or "value")
    if figure is None:
        return GateResult(gate.text, "inconclusive", f"no interval: {metric.reason}", metric.value)
    passed = _COMPARE[gate.op](figure, bound)
    return GateResult(
        gate.text, "pass" if passed else "fail", f"{gate.part} {figure:.4g}", metric.value, metric.low, metric.high
    )


def _three_valued(gate: Gate, value: float, low: float, high: float, *, bound: float, n: int) -> GateResult:
    compare = _COMPARE[gate.op]
    ends = {compare(low, bound), compare(high, bound)}
    interval = f"{low:.4g} – {high:.4g}"
    if ends == {True}:
        return GateResult(gate.text, "pass", f"all of {interval} meets it", value, low, high)
    if ends == {False}:
        return GateResult(gate.text, "fail", f"none of {interval} meets it", value, low, high)
    return GateResult(gate.text, "inconclusive", f"{interval}: {n} trials are too few to tell", value, low, high)


def largest_difference(values: Sequence[float], *, unit: str) -> float | None:
    """1 where a metric is a share, a mean of numbers in [0, 1] without a unit; None where no limit is known."""
    return 1.0 if not unit and all(0 <= value <= 1 for value in values) else None


def _against_baseline(gate: Gate, metric: Metric, other: Metric | None, estimator: Estimator) -> GateResult:
    """The paired difference, metric minus baseline, over the trials that both have a number for."""
    if other is None:
        return GateResult(gate.text, "inconclusive", f"baseline {gate.baseline!r} has no {gate.metric}", metric.value)
    if metric.values is None or other.values is None:
        return GateResult(gate.text, "inconclusive", f"{gate.metric} is no mean over trials, so it has no pairs")
    theirs = dict(zip(other.keys, other.values, strict=True))
    pairs = [
        (theirs[key], mine, cluster)
        for key, mine, cluster in zip(metric.keys, metric.values, metric.clusters, strict=True)
        if key in theirs
    ]
    before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    clusters = [cluster for _, _, cluster in pairs]
    span = largest_difference([*before, *after], unit=metric.unit)
    estimate = estimator.difference(before, after, clusters, name=gate.text, span=span)
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return GateResult(
            gate.text, "inconclusive", f"no interval of the difference: {estimate.reason}", estimate.value
        )
    result = _three_valued(gate, estimate.value, estimate.low, estimate.high, bound=0.0, n=len(pairs))
    reason = f"{estimate.value:+.3g} ({estimate.low:+.3g} – {estimate.high:+.3g}), {len(pairs)} pairs"
    return GateResult(gate.text, result.verdict, reason, estimate.value, estimate.low, estimate.high)
