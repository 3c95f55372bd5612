import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats import inter_rater  # type: ignore[import-untyped]

from harness.stats import (
    cluster_bootstrap,
    cluster_sums,
    cohen_kappa,
    fleiss_kappa,
    percentile_interval,
    rating_tables,
)

PAIRS = st.integers(1, 5).flatmap(
    lambda k: st.lists(st.tuples(*[st.integers(0, k - 1).map(str)] * 2), min_size=1, max_size=40)
)
COUNTS = st.tuples(st.integers(1, 5), st.integers(2, 6)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, shape[0] - 1), min_size=shape[1], max_size=shape[1]).map(
            lambda ratings: np.bincount(ratings, minlength=shape[0]).astype(float)
        ),
        min_size=1,
        max_size=15,
    ).map(np.array)
)
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def kappa_of(pairs: list[tuple[str, str]]) -> float:
    first, second = zip(*pairs, strict=True)
    return float(cohen_kappa(rating_tables(first, second).sum(axis=0)))


@given(PAIRS)
def test_kappa_of_two_raters_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = cohen_kappa_score(*zip(*pairs, strict=True))
    assert kappa_of(pairs) == pytest.approx(expected, abs=1e-9, rel=0, nan_ok=True)


@given(PAIRS)
def test_kappa_is_undefined_where_and_only_where_both_raters_use_the_same_single_label(
    pairs: list[tuple[str, str]],
) -> None:
    assert math.isnan(kappa_of(pairs)) == (len({label for pair in pairs for label in pair}) == 1)


@given(PAIRS)
def test_one_table_a_subject_holds_one_pair_of_labels(pairs: list[tuple[str, str]]) -> None:
    first, second = zip(*pairs, strict=True)
    labels = list(dict.fromkeys([*first, *second]))
    for table, pair in zip(rating_tables(first, second), pairs, strict=True):
        ((row, column),) = np.argwhere(table)
        assert (labels[row], labels[column], table.sum()) == (*pair, 1)


def test_kappa_of_two_raters_equals_the_published_value() -> None:
    assert cohen_kappa(np.array([[20.0, 5], [10, 15]])) == pytest.approx(0.4, abs=1e-9)


def test_the_cluster_bootstrap_takes_kappa_as_a_statistic_of_sums() -> None:
    first, second = "aabbab" * 10, "aabbba" * 10
    tables = rating_tables(first, second)
    sums = cluster_sums(tables.reshape(len(tables), -1), [str(n // 2) for n in range(len(tables))])
    rng = np.random.default_rng(1)
    draws = cluster_bootstrap(sums, lambda totals: cohen_kappa(totals.reshape(-1, 2, 2)), rng=rng, resamples=500)
    low, high = percentile_interval(draws)
    assert -1 <= low < kappa_of(list(zip(first, second, strict=True))) < high <= 1


def test_many_tables_at_once_give_what_each_gives_alone_and_empty_ones_are_undefined() -> None:
    one = np.array([[20.0, 5], [10, 15]])
    stack = np.array([one, np.zeros((2, 2)), one.T, [[3, 0], [0, 0]], [[0, 1], [0, 0]]])
    np.testing.assert_allclose(cohen_kappa(stack), [0.4, np.nan, 0.4, np.nan, 0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("table", [np.ones((2, 3)), np.ones(4)])
def test_kappa_refuses_a_table_that_is_not_square(table: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"shape \(\.\.\., k, k\), got \("):
        cohen_kappa(table)


@pytest.mark.parametrize("first", ["", "ab"])
def test_labels_of_no_subject_or_of_different_numbers_are_refused(first: str) -> None:
    with pytest.raises(ValueError, match=rf"at least 1 subject, got {len(first)} and 0 labels"):
        rating_tables(first, "")


@given(COUNTS)
def test_kappa_of_many_raters_is_statsmodels(counts: np.ndarray) -> None:
    found = fleiss_kappa(counts)
    if len(np.flatnonzero(counts.sum(axis=0))) == 1:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(inter_rater.fleiss_kappa(counts), abs=1e-9, rel=0)


def test_kappa_of_many_raters_equals_the_published_value() -> None:
    assert fleiss_kappa(np.array(FLEISS, dtype=float)) == pytest.approx(0.2099, abs=1e-4)


def test_many_sets_of_subjects_at_once_give_what_each_gives_alone() -> None:
    counts = np.array(FLEISS, dtype=float)
    halves = counts.reshape(2, 5, 5)
    np.testing.assert_array_equal(fleiss_kappa(halves), [fleiss_kappa(half) for half in halves])


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([[2, 0], [2, 1]], "same number of raters, at least 2, for each subject, got 2 to 3; leave out"),
        ([[1, 0], [0, 1]], "at least 2, for each subject, got 1 to 1"),
        (np.zeros((0, 2)), r"each at least 1, got \(0, 2\)"),
        ([1, 2], r"shape \(\.\.\., subjects, categories\), each at least 1, got \(2,\)"),
    ],
)
def test_kappa_of_many_raters_refuses_what_it_is_not_made_for(counts: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fleiss_kappa(np.array(counts, dtype=float))


@pytest.mark.parametrize("kappa", [cohen_kappa, fleiss_kappa])
@pytest.mark.parametrize("count", [-1.0, math.nan])
def test_impossible_counts_are_refused(kappa: Callable[[np.ndarray], np.ndarray], count: float) -> None:
    with pytest.raises(ValueError, match=f"counts must be 0 or more, got {count:g}"):
        kappa(np.array([[2.0, 0], [count, 1]]))
