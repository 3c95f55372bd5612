"""Not worse by more than a margin, or the same within one: what "no difference" can be turned into."""

import math
from dataclasses import dataclass

from harness.stats.intervals import t_quantile


@dataclass(frozen=True, slots=True)
class MarginTest:
    """Whether the claim is shown, its one-sided p-value, and the interval that decides it, in the difference's unit."""

    shown: bool
    p: float
    low: float
    high: float
    margin: float
    reason: str


def non_inferiority(
    difference: float, standard_error: float, *, margin: float, df: float = math.inf, level: float = 0.95
) -> MarginTest:
    """Whether the difference is above -margin, where more is better (ICH E9 1998, §3.3.2).

    One-sided at 1 - level; the interval is the two-sided one at 2 * level - 1 whose lower end decides. A margin of 0
    asks for superiority. Raises ValueError for a negative margin or error, a number that is not finite, or level <= 0.5.
    """
    _check(difference, standard_error, margin, level)
    p = _upper_tail(difference + margin, standard_error, df)
    low, high = _interval(difference, standard_error, df, level)
    shown = p < 1 - level
    word = "above" if shown else "not shown to be above"
    return MarginTest(shown, p, low, high, margin, f"the difference is {word} {-margin:g} (p = {p:.3g})")


def equivalence(
    difference: float, standard_error: float, *, margin: float, df: float = math.inf, level: float = 0.95
) -> MarginTest:
    """Whether the difference lies within ±margin: two one-sided tests, TOST (Schuirmann 1987).

    p is the larger of both; the interval is the two-sided one at 2 * level - 1. Raises ValueError for a margin that is
    not above 0: no amount of data shows that two things are equal.
    """
    _check(difference, standard_error, margin, level)
    if margin == 0:
        raise ValueError(
            "a margin of 0 asks for equality, which no amount of data shows; give the smallest that matters"
        )
    p = max(_upper_tail(difference + margin, standard_error, df), _upper_tail(margin - difference, standard_error, df))
    low, high = _interval(difference, standard_error, df, level)
    shown = p < 1 - level
    word = "within" if shown else "not shown to be within"
    return MarginTest(shown, p, low, high, margin, f"the difference is {word} ±{margin:g} (p = {p:.3g})")


def _upper_tail(distance: float, error: float, df: float) -> float:
    """P(T >= distance / error); without any error 0 or 1, and 1 at the boundary."""
    if error == 0:
        return 0.0 if distance > 0 else 1.0
    from scipy.special import ndtr, stdtr

    statistic = distance / error
    return float(ndtr(-statistic) if math.isinf(df) else stdtr(df, -statistic))


def _interval(difference: float, error: float, df: float, level: float) -> tuple[float, float]:
    half = t_quantile(2 * level - 1, df) * error
    return difference - half, difference + half


def _check(difference: float, error: float, margin: float, level: float) -> None:
    if not 0.5 < level < 1:
        raise ValueError(f"a one-sided level must lie in (0.5, 1), got {level!r}")
    if not math.isfinite(difference) or not math.isfinite(error) or error < 0:
        raise ValueError(f"need a finite difference and an error of at least 0, got {difference!r} and {error!r}")
    if not math.isfinite(margin) or margin < 0:
        raise ValueError(f"a margin must be at least 0, got {margin!r}")
