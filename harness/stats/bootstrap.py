"""The cluster bootstrap over sums: whole clusters are drawn, and a statistic is computed from the drawn totals.

Any mean, ratio, F1 or ECE is a function of sums over samples, so one matrix product serves all resamples at once.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From totals of shape (r, m) to r values; NaN where a resample leaves it undefined."""

_CHUNK_CELLS = 8_000_000


def cluster_sums(columns: Floats, clusters: Sequence[str]) -> Floats:
    """Sum the rows of `columns` (n, m) by cluster: (number of clusters, m), in order of first appearance."""
    position: dict[str, int] = {}
    index = np.array([position.setdefault(name, len(position)) for name in clusters], dtype=np.intp)
    sums = np.zeros((len(position), columns.shape[1]))
    np.add.at(sums, index, columns)
    return sums


def cluster_bootstrap(sums: Floats, statistic: Statistic, *, rng: np.random.Generator, resamples: int = 2000) -> Floats:
    """`resamples` values of `statistic` over clusters drawn with replacement (Davison & Hinkley 1997, §3.8).

    `sums` is (clusters, m). Undefined resamples are NaN. Memory is bounded by chunks of resamples.
    """
    count = sums.shape[0]
    step = max(1, _CHUNK_CELLS // count)
    values = np.empty(resamples)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        draws = rng.integers(0, count, size=(size, count))
        draws += np.arange(size)[:, None] * count
        weights = np.bincount(draws.ravel(), minlength=size * count).reshape(size, count)
        values[start : start + size] = statistic(weights @ sums)
    return values
