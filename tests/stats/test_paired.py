import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import contingency_tables  # type: ignore[import-untyped]

from harness.stats import (
    Difference,
    mcnemar,
    mean_standard_error,
    paired_bootstrap,
    paired_difference,
    sign_flip_test,
)
from harness.stats import paired as module

BINARY = st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.booleans()), min_size=1, max_size=40)
WHOLE = st.lists(st.tuples(st.integers(0, 5), st.integers(-4, 4)), min_size=1, max_size=20)
FRACTIONS = st.integers(-8, 8).map(lambda n: n / 3) | st.floats(-5, 5)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def alone(n: int) -> list[str]:
    return [str(index) for index in range(n)]


def flipped_by_hand(differences: list[float], clusters: list[str]) -> float:
    """Share of all ways to flip whole clusters whose sum is at least as far from 0."""
    totals = {name: 0.0 for name in clusters}
    for difference, name in zip(differences, clusters, strict=True):
        totals[name] += difference
    sums = list(totals.values())
    slack = 1e-9 * sum(map(abs, sums))
    ways = [
        sum(s * v for s, v in zip(signs, sums, strict=True)) for signs in itertools.product((1, -1), repeat=len(sums))
    ]
    return float(np.mean([abs(way) >= abs(sum(sums)) - slack for way in ways]))


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_statsmodels_and_the_binomial_test(first: int, second: int) -> None:
    assume(first + second > 0)
    found = mcnemar(first, second)
    table = [[3, first], [second, 4]]
    exact = contingency_tables.mcnemar(table, exact=True).pvalue
    chi2 = contingency_tables.mcnemar(table, exact=False, correction=False)
    binomial = stats.binomtest(first, first + second).pvalue
    assert found.exact == pytest.approx(exact, abs=1e-9, rel=0)
    assert found.exact == pytest.approx(binomial, abs=1e-9, rel=0)
    assert (found.chi2, found.chi2_p) == pytest.approx((chi2.statistic, chi2.pvalue), abs=1e-9, rel=0)
    # both tails hold half of the observed point each
    fewer, n = min(first, second), first + second
    mid = 2 * (stats.binom.cdf(fewer, n, 0.5) - stats.binom.pmf(fewer, n, 0.5) / 2)
    assert found.mid_p == pytest.approx(min(1, mid), abs=1e-9, rel=0)
    assert mcnemar(second, first) == found


@pytest.mark.parametrize(
    ("first", "second", "exact", "mid_p"), [(1, 6, 0.125, 0.0703125), (0, 5, 0.0625, 0.03125), (3, 3, 1, 1)]
)
def test_mcnemar_by_hand(first: int, second: int, exact: float, mid_p: float) -> None:
    found = mcnemar(first, second)
    assert (found.exact, found.mid_p) == pytest.approx((exact, mid_p), abs=1e-12)


def test_mcnemar_of_many_pairs_loses_no_digits() -> None:
    found = mcnemar(48_000, 52_000)
    assert found.exact == pytest.approx(stats.binomtest(48_000, 100_000).pvalue, rel=1e-6)
    assert 0 < found.mid_p < found.exact


def test_without_a_discordant_pair_nothing_differs() -> None:
    assert mcnemar(0, 0) == (1, 1, 0, 1)


@pytest.mark.parametrize(("first", "second"), [(-1, 2), (2, -1)])
def test_negative_counts_are_refused(first: int, second: int) -> None:
    with pytest.raises(ValueError, match=f"can't be negative, got {first} and {second}"):
        mcnemar(first, second)


@given(BINARY)
def test_sign_flips_of_a_binary_pair_a_cluster_are_mcnemars_exact_test(rows: list[tuple[int, bool, bool]]) -> None:
    differences = [float(second) - float(first) for _, first, second in rows]
    found = sign_flip_test(differences, alone(len(rows)), rng=rng())
    expected = mcnemar(differences.count(-1), differences.count(1)).exact
    assert found.p == pytest.approx(expected, abs=1e-9)
    assert found.method == "exact"


@given(st.lists(st.tuples(FRACTIONS, FRACTIONS), min_size=2, max_size=7))
def test_sign_flips_of_few_pairs_are_scipys_permutation_test(pairs: list[tuple[float, float]]) -> None:
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    differences = second - first
    assume((np.abs(differences)[differences != 0] > 1e-6).all())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = stats.permutation_test(
            (second, first),
            lambda x, y, axis: np.mean(x - y, axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=np.inf,
        ).pvalue
    found = sign_flip_test(differences, alone(len(pairs)), rng=rng())
    assert found.method == "exact"
    # 2 · the smaller tail is scipy's two-sided p, equal by symmetry; without a sum it would count 0 twice
    assert found.p == pytest.approx(expected, abs=1e-9, rel=0)


@pytest.mark.parametrize("unit", [1.0, 1 / 3])
@given(rows=WHOLE)
def test_clusters_flip_whole_whether_sums_are_whole_numbers_or_not(unit: float, rows: list[tuple[int, int]]) -> None:
    differences, clusters = [unit * value for _, value in rows], [str(name) for name, _ in rows]
    found = sign_flip_test(differences, clusters, rng=rng())
    assert found.p == pytest.approx(flipped_by_hand(differences, clusters), abs=1e-9)
    assert found.method == "exact"


def test_a_cluster_of_many_pairs_counts_once() -> None:
    assert sign_flip_test([1.0] * 20, alone(20), rng=rng()).p == pytest.approx(2 * 0.5**20)
    assert sign_flip_test([1.0] * 20, ["a", "b"] * 10, rng=rng()).p == 0.5
    assert sign_flip_test([1.0] * 20, ["a"] * 20, rng=rng()).p == 1


@given(st.lists(st.integers(-6, 6), min_size=18, max_size=40), st.integers(0, 99))
def test_many_fractions_are_drawn_and_near_the_exact_p(values: list[int], seed: int) -> None:
    assume(sum(value != 0 for value in values) > 16 and len({abs(value) for value in values if value}) > 1)
    exact = sign_flip_test(values, alone(len(values)), rng=rng())
    found = sign_flip_test([value / 3 for value in values], alone(len(values)), rng=rng(seed), draws=2000)
    assert (exact.method, found.method) == ("exact", "monte carlo")
    assert found.p * 2001 == pytest.approx(round(found.p * 2001))
    assert found.p == pytest.approx(exact.p, abs=1 / 2001 + 4.5 * math.sqrt(exact.p * (1 - exact.p) / 2000))


def test_the_observed_signs_are_counted_among_those_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = [1 + n / 70 for n in range(60)]
    assert sign_flip_test(differences, alone(60), rng=rng(), draws=99) == (0.01, "monte carlo")
    monkeypatch.setattr(module, "_MOST_CELLS", 300)  # five draws at a time, the last time fewer
    assert sign_flip_test(differences, alone(60), rng=rng(), draws=98) == (1 / 99, "monte carlo")


def test_more_draws_than_fit_at_once_are_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [n / 3 for n in range(-9, 12)]
    at_once = sign_flip_test(values, alone(len(values)), rng=rng(), draws=5000)
    monkeypatch.setattr(module, "_MOST_CELLS", 700)
    assert sign_flip_test(values, alone(len(values)), rng=rng(), draws=5000).p == pytest.approx(at_once.p, abs=0.04)


def test_huge_whole_numbers_are_no_reason_to_overflow() -> None:
    assert sign_flip_test([2.0**62, 2.0**62, 2.0**61], "abc", rng=rng()) == (0.25, "exact")
    assert sign_flip_test([1e300, 1e300, 1e299], "abc", rng=rng()) == (0.25, "exact")


def test_ties_have_p_1() -> None:
    assert sign_flip_test([0.0, 0.0], "ab", rng=rng()) == (1, "exact")
    assert sign_flip_test([1.0, -1.0, 2.0, -2.0], "aabb", rng=rng()) == (1, "exact")
    assert sign_flip_test([1.0, -1.0, 2.0, -2.0], "abcd", rng=rng()) == (1, "exact")


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_is_no_number_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="value 1 is"):
        sign_flip_test([1.0, wrong], "ab", rng=rng())
    with pytest.raises(ValueError, match="value 1 is"):
        paired_bootstrap([1.0, wrong], "ab", rng=rng())
    for first, second in (([1.0, wrong], [1.0, 2.0]), ([1.0, 2.0], [1.0, wrong]), ([1.0, wrong], [1.0, wrong])):
        with pytest.raises(ValueError, match="value 1 is"):
            paired_difference(first, second, "ab", rng=rng())


def test_the_bootstrap_of_pairs_is_close_to_students_interval_on_robust_errors() -> None:
    values = rng(3).normal(size=120)
    for clusters in (alone(120), [str(n // 3) for n in range(120)]):
        mean, error, df = mean_standard_error(values, clusters)
        half = stats.t.ppf(0.975, df) * error
        found = paired_bootstrap(values, clusters, rng=rng())
        assert found == pytest.approx((mean - half, mean + half), abs=0.12 * half)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=12), st.floats(0.3, 0.95))
def test_the_bootstrap_holds_the_mean_and_lies_within_the_extremes(values: list[float], level: float) -> None:
    low, high = paired_bootstrap(values, alone(len(values)), rng=rng(), level=level, resamples=50)
    assert min(values) - 1e-9 <= low <= np.mean(values) <= high <= max(values) + 1e-9


def test_a_known_span_widens_and_makes_agreement_uncertain() -> None:
    few = [0.0] * 17 + [1.0] * 3
    plain = paired_bootstrap(few, alone(20), rng=rng())
    wide = paired_bootstrap(few, alone(20), rng=rng(), span=1)
    assert plain.low == 0 > wide.low
    assert wide.high - wide.low > plain.high - plain.low
    every = paired_bootstrap([1.0] * 20, alone(20), rng=rng())
    assert every == (1, 1)
    low, high = paired_bootstrap([1.0] * 20, alone(20), rng=rng(), span=1)
    assert 0.5 < low < 0.9 and high == 1
    wider = paired_bootstrap([1.0] * 20, alone(20), rng=rng(), span=2)
    assert wider.low < low


def test_the_span_adds_one_cluster_of_ordinary_size() -> None:
    # 40 pairs in 20 clusters that all differ by 1: two clusters of 2 pairs more, with 1 and -1
    draws = rng(7).multinomial(22, [21 / 22, 1 / 22], size=200_000) @ [1, -1] / 22
    tail = stats.norm.cdf(-math.sqrt(20 / 19) * stats.t.ppf(0.975, 19))
    found = paired_bootstrap([1.0] * 40, [str(n // 2) for n in range(40)], rng=rng(), resamples=20_000, span=1)
    assert found == pytest.approx((np.quantile(draws, tail), 1), abs=1e-9)


def test_the_clusters_added_for_the_span_do_not_count_against_the_widening_for_few() -> None:
    draws = rng(7).choice([1.0, 2.0, 4.0, 8.0, 9.0, -9.0], size=(200_000, 6)).mean(axis=1)
    tail = stats.norm.cdf(-math.sqrt(4 / 3) * stats.t.ppf(0.9, 3))
    found = paired_bootstrap([1.0, 2.0, 4.0, 8.0], "abcd", rng=rng(), level=0.8, resamples=100_000, span=9)
    assert found == pytest.approx(np.quantile(draws, [tail, 1 - tail]), abs=0.1)


def test_the_bootstrap_of_pairs_needs_two_clusters() -> None:
    with pytest.raises(ValueError, match="at least 2 of them, got 1"):
        paired_bootstrap([1.0, 2.0], "aa", rng=rng())


@given(BINARY, st.sampled_from([0.8, 0.95]), st.sampled_from([None, 1.0]))
def test_the_interval_leaves_0_out_only_where_the_test_rejects(
    rows: list[tuple[int, bool, bool]], level: float, span: float | None
) -> None:
    clusters = [str(name) for name, _, _ in rows]
    first, second = [float(a) for _, a, _ in rows], [float(b) for _, _, b in rows]
    found = paired_difference(first, second, clusters, rng=rng(), level=level, resamples=200, span=span)
    assert found.value == pytest.approx(np.mean(second) - np.mean(first), abs=1e-12)
    assert found.n_differ == sum(a != b for a, b in zip(first, second, strict=True))
    assert (found.n, found.n_clusters, found.level) == (len(rows), len(set(clusters)), level)
    if found.low is None or found.high is None:
        assert found.reason is not None and found.method == "none"
        return
    assert found.reason is None and found.p is not None and found.value is not None
    assert found.low <= found.value <= found.high
    if not found.low <= 0 <= found.high:
        assert found.p <= 1 - level
    assert found.standard_error == mean_standard_error(np.subtract(second, first), clusters).standard_error
    assert found.p == sign_flip_test(np.subtract(second, first), clusters, rng=rng()).p
    kind = "paired bootstrap" if len(set(clusters)) == len(rows) else "paired cluster bootstrap"
    assert found.method in {kind, f"{kind}, widened to 0 by the test"}


@pytest.mark.parametrize("sign", [1, -1])
def test_an_interval_that_the_test_does_not_back_is_widened_to_0(sign: int) -> None:
    found = paired_difference([0.0] * 4, [sign * n for n in (1.0, 2.0, 3.0, 4.0)], "abcd", rng=rng())
    ends = (found.low, found.high) if sign > 0 else (found.high, found.low)
    assert ends[0] == 0
    assert (found.p, found.p_method) == (0.125, "sign flip, exact")
    assert found.method == "paired bootstrap, widened to 0 by the test"


def test_swapping_the_sides_turns_the_sign() -> None:
    first, second = rng(1).random(30), rng(2).random(30) + 0.1
    one = paired_difference(first, second, alone(30), rng=rng())
    other = paired_difference(second, first, alone(30), rng=rng())
    assert one.value is not None and other.value == -one.value
    assert other.p == pytest.approx(one.p, abs=0.02)
    assert one.low is not None and one.high is not None
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=0.02)


def test_no_pair_is_undefined() -> None:
    found = paired_difference([], [], [], rng=rng())
    assert found == Difference(None, None, None, 0.95, "none", "there is no pair", None, "none", None, 0, 0, 0)


@pytest.mark.parametrize("clusters", ["abc", "aab", "aaa"])
def test_all_ties_differ_by_0_without_an_interval(clusters: str) -> None:
    found = paired_difference([1, 0, 2], [1, 0, 2], clusters, rng=rng())
    assert (found.value, found.low, found.high, found.p, found.n_differ) == (0, None, None, 1, 0)
    assert (found.reason, found.standard_error, found.n) == ("no pair differs", 0, 3)


@pytest.mark.parametrize("n", [1, 3])
def test_one_cluster_has_a_value_and_neither_interval_nor_p(n: int) -> None:
    found = paired_difference([0.0] * n, [1.0] * n, "a" * n, rng=rng())
    reason = "one cluster has no spread to estimate from"
    assert found == Difference(1, None, None, 0.95, "none", reason, None, "none", None, n, 1, n)


def test_all_better_is_sure_only_with_pairs_enough() -> None:
    few = paired_difference([0] * 5, [1] * 5, alone(5), rng=rng(), span=1)
    many = paired_difference([0] * 40, [1] * 40, alone(40), rng=rng(), span=1)
    assert few.p == pytest.approx(0.0625) and few.low is not None and few.low <= 0
    assert many.p == pytest.approx(2 * 0.5**40) and many.low is not None and 0 < many.low < many.high == 1  # type: ignore[operator]
    assert (many.value, many.n_differ, many.standard_error) == (1, 40, 0)


@pytest.mark.parametrize(
    ("first", "second", "clusters"), [([1], [1, 2], "ab"), ([1, 2], [1], "ab"), ([1, 2], [1, 2], "a"), ([], [], "a")]
)
def test_sides_of_unequal_length_are_refused(first: list[int], second: list[int], clusters: str) -> None:
    with pytest.raises(ValueError, match=f"got {len(first)}, {len(second)}, {len(clusters)}"):
        paired_difference(first, second, clusters, rng=rng())


def test_the_test_rejects_what_is_true_about_as_often_as_it_says() -> None:
    made = rng(11)
    rejected = 0
    for _ in range(400):
        shared = np.repeat(made.normal(size=15), 4)
        differences = shared + made.normal(scale=0.5, size=60)
        rejected += sign_flip_test(differences, [str(n // 4) for n in range(60)], rng=made).p <= 0.1
    assert stats.binomtest(rejected, 400, 0.1).pvalue > 0.001
