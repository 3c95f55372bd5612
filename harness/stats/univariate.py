"""Mean, standard deviation and autocorrelation without rounding on the way."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Summary:
    """What `summarize` finds, in the unit of the values; None is undefined."""

    n: int
    mean: float
    sd: float | None
    """Sample standard deviation (divisor n - 1); None for one value."""
    lag1_autocorrelation: float | None
    """In (-1, 1), by the order of the values; None where all are equal."""


def summarize(values: Sequence[float]) -> Summary:
    """Mean, sample standard deviation and lag-1 autocorrelation, each the float nearest to the exact result.

    A float stands for the shortest decimal that it prints as: 0.1 is one tenth. The autocorrelation is the sum of
    (x_i - mean)(x_i+1 - mean) over that of (x_i - mean)^2, as NIST's StRD certifies it (Box & Jenkins 1976). Exact
    arithmetic takes some microseconds a value. Raises ValueError for no value and for one that is not finite.
    """
    import statistics

    if not len(values):
        raise ValueError("need at least 1 value, got 0")
    exact = [_exact(value) for value in values]
    mean = statistics.mean(exact)
    gaps = [value - mean for value in exact]
    squares = sum(gap * gap for gap in gaps)
    return Summary(
        n=len(exact),
        mean=float(mean),
        sd=float(statistics.stdev(exact, mean)) if len(exact) > 1 else None,
        lag1_autocorrelation=float(sum(a * b for a, b in pairwise(gaps)) / squares) if squares else None,
    )


def _exact(value: float) -> "Fraction":
    from fractions import Fraction

    if not math.isfinite(value):
        raise ValueError(f"values must be finite, got {value!r}; leave it out or mend it")
    return Fraction(value) if isinstance(value, int) else Fraction(repr(float(value)))
