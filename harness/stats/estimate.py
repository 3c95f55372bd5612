"""One way to every interval: Wilson for independent proportions, the seeded cluster bootstrap for all else."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.stats.bootstrap import Statistic, cluster_bootstrap, cluster_sums
from harness.stats.intervals import wilson

Floats = NDArray[np.float64]


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
    """Makes estimates at one level. Draws are seeded by `seed` and the metric's name, so order changes nothing."""

    def __init__(self, *, seed: int, level: float = 0.95, resamples: int = 2000) -> None:
        self.seed, self.level, self.resamples = seed, level, resamples

    def proportion(self, hits: ArrayLike, clusters: Sequence[str], *, name: str) -> Estimate:
        """Share of true values: Wilson where every cluster holds one sample, else as `share`."""
        values = np.asarray(hits, dtype=float)
        if not values.size:
            return self._undefined("no sample was scored")
        groups = len(set(clusters))
        if groups == values.size:
            low, high = wilson(float(values.sum()), values.size, level=self.level)
            return Estimate(float(values.mean()), low, high, self.level, "wilson")
        return self.share(values, np.ones_like(values), clusters, name=name)

    def mean(self, values: ArrayLike, clusters: Sequence[str], *, name: str) -> Estimate:
        """Mean of one number a sample."""
        column = np.asarray(values, dtype=float)
        return self.ratio(column, np.ones_like(column), clusters, name=name)

    def share(self, part: ArrayLike, whole: ArrayLike, clusters: Sequence[str], *, name: str) -> Estimate:
        """Sum of `part` over sum of `whole`, where each part lies in [0, whole], e.g. bad claims of all claims.

        The bootstrap sees no doubt where all or none is bad; there Wilson over the clusters that have any is given.
        """
        top, bottom = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
        if bottom.sum() and top.sum() in {0.0, bottom.sum()}:
            groups = len({name for name, size in zip(clusters, bottom, strict=True) if size})
            value = float(top.sum() / bottom.sum())
            low, high = wilson(value * groups, groups, level=self.level)
            return Estimate(value, low, high, self.level, "wilson over clusters")
        return self.ratio(top, bottom, clusters, name=name)

    def ratio(self, top: ArrayLike, bottom: ArrayLike, clusters: Sequence[str], *, name: str) -> Estimate:
        """Sum of `top` over sum of `bottom`; undefined where the bottom sums to 0."""
        columns = np.column_stack([np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)])
        return self.of_sums(columns, _quotient, clusters, name=name)

    def of_sums(self, columns: Floats, statistic: Statistic, clusters: Sequence[str], *, name: str) -> Estimate:
        """A statistic of column sums; `columns` is (samples, m)."""
        if not len(clusters):
            return self._undefined("no sample was scored")
        sums = cluster_sums(columns, clusters)
        value = float(statistic(sums.sum(axis=0, keepdims=True))[0])
        if np.isnan(value):
            return self._undefined("nothing to divide by")
        if len(sums) == 1:
            return Estimate(value, None, None, self.level, "none", "one cluster has no spread to estimate from")
        draws = cluster_bootstrap(sums, statistic, rng=self._rng(name), resamples=self.resamples)
        return self._percentile(value, draws, method=_method(len(sums), len(columns)))

    def quantile(self, values: ArrayLike, q: float, clusters: Sequence[str], *, name: str) -> Estimate:
        """The q-quantile of one number a sample (linear interpolation); clusters are drawn whole."""
        column = np.asarray(values, dtype=float)
        if not column.size:
            return self._undefined("no sample was scored")
        value = float(np.quantile(column, q))
        groups = _members(clusters)
        if len(groups) == 1:
            return Estimate(value, None, None, self.level, "none", "one cluster has no spread to estimate from")
        rng = self._rng(name)
        draws = np.empty(min(self.resamples, 1000))
        for i in range(len(draws)):
            chosen = rng.integers(0, len(groups), len(groups))
            draws[i] = np.quantile(column[np.concatenate([groups[c] for c in chosen])], q)
        return self._percentile(value, draws, method=_method(len(groups), column.size))

    def _percentile(self, value: float, draws: Floats, *, method: str) -> Estimate:
        tail = (1 - self.level) / 2
        defined = draws[~np.isnan(draws)]
        low, high = np.quantile(defined, [tail, 1 - tail])
        return Estimate(value, float(low), float(high), self.level, method)

    def _rng(self, name: str) -> np.random.Generator:
        digest = hashlib.sha256(f"{self.seed}:{name}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))

    def _undefined(self, reason: str) -> Estimate:
        return Estimate(None, None, None, self.level, "none", reason)


def _method(clusters: int, rows: int) -> str:
    return "cluster bootstrap" if clusters < rows else "bootstrap"


def _quotient(totals: Floats) -> Floats:
    top, bottom = totals[:, 0], totals[:, 1]
    quotient: Floats = np.divide(top, bottom, out=np.full(len(totals), np.nan), where=bottom != 0)
    return quotient


def _members(clusters: Sequence[str]) -> list[NDArray[np.intp]]:
    """Row numbers of each cluster, in order of first appearance."""
    position: dict[str, list[int]] = {}
    for row, name in enumerate(clusters):
        position.setdefault(name, []).append(row)
    return [np.array(rows, dtype=np.intp) for rows in position.values()]
