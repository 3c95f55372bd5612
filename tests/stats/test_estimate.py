import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import (
    Difference,
    Estimate,
    Estimator,
    bca_interval,
    clopper_pearson,
    cluster_bootstrap,
    cluster_sums,
    cluster_t_interval,
    jackknife_error,
    korn_graubard,
    paired_difference,
)
from harness.stats.arrays import divide
from tests.places import reference_rows

ROWS = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 100).map(float)), min_size=2, max_size=40)
HITS = st.lists(st.tuples(st.integers(0, 9), st.booleans().map(float)), min_size=1, max_size=40)
ONE_CLUSTER = "one cluster has no spread to estimate from"


def quotient(totals: np.ndarray) -> np.ndarray:
    return divide(totals[:, 0], totals[:, 1])


def of_sums(made: Estimator, values: list[float], clusters: list[str]) -> Estimate:
    return made.of_sums(np.column_stack([values, np.full(len(values), 100.0)]), quotient, clusters)


KINDS: dict[str, Callable[[Estimator, list[float], list[str]], Estimate]] = {
    "mean": lambda made, values, clusters: made.mean(values, clusters, name="m"),
    "share": lambda made, values, clusters: made.share(values, [v + 1 for v in values], clusters),
    "quantile": lambda made, values, clusters: made.quantile(values, 0.75, clusters),
    "statistic of sums": of_sums,
}


def estimator(seed: int = 1, resamples: int = 300, level: float = 0.95) -> Estimator:
    return Estimator(seed=seed, resamples=resamples, level=level)


def alone(n: int) -> list[str]:
    return [str(index) for index in range(n)]


def parted(rows: list[tuple[int, float]]) -> tuple[list[float], list[str]]:
    return [float(value) for _, value in rows], [str(name) for name, _ in rows]


def ends(found: Estimate | Difference) -> tuple[float, float]:
    assert found.low is not None and found.high is not None
    return found.low, found.high


def test_equal_seeds_and_names_draw_equal_clusters_and_others_do_not() -> None:
    values, clusters = [float(n * n % 17) for n in range(30)], [str(n // 2) for n in range(30)]
    one, again, other = (estimator(seed).mean(values, clusters, name="a") for seed in (1, 1, 2))
    renamed = estimator().mean(values, clusters, name="b")
    assert one == again
    assert one.value == other.value == renamed.value
    assert len({ends(one), ends(other), ends(renamed)}) == 3


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "mean"])
def test_what_draws_nothing_needs_no_seed(kind: str) -> None:
    values, clusters = [float(n * n % 17) for n in range(30)], [str(n // 2) for n in range(30)]
    assert KINDS[kind](estimator(1), values, clusters) == KINDS[kind](estimator(2), values, clusters)


@pytest.mark.parametrize("kind", KINDS)
@given(ROWS, st.randoms(use_true_random=False))
def test_order_within_a_cluster_changes_nothing(kind: str, rows: list[tuple[int, float]], random: object) -> None:
    values, clusters = parted(rows)
    moved = list(values)
    for name in set(clusters):
        places = [n for n, cluster in enumerate(clusters) if cluster == name]
        shuffled = list(places)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        for to, source in zip(places, shuffled, strict=True):
            moved[to] = values[source]
    made = estimator(resamples=30)
    one, other = KINDS[kind](made, values, clusters), KINDS[kind](made, moved, clusters)
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), abs=1e-9)
    assert (one.method, one.reason) == (other.method, other.reason)


@pytest.mark.parametrize("kind", KINDS)
@given(rows=ROWS)
def test_the_interval_holds_the_value_and_widens_with_the_level(kind: str, rows: list[tuple[int, float]]) -> None:
    values, clusters = parted(rows)
    narrow, wide = (KINDS[kind](estimator(level=level, resamples=100), values, clusters) for level in (0.5, 0.9))
    assert narrow.value == wide.value
    if narrow.low is None:
        assert wide.low is None and narrow.reason == wide.reason is not None
        return
    assert wide.value is not None
    (low, high), (inner_low, inner_high) = ends(wide), ends(narrow)
    assert low - 1e-9 <= inner_low <= wide.value + 1e-9
    assert wide.value - 1e-9 <= inner_high <= high + 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_one_cluster_has_a_value_and_no_interval(kind: str) -> None:
    found = KINDS[kind](estimator(), [1.0, 2.0, 3.0], ["c"] * 3)
    assert found.value is not None
    assert (found.low, found.high, found.method, found.reason) == (None, None, "none", ONE_CLUSTER)


def test_nothing_scored_is_undefined_and_says_so() -> None:
    made = estimator()
    undefined = Estimate(None, None, None, 0.95, "none", "no sample was scored")
    assert made.proportion([], []) == undefined
    assert made.share([], [], []) == undefined
    assert made.mean([], [], name="m") == undefined
    assert made.of_sums(np.empty((0, 2)), quotient, []) == undefined
    assert made.quantile([], 0.5, []) == undefined


def test_dividing_by_nothing_is_undefined_and_says_so() -> None:
    undefined = Estimate(None, None, None, 0.95, "none", "nothing to divide by")
    assert estimator().share([0, 0], [0, 0], "ab") == undefined
    assert estimator().of_sums(np.zeros((2, 2)), quotient, "ab") == undefined


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_is_no_number_is_refused(wrong: float) -> None:
    made, values = estimator(), [1.0, wrong]
    for call in (
        lambda: made.proportion(values, "ab"),
        lambda: made.share([0, 0], values, "ab"),
        lambda: made.mean(values, "ab", name="m"),
        lambda: made.quantile(values, 0.5, "ab"),
        lambda: made.difference(values, [1, 2], "ab", name="m"),
    ):
        with pytest.raises(ValueError, match="value 1 is"):
            call()


@pytest.mark.parametrize("clusters", ["a", "abc"])
def test_as_many_clusters_as_samples_are_needed(clusters: str) -> None:
    made = estimator()
    for call in (
        lambda: made.proportion([1, 0], clusters),
        lambda: made.share([1, 0], [1, 1], clusters),
        lambda: made.mean([1, 0], clusters, name="m"),
        lambda: made.of_sums(np.ones((2, 2)), quotient, clusters),
        lambda: made.quantile([1, 0], 0.5, clusters),
        lambda: made.difference([1, 0], [1, 1], clusters, name="m"),
    ):
        with pytest.raises(ValueError, match=f"got 2.* {len(clusters)}"):
            call()


@given(st.lists(st.booleans(), min_size=1, max_size=50), st.sampled_from([0.8, 0.95]))
def test_a_proportion_of_independent_samples_has_the_interval_of_clopper_and_pearson(
    hits: list[bool], level: float
) -> None:
    found = estimator(level=level).proportion(hits, alone(len(hits)))
    assert ends(found) == clopper_pearson(sum(hits), len(hits), level=level)
    assert found.value == pytest.approx(sum(hits) / len(hits))
    assert (found.method, found.level, found.reason) == ("clopper-pearson", level, None)


@given(HITS, st.sampled_from([0.8, 0.95]))
def test_a_proportion_of_clustered_samples_has_the_interval_of_korn_and_graubard(
    rows: list[tuple[int, float]], level: float
) -> None:
    hits, clusters = parted(rows)
    clusters, hits = [*clusters, clusters[0]], [*hits, 1.0]
    found = estimator(level=level).proportion(hits, clusters)
    assert found.value == pytest.approx(np.mean(hits))
    if len(set(clusters)) == 1:
        assert (found.low, found.reason) == (None, ONE_CLUSTER)
        return
    expected, _ = korn_graubard(hits, np.ones(len(hits)), clusters, level=level)
    assert ends(found) == expected
    assert (found.method, found.level, found.reason) == ("korn-graubard", level, None)


@pytest.mark.parametrize(("part", "whole"), [([1, 0, 2], [4, 1, 3]), ([0.5, 0.25, 1], [1, 1, 1])])
def test_a_share_of_counts_and_of_fractions_is_korn_graubards_though_samples_are_independent(
    part: list[float], whole: list[float]
) -> None:
    found = estimator().share(part, whole, "abc")
    assert found.value == pytest.approx(sum(part) / sum(whole))
    assert (ends(found), found.method) == (korn_graubard(part, whole, "abc")[0], "korn-graubard")


def test_clusters_with_nothing_to_divide_by_are_no_clusters() -> None:
    found = estimator().share([1, 0, 0], [2, 0, 0], "abc")
    assert (found.value, found.low, found.reason) == (0.5, None, ONE_CLUSTER)
    assert ends(estimator().share([0, 0, 0], [2, 5, 0], "abc")) == clopper_pearson(0, 2)


def test_a_part_beyond_its_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="need 0 <= part <= whole"):
        estimator().share([3, 0], [2, 2], "ab")
    with pytest.raises(ValueError, match="need 0 <= part <= whole"):
        estimator().proportion([3, 0], "ab")


@pytest.mark.parametrize("size", [1, 2])
def test_a_mean_over_ten_clusters_or_more_has_the_bca_interval_of_drawn_clusters(size: int) -> None:
    values = np.random.default_rng(2).lognormal(size=24)
    clusters = [str(n // size) for n in range(24)]
    found = Estimator(seed=1, resamples=20_000).mean(values, clusters, name="m")
    assert found.value == pytest.approx(values.mean())
    assert found.method == ("bca bootstrap" if size == 1 else "bca cluster bootstrap")
    sums = cluster_sums(np.column_stack([values, np.ones(24)]), clusters)
    _, jackknife = jackknife_error(sums, quotient)
    draws = cluster_bootstrap(sums, quotient, rng=np.random.default_rng(8), resamples=20_000)
    expected = bca_interval(float(values.mean()), draws, jackknife=jackknife, clusters=len(sums))
    assert ends(found) == pytest.approx(expected, rel=0.04)


@given(ROWS, st.sampled_from([0.5, 0.95]))
def test_a_mean_over_few_clusters_has_students_interval_on_robust_errors(
    rows: list[tuple[int, float]], level: float
) -> None:
    values, clusters = parted([(name % 9, value) for name, value in rows])
    found = estimator(level=level).mean(values, clusters, name="m")
    assert found.value == pytest.approx(np.mean(values))
    if len(set(clusters)) > 1 and len(set(values)) > 1:
        assert found.method == "cluster-robust t"
        assert ends(found) == cluster_t_interval(values, clusters, level=level)


@pytest.mark.parametrize("n", [2, 9, 10, 50])
def test_equal_values_are_named_constant(n: int) -> None:
    found = estimator().mean([0.5] * n, alone(n), name="m")
    assert found == Estimate(0.5, 0.5, 0.5, 0.95, "constant")


def test_ten_clusters_are_enough_to_draw_from() -> None:
    values = [float(n) for n in range(10)]
    assert estimator().mean(values, alone(10), name="m").method == "bca bootstrap"
    assert estimator().mean(values[:9], alone(9), name="m").method == "cluster-robust t"


def test_intervals_of_means_cover_the_truth_about_as_often_as_they_say_where_clusters_agree_within() -> None:
    rng = np.random.default_rng(7)
    hits, naive = 0, 0
    for trial in range(300):
        centres = rng.normal(size=40)
        values = np.repeat(centres, 3) + rng.normal(scale=0.2, size=120)
        low, high = ends(estimator(trial, 400, 0.9).mean(values, [str(n // 3) for n in range(120)], name="m"))
        hits += low <= 0 <= high
        low, high = ends(estimator(trial, 400, 0.9).mean(values, alone(120), name="m"))
        naive += low <= 0 <= high
    assert 0.84 <= hits / 300 <= 0.95
    assert naive / 300 < 0.75  # rows that aren't independent taken as if they were: what clusters are for


@given(ROWS, st.sampled_from([0.5, 0.95]))
def test_a_statistic_of_sums_has_the_jackknifes_interval_within_its_range(
    rows: list[tuple[int, float]], level: float
) -> None:
    values, clusters = parted(rows)
    found = of_sums(estimator(level=level), values, clusters)
    value = np.mean(values) / 100
    assert found.value == pytest.approx(value)
    if len(set(clusters)) == 1 or found.method != "jackknife":
        return
    # every sample weighs as much: near the robust t where clusters are equal, never outside [0, 1]
    low, high = ends(found)
    assert 0 <= low <= value + 1e-9 and value - 1e-9 <= high <= 1
    if len(set(clusters)) == len(values):
        expected = cluster_t_interval(np.array(values) / 100, clusters, level=level)
        assert (low, high) == pytest.approx(np.clip(expected, 0, 1), abs=1e-9)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_where_all_or_none_of_the_sums_count_the_clusters_are_trials(value: float) -> None:
    found = of_sums(estimator(), [100 * value] * 6, list("aabbcc"))
    assert (found.value, found.method) == (value, "clopper-pearson over clusters")
    assert ends(found) == clopper_pearson(3 * value, 3)


def test_a_statistic_that_one_cluster_alone_defines_has_no_interval() -> None:
    found = estimator().of_sums(np.array([[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]]), quotient, "abc")
    assert found == Estimate(0.5, None, None, 0.95, "none", "undefined without one of its clusters")


@given(ROWS, st.floats(0, 1))
def test_a_quantile_is_numpys_and_lies_in_an_interval_within_the_values(
    rows: list[tuple[int, float]], q: float
) -> None:
    values, clusters = parted(rows)
    found = estimator().quantile(values, q, clusters)
    assert found.value == float(np.quantile(values, q))
    if len(set(clusters)) > 1:
        low, high = ends(found)
        assert min(values) <= low <= found.value <= high <= max(values)
        assert found.method == "woodruff"


def test_woodruffs_interval_by_hand() -> None:
    # the median of 0 … 20 is 10, and 11 of 21 are at most that: the interval of that share, moved by 1/2 - 11/21
    found = estimator().quantile(list(range(21)), 0.5, alone(21))
    low, high = clopper_pearson(11, 21)
    shift = 0.5 - 11 / 21
    assert found.value == 10
    assert ends(found) == pytest.approx((20 * (low + shift), 20 * (high + shift)))


def test_a_quantile_knows_of_clusters() -> None:
    values = [float(n // 4) for n in range(80)]
    narrow, wide = (ends(estimator().quantile(values, 0.5, names)) for names in (alone(80), [str(v) for v in values]))
    assert wide[0] < narrow[0] <= 9.5 <= narrow[1] < wide[1]


def test_intervals_of_quantiles_cover_the_truth_at_least_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    for q in (0.5, 0.9):
        truth = -math.log(1 - q)
        found = [ends(estimator(level=0.9).quantile(rng.exponential(size=60), q, alone(60))) for _ in range(300)]
        assert sum(low <= truth <= high for low, high in found) / 300 >= 0.87


@pytest.mark.parametrize("span", [None, 1.0])
def test_a_difference_is_that_of_pairs_with_the_seed_of_its_name(span: float | None) -> None:
    rng = np.random.default_rng(3)
    first, second = rng.random(20), rng.random(20)
    made, clusters = estimator(), [str(n // 2) for n in range(20)]
    found = made.difference(first, second, clusters, name="m", span=span)
    assert found == made.difference(first, second, clusters, name="m", span=span)
    assert ends(found) != ends(made.difference(first, second, clusters, name="other", span=span))
    plain = paired_difference(first, second, clusters, rng=np.random.default_rng(9), span=span)
    assert (found.value, found.p, found.n_clusters) == (plain.value, plain.p, 10)
    assert ends(found) == pytest.approx(ends(plain), abs=0.03)


def test_a_difference_takes_the_level_of_its_estimator() -> None:
    first, second = np.arange(20.0), np.arange(20.0)[::-1] ** 1.1
    narrow, wide = (estimator(level=level).difference(first, second, alone(20), name="m") for level in (0.5, 0.99))
    assert (narrow.level, wide.level) == (0.5, 0.99)
    assert ends(wide)[0] < ends(narrow)[0] < ends(narrow)[1] < ends(wide)[1]


def test_a_mean_of_large_numbers_loses_no_digits() -> None:
    for row in reference_rows("stat_refs/refs.jsonl"):
        if row["kind"] == "univariate":
            given_ = row["input"]
            values = given_["values"] or [given_["first"], *given_["then_alternate"] * (given_["n"] // 2)]
            found = estimator(resamples=2).mean(values, alone(len(values)), name="m")
            assert found.value == pytest.approx(row["expected"]["mean"], rel=1e-12)
