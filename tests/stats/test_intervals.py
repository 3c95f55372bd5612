import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest  # type: ignore[import-untyped]

from harness.stats import wilson
from tests.places import reference_rows

LEVEL = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
COUNTS = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, LEVEL)
def test_wilson_is_scipys_score_interval(counts: tuple[int, int], level: float) -> None:
    expected = binomtest(*counts).proportion_ci(confidence_level=level, method="wilson")
    assert wilson(*counts, level=level) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(COUNTS, LEVEL)
def test_wilson_holds_the_share_and_mirrors(counts: tuple[int, int], level: float) -> None:
    k, n = counts
    low, high = wilson(k, n, level=level)
    assert 0 <= low <= k / n <= high <= 1
    assert wilson(n - k, n, level=level) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_wilson_ends_exactly_at_the_edge_where_none_or_all_succeed() -> None:
    assert wilson(0, 7)[0] == 0
    assert wilson(7, 7)[1] == 1


def test_wilson_equals_the_published_values() -> None:
    rows = [row for row in reference_rows("stat_refs/refs.jsonl") if row["kind"] == "wilson_interval_95"]
    assert len(rows) == 4
    for row in rows:
        assert wilson(row["input"]["successes"], row["input"]["n"]) == pytest.approx(row["expected"], abs=row["tol"])


@pytest.mark.parametrize(("k", "n"), [(0, 0), (-1, 3), (4, 3), (float("nan"), 3)])
def test_wilson_refuses_impossible_counts(k: float, n: float) -> None:
    with pytest.raises(ValueError, match="need 0 <= successes <= n"):
        wilson(k, n)


@pytest.mark.parametrize("level", [0, 1, 1.5, float("nan")])
def test_wilson_refuses_a_level_outside_0_and_1(level: float) -> None:
    with pytest.raises(ValueError, match="level must lie in"):
        wilson(1, 2, level=level)
