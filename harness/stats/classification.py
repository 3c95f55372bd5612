"""Precision, recall and F1 from confusion counts."""

import numpy as np

from harness.stats.arrays import Floats, divide


def per_label(confusion: Floats) -> tuple[Floats, Floats, Floats]:
    """Precision, recall, F1 of each label from counts (..., gold, given); shape (..., labels).

    Columns beyond the square (answers that are no label) count against recall only. NaN is undefined: precision of a
    label never given, recall of one that never occurs, F1 of one that does neither.
    """
    labels = confusion.shape[-2]
    square = confusion[..., :labels]
    hits = np.diagonal(square, axis1=-2, axis2=-1)
    given = square.sum(axis=-2)
    gold = confusion.sum(axis=-1)
    return divide(hits, given), divide(hits, gold), divide(2 * hits, given + gold)


def macro_f1(confusion: Floats) -> Floats:
    """Mean F1 over the labels that occur or are given; NaN where none does."""
    _, _, f1 = per_label(confusion)
    defined = ~np.isnan(f1)
    return divide(np.where(defined, f1, 0).sum(axis=-1), defined.sum(axis=-1).astype(float))
