"""Which difference a number of samples can show, and how many samples a difference takes.

Everything goes through one number, the variance of one sample's difference: `paired_binary_variance`, a squared
standard deviation, or `unpaired_variance`. Clusters multiply it by their design effect, trials shrink the part that is
within a sample. Two-sided at 1 - level, with Student's t on n - 1 degrees as TTestPower of the textbooks (Cohen 1988),
or on `df`: n1 + n2 - 2 for two groups, clusters - 1 for clusters, math.inf for the normal distribution.
"""

import math
from collections.abc import Callable, Sequence

from harness.stats.intervals import normal_quantile, t_quantile

_MOST = 2**53
_FAR = 1e4


def paired_binary_variance(discordant: float, effect: float = 0.0) -> float:
    """Variance of right-or-wrong differences: the share of pairs that differ, less the effect squared (Connor 1987).

    Raises ValueError where the share lies outside [0, 1] or the effect is larger than it.
    """
    if not 0 <= discordant <= 1 or not abs(effect) <= discordant:
        raise ValueError(f"need |effect| <= discordant <= 1, got {effect!r} and {discordant!r}")
    return discordant - effect**2


def unpaired_variance(first: float, second: float, *, ratio: float = 1.0) -> float:
    """Variance, for each sample of the first group, of a difference of two groups with these variances.

    `ratio` is the size of the second group over that of the first. For proportions a variance is p (1 - p).
    """
    if not first >= 0 or not second >= 0 or not ratio > 0:
        raise ValueError(f"variances must be at least 0 and the ratio above 0, got {first!r}, {second!r}, {ratio!r}")
    return first + second / ratio


def variance_with_trials(between: float, within: float, *, trials: int) -> float:
    """Variance of a sample's mean over `trials` repetitions: between samples, plus within over their number."""
    if trials < 1 or not between >= 0 or not within >= 0:
        raise ValueError(f"need trials >= 1 and variances >= 0, got {trials!r}, {between!r}, {within!r}")
    return between + within / trials


def cluster_design_effect(sizes: Sequence[int], icc: float) -> float:
    """1 + (m' - 1) icc, where m' is the mean size weighted by size (Kish 1965; Donner & Klar 2000, §5.3).

    Raises ValueError for no cluster, an empty one, and an icc outside [-1, 1] or so low that no variance is left.
    """
    if not sizes or not all(size >= 1 for size in sizes) or not -1 <= icc <= 1:
        raise ValueError(f"need clusters of at least 1 sample and icc in [-1, 1], got {list(sizes)[:5]!r} and {icc!r}")
    weighted = sum(size * size for size in sizes) / sum(sizes)
    effect = 1 + (weighted - 1) * icc
    if effect <= 0:
        raise ValueError(f"need icc > {-1 / (weighted - 1):.4g} with clusters of this size, got {icc!r}")
    return effect


def power(
    effect: float,
    *,
    variance: float,
    n: int,
    level: float = 0.95,
    design_effect: float = 1.0,
    df: float | None = None,
    null_variance: float | None = None,
) -> float:
    """Chance that n samples show `effect`: that their test rejects 0, on whichever side.

    `df` defaults to n - 1; math.inf takes the normal distribution. `null_variance` is the variance that the test takes
    its limit from where that is another, as McNemar's does: the share of pairs that differ (Connor 1987). Raises
    ValueError for n < 2, a number that is not finite, or a variance or design effect that is not above 0.
    """
    null = variance if null_variance is None else null_variance
    if not (n >= 2 and 0 < null < math.inf and 0 <= variance < math.inf and 0 < design_effect < math.inf):
        raise ValueError(
            f"need n >= 2, variance > 0 and design_effect > 0, got {n!r}, {variance!r}"
            f"{'' if null_variance is None else f' ({null_variance!r} without an effect)'}, {design_effect!r}"
        )
    if not math.isfinite(effect):
        raise ValueError(f"an effect must be finite, got {effect!r}")
    reach = t_quantile(level, n - 1 if df is None else df)
    each = math.sqrt(design_effect / n)
    if variance == 0:  # all differ, and the same way
        return float(abs(effect) >= reach * math.sqrt(null) * each)
    shift = abs(effect) / (math.sqrt(variance) * each)
    return _beyond(shift, reach * math.sqrt(null / variance), n - 1 if df is None else df)


def mcnemar_power(effect: float, *, discordant: float, n: int, level: float = 0.95) -> float:
    """Chance that McNemar's exact test of n pairs rejects, by adding up all that can come (Miettinen 1968; exact).

    `discordant` is the share of pairs that differ and `effect` how far more go one way than the other. Raises
    ValueError as `paired_binary_variance`, and for n < 1.
    """
    paired_binary_variance(discordant, effect)
    normal_quantile(level)
    if not n >= 1:
        raise ValueError(f"need at least 1 pair, got {n!r}")
    if discordant == 0:
        return 0.0
    import numpy as np
    from scipy.special import bdtr, bdtrc, bdtrik

    differ = np.arange(1, n + 1)
    tail = (1 - level) / 2
    most = np.floor(bdtrik(tail, differ, 0.5))  # the most of the rarer side that rejects; -1 where none does
    most = np.where(bdtr(most, differ, 0.5) > tail, most - 1, most)
    ahead = (discordant + abs(effect)) / (2 * discordant)
    few = np.maximum(most, 0)
    rejects = np.where(most >= 0, bdtr(few, differ, ahead) + bdtrc(differ - few - 1, differ, ahead), 0.0)
    chance = np.diff(bdtr(np.arange(n + 1), n, discordant))
    return float(chance @ rejects)


def sample_size(
    effect: float,
    *,
    variance: float | Callable[[float], float],
    power_wanted: float = 0.8,
    level: float = 0.95,
    design_effect: float = 1.0,
    df: Callable[[int], float] | None = None,
) -> int:
    """Whole samples that show `effect` with `power_wanted`; `variance` may be a function of the effect.

    The function's value at 0 is what the test takes its limit from (Connor 1987). `df` tells the degrees of freedom of
    n samples, e.g. `lambda n: 2 * n - 2` for two groups of n; n - 1 by default. Raises ValueError for an effect of 0,
    which no number shows, for one that takes more than 2 ** 53, and for a variance that is not above 0.
    """
    if effect == 0 or not math.isfinite(effect):
        raise ValueError(f"no number of samples shows a difference of {effect!r}; give one above 0")
    _check_power(power_wanted, level)
    each, null = (variance(effect), variance(0.0)) if callable(variance) else (variance, variance)

    def shown(n: int) -> bool:
        degrees = None if df is None else df(n)
        chance = power(
            effect, variance=each, n=n, level=level, design_effect=design_effect, df=degrees, null_variance=null
        )
        return chance >= power_wanted

    high = 2
    while not shown(high):
        high *= 2
        if high > _MOST:
            raise ValueError(f"a difference of {effect!r} takes more than {_MOST:.0e} samples; give a larger one")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high


def minimum_detectable_effect(
    n: int,
    *,
    variance: float | Callable[[float], float],
    power_wanted: float = 0.8,
    level: float = 0.95,
    design_effect: float = 1.0,
    largest: float = math.inf,
    df: float | None = None,
) -> float | None:
    """The smallest effect that n samples show with `power_wanted`; None where even the `largest` possible is not shown.

    For right or wrong, `largest` is the share of pairs that differ. One sample shows nothing, nor do samples that do
    not differ. `variance` and `df` are as for `sample_size` and `power`. Raises ValueError for n < 1.
    """
    _check_power(power_wanted, level)
    if not n >= 1 or not largest >= 0:
        raise ValueError(f"need n >= 1 and largest >= 0, got {n!r} and {largest!r}")
    null = variance(0.0) if callable(variance) else variance
    if n == 1 or largest == 0 or null == 0:
        return None

    def shown(effect: float) -> bool:
        each = variance(effect) if callable(variance) else variance
        chance = power(effect, variance=each, n=n, level=level, design_effect=design_effect, df=df, null_variance=null)
        return chance >= power_wanted

    high = math.sqrt(null * design_effect / n) if 0 < null < math.inf and 0 < design_effect < math.inf else 1.0
    while not shown(min(high, largest)):
        if high >= largest:
            return None
        high *= 2
    high = min(high, largest)
    low = 0.0
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high


def _beyond(shift: float, limit: float, df: float) -> float:
    """P(|T| > limit) of the noncentral t with `shift` >= 0, also where scipy's is slow or NaN."""
    import numpy as np
    from scipy.special import gammainc, nctdtr, ndtr

    if math.isinf(df):
        return float(ndtr(shift - limit) + ndtr(-shift - limit))
    if shift > 40 * limit + 40:
        return 1.0
    near = float(nctdtr(df, -shift, -limit)) if limit < _FAR else math.nan
    if math.isnan(near):  # T is (Z + shift) / V: the distribution of V, averaged over Z
        z = np.linspace(-9, 9, 1801)
        weight = np.exp(-z * z / 2)
        return float(weight @ gammainc(df / 2, df / 2 * ((shift + z) / limit) ** 2) / weight.sum())
    wrong_side = float(nctdtr(df, shift, -limit))
    return min(1.0, near + (0.0 if math.isnan(wrong_side) else wrong_side))  # NaN where it underflows


def _check_power(power_wanted: float, level: float) -> None:
    normal_quantile(level)
    if not 1 - level < power_wanted < 1:
        raise ValueError(f"power must lie between {1 - level:g} and 1, got {power_wanted!r}")
