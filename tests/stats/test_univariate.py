import math
import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.tsa.stattools import acf  # type: ignore[import-untyped]

from harness.stats import Summary, summarize

VALUES = st.lists(st.integers(-1000, 1000).map(lambda n: n / 8) | st.floats(-1e3, 1e3, width=32), min_size=1)


def alternating(first: float, low: float, high: float) -> list[float]:
    return [first, *[low, high] * 500]


# certified values of NIST's Statistical Reference Datasets, univariate summary statistics
NIST: dict[str, tuple[list[float], Summary]] = {
    "NumAcc1": ([10000001, 10000003, 10000002], Summary(3, 10000002, 1, -0.5)),
    "NumAcc2": (alternating(1.2, 1.1, 1.3), Summary(1001, 1.2, 0.1, -0.999)),
    "NumAcc3": (alternating(1000000.2, 1000000.1, 1000000.3), Summary(1001, 1000000.2, 0.1, -0.999)),
    "NumAcc4": (alternating(10000000.2, 10000000.1, 10000000.3), Summary(1001, 10000000.2, 0.1, -0.999)),
}


@pytest.mark.parametrize("name", NIST)
def test_a_summary_is_exactly_what_nist_certifies(name: str) -> None:
    values, certified = NIST[name]
    assert summarize(values) == certified


@given(VALUES)
def test_a_summary_is_numpys_and_statsmodels(values: list[float]) -> None:
    found = summarize(values)
    assert found.n == len(values)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-9)
    if len(values) > 1:
        assert found.sd == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    else:
        assert found.sd is None
    assert (found.lag1_autocorrelation is None) == (len(set(values)) == 1)
    assume(np.std(values) > 1e-3)  # below that the oracle's own rounding shows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert found.lag1_autocorrelation == pytest.approx(acf(values, nlags=1, fft=False)[1], abs=1e-9)


@given(VALUES, st.integers(10**12, 10**15))
def test_a_far_origin_moves_the_mean_and_nothing_else(values: list[float], origin: int) -> None:
    eighths = [round(value * 8) for value in values]
    near, far = summarize(eighths), summarize([value + origin * 8 for value in eighths])
    assert (near.sd, near.lag1_autocorrelation) == (far.sd, far.lag1_autocorrelation)


def test_one_value_has_no_spread() -> None:
    assert summarize([3]) == Summary(1, 3, None, None)


def test_equal_values_have_no_autocorrelation() -> None:
    assert summarize([0.1] * 10) == Summary(10, 0.1, 0, None)


def test_arrays_and_large_whole_numbers_lose_no_digit() -> None:
    assert summarize(np.array([0.1, 0.2, 0.3])) == summarize([0.1, 0.2, 0.3]) == Summary(3, 0.2, 0.1, 0)  # type: ignore[arg-type]
    assert summarize([2**60, 2**60 + 2]).sd == math.sqrt(2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=f"must be finite, got {value!r}"):
        summarize([1, value])


@pytest.mark.parametrize("values", [[], np.array([])])
def test_no_value_is_refused(values: Sequence[float]) -> None:
    with pytest.raises(ValueError, match="at least 1 value, got 0"):
        summarize(values)
