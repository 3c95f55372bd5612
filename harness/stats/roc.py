"""How well a score tells two classes apart: the area under the ROC curve, with its interval."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.arrays import Floats
from harness.stats.bootstrap import cluster_sums
from harness.stats.clusters import finite
from harness.stats.intervals import Interval, t_quantile


class Auroc(NamedTuple):
    """The chance that a positive scores above a negative (ties count half), and its interval; None where there is none."""

    value: float
    interval: Interval | None


def auroc(scores: ArrayLike, positive: Sequence[bool], clusters: Sequence[str], *, level: float = 0.95) -> Auroc | None:
    """AUROC with the interval of DeLong et al. (1988), over clusters as by Obuchowski (1997), on the logit scale.

    Student's t stands for the normal, with the degrees of freedom of a sum of two variances (Satterthwaite 1946). None
    where a class is empty. Where no pair is out of order, or all are, nothing varies: the far end is then that of
    Clopper–Pearson for as many hits as the smaller class has clusters. Fewer than two clusters in a class have no
    interval. Raises ValueError for a score that is not finite.
    """
    column, is_positive = finite(scores), np.asarray(positive, bool)
    positives, negatives = column[is_positive], column[~is_positive]
    if not positives.size or not negatives.size:
        return None
    placed = np.where(is_positive, _below(column, negatives), 1 - _below(column, positives))
    value = float(placed[is_positive].mean())
    sums = cluster_sums(np.column_stack([placed, is_positive, placed * is_positive]), clusters)
    n_positive, in_positive = sums[:, 1], sums[:, 2]
    sizes = cluster_sums(np.column_stack([np.ones_like(column)]), clusters)[:, 0]
    of_positive = in_positive - n_positive * value
    of_negative = (sums[:, 0] - in_positive) - (sizes - n_positive) * value
    groups = (int(np.count_nonzero(n_positive)), int(np.count_nonzero(sizes - n_positive)))
    if min(groups) < 2:
        return Auroc(value, None)
    if value in (0.0, 1.0):
        far = ((1 - level) / 2) ** (1 / min(groups))
        return Auroc(value, Interval(far, 1.0) if value == 1 else Interval(0.0, 1 - far))
    parts = _Parts.of(of_positive / positives.size, of_negative / negatives.size, groups=groups)
    error = t_quantile(level, parts.df) * math.sqrt(parts.variance)
    centre, half = math.log(value / (1 - value)), error / (value * (1 - value))
    return Auroc(value, Interval(_logistic(centre - half), _logistic(centre + half)))


def _below(column: Floats, others: Floats) -> Floats:
    """The share of `others` that each number is above, ties half."""
    ordered = np.sort(others)
    under, upto = np.searchsorted(ordered, column, "left"), np.searchsorted(ordered, column, "right")
    found: Floats = (under + upto) / (2 * ordered.size)
    return found


class _Parts(NamedTuple):
    """The variance of an AUROC, and the degrees of freedom that it is known with."""

    variance: float
    df: float

    @classmethod
    def of(cls, of_positive: Floats, of_negative: Floats, *, groups: tuple[int, int]) -> "_Parts":
        """From what each cluster's residuals add, by class. Where each sample is a cluster it is DeLong's variance."""
        (a, b), every = groups, len(of_positive)
        one = a / (a - 1) * float((of_positive**2).sum())
        two = b / (b - 1) * float((of_negative**2).sum())
        both = every / (every - 1) * float((of_positive * of_negative).sum())
        known = (one + two) ** 2 / (one**2 / (a - 1) + two**2 / (b - 1)) if one + two > 0 else every - 1
        return cls(max(0.0, one + two + 2 * both), known)


def _logistic(value: float) -> float:
    return (1 + math.tanh(value / 2)) / 2  # as 1 / (1 + exp(-value)), and never too large
