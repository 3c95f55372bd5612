import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as log_loss_of_sklearn

from harness.stats import brier_score, calibration_error, ece_from_bins, equal_width_bins, log_loss
from harness.stats.calibration import Norm

ROWS = st.lists(
    st.tuples(st.integers(0, 40).map(lambda k: k / 40) | st.floats(0, 1), st.booleans()), min_size=1, max_size=40
)

# examples of torchmetrics' documentation: BinaryCalibrationError and MulticlassCalibrationError
BINARY = ([(0.25, False), (0.25, False), (0.55, True), (0.75, True), (0.75, True)], 2)
MULTICLASS = ([(0.55, False), (0.55, False), (0.6, True), (0.9, True)], 3)


def ece(rows: list[tuple[float, bool]], bins: int) -> float:
    confidence, correct = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return float(ece_from_bins(equal_width_bins(confidence, correct, bins=bins).sum(axis=0, keepdims=True))[0])


def error(rows: list[tuple[float, bool]], bins: int, norm: Norm) -> float:
    confidence, correct = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    totals = equal_width_bins(confidence, correct, bins=bins).sum(axis=0, keepdims=True)
    return float(calibration_error(totals, norm=norm)[0])


def plain_error(rows: list[tuple[float, bool]], bins: int, norm: Norm) -> float:
    """By the definition: a bin at a time."""
    gaps, shares = [], []
    for b in range(bins):
        inside = [(c, hit) for c, hit in rows if b / bins < c <= (b + 1) / bins or (b == 0 and c == 0)]
        if inside:
            accuracy = sum(hit for _, hit in inside) / len(inside)
            confidence = sum(c for c, _ in inside) / len(inside)
            gaps.append(abs(accuracy - confidence))
            shares.append(len(inside) / len(rows))
    if norm == "max":
        return max(gaps)
    power = 1 if norm == "l1" else 2
    mean = math.fsum(share * gap**power for share, gap in zip(shares, gaps, strict=True))
    return mean if norm == "l1" else math.sqrt(mean)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@given(ROWS, st.integers(1, 30))
def test_calibration_error_is_what_a_plain_loop_over_the_bins_gives(
    norm: Norm, rows: list[tuple[float, bool]], bins: int
) -> None:
    assert error(rows, bins, norm) == pytest.approx(plain_error(rows, bins, norm), abs=1e-9)


@given(ROWS, st.integers(1, 30))
def test_the_norms_are_ordered_and_ece_is_the_first(rows: list[tuple[float, bool]], bins: int) -> None:
    l1, l2, largest = error(rows, bins, "l1"), error(rows, bins, "l2"), error(rows, bins, "max")
    assert ece(rows, bins) == l1
    assert 0 <= l1 <= l2 + 1e-9 <= largest + 2e-9 <= 1 + 3e-9


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


@pytest.mark.parametrize(
    ("example", "norm", "expected"),
    [
        (BINARY, "l1", 0.29),
        (BINARY, "l2", 0.2918),
        (BINARY, "max", 0.3167),
        (MULTICLASS, "l1", 0.2),
        (MULTICLASS, "l2", 0.2082),
        (MULTICLASS, "max", 0.2333),
    ],
)
def test_calibration_error_equals_the_published_values(
    example: tuple[list[tuple[float, bool]], int], norm: Norm, expected: float
) -> None:
    assert error(*example, norm) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_calibration_error_of_no_sample_is_undefined_and_of_others_beside_it_is_not(norm: Norm) -> None:
    one = equal_width_bins(np.array([0.75]), np.array([1.0]), bins=2)
    assert np.isnan(calibration_error(np.zeros((1, 6)), norm=norm)).all()
    np.testing.assert_array_equal(calibration_error(np.vstack([np.zeros((1, 6)), one]), norm=norm), [np.nan, 0.25])
    assert equal_width_bins(np.array([]), np.array([]), bins=2).shape == (0, 6)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        equal_width_bins(np.array([0.5, confidence]), np.ones(2), bins=2)


def test_fewer_bins_than_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 bin"):
        equal_width_bins(np.array([0.5]), np.ones(1), bins=0)


def test_another_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="norm must be one of l1, l2, max, got 'l3'"):
        calibration_error(np.zeros((1, 3)), norm="l3")  # type: ignore[arg-type]


PROBABILITY = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1)
BINARY_FORECASTS = st.lists(st.tuples(PROBABILITY, st.integers(0, 1)), min_size=1, max_size=20)


@st.composite
def forecasts(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, k) that sum to 1, some of them 0 or 1, and class numbers; not every class occurs."""
    n, k = draw(st.integers(1, 12)), draw(st.integers(2, 5))
    weights = np.array(draw(st.lists(st.lists(st.integers(0, 9), min_size=k, max_size=k), min_size=n, max_size=n)))
    weights[weights.sum(axis=1) == 0, 0] = 1
    labels = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    return weights / weights.sum(axis=1, keepdims=True), np.array(labels)


@given(forecasts())
def test_the_mean_scores_of_forecasts_are_scikit_learns(made: tuple[np.ndarray, np.ndarray]) -> None:
    table, labels = made
    classes = range(table.shape[1])
    assert brier_score(table, labels).mean() == pytest.approx(
        brier_score_loss(labels, table, labels=classes), abs=1e-9, rel=0
    )
    assert log_loss(table, labels).mean() == pytest.approx(
        log_loss_of_sklearn(labels, table, labels=classes), abs=1e-9, rel=0
    )


@given(BINARY_FORECASTS)
def test_the_mean_scores_of_binary_forecasts_are_scikit_learns(rows: list[tuple[float, int]]) -> None:
    chance, labels = (np.array(column) for column in zip(*rows, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        brier = brier_score_loss(labels, chance, pos_label=1)
    assert brier_score(chance, labels).mean() == pytest.approx(brier, abs=1e-9, rel=0)
    expected = log_loss_of_sklearn(labels, chance, labels=[0, 1])
    assert log_loss(chance, labels).mean() == pytest.approx(expected, abs=1e-9, rel=0)


@given(BINARY_FORECASTS)
def test_two_columns_score_as_the_chance_of_class_1_alone(rows: list[tuple[float, int]]) -> None:
    chance, labels = (np.array(column) for column in zip(*rows, strict=True))
    both = np.column_stack([1 - chance, chance])
    np.testing.assert_array_equal(brier_score(both, labels), brier_score(chance, labels))
    np.testing.assert_array_equal(log_loss(both, labels), log_loss(chance, labels))


def test_the_scores_of_each_sample_lie_on_their_scales() -> None:
    sure = np.eye(3)
    np.testing.assert_array_equal(brier_score(sure, np.array([0, 1, 0])), [0, 0, 2])
    np.testing.assert_array_equal(brier_score(np.array([1.0, 0.5, 0.0]), np.array([1, 1, 1])), [0, 0.25, 1])
    clipped = [2**-52, 2**-52, 52 * math.log(2)]
    np.testing.assert_allclose(log_loss(sure, np.array([0, 1, 0])), clipped, rtol=1e-12)
    np.testing.assert_allclose(log_loss(np.array([0.5, 0.25]), np.array([1, 0])), [math.log(2), math.log(4 / 3)])
    assert brier_score(np.array([]), np.array([], dtype=int)).shape == (0,)


@pytest.mark.parametrize("score", [brier_score, log_loss])
@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([0.5, 1.5], [0, 1], r"must lie in \[0, 1\]"),
        ([0.5, math.nan], [0, 1], r"must lie in \[0, 1\]"),
        ([[0.5, 0.5], [0.5, 0.4]], [0, 1], "of sample 1 sum to 0.900000, not to 1; divide them by their sum"),
        ([[0.5, 0.5]], [2], "class numbers from 0 to 1, got 2"),
        ([[0.5, 0.5]], [-1], "class numbers from 0 to 1, got -1"),
        ([[0.5, 0.5]], [0.5], "class numbers from 0 to 1, got 0.5"),
        ([0.5, 0.5], [0], r"and labels \(n,\), got \(2,\) and \(1,\)"),
        ([[1.0]], [0], r"classes >= 2\) and labels \(n,\), got \(1, 1\) and \(1,\)"),
        ([[[0.5, 0.5]]], [0], r"got \(1, 1, 2\) and \(1,\)"),
    ],
)
def test_what_is_no_forecast_is_refused(
    score: Callable[[np.ndarray, np.ndarray], np.ndarray], probabilities: list[float], labels: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        score(np.array(probabilities), np.array(labels))
