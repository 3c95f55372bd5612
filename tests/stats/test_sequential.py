import math
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm, t

from harness.stats import sequential as module
from harness.stats.sequential import (
    always_valid_p_value,
    asymptotic_confidence_sequence,
    confidence_sequence,
    paired_confidence_sequence,
)

Floats = NDArray[np.float64]

SHARES = st.integers(0, 64).map(lambda k: k / 64)
VALUES = st.lists(SHARES | st.sampled_from([0.0, 1.0]), min_size=1, max_size=60)
PAIRS = st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=60)
LEVEL = st.sampled_from([0.5, 0.8, 0.95, 0.99])


def plain_capital(values: list[float], m: float, level: float, sign: int) -> list[float]:
    """Capital after each value by the definition, betting above (1) or below (-1) the mean m of values in [0, 1]."""
    capital, path = 1.0, []
    total, squares, variance = 0.5, 0.25, 0.25
    for n, value in enumerate(values, 1):
        bet = math.sqrt(2 * math.log(2 / (1 - level)) / (variance * n * math.log(n + 1)))
        room = m if sign > 0 else 1 - m
        capital *= 1 + sign * min(bet, 0.5 / room if room else math.inf) * (value - m)
        path.append(capital)
        total += value
        squares += (value - total / (n + 1)) ** 2
        variance = squares / (n + 1)
    return path


def plain_low(values: list[float], level: float) -> float:
    """The greatest mean below which all are rejected, by bisection over the whole range."""
    low, high = 0.0, 1.0
    for _ in range(40):
        m = (low + high) / 2
        low, high = (m, high) if max(plain_capital(values, m, level, 1)) >= 2 / (1 - level) else (low, m)
    return low


def draws(rng: np.random.Generator, n: int, share: float) -> Floats:
    return (rng.random(n) < share).astype(float)


@given(VALUES, LEVEL)
def test_bounds_are_those_of_the_definition_rounded_outwards(values: list[float], level: float) -> None:
    found = confidence_sequence(values, level=level)
    mean, exact = float(np.mean(values)), plain_low(values, level)
    coarse = 0.05 / len(values)
    assert exact - max(0.01 * (mean - found.low[-1]), coarse) - 1e-9 <= found.low[-1] <= exact + 1e-9
    exact = 1 - plain_low([1 - value for value in values], level)
    assert exact + max(0.01 * (found.high[-1] - mean), coarse) + 1e-9 >= found.high[-1] >= exact - 1e-9
    assert found.mean[-1] == pytest.approx(mean)


@given(VALUES, SHARES, LEVEL)
def test_the_p_value_is_one_over_the_greatest_capital(values: list[float], mean: float, level: float) -> None:
    found = always_valid_p_value(values, mean=mean, level=level)
    paths = [plain_capital(values, mean, level, sign) for sign in (1, -1)]
    peak = np.maximum.accumulate(np.max(paths, axis=0)) / 2
    np.testing.assert_allclose(found, np.minimum(1, 1 / peak), rtol=1e-9)


def test_two_successes_bound_the_mean_as_by_hand() -> None:
    # bets: sqrt(2 ln 40 / (1/4 ln 2)) = 6.525 and, with mean 3/4 and variance 5/32 then, sqrt(2 ln 40 / (5/16 ln 3)) =
    # 4.636; capital (1 + 6.525 u)(1 + 4.636 u) with u = 1 - m reaches 40 at u = 0.9659
    found = confidence_sequence([1, 1])
    np.testing.assert_array_equal(found.high, [1, 1])
    assert found.low[0] == 0
    assert 0.0341 - 0.025 <= found.low[1] <= 0.0341
    np.testing.assert_allclose(always_valid_p_value([1, 1], mean=0), [2 / 7.525, 2 / (7.525 * 5.636)], rtol=1e-3)


@pytest.mark.parametrize("value", [0, 0.3, 1])
def test_one_value_says_nothing_at_95_percent_yet(value: float) -> None:
    found = confidence_sequence([value])
    assert (found.mean.tolist(), found.low.tolist(), found.high.tolist()) == ([value], [0], [1])
    assert (found.level, found.method, found.empty_from) == (0.95, "hedged capital", None)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_the_true_mean_is_held_at_all_times_about_as_often_as_said(share: float) -> None:
    rng = np.random.default_rng(11)
    held = [always_valid_p_value(draws(rng, 1000, share), mean=share)[-1] > 0.05 for _ in range(1000)]
    assert 0.935 <= np.mean(held) < 1


def test_a_mean_is_held_at_all_times_just_where_its_p_value_never_fell_to_the_level() -> None:
    rng = np.random.default_rng(5)
    outside = 0
    for _ in range(150):
        values = draws(rng, 300, 0.3)
        found = confidence_sequence(values, level=0.6)
        p_value = always_valid_p_value(values, mean=0.3, level=0.6)
        out = (found.low > 0.3) | (found.high < 0.3)
        assert (p_value[out] <= 0.4).all()
        slack = 0.01 * (found.high - found.low) + 0.05 / 300
        assert (p_value[(found.low + slack < 0.3) & (0.3 < found.high - slack)] > 0.4).all()
        outside += bool(out[-1])
    assert 20 <= outside <= 0.4 * 150


@pytest.mark.parametrize("differing", [0.1, 0.5])
def test_equal_agents_looked_at_50_times_are_told_apart_too_often_only_by_repeated_t_tests(differing: float) -> None:
    rng = np.random.default_rng(3)
    looks = np.arange(20, 1001, 20)
    critical = t.ppf(0.975, looks - 1)
    sequential, repeated, runs = 0, 0, 500
    for _ in range(runs):
        difference = rng.choice([-1.0, 0.0, 1.0], 1000, p=[differing / 2, 1 - differing, differing / 2])
        sequential += bool((always_valid_p_value(difference, mean=0, bounds=(-1, 1))[looks - 1] <= 0.05).any())
        mean = np.cumsum(difference)[looks - 1] / looks
        variance = (np.cumsum(difference**2)[looks - 1] - looks * mean**2) / (looks - 1)
        repeated += bool((np.abs(mean) > critical * np.sqrt(variance / looks)).any())
    assert sequential / runs <= 0.055
    assert repeated / runs > 0.2


def test_a_real_difference_is_found_and_its_sequence_holds_it() -> None:
    rng = np.random.default_rng(8)
    a, b = draws(rng, 2000, 0.8), draws(rng, 2000, 0.7)
    found = paired_confidence_sequence(a, b)
    assert 0 < found.low[-1] < 0.1 < found.high[-1]
    assert found.low[20] < 0 < found.high[20]


def test_widths_shrink_about_as_the_law_of_the_iterated_logarithm_has_it() -> None:
    rng = np.random.default_rng(2)
    widths = np.zeros(3)
    ns = np.array([100, 1000, 10_000])
    for _ in range(6):
        found = confidence_sequence(draws(rng, 10_000, 0.5))
        widths += (found.high - found.low)[ns - 1] / 6
    rate = np.sqrt(np.log(np.log(ns)) / ns)
    np.testing.assert_allclose(widths / rate, np.mean(widths / rate), rtol=0.25)
    fixed = 2 * norm.ppf(0.975) * 0.5 / np.sqrt(ns)
    assert (widths > 1.2 * fixed).all() and (widths < 3 * fixed).all()


@given(VALUES, LEVEL)
def test_bounds_only_tighten_and_stay_within_the_range(values: list[float], level: float) -> None:
    found = confidence_sequence(values, level=level)
    assert found.low.shape == found.high.shape == found.mean.shape == (len(values),)
    assert (np.diff(found.low) >= 0).all() and (np.diff(found.high) <= 0).all()
    assert (found.low >= 0).all() and (found.low <= found.high).all() and (found.high <= 1).all()


@given(VALUES, st.integers(1, 60))
def test_values_to_come_never_change_what_was_known(values: list[float], cut: int) -> None:
    whole, part = confidence_sequence(values), confidence_sequence(values[:cut])
    np.testing.assert_array_equal(whole.low[:cut], part.low)
    np.testing.assert_array_equal(whole.high[:cut], part.high)


@given(VALUES, st.integers(-8, 8), st.integers(-100, 100))
def test_moving_and_scaling_the_values_moves_and_scales_the_bounds(
    values: list[float], power: int, offset: int
) -> None:
    scale = 2.0**power  # with halves and whole numbers no digit is lost, so the search takes the same turns
    bottom = float(offset) * scale
    found = confidence_sequence([bottom + scale * value for value in values], bounds=(bottom, bottom + scale))
    plain = confidence_sequence(values)
    np.testing.assert_allclose(found.low, bottom + scale * plain.low, rtol=1e-12, atol=1e-12 * scale)
    np.testing.assert_allclose(found.high, bottom + scale * plain.high, rtol=1e-12, atol=1e-12 * scale)


@pytest.mark.parametrize("bounds", [(-0.3, 0.1), (-4.2, -4.1), (-3.7, 5.1)])  # two that round to beyond an end
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_bounds_of_any_range_are_never_left(bounds: tuple[float, float], places: list[float]) -> None:
    bottom, top = bounds
    found = confidence_sequence(np.clip(bottom + np.array(places) * (top - bottom), bottom, top), bounds=bounds)
    assert (bottom <= found.low).all() and (found.low <= found.high).all() and (found.high <= top).all()


@given(PAIRS, LEVEL)
def test_swapping_the_sides_of_a_pair_mirrors_the_sequence(pairs: list[tuple[float, float]], level: float) -> None:
    a, b = (list(side) for side in zip(*pairs, strict=True))
    one, other = paired_confidence_sequence(a, b, level=level), paired_confidence_sequence(b, a, level=level)
    np.testing.assert_array_equal(one.low, -other.high)
    np.testing.assert_array_equal(one.high, -other.low)
    np.testing.assert_array_equal(one.mean, -other.mean)
    ahead, behind = np.subtract(a, b), np.subtract(b, a)
    np.testing.assert_array_equal(
        always_valid_p_value(ahead, mean=0, bounds=(-1, 1)), always_valid_p_value(behind, mean=0, bounds=(-1, 1))
    )


@given(PAIRS)
def test_a_paired_sequence_is_that_of_the_differences_within_the_width_of_the_bounds(
    pairs: list[tuple[float, float]],
) -> None:
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    found = paired_confidence_sequence(4 * a - 1, 4 * b - 1, bounds=(-1, 3))
    expected = confidence_sequence(4 * (a - b), bounds=(-4, 4))
    np.testing.assert_array_equal(found.low, expected.low)
    np.testing.assert_array_equal(found.high, expected.high)


def test_a_mean_that_moves_empties_the_sequence_which_then_stays_and_says_since_when() -> None:
    values = [0.0] * 300 + [1.0] * 300
    found = confidence_sequence(values)
    assert found.empty_from is not None
    assert 300 < found.empty_from < 600
    last = found.empty_from - 2
    assert (found.low[last:] == found.low[last]).all() and (found.high[last:] == found.high[last]).all()
    assert found.low[-1] <= found.high[-1]
    assert confidence_sequence(values[: found.empty_from - 1]).empty_from is None
    assert confidence_sequence(values[: found.empty_from]).empty_from == found.empty_from


def test_candidates_tried_in_chunks_give_the_same_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    values = draws(np.random.default_rng(1), 200, 0.4)
    whole = confidence_sequence(values)
    for cells in (1, 700):
        monkeypatch.setattr(module, "_CHUNK_CELLS", cells)
        np.testing.assert_array_equal(confidence_sequence(values).low, whole.low)


def test_ten_thousand_values_take_less_than_a_second_and_little_memory() -> None:
    values = draws(np.random.default_rng(1), 10_000, 0.5)
    confidence_sequence(values[:10])
    begin = time.process_time()
    confidence_sequence(values)
    assert time.process_time() - begin < 1
    tracemalloc.start()
    try:
        confidence_sequence(values)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


@given(VALUES, SHARES)
def test_p_values_never_rise_and_are_at_most_1(values: list[float], mean: float) -> None:
    found = always_valid_p_value(values, mean=mean)
    assert found.shape == (len(values),)
    assert ((found > 0) & (found <= 1)).all() and (np.diff(found) <= 0).all()


def plain_asymptotic(values: list[float], optimal_at: int, level: float) -> tuple[float, float]:
    """The last interval, by the formula of the theorem, rho found by search."""
    alpha = 1 - level

    def half(n: int, rho: float) -> float:
        y = n * rho**2 + 1
        return math.sqrt(2 * y / (n * rho) ** 2 * math.log(math.sqrt(y) / alpha))

    low, high = 1e-6, 100.0
    for _ in range(300):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if half(optimal_at, a) < half(optimal_at, b) else (a, high)
    n = len(values)
    margin = float(np.std(values)) * half(n, low)
    return float(np.mean(values)) - margin, float(np.mean(values)) + margin


@given(st.lists(st.floats(-1e4, 1e4).map(lambda x: round(x, 2)), min_size=2, max_size=40), st.integers(1, 1000), LEVEL)
def test_the_asymptotic_sequence_is_that_of_the_theorem(values: list[float], optimal_at: int, level: float) -> None:
    assume(len(set(values)) > 1)
    found = asymptotic_confidence_sequence(values, optimal_at=optimal_at, first_look=len(values), level=level)
    expected = plain_asymptotic(values, optimal_at, level)
    size = max(map(abs, expected))
    assert (found.low[-1], found.high[-1]) == pytest.approx(expected, rel=1e-6, abs=1e-6 * size)
    assert found.method == "asymptotic normal mixture"
    assert np.isinf(found.low[:-1]).all() and np.isinf(found.high[:-1]).all()


def test_the_asymptotic_sequence_begins_with_the_first_look_and_not_before_values_differ() -> None:
    found = asymptotic_confidence_sequence([5.0] * 60 + [6.0] * 60, optimal_at=100)
    assert np.isinf(found.low[:60]).all() and np.isinf(found.high[:60]).all()
    assert np.isfinite(found.low[60:]).all() and np.isfinite(found.high[60:]).all()
    varied = asymptotic_confidence_sequence([5.0, 6.0] * 60, optimal_at=100)
    assert np.isinf(varied.low[:49]).all() and np.isfinite(varied.low[49:]).all()
    one = asymptotic_confidence_sequence([5.0], optimal_at=100)
    assert (one.mean.tolist(), one.low.tolist(), one.high.tolist()) == ([5], [-math.inf], [math.inf])


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=60), st.integers(-9, 9).filter(bool), st.integers(-99, 99))
def test_the_asymptotic_sequence_only_tightens_and_moves_and_scales_with_the_values(
    values: list[int], factor: int, offset: int
) -> None:
    plain = asymptotic_confidence_sequence(values, optimal_at=20, first_look=2)
    assert (plain.low[1:] >= plain.low[:-1]).all() and (plain.high[1:] <= plain.high[:-1]).all()
    assert (plain.low <= plain.high).all()
    if plain.empty_from is None:  # rounding may move the moment it empties
        moved = asymptotic_confidence_sequence([offset + factor * v for v in values], optimal_at=20, first_look=2)
        low, high = (plain.low, plain.high) if factor > 0 else (plain.high, plain.low)
        np.testing.assert_allclose(moved.low, offset + factor * low, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(moved.high, offset + factor * high, rtol=1e-9, atol=1e-9)


def test_the_spread_of_large_amounts_is_not_drowned() -> None:
    small = np.random.default_rng(4).normal(size=200)
    found = asymptotic_confidence_sequence(1e9 + small, optimal_at=200)
    plain = asymptotic_confidence_sequence(small, optimal_at=200)
    np.testing.assert_allclose((found.high - found.low)[49:], (plain.high - plain.low)[49:], rtol=1e-5)


@pytest.mark.parametrize("skewness", ["none", "as a lognormal"])
def test_amounts_are_missed_as_rarely_as_said_from_the_look_that_their_skewness_needs(skewness: str) -> None:
    rng = np.random.default_rng(6)
    runs, early, late = 500, 0, 0
    first, mean = (50, 0.0) if skewness == "none" else (400, math.exp(0.5))
    for _ in range(runs):
        values = rng.lognormal(size=2000)
        if skewness == "none":
            values -= rng.lognormal(size=2000)
        for first_look in (2, first):
            found = asymptotic_confidence_sequence(values, optimal_at=500, first_look=first_look)
            missed = bool((found.low[-1] > mean) | (found.high[-1] < mean)) or found.empty_from is not None
            early, late = (early + missed, late) if first_look == 2 else (early, late + missed)
    assert late / runs <= 0.055
    assert early / runs > (0.06 if skewness == "none" else 0.2)


def test_the_asymptotic_sequence_is_narrowest_near_the_size_it_is_tuned_for() -> None:
    values = np.random.default_rng(1).normal(size=1000)
    widths = {}
    for tuned in (30, 300, 1000):
        found = asymptotic_confidence_sequence(values, optimal_at=tuned, first_look=300)
        widths[tuned] = float((found.high - found.low)[299])
    assert widths[300] < widths[30]
    assert widths[300] < widths[1000]


NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "bounds", "message"),
    [
        ([], (0, 1), r"values must be one row of at least 1 number, got shape \(0,\)"),
        ([[0.5]], (0, 1), r"values must be one row of at least 1 number, got shape \(1, 1\)"),
        ([0.5, NAN], (0, 1), "values must be finite, got nan at position 1"),
        ([0.5, math.inf], (0, 1), "values must be finite, got inf at position 1"),
        ([0.5, 1.25], (0, 1), r"values must lie in \[0, 1\], got 1.25 at position 1"),
        ([-0.5, 1.25], (0, 1), r"values must lie in \[0, 1\], got -0.5 at position 0"),
        ([0.5], (1, 1), r"bounds must be finite with low < high, got \(1, 1\)"),
        ([0.5], (0, math.inf), "bounds must be finite"),
        ([0.5], (NAN, 1), "bounds must be finite"),
    ],
)
def test_impossible_values_and_bounds_are_refused(
    values: list[float], bounds: tuple[float, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        confidence_sequence(values, bounds=bounds)
    with pytest.raises(ValueError, match=message):
        paired_confidence_sequence(values, values, bounds=bounds)
    with pytest.raises(ValueError, match=message):
        always_valid_p_value(values, mean=0.5, bounds=bounds)


def test_pairs_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="as many values on either side, got 2 and 1"):
        paired_confidence_sequence([0.5, 0.5], [0.5])


@pytest.mark.parametrize(("mean", "message"), [(1.5, r"mean must lie in \[0.0, 1.0\], got 1.5"), (NAN, "mean must be")])
def test_a_mean_outside_the_bounds_is_refused(mean: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        always_valid_p_value([0.5], mean=mean)


@pytest.mark.parametrize("level", [0, 1, 1.5, NAN])
def test_a_level_outside_0_and_1_is_refused(level: float) -> None:
    for call in (
        lambda: confidence_sequence([0.5], level=level),
        lambda: paired_confidence_sequence([0.5], [0.5], level=level),
        lambda: always_valid_p_value([0.5], mean=0.5, level=level),
        lambda: asymptotic_confidence_sequence([0.5], optimal_at=10, level=level),
    ):
        with pytest.raises(ValueError, match="level must lie in"):
            call()


def test_the_asymptotic_sequence_refuses_what_it_cannot_use() -> None:
    with pytest.raises(ValueError, match="at least 1 number"):
        asymptotic_confidence_sequence([], optimal_at=10)
    with pytest.raises(ValueError, match="must be finite, got nan at position 0"):
        asymptotic_confidence_sequence([NAN], optimal_at=10)
    for optimal_at, first_look in ((0, 50), (10, 1)):
        with pytest.raises(ValueError, match=f"got {optimal_at} and {first_look}"):
            asymptotic_confidence_sequence([1.0], optimal_at=optimal_at, first_look=first_look)
