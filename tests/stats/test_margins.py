import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW, ttost_ind, ttost_paired

from harness.stats import equivalence, mean_standard_error, non_inferiority

samples = st.lists(st.floats(-10, 10, allow_subnormal=False), min_size=2, max_size=20)


@given(samples, st.floats(0.01, 5))
def test_both_equal_statsmodels_on_one_sample(values: list[float], margin: float) -> None:
    assume(np.std(values) > 1e-3)
    mean, error, df = mean_standard_error(values, [str(i) for i in range(len(values))])
    p, (_, lower_p, _), _ = DescrStatsW(values).ttost_mean(-margin, margin)
    assert equivalence(mean, error, margin=margin, df=df).p == pytest.approx(p, abs=1e-9)
    assert non_inferiority(mean, error, margin=margin, df=df).p == pytest.approx(lower_p, abs=1e-9)


@given(samples, samples, st.floats(0.01, 5))
def test_equivalence_of_pairs_and_of_two_groups_equals_statsmodels(a: list[float], b: list[float], m: float) -> None:
    n = min(len(a), len(b))
    gaps = np.array(a[:n]) - np.array(b[:n])
    assume(np.std(gaps) > 1e-3 and min(np.std(a), np.std(b)) > 1e-3)
    error = gaps.std(ddof=1) / math.sqrt(n)
    paired = equivalence(float(gaps.mean()), float(error), margin=m, df=n - 1)
    assert paired.p == pytest.approx(ttost_paired(np.array(a[:n]), np.array(b[:n]), -m, m)[0], abs=1e-9)
    low, high = DescrStatsW(gaps).tconfint_mean(alpha=0.1)
    assert (paired.low, paired.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)
    x, y, df = np.array(a), np.array(b), len(a) + len(b) - 2
    pooled = ((x - x.mean()) @ (x - x.mean()) + (y - y.mean()) @ (y - y.mean())) / df
    error = math.sqrt(pooled * (1 / len(a) + 1 / len(b)))
    groups = equivalence(float(x.mean() - y.mean()), error, margin=m, df=df)
    assert groups.p == pytest.approx(ttost_ind(x, y, -m, m)[0], abs=1e-9)


@pytest.mark.parametrize("level", [0.5, 0.0, 1.0, math.nan])
def test_a_level_without_an_interval_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=r"level must lie in \(0.5, 1\), got"):
        non_inferiority(0.1, 0.1, margin=0.1, level=level)


@given(st.floats(-3, 3), st.floats(0.01, 2), st.floats(0.1, 2), st.floats(1, 50))
def test_what_is_shown_is_what_the_interval_says(d: float, error: float, margin: float, df: float) -> None:
    one = non_inferiority(d, error, margin=margin, df=df)
    two = equivalence(d, error, margin=margin, df=df)
    assert one.p is not None and two.p is not None
    assume(abs(one.p - 0.05) > 1e-9 and abs(two.p - 0.05) > 1e-9)
    assert one.low is not None and two.low is not None and two.high is not None
    assert one.shown == (one.low > -margin)
    assert two.shown == (-margin < two.low and two.high < margin)


def test_a_margin_of_0_asks_for_superiority_and_is_refused_for_equality() -> None:
    assert non_inferiority(0.5, 0.1, margin=0).shown
    assert not non_inferiority(0.0, 0.1, margin=0).shown
    with pytest.raises(ValueError, match="no amount of data shows"):
        equivalence(0.0, 0.1, margin=0)


@pytest.mark.parametrize("difference", [0.0, -0.05, -0.1, 0.2])
def test_without_any_spread_nothing_is_shown_and_it_says_why(difference: float) -> None:
    for test in (equivalence, non_inferiority):
        found = test(difference, 0.0, margin=0.1)
        assert (found.shown, found.p, found.low, found.high) == (False, None, None, None)
        assert "no error to tell" in found.reason


@pytest.mark.parametrize(
    ("difference", "error", "margin"), [(math.nan, 1, 1), (0, -1, 1), (0, math.inf, 1), (0, 1, -1), (0, 1, math.nan)]
)
def test_what_is_no_number_is_refused(difference: float, error: float, margin: float) -> None:
    with pytest.raises(ValueError, match="got"):
        equivalence(difference, error, margin=margin)


def test_the_reason_says_what_was_shown() -> None:
    assert equivalence(0.0, 0.01, margin=0.1).reason.startswith("the difference is within ±0.1")
    assert "not shown" in non_inferiority(-1.0, 0.01, margin=0.1).reason
