"""How good a ranked list is for one query, from the relevance grades of documents.

A grade is a whole number; 0, or none at all, is not relevant. A query without any relevant document has no value (None)
in any of these measures, so that all their means are over the same queries. A list that ends before k goes on with
documents that are not relevant, as trec_eval has it.
"""

import math
from collections.abc import Mapping, Sequence

_MAX_GRADE = 1000


def ndcg_at_k(ranked: Sequence[str], grades: Mapping[str, int], *, k: int, exponential: bool = False) -> float | None:
    """Normalised discounted cumulative gain of the first k documents, in [0, 1] (Järvelin & Kekäläinen 2002).

    A document of grade g at rank i gains g / log2(i + 1), or (2**g - 1) / log2(i + 1) where `exponential` (Burges et
    al. 2005); the sum is divided by that of the best k grades of all in order. Raises ValueError for k < 1, a document
    ranked twice, or a grade that is not a whole number from 0 to 1000.
    """
    _refuse_depth(k)
    found, best = _grades(ranked, grades)
    if not best:
        return None
    return _dcg(found[:k], exponential=exponential) / _dcg(best[:k], exponential=exponential)


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int]) -> float | None:
    """1 / rank of the first relevant document, 0 where none is ranked (Voorhees 1999).

    Raises ValueError for a document ranked twice or an impossible grade.
    """
    found, best = _grades(ranked, grades)
    if not best:
        return None
    return next((1 / rank for rank, grade in enumerate(found, start=1) if grade), 0.0)


def recall_at_k(ranked: Sequence[str], grades: Mapping[str, int], *, k: int) -> float | None:
    """Share of the relevant documents that are among the first k (Manning et al. 2008, §8.3).

    Raises ValueError for k < 1, a document ranked twice or an impossible grade.
    """
    _refuse_depth(k)
    found, best = _grades(ranked, grades)
    return sum(map(bool, found[:k])) / len(best) if best else None


def precision_at_k(ranked: Sequence[str], grades: Mapping[str, int], *, k: int) -> float | None:
    """Relevant documents among the first k, over k (Manning et al. 2008, §8.4).

    Raises ValueError for k < 1, a document ranked twice or an impossible grade.
    """
    _refuse_depth(k)
    found, best = _grades(ranked, grades)
    return sum(map(bool, found[:k])) / k if best else None


def average_precision(ranked: Sequence[str], grades: Mapping[str, int]) -> float | None:
    """Mean over the relevant documents of the precision at their ranks, 0 for those not ranked (Manning et al., §8.4).

    Raises ValueError for a document ranked twice or an impossible grade.
    """
    found, best = _grades(ranked, grades)
    if not best:
        return None
    ranks = [rank for rank, grade in enumerate(found, start=1) if grade]
    return sum(hits / rank for hits, rank in enumerate(ranks, start=1)) / len(best)


def _grades(ranked: Sequence[str], grades: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """Grades in the order of the list, and those of all relevant documents, best first."""
    for document, grade in grades.items():
        if not 0 <= grade <= _MAX_GRADE or grade % 1:
            raise ValueError(f"the grade of {document!r} must be a whole number from 0 to {_MAX_GRADE}, got {grade!r}")
    if len(set(ranked)) < len(ranked):
        twice = next(document for index, document in enumerate(ranked) if document in ranked[:index])
        raise ValueError(f"{twice!r} is ranked twice; keep its first place only")
    return [grades.get(document, 0) for document in ranked], sorted(filter(None, grades.values()), reverse=True)


def _dcg(grades: Sequence[int], *, exponential: bool) -> float:
    gains = [2.0**grade - 1 for grade in grades] if exponential else grades
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _refuse_depth(k: int) -> None:
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k!r}")
