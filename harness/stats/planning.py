"""Which difference a number of samples can show, and how many samples a difference takes.

Everything goes through one number, the variance of one sample's difference: `paired_binary_variance`, a squared
standard deviation, or `unpaired_variance`. Clusters multiply it by their design effect, trials shrink the part that is
within a sample. Two-sided at 1 - level, with Student's t on n - 1 degrees as TTestPower of the textbooks (Cohen 1988),
or the normal distribution where `df` is not wanted.
"""

import math
from collections.abc import Callable, Sequence

from harness.stats.intervals import normal_quantile, t_quantile


def paired_binary_variance(discordant: float, effect: float = 0.0) -> float:
    """Variance of right-or-wrong differences: the share of pairs that differ, less the effect squared (Connor 1987).

    Raises ValueError where the share lies outside [0, 1] or the effect is larger than it.
    """
    if not 0 <= discordant <= 1 or abs(effect) > discordant:
        raise ValueError(f"need |effect| <= discordant <= 1, got {effect!r} and {discordant!r}")
    return discordant - effect**2


def unpaired_variance(first: float, second: float, *, ratio: float = 1.0) -> float:
    """Variance, for each sample of the first group, of a difference of two groups with these variances.

    `ratio` is the size of the second group over that of the first. For proportions a variance is p (1 - p).
    """
    if min(first, second) < 0 or not ratio > 0:
        raise ValueError(f"variances must be at least 0 and the ratio above 0, got {first!r}, {second!r}, {ratio!r}")
    return first + second / ratio


def variance_with_trials(between: float, within: float, *, trials: int) -> float:
    """Variance of a sample's mean over `trials` repetitions: between samples, plus within over their number."""
    if trials < 1 or min(between, within) < 0:
        raise ValueError(f"need trials >= 1 and variances >= 0, got {trials!r}, {between!r}, {within!r}")
    return between + within / trials


def cluster_design_effect(sizes: Sequence[int], icc: float) -> float:
    """1 + (m' - 1) icc, where m' is the mean size weighted by size (Kish 1965; Donner & Klar 2000, §5.3)."""
    if not sizes or min(sizes) < 1 or not -1 <= icc <= 1:
        raise ValueError(f"need clusters of at least 1 sample and icc in [-1, 1], got {list(sizes)[:5]!r} and {icc!r}")
    weighted = sum(size * size for size in sizes) / sum(sizes)
    return max(1 + (weighted - 1) * icc, 0.0)


def power(
    effect: float, *, variance: float, n: int, level: float = 0.95, design_effect: float = 1.0, df: float | None = None
) -> float:
    """Chance that n samples show `effect`: that their test rejects 0, on whichever side.

    `df` defaults to n - 1; math.inf takes the normal distribution. Raises ValueError for n < 2, a variance that is not
    above 0, or a design effect that is not.
    """
    if n < 2 or not variance > 0 or not design_effect > 0:
        raise ValueError(f"need n >= 2, variance > 0 and design_effect > 0, got {n!r}, {variance!r}, {design_effect!r}")
    degrees = n - 1 if df is None else df
    shift = abs(effect) / math.sqrt(variance * design_effect / n)
    reach = t_quantile(level, degrees)
    from scipy.special import nctdtr, ndtr

    if math.isinf(degrees):
        return float(ndtr(shift - reach) + ndtr(-shift - reach))
    if shift > 37:  # the noncentral t is out of its range, and the power is 1 to any digit
        return 1.0
    wrong_side = float(nctdtr(degrees, shift, -reach))
    return float(1 - nctdtr(degrees, shift, reach)) + (0.0 if math.isnan(wrong_side) else wrong_side)


def sample_size(
    effect: float,
    *,
    variance: float | Callable[[float], float],
    power_wanted: float = 0.8,
    level: float = 0.95,
    design_effect: float = 1.0,
) -> int:
    """Whole samples that show `effect` with `power_wanted`; `variance` may be a function of the effect.

    Raises ValueError for an effect of 0, which no number shows.
    """
    if effect == 0 or not math.isfinite(effect):
        raise ValueError(f"no number of samples shows a difference of {effect!r}; give one above 0")
    _check_power(power_wanted, level)
    each = variance(effect) if callable(variance) else variance
    if not each > 0:
        return 2

    def shown(n: int) -> bool:
        return power(effect, variance=each, n=n, level=level, design_effect=design_effect) >= power_wanted

    high = 2
    while not shown(high):
        high *= 2
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
) -> float | None:
    """The smallest effect that n samples show with `power_wanted`; None where even the `largest` possible is not shown.

    For right or wrong, `largest` is the share of pairs that differ. One sample shows nothing.
    """
    _check_power(power_wanted, level)
    if n < 2:
        return None

    def shown(effect: float) -> bool:
        each = variance(effect) if callable(variance) else variance
        if not each > 0:
            return True
        return power(effect, variance=each, n=n, level=level, design_effect=design_effect) >= power_wanted

    high = 1e-6
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


def _check_power(power_wanted: float, level: float) -> None:
    normal_quantile(level)
    if not 1 - level < power_wanted < 1:
        raise ValueError(f"power must lie between {1 - level:g} and 1, got {power_wanted!r}")
