"""Calibration error over equal-width bins, and the two proper scores of a forecast.

[0, 1] is cut into B bins of equal width; a bin holds confidences in (low, high], the first also 0. The gap of a bin is
|accuracy - mean confidence|; empty bins are skipped. ECE is the mean gap weighted by the bins' counts (Guo et al. 2017).
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from harness.stats.arrays import Floats, divide

Norm = Literal["l1", "l2", "max"]


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


def calibration_error(totals: Floats, *, norm: Norm = "l1") -> Floats:
    """Calibration error of each row of bin totals (r, 3 * bins); NaN where a row holds no sample.

    "l1" is the mean gap weighted by the bins' counts (ECE), "l2" the root of the weighted mean squared gap, "max" the
    largest gap (Kumar et al. 2019, §2; Guo et al. 2017, §2). All lie in [0, 1]; none is corrected for its bias upwards
    in small bins. Raises ValueError for another norm.
    """
    if norm not in get_args(Norm):
        raise ValueError(f"norm must be one of {', '.join(get_args(Norm))}, got {norm!r}")
    count, confidence, correct = np.split(totals, 3, axis=1)
    n = count.sum(axis=1)
    gap = np.abs(correct - confidence)
    if norm == "l1":
        return divide(gap.sum(axis=1), n)
    mean_gap = np.divide(gap, count, out=np.zeros_like(gap), where=count > 0)
    if norm == "l2":
        root: Floats = np.sqrt(divide((gap * mean_gap).sum(axis=1), n))
        return root
    return np.where(n > 0, mean_gap.max(axis=1), np.nan)


def ece_from_bins(totals: Floats) -> Floats:
    """ECE of each row of bin totals (r, 3 * bins), the "l1" error; NaN where a row holds no sample."""
    return calibration_error(totals)


def brier_score(probabilities: Floats, labels: NDArray[np.intp]) -> Floats:
    """Squared error of each sample's forecast, (n,), lower is better (Brier 1950).

    `probabilities` is (n, k), or (n,) for that of class 1 of two; `labels` holds class numbers (n,). The squares are
    summed over the classes, so it lies in [0, 2]; with two classes it is half of that, (p - y)^2 in [0, 1]. Raises
    ValueError for lengths that differ, a probability outside [0, 1], a row that does not sum to 1, an unknown class.
    """
    table = _forecasts(probabilities, labels)
    hit = np.arange(table.shape[1]) == labels[:, None]
    squares: Floats = ((table - hit) ** 2).sum(axis=1)
    return squares / 2 if table.shape[1] == 2 else squares


def log_loss(probabilities: Floats, labels: NDArray[np.intp]) -> Floats:
    """Minus the natural log of each sample's probability of its own class, (n,), lower is better (Good 1952).

    Shapes and errors as in `brier_score`. Probabilities are clipped to [eps, 1 - eps], eps = 2**-52, as scikit-learn
    does: being wrong for sure costs 36.04, not infinity, and no mean is lost to a single sample.
    """
    table = _forecasts(probabilities, labels)
    own = table[np.arange(len(table)), labels.astype(np.intp)]
    eps = np.finfo(np.float64).eps
    loss: Floats = -np.log(np.clip(own, eps, 1 - eps))
    return loss


def _forecasts(probabilities: Floats, labels: NDArray[np.intp]) -> Floats:
    """Checked probabilities (n, k); of class 1 alone, both columns."""
    table = np.column_stack([1 - probabilities, probabilities]) if probabilities.ndim == 1 else probabilities
    if table.ndim != 2 or table.shape[1] < 2 or labels.shape != table.shape[:1]:
        raise ValueError(
            f"need probabilities (n,) or (n, classes >= 2) and labels (n,), got {probabilities.shape} and {labels.shape}"
        )
    if not ((table >= 0) & (table <= 1)).all():
        raise ValueError("probabilities must lie in [0, 1]")
    sums = table.sum(axis=1)
    if (np.abs(sums - 1) > 1e-6).any():
        row = int(np.argmax(np.abs(sums - 1)))
        raise ValueError(f"probabilities of sample {row} sum to {sums[row]:.6f}, not to 1; divide them by their sum")
    known = np.isin(labels, np.arange(table.shape[1]))
    if not known.all():
        raise ValueError(f"labels must be class numbers from 0 to {table.shape[1] - 1}, got {labels[~known][0]!s}")
    return table
