"""Closed-form intervals: of a proportion of independent trials, and of a mean."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """Both ends, in the unit of what was estimated."""

    low: float
    high: float


def wilson(successes: float, n: float, *, level: float = 0.95) -> Interval:
    """Score interval of a proportion of `n` independent trials (Wilson 1927; Newcombe 1998, method 3).

    Close to `level` on average; below 93.5 % for some proportions and sizes, e.g. 92.1 % for p = 0.01 and n = 100.
    Raises ValueError where n < 1, successes lie outside [0, n], or level outside (0, 1).
    """
    _check(successes, n, level)
    z = normal_quantile(level)
    p = successes / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if successes == n else min(1.0, (centre + half) / scale)
    return Interval(low, high)


def clopper_pearson(successes: float, n: float, *, level: float = 0.95) -> Interval:
    """Exact interval of a proportion (Clopper & Pearson 1934): covers with at least `level`, whatever p and n.

    Through the beta distribution, so that successes and n need not be whole: an effective sample size will do.
    Raises ValueError where n <= 0, successes lie outside [0, n], or level outside (0, 1).
    """
    _check(successes, n, level)
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return Interval(low, high)


def t_interval(values: Sequence[float], *, level: float = 0.95) -> Interval:
    """Student's interval of the mean of independent values (Student 1908): mean ± t · sd / √n on n − 1 degrees.

    Raises ValueError for fewer than two values, a value that is not finite, or level outside (0, 1).
    """
    column = np.asarray(values, dtype=float)
    if column.size < 2 or not np.isfinite(column).all():
        raise ValueError(f"an interval of a mean needs at least 2 finite values, got {column.tolist()[:5]!r}")
    mean = float(column.mean())
    half = t_quantile(level, column.size - 1) * float(column.std(ddof=1)) / math.sqrt(column.size)
    return Interval(mean - half, mean + half)


def normal_quantile(level: float) -> float:
    """The normal quantile that leaves (1 - level) / 2 above it: 1.96 for 0.95."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level!r}")
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))


def t_quantile(level: float, df: float) -> float:
    """Student's quantile that leaves (1 - level) / 2 above it; `df` may be fractional or infinite."""
    if math.isinf(df):
        return normal_quantile(level)
    if not 0 < level < 1 or not df > 0:
        raise ValueError(f"level must lie in (0, 1) and df be above 0, got {level!r} and {df!r}")
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + level / 2))


def _check(successes: float, n: float, level: float) -> None:
    if not n > 0 or not 0 <= successes <= n:
        raise ValueError(f"need 0 <= successes <= n and n > 0, got {successes!r} of {n!r}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level!r}")
