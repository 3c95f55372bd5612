import math
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from statsmodels.stats.power import NormalIndPower, TTestIndPower, TTestPower, normal_power_het
from statsmodels.stats.proportion import power_proportions_2indep

from harness.stats import (
    cluster_design_effect,
    minimum_detectable_effect,
    paired_binary_variance,
    power,
    sample_size,
    sign_flip_test,
    unpaired_variance,
    variance_with_trials,
)
from harness.stats.planning import mcnemar_power


@given(st.floats(0, 2), st.integers(2, 2000), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_power_equals_statsmodels_paired_t_test(effect: float, n: int, level: float) -> None:
    theirs = TTestPower().power(effect, n, 1 - level)
    assume(not math.isnan(theirs))  # where scipy runs out of range
    assert power(effect, variance=1, n=n, level=level) == pytest.approx(theirs, abs=1e-9)


@given(st.floats(0.01, 2), st.integers(2, 500), st.floats(0.3, 3))
def test_power_of_two_groups_equals_statsmodels(effect: float, n: int, ratio: float) -> None:
    variance = unpaired_variance(1, 1, ratio=ratio)
    df = n * (1 + ratio) - 2
    theirs = TTestIndPower().power(effect, n, 0.05, ratio=ratio, df=df)
    assume(not math.isnan(theirs))
    assert power(effect, variance=variance, n=n, df=df) == pytest.approx(theirs, abs=1e-9)
    normal = NormalIndPower().power(effect, n, 0.05, ratio=ratio)
    assert power(effect, variance=variance, n=n, df=math.inf) == pytest.approx(normal, abs=1e-9)


@given(st.floats(0.05, 1.5), st.sampled_from([0.5, 0.8, 0.9]))
def test_the_sample_size_is_the_first_that_has_the_power(effect: float, wanted: float) -> None:
    n = sample_size(effect, variance=1, power_wanted=wanted)
    assert power(effect, variance=1, n=n) >= wanted
    assert n == 2 or power(effect, variance=1, n=n - 1) < wanted


@given(st.integers(5, 3000), st.floats(0.01, 50))
def test_the_smallest_effect_shown_has_just_the_power_wanted(n: int, variance: float) -> None:
    effect = minimum_detectable_effect(n, variance=variance)
    assert effect is not None
    assert power(effect, variance=variance, n=n) == pytest.approx(0.8, abs=1e-6)


def test_right_or_wrong_can_differ_by_no_more_than_the_pairs_that_do() -> None:
    variance = lambda effect: paired_binary_variance(0.1, effect)  # noqa: E731
    assert minimum_detectable_effect(10, variance=variance, largest=0.1) is None
    shown = minimum_detectable_effect(400, variance=variance, largest=0.1)
    assert shown is not None
    assert 0.03 < shown < 0.06
    with pytest.raises(ValueError, match="discordant"):
        paired_binary_variance(0.1, 0.2)


def test_clusters_need_more_samples_and_trials_fewer() -> None:
    assert cluster_design_effect([4, 4, 4], 0.5) == pytest.approx(2.5)
    assert cluster_design_effect([1, 1, 4], 1.0) == pytest.approx(3.0)
    assert cluster_design_effect([1, 1], 0.9) == 1
    assert sample_size(0.2, variance=1, design_effect=2.5) == sample_size(0.2, variance=2.5)
    assert variance_with_trials(1, 2, trials=4) == 1.5
    few, many = (sample_size(0.2, variance=variance_with_trials(0.5, 1, trials=k)) for k in (1, 8))
    assert many < few


def test_a_large_effect_is_certain_to_be_shown_where_the_noncentral_t_runs_out_of_range() -> None:
    assert power(1.0, variance=1, n=492, df=490) == pytest.approx(1)
    assert power(100.0, variance=1, n=50) == 1


@given(st.floats(0.05, 1), st.floats(0, 0.99), st.integers(2, 3000))
def test_power_of_right_or_wrong_pairs_equals_statsmodels(discordant: float, part: float, n: int) -> None:
    effect = discordant * part
    variance = paired_binary_variance(discordant, effect)
    theirs = normal_power_het(effect, n, 0.05, std_null=math.sqrt(discordant), std_alternative=math.sqrt(variance))
    ours = power(effect, variance=variance, n=n, df=math.inf, null_variance=discordant)
    assert ours == pytest.approx(theirs, abs=1e-9)


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.integers(2, 2000), st.floats(0.3, 3))
def test_power_of_two_proportions_equals_statsmodels(p: float, q: float, n: int, ratio: float) -> None:
    theirs = power_proportions_2indep(p - q, q, n, ratio=ratio, return_results=False)
    pooled = (p + ratio * q) / (1 + ratio)
    variance = unpaired_variance(p * (1 - p), q * (1 - q), ratio=ratio)
    null = unpaired_variance(pooled * (1 - pooled), pooled * (1 - pooled), ratio=ratio)
    ours = power(p - q, variance=variance, n=n, df=math.inf, null_variance=null)
    assert ours == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("effect", [0.3, 0.5, 1.2])
def test_two_groups_take_as_many_samples_as_statsmodels_says(effect: float) -> None:
    theirs = math.ceil(TTestIndPower().solve_power(effect, None, 0.05, 0.8))
    assert sample_size(effect, variance=unpaired_variance(1, 1), df=lambda n: 2 * n - 2) == theirs
    shown = minimum_detectable_effect(theirs, variance=unpaired_variance(1, 1), df=2 * theirs - 2)
    assert shown == pytest.approx(TTestIndPower().solve_power(None, theirs, 0.05, 0.8), rel=1e-6)


@cache
def rejecting(k: int, level: float) -> list[int]:
    return [b for b in range(k + 1) if binomtest(b, k).pvalue <= 1 - level]


@given(st.integers(1, 25), st.sampled_from([0.1, 0.5, 1.0]), st.floats(0, 1), st.sampled_from([0.5, 0.9, 0.95]))
def test_the_exact_power_adds_up_all_that_can_come(n: int, discordant: float, part: float, level: float) -> None:
    expected = sum(
        binom.pmf(k, n, discordant) * binom.pmf(rejecting(k, level), k, (1 + part) / 2).sum() for k in range(1, n + 1)
    )
    found = mcnemar_power(part * discordant, discordant=discordant, n=n, level=level)
    assert found == pytest.approx(expected, abs=1e-9)


def test_pairs_that_never_differ_show_nothing() -> None:
    assert mcnemar_power(0.0, discordant=0.0, n=50) == 0


@pytest.mark.parametrize("n", [10, 20, 48, 86, 200])
@pytest.mark.parametrize("discordant", [0.1, 0.2, 0.3, 0.5, 1.0])
def test_the_smallest_effect_promised_is_shown_by_the_exact_test_about_as_often(n: int, discordant: float) -> None:
    variance = lambda effect: paired_binary_variance(discordant, effect)  # noqa: E731
    promised = minimum_detectable_effect(n, variance=variance, largest=discordant)
    if promised is None:
        assert mcnemar_power(discordant, discordant=discordant, n=n) < 0.8
    else:
        assert 0.74 < mcnemar_power(promised, discordant=discordant, n=n) < 0.9


@pytest.mark.parametrize(("level", "n", "expected"), [(0.95, 2, 0.9971), (0.99, 2, 0.4494), (0.999, 3, 0.7641)])
def test_a_large_effect_is_not_certain_where_few_degrees_ask_for_more(level: float, n: int, expected: float) -> None:
    # by numerical integration of the noncentral t at 38 standard errors
    assert power(38 / math.sqrt(n), variance=1, n=n, level=level) == pytest.approx(expected, abs=1e-4)


def test_where_scipy_has_no_number_the_power_is_one_all_the_same() -> None:
    values = [power(effect, variance=1, n=2, level=1 - 1e-6) for effect in (0, 1e4, 1e6, 1e9)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(1e-6, rel=0.01)
    assert values[2] == pytest.approx(0.97368, abs=1e-5)
    assert values[-1] == 1


def test_no_number_of_samples_shows_nothing_and_one_sample_or_equal_ones_show_none() -> None:
    for effect in (0, math.nan, math.inf):
        with pytest.raises(ValueError, match="no number of samples"):
            sample_size(effect, variance=1)
    with pytest.raises(ValueError, match="takes more than"):
        sample_size(1e-9, variance=1)
    assert minimum_detectable_effect(1, variance=1) is None
    assert minimum_detectable_effect(10, variance=0) is None
    assert minimum_detectable_effect(10, variance=paired_binary_variance, largest=0.0) is None


def test_pairs_that_all_differ_the_same_way_are_shown_from_the_limit_of_the_test_on() -> None:
    variance = lambda effect: paired_binary_variance(1.0, effect)  # noqa: E731
    n = sample_size(1.0, variance=variance)
    assert n == 7
    assert minimum_detectable_effect(n, variance=variance, largest=1.0) is not None
    assert minimum_detectable_effect(3, variance=variance, largest=1.0) is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: power(1, variance=1, n=1),
        lambda: power(1, variance=0, n=5),
        lambda: power(1, variance=math.nan, n=5),
        lambda: power(math.nan, variance=1, n=5),
        lambda: minimum_detectable_effect(0, variance=1),
        lambda: minimum_detectable_effect(5, variance=math.nan),
        lambda: minimum_detectable_effect(5, variance=1, design_effect=0),
        lambda: sample_size(0.1, variance=-1),
        lambda: sample_size(0.1, variance=math.inf),
        lambda: mcnemar_power(0.1, discordant=0.2, n=0),
        lambda: unpaired_variance(1, math.nan),
        lambda: variance_with_trials(math.nan, 1, trials=1),
        lambda: cluster_design_effect([4, 4], -0.9),
        lambda: power(1, variance=1, n=5, design_effect=0),
        lambda: unpaired_variance(1, 1, ratio=0),
        lambda: variance_with_trials(1, 1, trials=0),
        lambda: cluster_design_effect([], 0.1),
        lambda: cluster_design_effect([2], 1.5),
        lambda: sample_size(1, variance=1, power_wanted=0.01),
        lambda: sample_size(1, variance=1, level=1.2),
    ],
)
def test_what_makes_no_sense_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"need|must"):
        call()


def test_simulated_power_is_the_computed_one() -> None:
    rng = np.random.default_rng(1)
    n, discordant, effect = 150, 0.3, 0.12
    share = [(discordant + effect) / 2, (discordant - effect) / 2, 1 - discordant]
    counts = rng.multinomial(n, share, size=3000)
    error = np.sqrt((counts[:, 0] + counts[:, 1] - (counts[:, 0] - counts[:, 1]) ** 2 / n) * n / (n - 1)) / n
    found = np.mean(np.abs(counts[:, 0] - counts[:, 1]) / n / error > 1.976)
    computed = power(effect, variance=paired_binary_variance(discordant, effect), n=n)
    assert found == pytest.approx(computed, abs=0.03)


def test_simulated_power_with_clusters_is_the_computed_one() -> None:
    rng = np.random.default_rng(2)
    sizes, icc, effect = [4] * 40, 0.3, 0.3
    hits = 0
    names = [str(i // 4) for i in range(160)]
    for _ in range(600):
        shared = np.repeat(rng.normal(0, math.sqrt(icc), 40), 4)
        gaps = effect + shared + rng.normal(0, math.sqrt(1 - icc), 160)
        hits += sign_flip_test(gaps, names, rng=rng, draws=400).p <= 0.05
    computed = power(effect, variance=1, n=160, design_effect=cluster_design_effect(sizes, icc), df=39)
    assert hits / 600 == pytest.approx(computed, abs=0.06)
