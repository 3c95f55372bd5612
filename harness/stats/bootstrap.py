"""The cluster bootstrap over sums: whole clusters are drawn, and a statistic is computed from the drawn totals.

Any mean or ratio is a function of sums over samples. A resample's totals depend only on how often each *distinct* row
of sums was drawn, so where few rows are distinct (right or wrong, one of some prices) one multinomial draw a resample
gives the same distribution at a fraction of the cost.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.stats.arrays import Floats
from harness.stats.intervals import Interval, normal_quantile, t_quantile

Statistic = Callable[[Floats], Floats]
"""From totals of shape (r, m) to r values; NaN where a resample leaves it undefined."""

_CHUNK_CELLS = 1_000_000
_FEW_COLUMNS = 4


def cluster_sums(columns: Floats, clusters: Sequence[str]) -> Floats:
    """Sum the rows of `columns` (n, m) by cluster: (number of clusters, m), in order of first appearance.

    Raises ValueError where there are not as many rows as cluster names.
    """
    if len(columns) != len(clusters):
        raise ValueError(f"need one cluster a sample, got {len(columns)} samples and {len(clusters)} clusters")
    position: dict[str, int] = {}
    index = np.array([position.setdefault(name, len(position)) for name in clusters], dtype=np.intp)
    if len(position) == len(index):
        return np.asarray(columns, dtype=float)
    return np.column_stack([np.bincount(index, weights=column, minlength=len(position)) for column in columns.T])


def cluster_bootstrap(
    sums: Floats, statistic: Statistic, *, rng: "np.random.Generator", resamples: int = 2000
) -> Floats:
    """`resamples` values of `statistic` over clusters drawn with replacement (Davison & Hinkley 1997, §3.8).

    `sums` is (clusters, m). Undefined resamples are NaN. Memory is bounded by chunks of resamples.
    """
    count = len(sums)
    rows, multiplicity = distinct_rows(sums)
    values = np.empty(resamples)
    step = max(1, _CHUNK_CELLS // count)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        if len(rows) <= count // 8 + 8:
            totals = rng.multinomial(count, multiplicity / count, size=size) @ rows
        elif sums.shape[1] <= _FEW_COLUMNS:
            drawn = rng.integers(0, count, size=(size, count))
            totals = np.column_stack([_drawn_sum(column, drawn) for column in sums.T.copy()])
        else:
            drawn = rng.integers(0, count, size=(size, count))
            drawn += np.arange(size)[:, None] * count
            totals = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count) @ sums
        values[start : start + size] = statistic(totals)
    return values


def _drawn_sum(column: Floats, drawn: NDArray[np.int64]) -> Floats:
    """Sum of the drawn values of a column, one a resample; counted where every value is the same."""
    if column.min() == column.max():
        return np.full(len(drawn), column[0] * drawn.shape[1])
    sums: Floats = column[drawn].sum(axis=1)
    return sums


def distinct_rows(sums: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The distinct rows of `sums` and how often each stands there; `sums` itself where telling them apart fails."""
    if sums.shape[1] == 1:
        key = sums[:, 0]
    else:
        key = sums @ np.random.default_rng(0).random(sums.shape[1])
    _, first, inverse, counts = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    rows = sums[first]
    if len(rows) < len(sums) and not np.array_equal(rows[inverse], sums):
        return sums, np.ones(len(sums), dtype=np.int64)
    return rows, counts


def percentile_interval(draws: Floats, *, level: float = 0.95, clusters: int | None = None) -> Interval:
    """Percentiles of bootstrap draws (Efron 1979); NaN draws are left out.

    With `clusters`, the tails are widened for few clusters: "expanded percentile" (Hesterberg 2015, §5.3).
    Raises ValueError where no draw is defined, or for fewer than two clusters.
    """
    defined = draws[~np.isnan(draws)]
    if not defined.size:
        raise ValueError("the statistic is undefined in every resample")
    from scipy.special import ndtr

    tail = float(ndtr(-_reach(level, clusters)))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high))


def bca_interval(
    value: float, draws: Floats, *, jackknife: Floats, level: float = 0.95, clusters: int | None = None
) -> Interval:
    """Bias-corrected and accelerated percentiles (Efron 1987; Davison & Hinkley 1997, §5.3.2).

    `value` is the statistic of the data, `jackknife` its values with each cluster left out in turn, which give the
    acceleration. Ties of a draw with `value` count half. `clusters` widens the tails as in `percentile_interval`.
    """
    from scipy.special import ndtri

    defined = draws[~np.isnan(draws)]
    if not defined.size:
        raise ValueError("the statistic is undefined in every resample")
    rank = np.count_nonzero(defined < value) + np.count_nonzero(defined == value) / 2
    below = min(max(rank, 0.5), defined.size - 0.5) / defined.size
    bias = float(ndtri(below))
    deviation = jackknife.mean() - jackknife
    spread = float((deviation**2).sum())
    acceleration = float((deviation**3).sum()) / (6 * spread**1.5) if spread else 0.0
    z = _reach(level, clusters)
    ends = [_shifted(bias, bias + side * z, acceleration, side=side) for side in (-1, 1)]
    low, high = np.quantile(defined, ends)
    return Interval(float(low), float(high))


def _shifted(bias: float, at: float, acceleration: float, *, side: int) -> float:
    """The share of draws below one BCa end; the outermost draw where the acceleration sends it past any."""
    bottom = 1 - acceleration * at
    from scipy.special import ndtr

    return float(ndtr(bias + at / bottom)) if bottom > 0 else 0.5 + side / 2


def _reach(level: float, clusters: int | None) -> float:
    """How many normal standard deviations an end lies out; more where few clusters make the bootstrap too narrow."""
    if clusters is None:
        return normal_quantile(level)
    if clusters < 2:
        raise ValueError(f"a bootstrap over clusters needs at least 2 of them, got {clusters}")
    return math.sqrt(clusters / (clusters - 1)) * t_quantile(level, clusters - 1)
