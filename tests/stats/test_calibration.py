import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import ece_from_bins, equal_width_bins
from tests.places import reference_rows

ROWS = st.lists(
    st.tuples(st.integers(0, 40).map(lambda k: k / 40) | st.floats(0, 1), st.booleans()), min_size=1, max_size=40
)


def ece(rows: list[tuple[float, bool]], bins: int) -> float:
    confidence, correct = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return float(ece_from_bins(equal_width_bins(confidence, correct, bins=bins).sum(axis=0, keepdims=True))[0])


def plain_ece(rows: list[tuple[float, bool]], bins: int) -> float:
    """By the definition: a bin at a time."""
    total = 0.0
    for b in range(bins):
        inside = [(c, hit) for c, hit in rows if b / bins < c <= (b + 1) / bins or (b == 0 and c == 0)]
        if inside:
            accuracy = sum(hit for _, hit in inside) / len(inside)
            confidence = sum(c for c, _ in inside) / len(inside)
            total += len(inside) / len(rows) * abs(accuracy - confidence)
    return total


@given(ROWS, st.integers(1, 30))
def test_ece_is_what_a_plain_loop_over_the_bins_gives(rows: list[tuple[float, bool]], bins: int) -> None:
    assert ece(rows, bins) == pytest.approx(plain_ece(rows, bins), abs=1e-9)
    assert 0 <= ece(rows, bins) <= 1


@given(ROWS)
def test_one_bin_compares_the_overall_means(rows: list[tuple[float, bool]]) -> None:
    gap = np.mean([c for c, _ in rows]) - np.mean([hit for _, hit in rows])
    assert ece(rows, 1) == pytest.approx(abs(gap), abs=1e-9)


@given(ROWS, st.integers(1, 30))
def test_every_sample_stands_in_exactly_one_bin(rows: list[tuple[float, bool]], bins: int) -> None:
    confidence, correct = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    columns = equal_width_bins(confidence, correct, bins=bins)
    counts, sums, hits = np.split(columns, 3, axis=1)
    np.testing.assert_array_equal(counts.sum(axis=1), 1)
    np.testing.assert_array_equal(sums.sum(axis=1), confidence)
    np.testing.assert_array_equal(hits.sum(axis=1), correct)


@pytest.mark.parametrize(("confidence", "bin_"), [(0, 0), (0.1, 0), (0.3, 2), (0.7, 6), (0.6, 5), (0.61, 6), (1, 9)])
def test_an_edge_belongs_to_the_bin_below_it(confidence: float, bin_: int) -> None:
    assert np.flatnonzero(equal_width_bins(np.array([confidence]), np.array([1.0]), bins=10)[0, :10]) == [bin_]


@pytest.mark.parametrize("bins", [3, 10, 15, 49, 100])
def test_every_edge_belongs_to_the_bin_below_it_however_many_bins(bins: int) -> None:
    edges = np.array([k / bins for k in range(1, bins + 1)])
    np.testing.assert_array_equal(equal_width_bins(edges, np.ones(bins), bins=bins)[:, :bins], np.eye(bins))


def test_ece_equals_the_published_values() -> None:
    rows = [row for row in reference_rows("stat_refs/refs.jsonl") if row["input"].get("norm") == "l1"]
    assert len(rows) == 2
    for row in rows:
        probabilities, labels = np.array(row["input"]["probs"]), row["input"]["labels"]
        if probabilities.ndim == 1:
            pairs = list(zip(probabilities.tolist(), map(bool, labels), strict=True))
        else:
            pairs = list(zip(probabilities.max(axis=1).tolist(), probabilities.argmax(axis=1) == labels, strict=True))
        assert ece(pairs, row["input"]["n_bins"]) == pytest.approx(row["expected"], abs=row["tol"])


def test_ece_of_no_sample_is_undefined_and_of_others_beside_it_is_not() -> None:
    one = equal_width_bins(np.array([0.75]), np.array([1.0]), bins=2)
    assert np.isnan(ece_from_bins(np.zeros((1, 6)))).all()
    np.testing.assert_array_equal(ece_from_bins(np.vstack([np.zeros((1, 6)), one])), [np.nan, 0.25])
    assert equal_width_bins(np.array([]), np.array([]), bins=2).shape == (0, 6)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        equal_width_bins(np.array([0.5, confidence]), np.ones(2), bins=2)


def test_fewer_bins_than_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 bin"):
        equal_width_bins(np.array([0.5]), np.ones(1), bins=0)
