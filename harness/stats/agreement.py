"""Agreement of raters beyond chance: Cohen's kappa of two, Fleiss' kappa of any number."""

from collections.abc import Sequence

import numpy as np

from harness.stats.arrays import Floats, divide


def rating_tables(first: Sequence[str], second: Sequence[str]) -> Floats:
    """One k x k table a subject, with a 1 where two raters' labels meet: (n, k, k), labels in order of appearance.

    Their sum over the subjects is the table of `cohen_kappa`; reshaped to (n, k * k) they are the columns whose sums
    a cluster bootstrap draws. Raises ValueError for no subject or different numbers of them.
    """
    if not len(first) == len(second) >= 1:
        raise ValueError(f"need two labels of each of at least 1 subject, got {len(first)} and {len(second)} labels")
    position = {label: index for index, label in enumerate(dict.fromkeys([*first, *second]))}
    tables = np.zeros((len(first), len(position), len(position)))
    rows, columns = ([position[label] for label in labels] for labels in (first, second))
    tables[np.arange(len(first)), rows, columns] = 1
    return tables


def cohen_kappa(table: Floats) -> Floats:
    """Unweighted kappa from counts (..., k, k), first rater by second; shape (...) (Cohen 1960).

    (p_o - p_e) / (1 - p_e), where p_o is the share of subjects that both gave the same label and p_e the share expected
    from the margins. NaN is undefined: no subject, or every label of both raters the same (p_e = 1). Raises ValueError
    for a table that is not square or holds a count that is negative or NaN.
    """
    if table.ndim < 2 or table.shape[-1] != table.shape[-2]:
        raise ValueError(f"need counts of shape (..., k, k), got {table.shape}")
    _refuse_impossible(table)
    n = table.sum(axis=(-2, -1))
    agreed = np.trace(table, axis1=-2, axis2=-1)
    expected = (table.sum(axis=-2) * table.sum(axis=-1)).sum(axis=-1)
    return divide(n * agreed - expected, n * n - expected)


def fleiss_kappa(counts: Floats) -> Floats:
    """Kappa from counts (..., subjects, k): how many raters put a subject in a category; shape (...) (Fleiss 1971).

    (P - P_e) / (1 - P_e), where P is the mean share of agreeing pairs of raters and P_e the sum of the categories'
    squared shares. Raters may differ from subject to subject, their number may not. NaN is undefined: every rating in
    the same category (P_e = 1). Raises ValueError for no subject, for numbers of raters that differ or are below 2,
    and for a count that is negative or NaN.
    """
    if counts.ndim < 2 or not counts.size:
        raise ValueError(f"need counts of shape (..., subjects, categories), each at least 1, got {counts.shape}")
    _refuse_impossible(counts)
    raters = counts.sum(axis=-1)
    m = raters.flat[0]
    if m < 2 or (raters != m).any():
        raise ValueError(
            f"need the same number of raters, at least 2, for each subject, got {raters.min():g} to {raters.max():g}; "
            "leave out subjects that were rated less"
        )
    total = m * counts.shape[-2]
    pairs = (counts * (counts - 1)).sum(axis=(-2, -1))
    expected = (counts.sum(axis=-2) ** 2).sum(axis=-1)
    return divide(total * pairs / (m - 1) - expected, total**2 - expected)


def _refuse_impossible(counts: Floats) -> None:
    if not (counts >= 0).all():
        raise ValueError(f"counts must be 0 or more, got {counts[~(counts >= 0)][0]:g}")
