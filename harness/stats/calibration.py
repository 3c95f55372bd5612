"""Expected calibration error over equal-width bins (Guo et al. 2017).

[0, 1] is cut into B bins of equal width; ECE = sum over bins of n_b / N * |accuracy_b - confidence_b|, with empty bins
skipped. A bin holds confidences in (low, high]; the first also holds 0.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def equal_width_bins(confidence: Floats, correct: Floats, *, bins: int) -> Floats:
    """One row a sample, 3 * bins columns: count, confidence and correctness, each in the sample's own bin.

    Raises ValueError for confidences outside [0, 1] or fewer than one bin.
    """
    if bins < 1:
        raise ValueError(f"need at least 1 bin, got {bins!r}")
    if confidence.size and not (confidence.min() >= 0 and confidence.max() <= 1):
        raise ValueError("confidences must lie in [0, 1]")
    edges = np.arange(bins + 1) / bins  # linspace adds up steps: its edges may lie below the number k / bins
    index = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    rows = np.arange(confidence.size)
    columns = np.zeros((confidence.size, 3 * bins))
    columns[rows, index] = 1
    columns[rows, bins + index] = confidence
    columns[rows, 2 * bins + index] = correct
    return columns


def ece_from_bins(totals: Floats) -> Floats:
    """ECE of each row of bin totals (r, 3 * bins); NaN where a row holds no sample."""
    count, confidence, correct = np.split(totals, 3, axis=1)
    n = count.sum(axis=1)
    gap = np.abs(correct - confidence).sum(axis=1)
    error: Floats = np.divide(gap, n, out=np.full(n.shape, np.nan), where=n > 0)
    return error
