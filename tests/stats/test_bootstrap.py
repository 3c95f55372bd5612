import warnings
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from harness.stats import bca_interval, cluster_bootstrap, cluster_sums, percentile_interval, t_interval
from harness.stats import bootstrap as module
from harness.stats.bootstrap import distinct_rows

ROWS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 100).map(float)), min_size=1, max_size=30)
VALUES = st.lists(st.integers(-20, 20).map(float) | st.floats(-1e3, 1e3), min_size=3, max_size=25)


def first_total(totals: np.ndarray) -> np.ndarray:
    return totals[:, 0]


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def spread_out(hits: np.ndarray, columns: int) -> np.ndarray:
    """The hits beside columns that make every row another one, so that none are counted together."""
    return np.column_stack([hits, *[np.arange(len(hits)) + n for n in range(columns)]])


PATHS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "distinct rows": lambda hits: hits[:, None],
    "few columns": lambda hits: spread_out(hits, 1),
    "many columns": lambda hits: spread_out(hits, 5),
}


@pytest.mark.parametrize("path", PATHS)
def test_every_way_to_draw_has_the_binomial_distribution_of_drawn_hits(path: str) -> None:
    hits = np.array([1.0] * 6 + [0.0] * 34)
    draws = cluster_bootstrap(PATHS[path](hits), first_total, rng=rng(), resamples=20_000)
    at_most = np.append(np.arange(1, 12), 40)
    expected = np.diff(stats.binom.cdf(at_most, 40, 6 / 40), prepend=0) * len(draws)
    observed = np.histogram(draws, np.append(-0.5, at_most + 0.5))[0]
    assert stats.chisquare(observed, expected).pvalue > 0.001


def test_distinct_rows_and_drawn_places_give_equal_quantiles_over_seeds() -> None:
    amounts = np.array([0.0, 0.0, 1.0, 5.0, 20.0] * 8)
    shares = [0.025, 0.25, 0.5, 0.75, 0.975]

    def quantiles(sums: np.ndarray) -> np.ndarray:
        draws = [cluster_bootstrap(sums, first_total, rng=rng(seed), resamples=1000) for seed in range(20)]
        return np.array([np.quantile(each, shares) for each in draws])

    counted, placed = quantiles(amounts[:, None]), quantiles(spread_out(amounts, 1))
    error = np.sqrt((counted.var(axis=0, ddof=1) + placed.var(axis=0, ddof=1)) / 20)
    assert (np.abs(counted.mean(axis=0) - placed.mean(axis=0)) <= 4 * error).all()


@pytest.mark.parametrize("columns", [1, 2, 5])
def test_a_resample_draws_as_many_clusters_as_there_are_and_keeps_rows_whole(columns: int) -> None:
    rows = np.column_stack([np.ones(50), *[np.arange(50.0)] * columns])
    for sums in (rows, np.ones((50, columns + 1))):
        assert (cluster_bootstrap(sums, first_total, rng=rng(), resamples=40) == 50).all()
        spread = cluster_bootstrap(sums, lambda totals: np.ptp(totals[:, 1:], axis=1), rng=rng(), resamples=40)
        assert (spread == 0).all()


def test_the_bootstrap_finds_the_standard_error_of_a_mean() -> None:
    values = rng(3).normal(size=(200, 1))
    draws = cluster_bootstrap(values, lambda sums: sums[:, 0] / 200, rng=rng(), resamples=4000)
    assert np.std(draws) == pytest.approx(np.std(values) / np.sqrt(200), rel=0.05)
    assert np.mean(draws) == pytest.approx(np.mean(values), abs=0.01)


@pytest.mark.parametrize("columns", [1, 5])
def test_resamples_drawn_in_chunks_are_all_filled(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    sums = spread_out(np.arange(1.0, 31.0), columns)
    monkeypatch.setattr(module, "_CHUNK_CELLS", 210)
    draws = cluster_bootstrap(sums, first_total, rng=rng(), resamples=50)
    assert draws.shape == (50,)
    assert ((draws >= 30) & (draws <= 900)).all()
    monkeypatch.setattr(module, "_CHUNK_CELLS", 3)
    np.testing.assert_array_equal(cluster_bootstrap(sums, first_total, rng=rng(), resamples=50), draws)


@given(ROWS)
def test_cluster_sums_are_in_order_of_first_appearance(rows: list[tuple[int, float]]) -> None:
    columns = np.array([[value, 1.0] for _, value in rows])
    names = list(dict.fromkeys(str(name) for name, _ in rows))
    sums = cluster_sums(columns, [str(name) for name, _ in rows])
    expected = [[sum(v for n, v in rows if str(n) == name), sum(str(n) == name for n, _ in rows)] for name in names]
    np.testing.assert_allclose(sums, expected)


@pytest.mark.parametrize("clusters", ["ab", "aa", "abcd", ""])
def test_as_many_clusters_as_samples_are_needed(clusters: str) -> None:
    with pytest.raises(ValueError, match=f"got 3 samples and {len(clusters)} clusters"):
        cluster_sums(np.ones((3, 1)), clusters)


@given(st.lists(st.tuples(*[st.integers(-3, 3).map(float)] * 3), min_size=1, max_size=30), st.integers(1, 3))
def test_distinct_rows_with_their_counts_are_the_rows(rows: list[tuple[float, ...]], columns: int) -> None:
    sums = np.array(rows)[:, :columns]
    found, counts = distinct_rows(sums)
    assert sorted(map(tuple, np.repeat(found, counts, axis=0))) == sorted(map(tuple, sums))
    assert len({tuple(row) for row in found}) == len(found)


def test_rows_that_rounding_would_take_for_equal_stay_apart() -> None:
    sums = np.array([[1e20, 1.0], [1e20, 2.0], [1e20, 1.0]])
    found, counts = distinct_rows(sums)
    np.testing.assert_array_equal(found, sums)
    np.testing.assert_array_equal(counts, [1, 1, 1])


def drawn_means(values: list[float]) -> np.ndarray:
    draws: np.ndarray = rng(5).choice(values, size=(400, len(values))).mean(axis=1)
    return draws


def scipys(values: list[float], draws: np.ndarray, method: str, level: float) -> tuple[float, float]:
    """scipy's interval from the same draws."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = stats.bootstrap(
            (values,),
            np.mean,
            n_resamples=0,
            method=method,
            confidence_level=level,
            bootstrap_result=SimpleNamespace(bootstrap_distribution=draws),
        ).confidence_interval
    return found.low, found.high


@given(VALUES, st.sampled_from([0.5, 0.9, 0.95]))
def test_percentiles_of_the_same_draws_are_scipys(values: list[float], level: float) -> None:
    draws = drawn_means(values)
    expected = scipys(values, draws, "percentile", level)
    assert percentile_interval(draws, level=level) == pytest.approx(expected, abs=1e-9, rel=1e-9)


@given(VALUES, st.sampled_from([0.5, 0.9, 0.95]))
def test_bca_of_the_same_draws_is_scipys(values: list[float], level: float) -> None:
    assume(np.ptp(values) > 1e-3)
    draws, value = drawn_means(values), float(np.mean(values))
    column = np.array(values)
    jackknife = (column.sum() - column) / (len(values) - 1)
    # scipy's ends are infinite where the value lies outside all of the draws
    assume(0 < np.count_nonzero(draws < value) < len(draws))
    # equal up to rounding is a tie to one and not to the other
    assume(not (np.isclose(draws, value, rtol=1e-9, atol=1e-9) & (draws != value)).any())
    found = bca_interval(value, draws, jackknife=jackknife, level=level)
    assert found == pytest.approx(scipys(values, draws, "BCa", level), abs=1e-6, rel=1e-6)


def test_the_interval_of_a_skewed_mean_is_scipys_within_monte_carlo_error() -> None:
    values = rng(2).lognormal(size=60)
    jackknife = (values.sum() - values) / 59
    draws = cluster_bootstrap(values[:, None], lambda totals: totals[:, 0] / 60, rng=rng(), resamples=20_000)
    for method, found in (
        ("percentile", percentile_interval(draws)),
        ("BCa", bca_interval(float(values.mean()), draws, jackknife=jackknife)),
    ):
        theirs = stats.bootstrap((values,), np.mean, method=method, n_resamples=20_000, rng=9).confidence_interval
        assert found == pytest.approx((theirs.low, theirs.high), abs=0.05 * float(np.std(draws)) * 2)


def test_bca_without_bias_or_acceleration_is_the_percentile_interval() -> None:
    draws = np.arange(-500.0, 501.0)
    for clusters in (None, 8):
        found = bca_interval(0.0, draws, jackknife=np.zeros(8), clusters=clusters)
        assert found == pytest.approx(percentile_interval(draws, clusters=clusters), abs=1e-9)


def test_bca_moves_with_the_skew_of_the_data_and_mirrors() -> None:
    draws = np.arange(-500.0, 501.0)
    jackknife = np.array([0.0] * 9 + [-1.0])
    low, high = bca_interval(0.0, draws, jackknife=jackknife)
    plain = percentile_interval(draws)
    assert low > plain.low and high > plain.high
    assert bca_interval(0.0, -draws, jackknife=-jackknife) == pytest.approx((-high, -low), abs=1e-9)


def test_bca_ends_at_the_outermost_draw_where_the_acceleration_sends_it_past_any() -> None:
    draws = np.arange(-500.0, 501.0)
    jackknife = np.array([0.0] * 9 + [1.0])
    assert bca_interval(0.0, draws, jackknife=jackknife, clusters=2).low == -500
    assert bca_interval(0.0, draws, jackknife=-jackknife, clusters=2).high == 500


@pytest.mark.parametrize("value", [-9.0, 9.0])
def test_bca_stays_finite_where_the_value_lies_outside_all_of_the_draws(value: float) -> None:
    low, high = bca_interval(value, np.linspace(-1, 1, 101), jackknife=np.zeros(5))
    assert -1 <= low <= high <= 1


@given(st.integers(2, 60), st.sampled_from([0.8, 0.9, 0.95]))
def test_expanded_percentiles_of_normal_draws_are_students_interval(n: int, level: float) -> None:
    values = np.arange(n) ** 2.0
    # the means of resamples, were they exactly normal: their spread is that of n, not of n - 1
    error = np.std(values) / np.sqrt(n)
    draws = values.mean() + error * stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    expected = t_interval(values.tolist(), level=level)
    found = percentile_interval(draws, level=level, clusters=n)
    assume(abs(expected.high - values.mean()) < 4 * error)
    assert found == pytest.approx(expected, abs=0.005 * error)


def test_fewer_clusters_widen_the_tails() -> None:
    draws = np.arange(100_001.0)
    spans = [np.subtract(*percentile_interval(draws, clusters=count)) for count in (2, 5, 10, 50, 10_000)]
    assert spans == sorted(spans)
    assert spans[-1] == pytest.approx(np.subtract(*percentile_interval(draws)), rel=1e-4)


def test_undefined_resamples_are_left_out() -> None:
    draws = np.array([np.nan, 1.0, 2.0, np.nan, 3.0])
    defined = draws[~np.isnan(draws)]
    assert percentile_interval(draws) == percentile_interval(defined)
    jackknife = np.array([1.0, 2.0, 4.0])
    assert bca_interval(2.0, draws, jackknife=jackknife) == bca_interval(2.0, defined, jackknife=jackknife)
    sums = np.array([[1.0, 2.0], [0.0, 0.0]])
    with np.errstate(invalid="ignore"):
        found = cluster_bootstrap(sums, lambda totals: totals[:, 0] / totals[:, 1], rng=rng(), resamples=400)
    assert np.isnan(found).mean() == pytest.approx(0.25, abs=0.08)
    assert percentile_interval(found) == (0.5, 0.5)


def test_a_statistic_that_no_resample_defines_is_refused() -> None:
    draws = np.full(3, np.nan)
    with pytest.raises(ValueError, match="undefined in every resample"):
        percentile_interval(draws)
    with pytest.raises(ValueError, match="undefined in every resample"):
        bca_interval(1.0, draws, jackknife=np.ones(2))


def test_one_cluster_and_impossible_levels_are_refused() -> None:
    draws = np.arange(5.0)
    for arguments, message in (({"clusters": 1}, "at least 2 of them, got 1"), ({"level": 1.0}, "level must lie in")):
        with pytest.raises(ValueError, match=message):
            percentile_interval(draws, **arguments)
        with pytest.raises(ValueError, match=message):
            bca_interval(1.0, draws, jackknife=np.ones(2), **arguments)
