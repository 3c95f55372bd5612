"""What a report shows beside the metrics, typed, and computed in one pass over the journal.

Memory is bounded by labels, slices and the trials asked for, not by the journal's length.
"""

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Generic, TypeVar

import numpy as np

from harness.core.taxonomy import Taxonomy
from harness.core.types import Metric
from harness.evaluation import Run
from harness.reporting.trials import Row, Trial, finite, mapping, read_trial, sequence
from harness.stats import clopper_pearson

T = TypeVar("T")

_MAX_CLASSES = 200
OTHER = "(other)"
"""Stands for classes of errors beyond the first 200."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of (expected, given). Rows and columns are `labels`, then one more.

    The row beyond the labels is "no label fits", the column beyond them "no answer". Labels stand in the taxonomy's
    order, then those it doesn't know by name.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def total(self) -> int:
        """Trials counted."""
        return sum(map(sum, self.counts))

    def support(self, label: str) -> int:
        """Trials in which `label` was expected; 0 for a label that isn't in it."""
        return sum(self.counts[self.labels.index(label)]) if label in self.labels else 0


@dataclass(frozen=True, slots=True)
class Bin:
    """Confidences in (low, high], the first also 0; `confidence` and `accuracy` are means, None where n is 0."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """Confidence against accuracy in bins of equal width."""

    bins: tuple[Bin, ...]

    @property
    def n(self) -> int:
        """Trials with a confidence."""
        return sum(b.n for b in self.bins)


@dataclass(frozen=True, slots=True)
class LabelRow:
    """The metrics of one label by name; `n` is how often it was expected."""

    label: str
    title: str
    high_risk: bool
    n: int
    metrics: Mapping[str, Metric]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong answer and what it cost; `labelled` false where it is about no label, so that the two say nothing."""

    sample_id: str
    trial: int
    labelled: bool
    expected: str | None
    given: str | None
    action: str | None
    cost: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Errors:
    """Counts, most frequent first: infrastructure errors by class, unscored by reason, model failures by kind."""

    errored: tuple[tuple[str, int], ...]
    unscored: tuple[tuple[str, int], ...]
    failures: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Trials that share a slice tag, a difficulty, a language or a length.

    `accuracy` is over the `n_judged` trials that are known to be right or wrong, `cost` the mean of those with a cost.
    """

    group: str
    name: str
    n: int
    n_judged: int
    accuracy: float | None
    low: float | None
    high: float | None
    cost: float | None


@dataclass(frozen=True, slots=True)
class Analyses:
    """All of it. `samples` are the rows that most deserve a look, costliest mistake first; `left_out` counts the rest."""

    confusion: Confusion | None
    reliability: Reliability | None
    labels: tuple[LabelRow, ...]
    mistakes: tuple[Mistake, ...]
    n_mistakes: int
    errors: Errors
    slices: tuple[Slice, ...]
    samples: tuple[Row, ...]
    left_out: int


def analyse(run: Run, *, taxonomy: Taxonomy | None, mistakes: int = 5, samples: int = 0) -> Analyses:
    """Read the journal once. Keeps the `mistakes` costliest mistakes and the `samples` rows most worth a look."""
    pass_ = _Pass(top=_Top(mistakes), kept=_Top(samples), edges=tuple(np.linspace(0, 1, bin_count(run) + 1).tolist()))
    for row in run.rows():
        pass_.add(row)
    confusion = pass_.confusion(taxonomy)
    trials = max(1, int(finite(run.info.get("trials")) or 1))
    level = run.metrics[0].level if run.metrics else 0.95
    return Analyses(
        confusion=confusion,
        reliability=pass_.reliability(),
        labels=label_rows(run.metrics, taxonomy=taxonomy, confusion=confusion),
        mistakes=tuple(_mistake(trial) for trial in pass_.top.items),
        n_mistakes=pass_.n_mistakes,
        errors=Errors(_ranked(pass_.errored), _ranked(pass_.unscored), _ranked(pass_.failures)),
        slices=pass_.slices(trials=trials, level=level),
        samples=tuple(pass_.kept.items),
        left_out=pass_.n - len(pass_.kept.items),
    )


def bin_count(run: Run) -> int:
    """Bins of the calibration metric: as its detail tells, else as the manifest's suite does, else 10."""
    for metric in run.metrics:
        found = re.search(r"\b([1-9]\d{0,3}) bins\b", metric.detail) if metric.name == "calibration.ece" else None
        if found:
            return int(found[1])
    for entry in sequence(mapping(run.manifest.get("suite")).get("scorers")):
        bins = finite(mapping(mapping(entry).get("calibration")).get("bins"))
        if bins and 1 <= bins <= 9999:
            return int(bins)
    return 10


def label_rows(
    metrics: Sequence[Metric], *, taxonomy: Taxonomy | None, confusion: Confusion | None
) -> tuple[LabelRow, ...]:
    """Metrics of single labels, in the taxonomy's order and then in the metrics' own."""
    by_label: dict[str, dict[str, Metric]] = {label: {} for label in (taxonomy.ids if taxonomy else ())}
    for metric in metrics:
        if metric.label is not None:
            by_label.setdefault(metric.label, {})[metric.name] = metric
    known = taxonomy.by_id if taxonomy else {}
    return tuple(
        LabelRow(
            label=label,
            title=known[label].title if label in known else label,
            high_risk=label in known and known[label].high_risk,
            n=confusion.support(label) if confusion else max(metric.n_scored for metric in named.values()),
            metrics=named,
        )
        for label, named in by_label.items()
        if named
    )


@dataclass(slots=True)
class _Top(Generic[T]):
    """The `limit` items of lowest rank."""

    limit: int
    _kept: list[tuple[tuple[int, float, str, int], T]] = field(default_factory=list)

    def add(self, rank: tuple[int, float, str, int], item: T) -> None:
        if len(self._kept) >= self.limit and (not self._kept or rank >= self._kept[-1][0]):
            return
        insort(self._kept, (rank, item), key=itemgetter(0))
        del self._kept[self.limit :]

    @property
    def items(self) -> list[T]:
        return [item for _, item in self._kept]


@dataclass(slots=True)
class _Sums:
    n: int = 0
    judged: int = 0
    hits: int = 0
    costed: int = 0
    cost: float = 0.0

    def add(self, trial: Trial) -> None:
        self.n += 1
        if trial.correct is not None:
            self.judged += 1
            self.hits += trial.correct
        if trial.cost is not None:
            self.costed += 1
            self.cost += trial.cost


@dataclass(slots=True)
class _Pass:
    """Running counts of one pass."""

    top: _Top[Trial]
    kept: _Top[Row]
    edges: tuple[float, ...]
    n: int = 0
    n_mistakes: int = 0
    pairs: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    bins: dict[int, list[float]] = field(default_factory=dict)
    errored: Counter[str] = field(default_factory=Counter)
    unscored: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    sums: dict[tuple[str, str], _Sums] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        trial = read_trial(row)
        self.n += 1
        self.kept.add(trial.rank, row)
        if trial.mistake:
            self.n_mistakes += 1
            self.top.add(trial.rank, trial)
        if trial.judged:
            self.pairs[trial.expected, trial.given] += 1
        if trial.problem is not None:
            _count(self.errored if trial.outcome == "errored" else self.unscored, trial.problem)
        if trial.failure is not None:
            _count(self.failures, trial.failure)
        self._bin(trial)
        for key in trial.groups:
            self.sums.setdefault(key, _Sums()).add(trial)

    def _bin(self, trial: Trial) -> None:
        if trial.confidence is None or trial.confident_correct is None:
            return
        cell = self.bins.setdefault(max(0, bisect_left(self.edges, trial.confidence) - 1), [0, 0.0, 0])
        cell[0] += 1
        cell[1] += trial.confidence
        cell[2] += trial.confident_correct

    def confusion(self, taxonomy: Taxonomy | None) -> Confusion | None:
        if not self.pairs:
            return None
        known = taxonomy.ids if taxonomy else ()
        seen = {label for pair in self.pairs for label in pair if label is not None}
        labels = (*known, *sorted(seen - set(known)))
        axis: tuple[str | None, ...] = (*labels, None)
        return Confusion(labels, tuple(tuple(self.pairs[row, column] for column in axis) for row in axis))

    def reliability(self) -> Reliability | None:
        if not self.bins:
            return None
        bins = []
        for index in range(len(self.edges) - 1):
            n, confidence, hits = self.bins.get(index, (0, 0.0, 0))
            means = (confidence / n, hits / n) if n else (None, None)
            bins.append(Bin(self.edges[index], self.edges[index + 1], int(n), *means))
        return Reliability(tuple(bins))

    def slices(self, *, trials: int, level: float) -> tuple[Slice, ...]:
        """Worst first, by the upper end of the interval: three bad tickets don't lead by chance."""
        found = [
            _slice(group, name, sums, trials=trials, level=level)
            for (group, name), sums in self.sums.items()
            if sums.n < self.n or group == "slice"
        ]
        return tuple(sorted(found, key=lambda s: (2.0 if s.high is None else s.high, -(s.cost or 0), s.group, s.name)))


def _slice(group: str, name: str, sums: _Sums, *, trials: int, level: float) -> Slice:
    """Clopper-Pearson over samples, not trials: repetitions of a sample are taken to tell nothing new."""
    accuracy = low = high = None
    if sums.judged:
        accuracy = sums.hits / sums.judged
        samples = max(1.0, sums.judged / trials)
        low, high = clopper_pearson(accuracy * samples, samples, level=level)
    cost = sums.cost / sums.costed if sums.costed else None
    return Slice(group, name, sums.n, sums.judged, accuracy, low, high, cost)


def _mistake(trial: Trial) -> Mistake:
    return Mistake(
        sample_id=trial.sample_id,
        trial=trial.trial,
        labelled=trial.labelled,
        expected=trial.expected,
        given=trial.given,
        action=trial.action,
        cost=trial.cost,
        why=trial.why,
    )


def _count(counter: Counter[str], name: str) -> None:
    counter[name if name in counter or len(counter) < _MAX_CLASSES else OTHER] += 1


def _ranked(counter: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counter.items(), key=lambda pair: (-pair[1], pair[0])))
