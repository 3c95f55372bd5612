"""Two answers to each sample: which is better, by how much, and could it be chance.

Everything here is over pairs; the difference is always second minus first. Clusters are kept whole: a test flips the
sign of a cluster's sum, a bootstrap draws clusters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.stats.bootstrap import cluster_bootstrap, cluster_sums, percentile_interval
from harness.stats.clusters import finite, mean_standard_error
from harness.stats.intervals import Interval

_MOST_CELLS = 4_000_000
_EXACT_UP_TO = 16


class McNemar(NamedTuple):
    """p-values of McNemar's test, two-sided, and its chi-squared without continuity correction."""

    exact: float
    mid_p: float
    chi2: float
    chi2_p: float


class SignFlip(NamedTuple):
    """A permutation test's two-sided p-value and how it was had: `exact` or `monte carlo`."""

    p: float
    method: str


def mcnemar(first_only: int, second_only: int) -> McNemar:
    """McNemar's test from the discordant pairs: right with the first only, with the second only (McNemar 1947).

    Mid-p as in Fagerland, Lydersen & Laake 2013. Without a discordant pair every p is 1 and chi2 is 0.
    Raises ValueError for a negative count.
    """
    if first_only < 0 or second_only < 0:
        raise ValueError(f"counts can't be negative, got {first_only!r} and {second_only!r}")
    n = first_only + second_only
    if n == 0:
        return McNemar(1.0, 1.0, 0.0, 1.0)
    from scipy.special import bdtr, chdtrc, gammaln

    fewer = min(first_only, second_only)
    tail = 2 * float(bdtr(fewer, n, 0.5))
    point = float(np.exp(gammaln(n + 1) - gammaln(fewer + 1) - gammaln(n - fewer + 1) - n * np.log(2)))
    chi2 = (first_only - second_only) ** 2 / n
    return McNemar(min(1.0, tail), min(1.0, tail - point), chi2, float(chdtrc(1, chi2)))


def sign_flip_test(
    differences: ArrayLike, clusters: Sequence[str], *, rng: "np.random.Generator", draws: int = 10_000
) -> SignFlip:
    """Could the mean difference be 0: each cluster's sum keeps or changes its sign with even odds (Fisher 1935).

    Exact where the sums are whole numbers (their distribution is a convolution) or at most 16 are not 0; else Monte
    Carlo with the observed one counted in (Phipson & Smyth 2010). On one binary pair a cluster it is McNemar's exact
    test; on more it is that test for clusters (Yang, Sun & Hardin 2010) with its exact distribution.
    All ties: p is 1. Raises ValueError where a difference is not finite.
    """
    sums = cluster_sums(finite(differences)[:, None], clusters)[:, 0]
    sizes = np.abs(sums[sums != 0])
    observed = abs(float(sums.sum()))
    if not sizes.size:
        return SignFlip(1.0, "exact")
    if sizes.min() == sizes.max():
        ahead = int(np.count_nonzero(sums > 0))
        return SignFlip(mcnemar(ahead, sizes.size - ahead).exact, "exact")
    if float(sizes.sum()) * sizes.size <= _MOST_CELLS and (sizes == np.floor(sizes)).all():
        return SignFlip(_exact_of_integers(sizes.astype(np.int64), round(observed)), "exact")
    slack = 1e-9 * float(sizes.sum())
    if sizes.size <= _EXACT_UP_TO:
        totals = np.zeros(1)
        for size in sizes:
            totals = np.concatenate([totals + size, totals - size])
        return SignFlip(float(np.mean(np.abs(totals) >= observed - slack)), "exact")
    hits, step = 0, max(1, _MOST_CELLS // sizes.size)
    for start in range(0, draws, step):
        signs = rng.integers(0, 2, size=(min(step, draws - start), sizes.size), dtype=np.int8)
        totals = 2 * (signs @ sizes) - sizes.sum()
        hits += int(np.count_nonzero(np.abs(totals) >= observed - slack))
    return SignFlip((hits + 1) / (draws + 1), "monte carlo")


def _exact_of_integers(sizes: NDArray[np.int64], observed: int) -> float:
    """P(|sum of ± sizes| >= observed), by adding one size after the other to the distribution of the sum."""
    total = int(sizes.sum())
    chance = np.zeros(2 * total + 1)
    chance[total] = 1.0
    for size in sizes:
        moved = np.zeros_like(chance)
        moved[size:] += chance[:-size] / 2
        moved[:-size] += chance[size:] / 2
        chance = moved
    return min(1.0, float(chance[: total - observed + 1].sum() + chance[total + observed :].sum() if observed else 1.0))


def paired_bootstrap(
    differences: ArrayLike,
    clusters: Sequence[str],
    *,
    rng: "np.random.Generator",
    level: float = 0.95,
    resamples: int = 10_000,
    span: float | None = None,
) -> Interval:
    """Interval of the mean difference by drawing clusters: expanded percentiles (Hesterberg 2015, §5.3).

    Where the largest possible difference is known (`span`, 1 for right or wrong), one more cluster of ordinary size is
    added that differs by that much each way. A few discordant pairs that happen to agree would otherwise look certain;
    it is to the bootstrap what Bonett & Price 2012 is to the Wald interval. Raises ValueError for fewer than two
    clusters or a difference that is not finite.
    """
    column = finite(differences)
    sums = cluster_sums(np.column_stack([column, np.ones_like(column)]), clusters)
    groups = len(sums)
    if groups < 2:
        raise ValueError(f"a bootstrap over clusters needs at least 2 of them, got {groups}")
    if span is not None:
        size = column.size / groups
        sums = np.vstack([sums, [[span * size, size], [-span * size, size]]])
    draws = cluster_bootstrap(sums, lambda totals: totals[:, 0] / totals[:, 1], rng=rng, resamples=resamples)
    low, high = percentile_interval(draws, level=level, clusters=groups)
    mean = float(column.mean())
    return Interval(min(low, mean), max(high, mean))


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference, second minus first, over `n` pairs in `n_clusters`; `n_differ` pairs are no tie.

    None is undefined and `reason` says why. The interval leaves 0 out only where the test does too (p <= 1 - level).
    """

    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    reason: str | None
    p: float | None
    p_method: str
    standard_error: float | None
    n: int
    n_clusters: int
    n_differ: int


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    clusters: Sequence[str],
    *,
    rng: "np.random.Generator",
    level: float = 0.95,
    resamples: int = 10_000,
    span: float | None = None,
) -> Difference:
    """Second minus first over pairs: mean, paired cluster bootstrap, and the sign-flip test.

    The two agree: where the test does not reject, the interval is widened to hold 0. No pair, one cluster and all
    ties have no interval, with a reason. Raises ValueError for unequal lengths or a value that is not finite.
    """
    left, right = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if not len(left) == len(right) == len(clusters):
        raise ValueError(f"need as many firsts, seconds and clusters, got {len(left)}, {len(right)}, {len(clusters)}")
    groups = len(set(clusters))
    if not left.size:
        return Difference(None, None, None, level, "none", "there is no pair", None, "none", None, 0, 0, 0)
    gaps = finite(right) - finite(left)
    value, differ = float(gaps.mean()), int(np.count_nonzero(gaps))
    if not differ:
        reason = "no pair differs"
        return Difference(0.0, None, None, level, "none", reason, 1.0, "exact", 0.0, gaps.size, groups, 0)
    if groups == 1:
        reason = "one cluster has no spread to estimate from"
        return Difference(value, None, None, level, "none", reason, None, "none", None, gaps.size, 1, differ)
    test = sign_flip_test(gaps, clusters, rng=rng)
    low, high = paired_bootstrap(gaps, clusters, rng=rng, level=level, resamples=resamples, span=span)
    method = "paired bootstrap" if groups == gaps.size else "paired cluster bootstrap"
    if test.p > 1 - level and not low <= 0 <= high:
        low, high, method = min(low, 0.0), max(high, 0.0), f"{method}, widened to 0 by the test"
    error = mean_standard_error(gaps, clusters).standard_error
    return Difference(
        value, low, high, level, method, None, test.p, f"sign flip, {test.method}", error, gaps.size, groups, differ
    )
