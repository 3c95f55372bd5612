"""Two runs over the same samples, compared in pairs: B minus A for each metric, and what that decides.

One metric, named beforehand, decides; the others stand beside it as they are. A sample's trials are averaged first: its
trial 0 in A has nothing to do with its trial 0 in B.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any, Literal

from harness.core.errors import Exit, worst_exit
from harness.core.version import SCHEMA_VERSION
from harness.evaluation.gates import largest_difference
from harness.evaluation.recorded import RecordedMetric, RecordedTrial
from harness.stats import Difference, Estimator, clopper_pearson, mcnemar, minimum_detectable_effect, sample_size

Winner = Literal["a", "b"]
Outcome = Literal["a_better", "b_better", "not_shown", "same", "no_interval", "no_pairs"]
Claim = Literal["shown", "refuted", "not_shown"]
Requirement = Literal["better", "not-worse"]

POWER = 0.8
_MANY = 10_000
"""Clusters from which Student's t is the normal distribution."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs. `name` tells it from the other, "" where nothing does; coverage as in metrics.json."""

    path: Path
    name: str
    run_id: str
    coverage: float | None
    coverage_floor: float
    simulated: bool = False

    @property
    def covered(self) -> bool:
        """Whether its coverage reaches its floor."""
        return self.coverage is None or self.coverage >= self.coverage_floor


@dataclass(frozen=True, slots=True)
class Flip:
    """A sample that one side gets right and the other wrong, and what they answered."""

    sample_id: str
    a: str
    b: str
    expected: str


@dataclass(frozen=True, slots=True)
class Flips:
    """Samples by who is right; with several trials, in more than half of them.

    `p` is McNemar's exact test, which knows of no clusters; None where there are several trials a sample.
    """

    fixed: tuple[Flip, ...]
    broken: tuple[Flip, ...]
    both_right: int
    both_wrong: int
    p: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric on both sides; `a` and `b` are means over the pairs, and the difference is B minus A.

    `left_out` counts the samples that are no pair, by why. `tie_bound` is set where no pair differs: the difference is
    within ± that much, as far as so many clusters without one can tell. `n_needed` is how many samples would show the
    difference that was seen, `detectable` the one that these samples show, both at 80 % power.
    """

    name: str
    unit: str
    lower_is_better: bool
    a: float | None
    b: float | None
    difference: Difference
    left_out: Mapping[str, int]
    flips: Flips | None = None
    tie_bound: float | None = None
    n_needed: int | None = None
    detectable: float | None = None

    @property
    def winner(self) -> Winner | None:
        """Who is better, where the interval leaves out 0."""
        low, high = self.difference.low, self.difference.high
        if low is None or high is None or low <= 0 <= high:
            return None
        return "b" if (low > 0) != self.lower_is_better else "a"

    @property
    def outcome(self) -> Outcome:
        """What the difference comes to."""
        if self.winner is not None:
            return "b_better" if self.winner == "b" else "a_better"
        if self.difference.value is None:
            return "no_pairs"
        if self.difference.low is not None:
            return "not_shown"
        return "no_interval" if self.difference.n_differ or self.difference.n_clusters < 2 else "same"

    @property
    def gain(self) -> tuple[float, float] | None:
        """By how much B is better than A at least and at most; None without an interval."""
        low, high = self.difference.low, self.difference.high
        if low is None or high is None:
            return None if self.tie_bound is None else (-self.tie_bound, self.tie_bound)
        return (-high, -low) if self.lower_is_better else (low, high)

    def not_worse(self, margin: float) -> Claim:
        """Whether B is not worse than A by more than `margin`: all of the interval must lie above -margin."""
        if self.gain is None:
            return "not_shown"
        low, high = self.gain
        return "shown" if low > -margin else "refuted" if high < -margin else "not_shown"

    def equivalent(self, margin: float) -> Claim:
        """Whether B and A are within ±`margin` of each other: all of the interval must be."""
        if self.gain is None:
            return "not_shown"
        low, high = self.gain
        if -margin < low and high < margin:
            return "shown"
        return "refuted" if high < -margin or low > margin else "not_shown"


@dataclass(frozen=True)
class Comparison:
    """Two runs compared. `metrics` in the order of the runs, `decision` the name of the one that decides.

    `others` are metrics that are no means over samples: name -> (unit, A, B). `differs` names what the runs were not
    made from alike, such as the prompt. `word` is what a sample is called.
    """

    a: Side
    b: Side
    metrics: tuple[Compared, ...]
    others: Mapping[str, tuple[str, float | None, float | None]]
    decision: str
    margin: float | None
    n_samples: int
    trials: int
    word: str
    differs: tuple[str, ...]

    @property
    def decided(self) -> Compared:
        """The metric that decides."""
        return next(metric for metric in self.metrics if metric.name == self.decision)

    def exit_code(self, require: Requirement | None) -> Exit:
        """What it amounts to: a gate where something is required of B, else whether there was anything to compare."""
        codes = set() if self.a.covered and self.b.covered else {Exit.COVERAGE}
        decided = self.decided
        if require == "better":
            told = {"b": Exit.OK, "a": Exit.FINDINGS, None: Exit.INCONCLUSIVE}[decided.winner]
        elif require == "not-worse":
            claim = decided.not_worse(self.margin or 0.0)
            told = {"shown": Exit.OK, "refuted": Exit.FINDINGS, "not_shown": Exit.INCONCLUSIVE}[claim]
        else:
            told = Exit.INCONCLUSIVE if decided.outcome == "no_pairs" else Exit.OK
        return worst_exit(codes | {told})

    def to_json(self) -> dict[str, Any]:
        """The content of comparison.json, but for the verdict in words."""
        decided = self.decided
        margin = None
        if self.margin is not None:
            margin = {
                "margin": self.margin,
                "not_worse": decided.not_worse(self.margin),
                "equivalent": decided.equivalent(self.margin),
            }
        return {
            "schema_version": SCHEMA_VERSION,
            "decision": {"metric": decided.name, "outcome": decided.outcome, "margin": margin},
            "a": _side(self.a),
            "b": _side(self.b),
            "n_samples": self.n_samples,
            "trials": self.trials,
            "differs": list(self.differs),
            "metrics": {metric.name: _compared(metric) for metric in self.metrics},
            "others": {name: {"unit": unit, "a": a, "b": b} for name, (unit, a, b) in self.others.items()},
        }


def _side(side: Side) -> dict[str, Any]:
    return asdict(side) | {"path": str(side.path)}


def _compared(metric: Compared) -> dict[str, Any]:
    value = asdict(metric)
    del value["name"]
    return value


def compare_metric(
    metric: RecordedMetric,
    first: Sequence[RecordedTrial],
    second: Sequence[RecordedTrial],
    *,
    estimator: Estimator,
) -> Compared:
    """One metric over the samples of which both sides have a figure; both sides have the same samples and trials.

    With K trials a sample the interval allows for one more cluster that differs by one trial, 1/K of the largest
    difference: by all of it, means over trials would need several times the samples to show what the test shows.
    """
    fact = metric.fact
    assert fact is not None
    a, b = _by_sample(first), _by_sample(second)
    means = {id: (_mean(a[id], fact), _mean(b[id], fact)) for id in a}
    pairs = {id: (x, y) for id, (x, y) in means.items() if x is not None and y is not None}
    before, after = [x for x, _ in pairs.values()], [y for _, y in pairs.values()]
    clusters = [a[id][0].cluster for id in pairs]
    values = [float(trial.facts[fact]) for trial in (*first, *second) if fact in trial.facts]
    span = largest_difference(values, unit=metric.unit)
    least = None if span is None else span / max((len(a[id]) for id in pairs), default=1)
    difference = estimator.difference(before, after, clusters, name=metric.name, span=least)
    needed, detectable = _planned(difference, span=span)
    return Compared(
        name=metric.name,
        unit=metric.unit,
        lower_is_better=metric.lower_is_better,
        a=math.fsum(before) / len(before) if before else None,
        b=math.fsum(after) / len(after) if after else None,
        difference=difference,
        left_out=_left_out({id: (a[id], b[id]) for id in a if id not in pairs}, fact),
        flips=None if metric.lower_is_better else _flips({id: (a[id], b[id]) for id in pairs}, fact),
        tie_bound=_tie_bound(difference, span=span if span is not None else max(values) - min(values))
        if values
        else None,
        n_needed=needed,
        detectable=detectable,
    )


Trials = Sequence[RecordedTrial]


def _by_sample(trials: Trials) -> dict[str, list[RecordedTrial]]:
    found: dict[str, list[RecordedTrial]] = {}
    for trial in trials:
        found.setdefault(trial.sample_id, []).append(trial)
    return found


def _mean(trials: Trials, fact: str) -> float | None:
    figures = [float(trial.facts[fact]) for trial in trials if fact in trial.facts]
    return math.fsum(figures) / len(figures) if figures else None


def _left_out(unpaired: Mapping[str, tuple[Trials, Trials]], fact: str) -> dict[str, int]:
    """How many samples are no pair, by why: `errored in A`; plain `not applicable` where both sides say the same."""
    why: Counter[str] = Counter()
    for sides in unpaired.values():
        words = [next((t.missing[fact] for t in side if fact in t.missing), None) for side in sides]
        gone = [all(fact in t.missing for t in side) for side in sides]
        if all(gone) and words[0] == words[1]:
            why[f"{words[0]} in both" if words[0] == "errored" else str(words[0])] += 1
        else:
            why[" and ".join(f"{word} in {name}" for name, word, no in zip("AB", words, gone, strict=True) if no)] += 1
    return dict(why)


def _flips(pairs: Mapping[str, tuple[Trials, Trials]], fact: str) -> Flips | None:
    """Who is right where; None where the fact is not right or wrong."""
    if not pairs or not all(
        isinstance(t.facts.get(fact, True), bool) for sides in pairs.values() for side in sides for t in side
    ):
        return None
    cells: dict[tuple[bool, bool], list[Flip]] = {(x, y): [] for x in (True, False) for y in (True, False)}
    for id, (a, b) in pairs.items():
        right = [(_mean(side, fact) or 0.0) > 0.5 for side in (a, b)]
        cells[right[0], right[1]].append(Flip(id, _answers(a), _answers(b), a[0].expected))
    fixed, broken = cells[False, True], cells[True, False]
    alone = all(len(side) == 1 for sides in pairs.values() for side in sides)
    p = mcnemar(len(broken), len(fixed)).exact if alone else None
    return Flips(tuple(fixed), tuple(broken), len(cells[True, True]), len(cells[False, False]), p)


def _answers(trials: Trials) -> str:
    return ", ".join(dict.fromkeys(trial.answer for trial in trials))


def _tie_bound(difference: Difference, *, span: float) -> float | None:
    """Where no pair differs: the share of clusters that could, by Clopper–Pearson, times the largest difference seen.

    At most that much, as in the rule of three; None where values that never vary tell of no scale, or in one cluster.
    """
    if difference.value is None or difference.n_differ or difference.n_clusters < 2 or span <= 0:
        return None
    return clopper_pearson(0, difference.n_clusters, level=difference.level).high * span


def _planned(difference: Difference, *, span: float | None) -> tuple[int | None, float | None]:
    """Samples that would show the difference, and the difference that these show; clusters are what is counted."""
    error, groups, n = difference.standard_error, difference.n_clusters, difference.n
    if not error or groups < 2 or difference.value is None or difference.low is None:
        return None, None
    variance = error**2 * groups
    detectable = minimum_detectable_effect(
        groups,
        variance=variance,
        power_wanted=POWER,
        level=difference.level,
        largest=math.inf if span is None else span,
    )
    if not difference.value:
        return None, detectable
    normal = NormalDist()
    reach = normal.inv_cdf(0.5 + difference.level / 2) + normal.inv_cdf(POWER)
    wanted = reach**2 * variance / difference.value**2
    if wanted < _MANY:
        wanted = sample_size(difference.value, variance=variance, power_wanted=POWER, level=difference.level)
    needed = math.ceil(wanted * n / groups)
    return (needed if needed > n else None), detectable
