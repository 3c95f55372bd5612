import math
from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.api as sm  # type: ignore[import-untyped]
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from harness.stats import (
    clopper_pearson,
    cluster_t_interval,
    design_effect,
    intraclass_correlation,
    jackknife_error,
    korn_graubard,
    mean_standard_error,
)
from harness.stats.arrays import divide
from harness.stats.clusters import finite

ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(-9, 9).map(float) | st.floats(-1e3, 1e3)), min_size=2, max_size=40
)
HITS = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=60)


def parted(rows: list[tuple[int, float]]) -> tuple[list[float], list[str]]:
    return [float(value) for _, value in rows], [str(name) for name, _ in rows]


def alone(n: int) -> list[str]:
    return [str(index) for index in range(n)]


@given(ROWS)
def test_the_standard_error_is_statsmodels_for_clusters(rows: list[tuple[int, float]]) -> None:
    values, clusters = parted(rows)
    assume(len(set(clusters)) > 1)
    groups = np.unique(clusters, return_inverse=True)[1]
    fit = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    mean, error, df = mean_standard_error(values, clusters)
    assert mean == pytest.approx(fit.params[0], abs=1e-9, rel=0)
    assert error == pytest.approx(math.sqrt(max(0.0, fit.cov_params()[0, 0])), abs=1e-9, rel=1e-9)
    assert df == fit.df_resid_inference == len(set(clusters)) - 1
    if error > 1e-6:
        expected = fit.conf_int(alpha=0.1)[0]
        assert cluster_t_interval(values, clusters, level=0.9) == pytest.approx(tuple(expected), abs=1e-9, rel=1e-9)


@given(ROWS)
def test_with_a_cluster_each_the_standard_error_is_the_classical_one(rows: list[tuple[int, float]]) -> None:
    values, _ = parted(rows)
    error = mean_standard_error(values, alone(len(values))).standard_error
    assert error == pytest.approx(stats.sem(values), abs=1e-9, rel=1e-9)


@pytest.mark.parametrize("function", [mean_standard_error, cluster_t_interval, design_effect])
def test_one_cluster_has_no_standard_error(function: Callable[..., object]) -> None:
    for values in ([1.0, 2.0], [1.0, 1.0]):
        with pytest.raises(ValueError, match="at least 2 of them, got 1"):
            function(values, "aa")


@pytest.mark.parametrize(
    "function", [mean_standard_error, cluster_t_interval, design_effect, intraclass_correlation, finite]
)
def test_what_is_no_number_is_refused_with_its_place(function: Callable[..., object]) -> None:
    clusters = () if function is finite else ("abc",)
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValueError, match=f"value 1 is .*{wrong}"):
            function([1.0, wrong, 2.0], *clusters)
    with pytest.raises(ValueError, match="no value was given"):
        function([], *clusters)


@pytest.mark.parametrize("function", [mean_standard_error, cluster_t_interval, design_effect, intraclass_correlation])
def test_as_many_clusters_as_values_are_needed(function: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="got 3 samples and 2 clusters"):
        function([1.0, 2.0, 3.0], "ab")


def test_the_design_effect_counts_copies_and_forgives_contrasts() -> None:
    values = [0.0, 1.0, 0.0, 1.0]
    # each value twice: variance G/(G-1) · Σ(2r)² / (2n)² against 2n/(2n-1) · 2Σr² / (2n)²
    assert design_effect(values * 2, "abcdabcd") == pytest.approx(2 * (4 / 3) / (8 / 7))
    assert design_effect(values, "aabb") == 0
    assert design_effect(values, "abcd") == pytest.approx(1)


@given(st.integers(2, 9), st.floats(-1e3, 1e3))
def test_equal_values_have_neither_design_effect_nor_correlation(n: int, value: float) -> None:
    clusters = ["a", "b", *("a" * (n - 2))]
    assert design_effect([value] * n, clusters) is None
    assert intraclass_correlation([value] * n, clusters) is None


def test_the_design_effect_is_that_of_kish_from_the_correlation_where_clusters_are_many_and_equal() -> None:
    rng = np.random.default_rng(1)
    values = (rng.normal(size=(2000, 1)) + rng.normal(size=(2000, 5))).ravel()
    clusters = np.repeat(np.arange(2000), 5).astype(str).tolist()
    found = intraclass_correlation(values, clusters)
    assert found is not None and found == pytest.approx(0.5, abs=0.03)
    assert design_effect(values, clusters) == pytest.approx(1 + 4 * found, rel=0.01)


def test_the_correlation_within_clusters_by_hand() -> None:
    # clusters 1 3 | 5 7: within 2 + 2 on 2 degrees = 2; between 2 · (4 + 4) on 1 = 16; size 2: 14 / (16 + 2)
    assert intraclass_correlation([1, 3, 5, 7], "aabb") == pytest.approx(14 / 18)
    # clusters 0 | 1 3 5: within 8 on 2 = 4; between 2.25² + 3 · 0.75² = 6.75 on 1; size 4 − 10 / 4 = 1.5
    assert intraclass_correlation([0, 1, 3, 5], "abbb") == pytest.approx((6.75 - 4) / (6.75 + 0.5 * 4))
    assert intraclass_correlation([1, 1, 5, 5], "aabb") == 1
    assert intraclass_correlation([0, 1, 0, 1], "aabb") == -1


@given(ROWS, st.integers(-3, 3).filter(bool), st.integers(-(10**6), 10**6))
def test_the_correlation_is_at_most_1_and_unmoved_by_scale_and_origin(
    rows: list[tuple[int, float]], factor: int, offset: int
) -> None:
    values, clusters = parted([(name, float(round(value))) for name, value in rows])
    found = intraclass_correlation(values, clusters)
    moved = intraclass_correlation([offset + factor * value for value in values], clusters)
    groups = len(set(clusters))
    assert (found is None) == (groups in {1, len(values)} or len(set(values)) == 1)
    if found is not None:
        assert found <= 1
        assert moved == pytest.approx(found, abs=1e-9)


def test_the_correlation_is_undefined_for_one_cluster_and_without_a_cluster_of_two() -> None:
    assert intraclass_correlation([1, 2, 3], "aaa") is None
    assert intraclass_correlation([1, 2, 3], "abc") is None


def test_korn_graubard_by_hand() -> None:
    # 2, 1 and 0 of 2: share 1/2, residuals 1, 0, -1: variance 3/2 · 2 / 36 = 1/12, so 3 samples before the degrees
    interval, effective = korn_graubard([1, 1, 1, 0, 0, 0], np.ones(6), "aabbcc")
    # kurtosis 3 · 2 / 4 = 3/2 would give 12 degrees, three clusters give 2
    assert effective == pytest.approx(3 * (stats.t.ppf(0.975, 5) / stats.t.ppf(0.975, 2)) ** 2)
    assert interval == pytest.approx(
        (
            stats.beta.ppf(0.025, effective / 2, effective / 2 + 1),
            stats.beta.ppf(0.975, effective / 2 + 1, effective / 2),
        )
    )


def test_korn_graubard_has_few_degrees_of_freedom_where_one_cluster_holds_all_that_is_rare() -> None:
    part = [1, 1] + [0] * 38
    clusters = [str(n // 2) for n in range(40)]
    # residuals 1.9 and 19 times -0.1
    second, fourth = 1.9**2 + 19 * 0.1**2, 1.9**4 + 19 * 0.1**4
    df = 2 * 20 / (20 * fourth / second**2 - 1)
    plain = 0.05 * 0.95 / (20 / 19 * second / 40**2)
    expected = plain * (stats.t.ppf(0.95, 39) / stats.t.ppf(0.95, df)) ** 2
    interval, effective = korn_graubard(part, np.ones(40), clusters, level=0.9)
    assert df < 3
    assert effective == pytest.approx(expected)
    assert interval == clopper_pearson(0.05 * effective, effective, level=0.9)


def test_two_clusters_that_differ_have_one_degree_of_freedom() -> None:
    # residuals 1/2 and -1/2: variance 2 · 1/2 / 16, 4 samples' worth, at most 4
    _, effective = korn_graubard([1, 0, 1, 1], np.ones(4), "aabb")
    plain = 0.75 * 0.25 / (2 * 0.5 / 16)
    assert effective == pytest.approx(plain * (stats.t.ppf(0.975, 3) / stats.t.ppf(0.975, 1)) ** 2)


def test_the_variance_of_unequal_clusters_is_the_jackknifes_around_the_share() -> None:
    hits, sizes = np.array([5.0, 1, 1, 0]), np.array([8.0, 4, 2, 2])
    share, n = 7 / 16, 16
    without = (7 - hits) / (n - sizes)
    gaps = without - share
    variance = 3 / 4 * (gaps**2).sum()
    kish = n**2 / (sizes**2).sum()
    weighed = (hits - share * sizes) / (1 - sizes / n)
    kurtosis = 4 * (weighed**4).sum() / (weighed**2).sum() ** 2
    df = min(kish - 1, 8 / (kurtosis - 1))
    _, effective = korn_graubard(hits, sizes, "abcd")
    plain = min(share * (1 - share) / variance, n)
    assert effective == pytest.approx(plain * (stats.t.ppf(0.975, 15) / stats.t.ppf(0.975, df)) ** 2)


def test_a_cluster_that_holds_nearly_all_leaves_hardly_any_certainty() -> None:
    (low, high), effective = korn_graubard([700, 1, 0], [1000, 1, 1], "abc")
    assert 0 < effective < 1
    assert low < 0.1 and high > 0.9


@pytest.mark.parametrize("share", [0, 1])
def test_where_all_or_none_are_hit_the_clusters_with_any_count_as_trials(share: int) -> None:
    whole = np.array([2.0, 1.0, 0.0, 3.0, 0.0])
    found = korn_graubard(share * whole, whole, ["a", "a", "b", "c", "d"])
    assert found == (clopper_pearson(2 * share, 2), 2)


def test_where_clusters_are_all_alike_they_count_as_trials() -> None:
    assert korn_graubard([1, 0, 1, 0, 1, 0], np.ones(6), "aabbcc") == (clopper_pearson(1.5, 3), 3)


def test_one_cluster_is_worth_one_trial() -> None:
    assert korn_graubard([1, 0, 1, 1], np.ones(4), "aaaa") == (clopper_pearson(0.75, 1), 1)


def test_fractions_that_hardly_differ_are_worth_more_than_as_many_trials() -> None:
    _, effective = korn_graubard([0.4, 0.6] * 5, np.ones(10), alone(10))
    assert effective == pytest.approx(0.25 / (10 / 9 * 0.1 / 100))
    _, counts = korn_graubard([2, 2, 2, 2, 2, 1], [4] * 6, "abcdef")
    assert counts <= 24


@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1), st.floats(0.01, 2)), min_size=2, max_size=12),
    st.sampled_from([0.8, 0.95]),
)
def test_wholes_that_are_no_counts_are_never_worth_more_than_their_sum(
    rows: list[tuple[int, float, float]], level: float
) -> None:
    whole = np.array([size for _, _, size in rows])
    part = whole * [share for _, share, _ in rows]
    groups = len({name for name, _, _ in rows})
    interval, effective = korn_graubard(part, whole, [str(name) for name, _, _ in rows], level=level)
    share = part.sum() / whole.sum()
    assert 0 < effective <= max(whole.sum(), groups) * (1 + 1e-9)
    assert 0 <= interval.low <= share + 1e-9
    assert share - 1e-9 <= interval.high <= 1


@given(HITS)
def test_korn_graubard_holds_the_share_and_mirrors(rows: list[tuple[int, bool]]) -> None:
    hits, clusters = np.array([float(hit) for _, hit in rows]), [str(name) for name, _ in rows]
    (low, high), effective = korn_graubard(hits, np.ones(len(hits)), clusters)
    assert low <= hits.mean() <= high
    assert effective <= len(hits) * (1 + 1e-9)
    mirrored, same = korn_graubard(1 - hits, np.ones(len(hits)), clusters)
    assert same == pytest.approx(effective)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(HITS, st.integers(2, 4))
def test_copies_within_their_cluster_add_nothing(rows: list[tuple[int, bool]], copies: int) -> None:
    hits, clusters = np.array([float(hit) for _, hit in rows]), alone(len(rows))
    assume(0 < hits.mean() < 1)
    interval, _ = korn_graubard(np.tile(hits, copies), np.ones(copies * len(hits)), clusters * copies)
    once, _ = korn_graubard(hits, np.ones(len(hits)), clusters)
    assert interval.high - interval.low >= once.high - once.low - 1e-9


@pytest.mark.parametrize(("part", "whole"), [([0, 0], [0, 0]), ([2, 0], [1, 1]), ([-1, 1], [1, 1]), ([0, 0], [1, -1])])
def test_korn_graubard_refuses_parts_outside_their_whole(part: list[float], whole: list[float]) -> None:
    with pytest.raises(ValueError, match="need 0 <= part <= whole"):
        korn_graubard(part, whole, "ab")


def quotient(totals: np.ndarray) -> np.ndarray:
    return divide(totals[:, 0], totals[:, 1])


@given(ROWS)
def test_the_jackknife_of_a_mean_is_its_standard_error_and_its_values_leave_out_one_each(
    rows: list[tuple[int, float]],
) -> None:
    values, _ = parted(rows)
    sums = np.column_stack([values, np.ones(len(values))])
    error, left_out = jackknife_error(sums, quotient)
    assert error == pytest.approx(stats.sem(values), abs=1e-9, rel=1e-9)
    expected = [(sum(values) - value) / (len(values) - 1) for value in values]
    np.testing.assert_allclose(sorted(left_out), sorted(expected), rtol=1e-9, atol=1e-9)


def test_the_jackknife_has_no_error_for_one_cluster_or_where_leaving_one_out_is_undefined() -> None:
    assert jackknife_error(np.ones((1, 2)), lambda totals: totals[:, 0])[0] is None
    error, left_out = jackknife_error(np.array([[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]]), quotient)
    assert error is None
    assert sorted(np.isnan(left_out)) == [False, False, True]
