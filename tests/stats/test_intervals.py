import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]
from statsmodels.stats.weightstats import DescrStatsW  # type: ignore[import-untyped]

from harness.stats import clopper_pearson, normal_quantile, t_interval, wilson
from harness.stats.intervals import t_quantile

LEVEL = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
COUNTS = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, LEVEL)
def test_wilson_is_scipys_score_interval(counts: tuple[int, int], level: float) -> None:
    expected = binomtest(*counts).proportion_ci(confidence_level=level, method="wilson")
    assert wilson(*counts, level=level) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(COUNTS, LEVEL)
@example((0, 1), 0.95)
@example((1, 1), 0.95)
def test_wilson_is_statsmodels_score_interval(counts: tuple[int, int], level: float) -> None:
    expected = proportion_confint(*counts, alpha=1 - level, method="wilson")
    assert wilson(*counts, level=level) == pytest.approx(expected, abs=1e-9, rel=0)


@given(COUNTS, LEVEL)
def test_wilson_holds_the_share_and_mirrors(counts: tuple[int, int], level: float) -> None:
    k, n = counts
    low, high = wilson(k, n, level=level)
    assert 0 <= low <= k / n <= high <= 1
    assert wilson(n - k, n, level=level) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_wilson_ends_exactly_at_the_edge_where_none_or_all_succeed() -> None:
    assert wilson(0, 7)[0] == 0
    assert wilson(7, 7)[1] == 1


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_equals_newcombes_table(k: int, n: int, expected: tuple[float, float]) -> None:
    assert wilson(k, n) == pytest.approx(expected, abs=6e-5)


@given(COUNTS, LEVEL)
@example((0, 1), 0.95)
@example((1, 1), 0.95)
def test_clopper_pearson_is_scipys_and_statsmodels_exact_interval(counts: tuple[int, int], level: float) -> None:
    found = clopper_pearson(*counts, level=level)
    scipys = binomtest(*counts).proportion_ci(confidence_level=level, method="exact")
    assert found == pytest.approx((scipys.low, scipys.high), abs=1e-9, rel=0)
    assert found == pytest.approx(proportion_confint(*counts, alpha=1 - level, method="beta"), abs=1e-9, rel=0)


@given(COUNTS, LEVEL)
def test_each_end_of_clopper_pearson_is_the_share_that_a_one_sided_test_just_keeps(
    counts: tuple[int, int], level: float
) -> None:
    k, n = counts
    low, high = clopper_pearson(k, n, level=level)
    if k > 0:
        assert stats.binom.sf(k - 1, n, low) == pytest.approx((1 - level) / 2, rel=1e-6)
    if k < n:
        assert stats.binom.cdf(k, n, high) == pytest.approx((1 - level) / 2, rel=1e-6)


@given(st.floats(0.01, 500), st.integers(0, 1000).map(lambda k: k / 1000), LEVEL)
def test_clopper_pearson_of_an_effective_sample_size_holds_the_share_and_mirrors(
    n: float, share: float, level: float
) -> None:
    low, high = clopper_pearson(share * n, n, level=level)
    assert 0 <= low <= share <= high <= 1
    successes = share * n
    assert clopper_pearson(n - successes, n, level=level) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(COUNTS)
def test_fractions_move_clopper_pearson_between_its_whole_neighbours(counts: tuple[int, int]) -> None:
    k, n = counts
    assume(k < n)
    ends = np.array([clopper_pearson(k + part, n) for part in (0, 0.25, 0.5, 0.75, 1)])
    assert (np.diff(ends, axis=0) > 0).all()


def test_clopper_pearson_ends_exactly_at_the_edge_where_none_or_all_succeed() -> None:
    low, high = clopper_pearson(0, 20)
    assert low == 0 and high == pytest.approx(1 - 0.025 ** (1 / 20))
    low, high = clopper_pearson(20, 20)
    assert low == pytest.approx(0.025 ** (1 / 20)) and high == 1


@pytest.mark.parametrize(("p", "n"), [(0.01, 100), (0.05, 30), (0.5, 11), (0.9, 25)])
def test_clopper_pearson_covers_with_at_least_its_level(p: float, n: int) -> None:
    ends = [clopper_pearson(k, n) for k in range(n + 1)]
    chance = stats.binom.pmf(np.arange(n + 1), n, p)
    assert sum(c for (low, high), c in zip(ends, chance, strict=True) if low <= p <= high) >= 0.95


VALUES = st.lists(st.integers(-9, 9).map(float) | st.floats(-1e3, 1e3), min_size=2, max_size=40)


@given(VALUES, LEVEL)
def test_the_t_interval_is_statsmodels_and_scipys(values: list[float], level: float) -> None:
    found = t_interval(values, level=level)
    assert found == pytest.approx(DescrStatsW(values).tconfint_mean(1 - level), abs=1e-9, rel=1e-9)
    if np.ptp(values) > 0:
        error = stats.sem(values)
        assume(error > 0)
        expected = stats.t.interval(level, len(values) - 1, loc=np.mean(values), scale=error)
        assert found == pytest.approx(expected, abs=1e-9, rel=1e-9)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.nan], [1.0, math.inf]])
def test_the_t_interval_refuses_fewer_than_two_finite_values(values: list[float]) -> None:
    with pytest.raises(ValueError, match="at least 2 finite values"):
        t_interval(values)


@given(LEVEL | st.floats(0.01, 0.999), st.integers(1, 500) | st.floats(0.5, 500))
def test_quantiles_are_scipys(level: float, df: float) -> None:
    assert t_quantile(level, df) == pytest.approx(stats.t.ppf(0.5 + level / 2, df), abs=1e-9, rel=1e-9)
    assert normal_quantile(level) == pytest.approx(stats.norm.ppf(0.5 + level / 2), abs=1e-9, rel=0)
    assert t_quantile(level, math.inf) == normal_quantile(level) <= t_quantile(level, df)


@pytest.mark.parametrize("df", [0, -1, math.nan])
def test_students_quantile_refuses_impossible_degrees_of_freedom(df: float) -> None:
    with pytest.raises(ValueError, match="df be above 0, got"):
        t_quantile(0.95, df)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
@pytest.mark.parametrize(("k", "n"), [(0, 0), (-1, 3), (4, 3), (math.nan, 3), (0, math.nan)])
def test_impossible_counts_are_refused(interval: object, k: float, n: float) -> None:
    with pytest.raises(ValueError, match="need 0 <= successes <= n"):
        interval(k, n)  # type: ignore[operator]


@pytest.mark.parametrize("level", [0, 1, 1.5, math.nan])
def test_a_level_outside_0_and_1_is_refused(level: float) -> None:
    for call in (
        lambda: wilson(1, 2, level=level),
        lambda: clopper_pearson(1, 2, level=level),
        lambda: t_interval([1, 2], level=level),
        lambda: normal_quantile(level),
        lambda: t_quantile(level, 3),
        lambda: t_quantile(level, math.inf),
    ):
        with pytest.raises(ValueError, match=r"level must lie in \(0, 1\)"):
            call()
