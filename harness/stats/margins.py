"""Not worse by more than a margin, or the same within one: what "no difference" can be turned into."""

import math
from dataclasses import dataclass

from harness.stats.intervals import t_quantile


@dataclass(frozen=True, slots=True)
class MarginTest:
    """Whether the claim is shown, its one-sided p-value, and the interval that decides it, in the difference's unit.

    None is undefined: without any spread (all ties, say) there is no error to test with, and nothing is shown.
    """

    shown: bool
    p: float | None
    low: float | None
    high: float | None
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
    claim = f"above {-margin:g}"
    return _tested(difference, standard_error, [difference + margin], claim, margin=margin, df=df, level=level)


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
    distances = [difference + margin, margin - difference]
    return _tested(difference, standard_error, distances, f"within ±{margin:g}", margin=margin, df=df, level=level)


def _tested(
    difference: float, error: float, distances: list[float], claim: str, *, margin: float, df: float, level: float
) -> MarginTest:
    """The claim that each of the distances from a margin is above 0."""
    if error == 0:
        reason = f"no value differs from another, so there is no error to tell whether the difference is {claim}"
        return MarginTest(False, None, None, None, margin, reason)
    from scipy.special import ndtr, stdtr

    tails = [-distance / error for distance in distances]
    p = max(float(ndtr(tail) if math.isinf(df) else stdtr(df, tail)) for tail in tails)
    half = t_quantile(2 * level - 1, df) * error
    shown = p < 1 - level
    reason = f"the difference is {'' if shown else 'not shown to be '}{claim} (p = {p:.3g})"
    return MarginTest(shown, p, difference - half, difference + half, margin, reason)


def _check(difference: float, error: float, margin: float, level: float) -> None:
    if not 0.5 < level < 1:
        raise ValueError(f"a one-sided level must lie in (0.5, 1), got {level!r}")
    if not math.isfinite(difference) or not math.isfinite(error) or error < 0:
        raise ValueError(f"need a finite difference and an error of at least 0, got {difference!r} and {error!r}")
    if not math.isfinite(margin) or margin < 0:
        raise ValueError(f"a margin must be at least 0, got {margin!r}")
