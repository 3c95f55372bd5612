from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import Estimate, Estimator, cluster_bootstrap, cluster_sums, wilson
from harness.stats import bootstrap as module
from tests.places import reference_rows

ROWS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 100).map(float)), min_size=2, max_size=30)
ONE_CLUSTER = "one cluster has no spread to estimate from"
KINDS: dict[str, Callable[[Estimator, list[float], list[str]], Estimate]] = {
    "mean": lambda made, values, clusters: made.mean(values, clusters, name="m"),
    "ratio": lambda made, values, clusters: made.ratio(values, [v + 1 for v in values], clusters, name="m"),
    "quantile": lambda made, values, clusters: made.quantile(values, 0.75, clusters, name="m"),
}


def estimator(seed: int = 1, resamples: int = 300, level: float = 0.95) -> Estimator:
    return Estimator(seed=seed, resamples=resamples, level=level)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_and_names_give_equal_intervals_and_others_do_not(kind: str) -> None:
    values, clusters = [float(n * n % 17) for n in range(20)], [str(n // 2) for n in range(20)]
    one, again, other = (KINDS[kind](estimator(seed), values, clusters) for seed in (1, 1, 2))
    assert one == again
    assert one.value == other.value
    # quantiles of few values often coincide at the ends, never at all levels
    levels = (0.5, 0.6, 0.7, 0.8)
    assert [KINDS[kind](estimator(1, level=level), values, clusters) for level in levels] != [
        KINDS[kind](estimator(2, level=level), values, clusters) for level in levels
    ]


def test_another_metric_of_the_same_seed_draws_other_clusters() -> None:
    values, clusters = [float(n * n % 17) for n in range(20)], [str(n) for n in range(20)]
    one, two = (estimator().mean(values, clusters, name=name) for name in ("a", "b"))
    assert (one.low, one.high) != (two.low, two.high)


@pytest.mark.parametrize("kind", KINDS)
@given(ROWS, st.randoms(use_true_random=False))
def test_order_within_a_cluster_changes_nothing(kind: str, rows: list[tuple[int, float]], random: object) -> None:
    clusters = [str(name) for name, _ in rows]
    values = [value for _, value in rows]
    moved = list(values)
    for name in set(clusters):
        places = [n for n, cluster in enumerate(clusters) if cluster == name]
        shuffled = list(places)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        for to, source in zip(places, shuffled, strict=True):
            moved[to] = values[source]
    made = estimator(resamples=30)
    assert KINDS[kind](made, values, clusters) == KINDS[kind](made, moved, clusters)


@given(ROWS)
def test_the_interval_lies_within_the_clusters_extremes_and_widens_with_the_level(
    rows: list[tuple[int, float]],
) -> None:
    values, clusters = [value for _, value in rows], [str(name) for name, _ in rows]
    narrow, wide = (estimator(level=level).mean(values, clusters, name="m") for level in (0.5, 0.9))
    assert narrow.value == wide.value == pytest.approx(np.mean(values))
    if len(set(clusters)) > 1:
        means = [np.mean([v for v, c in zip(values, clusters, strict=True) if c == name]) for name in set(clusters)]
        assert wide.low is not None and wide.high is not None and narrow.low is not None and narrow.high is not None
        assert min(means) - 1e-9 <= wide.low <= narrow.low <= narrow.high <= wide.high <= max(means) + 1e-9
        assert wide.method == ("bootstrap" if len(set(clusters)) == len(rows) else "cluster bootstrap")


def test_intervals_cover_the_truth_about_as_often_as_they_say_where_clusters_agree_within() -> None:
    rng = np.random.default_rng(7)
    hits, naive = 0, 0
    for trial in range(300):
        centres = rng.normal(size=40)
        values = np.repeat(centres, 3) + rng.normal(scale=0.2, size=120)
        clusters = [str(n // 3) for n in range(120)]
        found = estimator(trial, 400, 0.9).mean(values, clusters, name="m")
        alone = estimator(trial, 400, 0.9).mean(values, [str(n) for n in range(120)], name="m")
        assert found.low is not None and found.high is not None and alone.low is not None and alone.high is not None
        hits += found.low <= 0 <= found.high
        naive += alone.low <= 0 <= alone.high
    assert 0.84 <= hits / 300 <= 0.95
    assert naive / 300 < 0.75  # rows that aren't independent taken as if they were: what clusters are for


def test_the_bootstrap_finds_the_standard_error_of_a_mean() -> None:
    values = np.random.default_rng(3).normal(size=(200, 1))
    draws = cluster_bootstrap(values, lambda sums: sums[:, 0] / 200, rng=np.random.default_rng(1), resamples=4000)
    assert np.std(draws) == pytest.approx(np.std(values) / np.sqrt(200), rel=0.05)
    assert np.mean(draws) == pytest.approx(np.mean(values), abs=0.01)


def test_resamples_drawn_in_chunks_are_all_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = np.arange(1.0, 11.0)[:, None]
    monkeypatch.setattr(module, "_CHUNK_CELLS", 70)
    draws = cluster_bootstrap(sums, lambda totals: totals[:, 0], rng=np.random.default_rng(1), resamples=50)
    assert draws.shape == (50,)
    assert ((draws >= 10) & (draws <= 100)).all()
    monkeypatch.setattr(module, "_CHUNK_CELLS", 3)
    one_by_one = cluster_bootstrap(sums, lambda totals: totals[:, 0], rng=np.random.default_rng(1), resamples=50)
    np.testing.assert_array_equal(one_by_one, draws)


@given(ROWS)
def test_cluster_sums_are_in_order_of_first_appearance(rows: list[tuple[int, float]]) -> None:
    columns = np.array([[value, 1.0] for _, value in rows])
    names = list(dict.fromkeys(str(name) for name, _ in rows))
    sums = cluster_sums(columns, [str(name) for name, _ in rows])
    expected = [[sum(v for n, v in rows if str(n) == name), sum(str(n) == name for n, _ in rows)] for name in names]
    np.testing.assert_allclose(sums, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_one_cluster_has_a_value_and_no_interval(kind: str) -> None:
    found = KINDS[kind](estimator(), [1.0, 2.0, 3.0], ["c"] * 3)
    assert found.value is not None
    assert (found.low, found.high, found.method, found.reason) == (None, None, "none", ONE_CLUSTER)


def test_nothing_scored_is_undefined_and_says_so() -> None:
    made = estimator()
    undefined = Estimate(None, None, None, 0.95, "none", "no sample was scored")
    assert made.proportion([], [], name="m") == undefined
    assert made.mean([], [], name="m") == undefined
    assert made.share([], [], [], name="m") == undefined
    assert made.ratio([], [], [], name="m") == undefined
    assert made.quantile([], 0.5, [], name="m") == undefined


def test_a_ratio_over_nothing_is_undefined_and_says_so() -> None:
    for found in (estimator().share([0, 0], [0, 0], "ab", name="m"), estimator().ratio([1, 2], [0, 0], "ab", name="m")):
        assert (found.value, found.low, found.high, found.reason) == (None, None, None, "nothing to divide by")


@given(st.lists(st.booleans(), min_size=1, max_size=50), st.sampled_from([0.8, 0.95]))
def test_a_proportion_of_independent_samples_has_wilsons_interval(hits: list[bool], level: float) -> None:
    found = estimator(level=level).proportion(hits, [str(n) for n in range(len(hits))], name="m")
    assert (found.low, found.high) == wilson(sum(hits), len(hits), level=level)
    assert found.value == pytest.approx(sum(hits) / len(hits))
    assert (found.method, found.level, found.reason) == ("wilson", level, None)


def test_a_proportion_of_clustered_samples_is_bootstrapped() -> None:
    found = estimator().proportion([1, 1, 0, 1], "aabb", name="m")
    assert found == estimator().mean([1.0, 1.0, 0.0, 1.0], "aabb", name="m")
    assert found.method == "cluster bootstrap"


@pytest.mark.parametrize("all_", [0.0, 1.0])
def test_where_all_or_none_of_a_share_is_hit_wilson_over_the_clusters_that_have_any_is_given(all_: float) -> None:
    whole, clusters = [2.0, 1.0, 0.0, 3.0, 0.0], ["a", "a", "b", "c", "d"]
    found = estimator().share([all_ * size for size in whole], whole, clusters, name="m")
    assert (found.value, found.method) == (all_, "wilson over clusters")
    assert (found.low, found.high) == wilson(all_ * 2, 2)
    clustered = estimator().proportion([all_] * 4, "aabb", name="m")
    assert (clustered.low, clustered.high) == wilson(all_ * 2, 2)


def test_a_share_is_a_ratio_of_sums_where_neither_all_nor_none_is_hit() -> None:
    found = estimator().share([1, 0, 2], [4, 1, 3], "abc", name="m")
    assert found.value == pytest.approx(3 / 8)
    assert found == estimator().ratio([1, 0, 2], [4, 1, 3], "abc", name="m")


def test_resamples_that_leave_a_ratio_undefined_are_left_out() -> None:
    found = estimator().ratio([1, 0], [2, 0], "ab", name="m")
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


@given(ROWS, st.floats(0, 1))
def test_a_quantile_is_numpys_and_lies_in_its_interval_s_range(rows: list[tuple[int, float]], q: float) -> None:
    values, clusters = [value for _, value in rows], [str(name) for name, _ in rows]
    found = estimator(resamples=30).quantile(values, q, clusters, name="m")
    assert found.value == float(np.quantile(values, q))
    if len(set(clusters)) > 1:
        assert found.low is not None and found.high is not None
        assert min(values) <= found.low <= found.high <= max(values)


def test_a_quantile_draws_whole_clusters() -> None:
    # each cluster holds one 0 and one 10: whatever is drawn whole, the median stays 5
    found = estimator().quantile([0, 10] * 6, 0.5, [str(n // 2) for n in range(12)], name="m")
    assert (found.value, found.low, found.high, found.method) == (5, 5, 5, "cluster bootstrap")


def test_a_mean_of_large_numbers_loses_no_digits() -> None:
    for row in reference_rows("stat_refs/refs.jsonl"):
        if row["kind"] == "univariate":
            given_ = row["input"]
            values = given_["values"] or [given_["first"], *given_["then_alternate"] * (given_["n"] // 2)]
            found = estimator(resamples=2).mean(values, [str(n) for n in range(len(values))], name="m")
            assert found.value == pytest.approx(row["expected"]["mean"], rel=1e-12)
