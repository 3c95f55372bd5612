"""p-values of several tests at once, adjusted so that chance does not win by trying often."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.stats.arrays import Floats


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given, that hold the chance of any false finding (Holm 1979).

    Raises ValueError for one outside [0, 1] or NaN.
    """
    values, order = _ordered(p_values)
    if not values.size:
        return []
    stepped = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    return _back(np.minimum(stepped, 1.0), order)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given, that hold the share of false findings (Benjamini & Hochberg 1995).

    Raises ValueError for one outside [0, 1] or NaN.
    """
    values, order = _ordered(p_values)
    if not values.size:
        return []
    scaled = values[order] * values.size / np.arange(1, values.size + 1)
    stepped = np.minimum.accumulate(scaled[::-1])[::-1]
    return _back(np.minimum(stepped, 1.0), order)


def _ordered(p_values: Sequence[float]) -> tuple[Floats, NDArray[np.intp]]:
    values = np.asarray(p_values, dtype=float)
    wrong = values[~((values >= 0) & (values <= 1))]
    if wrong.size:
        raise ValueError(f"a p-value must lie in [0, 1], got {float(wrong[0])!r}")
    return values, np.argsort(values, kind="stable")


def _back(stepped: Floats, order: NDArray[np.intp]) -> list[float]:
    result = np.empty_like(stepped)
    result[order] = stepped
    return [float(value) for value in result]
