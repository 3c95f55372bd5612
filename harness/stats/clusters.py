"""What clusters do to an estimate: robust standard errors, design effects, and intervals that know of them.

Samples of one event, or trials of one sample, say less than as many independent ones. Each function takes one cluster
name a sample; samples of their own cluster each are the independent case.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.arrays import Floats
from harness.stats.bootstrap import Statistic, cluster_sums, distinct_rows
from harness.stats.intervals import Interval, clopper_pearson, t_quantile


class MeanError(NamedTuple):
    """A mean with its standard error and the degrees of freedom of that error."""

    mean: float
    standard_error: float
    df: float


def mean_standard_error(values: ArrayLike, clusters: Sequence[str]) -> MeanError:
    """Mean and its cluster-robust standard error, CR1: √(G/(G−1) · Σ_g (Σ_i (y_i − ȳ))²) / n, on G − 1 degrees.

    (Liang & Zeger 1986; Cameron & Miller 2015, §II.) With one sample a cluster it is sd / √n.
    Raises ValueError for fewer than two clusters, or a value that is not finite.
    """
    column = finite(values)
    sums = cluster_sums(np.column_stack([column, np.ones_like(column)]), clusters)
    groups = len(sums)
    if groups < 2:
        raise ValueError(f"a standard error over clusters needs at least 2 of them, got {groups}")
    mean = float(column.mean())
    residual = sums[:, 0] - mean * sums[:, 1]
    error = math.sqrt(groups / (groups - 1) * float((residual**2).sum())) / column.size
    return MeanError(mean, error, groups - 1)


def cluster_t_interval(values: ArrayLike, clusters: Sequence[str], *, level: float = 0.95) -> Interval:
    """Mean ± t · its cluster-robust standard error, on G − 1 degrees; ValueError as for `mean_standard_error`."""
    mean, error, df = mean_standard_error(values, clusters)
    half = t_quantile(level, df) * error
    return Interval(mean - half, mean + half)


def design_effect(values: ArrayLike, clusters: Sequence[str]) -> float | None:
    """Variance of the mean with these clusters over that without (Kish 1965); None where no value differs.

    Raises ValueError as `mean_standard_error` does.
    """
    column = finite(values)
    alone = mean_standard_error(column, [str(index) for index in range(column.size)])
    clustered = mean_standard_error(column, clusters)
    if np.ptp(column) == 0:
        return None
    return (clustered.standard_error / alone.standard_error) ** 2


def intraclass_correlation(values: ArrayLike, clusters: Sequence[str]) -> float | None:
    """ANOVA estimate of how alike samples of one cluster are (Donner & Klar 2000, §2), at most 1; may be below 0.

    None where it can't be told: one cluster, no cluster of two, or no value that differs.
    """
    column = finite(values)
    column = column - column[0]  # equal values become exactly 0, and a far origin costs no digits
    sums = cluster_sums(np.column_stack([column, np.ones_like(column), column**2]), clusters)
    size, n, groups = sums[:, 1], column.size, len(sums)
    if groups < 2 or groups == n:
        return None
    within = max(0.0, float((sums[:, 2] - sums[:, 0] ** 2 / size).sum())) / (n - groups)
    between = float((size * (sums[:, 0] / size - column.mean()) ** 2).sum()) / (groups - 1)
    typical = (n - float((size**2).sum()) / n) / (groups - 1)
    total = between + (typical - 1) * within
    return (between - within) / total if total > 0 else None


def korn_graubard(
    part: ArrayLike, whole: ArrayLike, clusters: Sequence[str], *, level: float = 0.95
) -> tuple[Interval, float]:
    """Interval of Σ part / Σ whole in [0, 1] over clusters, and the effective sample size it was computed with.

    Clopper–Pearson with the sample size that the clusters are worth (Korn & Graubard 1998), at most Σ whole. The
    variance is the jackknife's: each residual over 1 − its cluster's part of the whole, because a large cluster pulls
    the share towards itself. The degrees of freedom are Satterthwaite's from the kurtosis of the residuals, at most
    one less than Kish's number of clusters, (Σ size)² / Σ size², and at least 1: where few clusters hold all that is rare, or most
    samples, G − 1 would promise too much. Where nothing varies the clusters themselves count.
    Raises ValueError where Σ whole is 0 or a part lies outside [0, whole].
    """
    top, bottom = finite(part), finite(whole)
    if not bottom.sum() > 0 or (top < 0).any() or (top > bottom).any():
        raise ValueError("need 0 <= part <= whole for each sample, and a whole above 0 in all")
    sums = cluster_sums(np.column_stack([top, bottom]), clusters)
    sums = sums[sums[:, 1] > 0]
    total, groups = float(bottom.sum()), len(sums)
    share = min(1.0, float(top.sum()) / total)
    size = sums[:, 1]
    residual = (sums[:, 0] - share * size) * _leverage(size)
    second, fourth = float((residual**2).sum()), float((residual**4).sum())
    if groups < 2 or second <= 1e-12 * total:
        effective = float(groups)
    else:
        variance = groups / (groups - 1) * second / total**2
        kurtosis = groups * fourth / second**2
        most = max(1.0, total**2 / float((size**2).sum()) - 1)
        df = min(most, 2 * groups / (kurtosis - 1)) if kurtosis > 1 else most
        ceiling = _ceiling(top, bottom, share=share, total=total)
        fewer = (t_quantile(level, max(total - 1, df)) / t_quantile(level, df)) ** 2
        effective = min(share * (1 - share) / variance, ceiling) * fewer
    return clopper_pearson(share * effective, effective, level=level), effective


def _leverage(size: Floats) -> Floats:
    """What makes CR1's residuals those of the jackknife: 1 for equal clusters, more for a large one, less for a small."""
    if len(size) < 2:
        return np.ones_like(size)
    kept: Floats = (1 - 1 / len(size)) / (1 - size / size.sum())
    return kept


def _ceiling(top: Floats, bottom: Floats, *, share: float, total: float) -> float:
    """The most that the samples are worth, were each its own cluster: Σ whole; more where parts are fractions."""
    if not ((bottom == 1).all() and ((top > 0) & (top < 1)).any()):
        return total
    return max(total, share * (1 - share) / (float(((top - share) ** 2).sum()) / total**2))


def jackknife_error(sums: Floats, statistic: Statistic) -> tuple[float | None, Floats]:
    """Standard error of a statistic of sums (clusters, m) from leaving out each cluster in turn; and those values.

    (Quenouille 1956; Efron & Tibshirani 1993, ch. 11; CV3 of Cameron & Miller 2015.) Equal clusters are computed once.
    None where one of the values is undefined or there are fewer than two clusters.
    """
    rows, counts = distinct_rows(sums)
    values = statistic(sums.sum(axis=0, keepdims=True) - rows)
    groups = len(sums)
    if groups < 2 or np.isnan(values).any():
        return None, np.repeat(values, counts)
    mean = float(counts @ values) / groups
    error = math.sqrt((groups - 1) / groups * float(counts @ (values - mean) ** 2))
    return error, np.repeat(values, counts)


def finite(values: ArrayLike) -> Floats:
    """`values` as one array of floats; ValueError where there is none, or one is NaN or infinite."""
    column = np.asarray(values, dtype=float)
    if not column.size:
        raise ValueError("no value was given")
    wrong = np.flatnonzero(~np.isfinite(column))
    if wrong.size:
        raise ValueError(f"value {int(wrong[0])} is {column[wrong[0]]!r}; leave out what has no number")
    return column
