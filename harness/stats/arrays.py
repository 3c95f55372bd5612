"""What the array statistics share."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def divide(top: ArrayLike, bottom: ArrayLike) -> Floats:
    """`top / bottom` by element, equal shapes; NaN, without a warning, where `bottom` is not positive."""
    above, below = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    quotient: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return quotient
