"""One way to every interval: the default method of each kind of number, chosen by the table in this folder's README."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.arrays import Floats, divide
from harness.stats.bootstrap import Statistic, bca_interval, cluster_bootstrap, cluster_sums
from harness.stats.clusters import cluster_t_interval, finite, jackknife_error, korn_graubard
from harness.stats.intervals import clopper_pearson, t_quantile
from harness.stats.paired import Difference, paired_difference
from harness.stats.roc import auroc

_FEW_CLUSTERS = 10  # a bootstrap of fewer has too few different resamples
_NO_SAMPLE = "no sample was scored"
_ONE_CLUSTER = "one cluster has no spread to estimate from"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval at `level`. None is undefined and `reason` says why."""

    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    reason: str | None = None


class Estimator:
    """Makes estimates at one level. Draws are seeded by `seed` and the metric's name, so order changes nothing.

    Every method takes one cluster name a sample, and raises ValueError for a number that is not finite.
    """

    def __init__(self, *, seed: int, level: float = 0.95, resamples: int = 2000) -> None:
        self.seed, self.level, self.resamples = seed, level, resamples

    def proportion(self, hits: ArrayLike, clusters: Sequence[str]) -> Estimate:
        """Share of true values: Clopper–Pearson, with the effective sample size of the clusters where there are any."""
        return self.share(hits, np.ones(len(clusters)), clusters)

    def share(self, part: ArrayLike, whole: ArrayLike, clusters: Sequence[str]) -> Estimate:
        """Sum of `part` over sum of `whole`, where each part lies in [0, whole], e.g. bad claims of all claims."""
        if not len(clusters):
            return self._undefined(_NO_SAMPLE)
        top, bottom = _column(part, clusters), _column(whole, clusters)
        total = float(bottom.sum())
        if total == 0:
            return self._undefined("nothing to divide by")
        value = min(1.0, float(top.sum()) / total)
        if len(set(clusters)) == len(clusters) and (bottom == 1).all() and ((top == 0) | (top == 1)).all():
            low, high = clopper_pearson(float(top.sum()), total, level=self.level)
            return Estimate(value, low, high, self.level, "clopper-pearson")
        if len({name for name, size in zip(clusters, bottom, strict=True) if size}) == 1:
            return Estimate(value, None, None, self.level, "none", _ONE_CLUSTER)
        (low, high), _ = korn_graubard(top, bottom, clusters, level=self.level)
        return Estimate(value, low, high, self.level, "korn-graubard")

    def mean(self, values: ArrayLike, clusters: Sequence[str], *, name: str) -> Estimate:
        """Mean of one number a sample: BCa bootstrap over clusters, Student's t on robust errors for fewer than 10."""
        if not len(clusters):
            return self._undefined(_NO_SAMPLE)
        column = _column(values, clusters)
        sums = cluster_sums(np.column_stack([column, np.ones_like(column)]), clusters)
        value = float(column.mean())
        if len(sums) == 1:
            return Estimate(value, None, None, self.level, "none", _ONE_CLUSTER)
        if np.ptp(column) == 0:
            return Estimate(value, value, value, self.level, "constant")
        if len(sums) < _FEW_CLUSTERS:
            low, high = cluster_t_interval(column, clusters, level=self.level)
            return Estimate(value, low, high, self.level, "cluster-robust t")
        _, left_out = jackknife_error(sums, _quotient)
        draws = cluster_bootstrap(sums, _quotient, rng=self._rng(name), resamples=self.resamples)
        low, high = bca_interval(value, draws, jackknife=left_out, level=self.level, clusters=len(sums))
        method = "bca bootstrap" if len(sums) == len(column) else "bca cluster bootstrap"
        return Estimate(value, min(low, value), max(high, value), self.level, method)

    def of_sums(self, columns: Floats, statistic: Statistic, clusters: Sequence[str]) -> Estimate:
        """A statistic in [0, 1] of column sums, e.g. macro-F1; `columns` is (samples, m). Jackknife over clusters."""
        if not len(clusters):
            return self._undefined(_NO_SAMPLE)
        sums = cluster_sums(columns, clusters)
        value = float(statistic(sums.sum(axis=0, keepdims=True))[0])
        if math.isnan(value):
            return self._undefined("nothing to divide by")
        groups = len(sums)
        if groups == 1:
            return Estimate(value, None, None, self.level, "none", _ONE_CLUSTER)
        error, _ = jackknife_error(sums, statistic)
        if error is None:
            return Estimate(value, None, None, self.level, "none", "undefined without one of its clusters")
        if error == 0 and value in {0.0, 1.0}:
            low, high = clopper_pearson(value * groups, groups, level=self.level)
            return Estimate(value, low, high, self.level, "clopper-pearson over clusters")
        half = t_quantile(self.level, groups - 1) * error
        return Estimate(value, max(0.0, value - half), min(1.0, value + half), self.level, "jackknife")

    def quantile(self, values: ArrayLike, q: float, clusters: Sequence[str]) -> Estimate:
        """The q-quantile of one number a sample (linear interpolation), with Woodruff's interval (1952).

        That is the quantiles at both ends of the interval of the share of values that are at most the estimate.
        """
        if not len(clusters):
            return self._undefined(_NO_SAMPLE)
        column = _column(values, clusters)
        value = float(np.quantile(column, q))
        if len(set(clusters)) == 1:
            return Estimate(value, None, None, self.level, "none", _ONE_CLUSTER)
        below = self.share(column <= value, np.ones_like(column), clusters)
        if below.low is None or below.high is None or below.value is None:
            return Estimate(value, None, None, self.level, "none", below.reason)
        shift = q - below.value
        ends = np.clip([below.low + shift, below.high + shift], 0, 1)
        low, high = np.quantile(column, ends)
        return Estimate(value, min(float(low), value), max(float(high), value), self.level, "woodruff")

    def auroc(self, scores: ArrayLike, positive: Sequence[bool], clusters: Sequence[str]) -> Estimate:
        """How well a score tells two classes apart, with DeLong's interval over clusters; see `auroc`."""
        if not len(clusters):
            return self._undefined(_NO_SAMPLE)
        found = auroc(_column(scores, clusters), positive, clusters, level=self.level)
        if found is None:
            return self._undefined("needs samples of both classes")
        if found.interval is None:
            return Estimate(found.value, None, None, self.level, "none", _ONE_CLUSTER)
        return Estimate(found.value, found.interval.low, found.interval.high, self.level, "delong")

    def difference(
        self, first: ArrayLike, second: ArrayLike, clusters: Sequence[str], *, name: str, span: float | None = None
    ) -> Difference:
        """Second minus first in pairs; see `paired_difference`. `span` is the largest difference there can be."""
        return paired_difference(
            first,
            second,
            clusters,
            rng=self._rng(name),
            level=self.level,
            resamples=max(self.resamples, 10_000),
            span=span,
        )

    def _rng(self, name: str) -> "np.random.Generator":
        digest = hashlib.sha256(f"{self.seed}:{name}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))

    def _undefined(self, reason: str) -> Estimate:
        return Estimate(None, None, None, self.level, "none", reason)


def _column(values: ArrayLike, clusters: Sequence[str]) -> Floats:
    column = finite(values)
    if len(column) != len(clusters):
        raise ValueError(f"need one cluster a sample, got {len(column)} samples and {len(clusters)} clusters")
    return column


def _quotient(totals: Floats) -> Floats:
    return divide(totals[:, 0], totals[:, 1])
