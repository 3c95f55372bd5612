"""AUROC: its value against scikit-learn, its interval against the sums of DeLong and Obuchowski written out."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import t
from sklearn.metrics import roc_auc_score

from harness.stats import Estimator, auroc

ESTIMATOR = Estimator(seed=0)
SCORED = st.lists(st.tuples(st.integers(-3, 3), st.booleans(), st.integers(0, 5)), min_size=2, max_size=40)


def alone(n: int) -> list[str]:
    return [str(index) for index in range(n)]


def clear(score: float, other: float) -> float:
    return 1.0 if score > other else 0.5 if score == other else 0.0


def by_definition(scores: Sequence[float], positive: Sequence[bool], clusters: Sequence[str]) -> tuple[float, float]:
    """AUROC and half the width of its interval, pair by pair and cluster by cluster (Obuchowski 1997, eq. 4)."""
    ups = [i for i, is_up in enumerate(positive) if is_up]
    downs = [i for i, is_up in enumerate(positive) if not is_up]
    m, n = len(ups), len(downs)
    of_up = {i: sum(clear(scores[i], scores[j]) for j in downs) / n for i in ups}
    of_down = {j: sum(clear(scores[i], scores[j]) for i in ups) / m for j in downs}
    area = sum(of_up.values()) / m
    every = sorted(set(clusters))
    up = [sum(of_up[i] - area for i in ups if clusters[i] == name) for name in every]
    down = [sum(of_down[j] - area for j in downs if clusters[j] == name) for name in every]
    a, b = len({clusters[i] for i in ups}), len({clusters[j] for j in downs})
    one, two = a / (a - 1) * sum(x * x for x in up) / m**2, b / (b - 1) * sum(y * y for y in down) / n**2
    both = len(every) / (len(every) - 1) * sum(x * y for x, y in zip(up, down, strict=True)) / (m * n)
    if one + two == 0:
        return area, 0.0
    df = (one + two) ** 2 / (one**2 / (a - 1) + two**2 / (b - 1))
    return area, t.ppf(0.975, df) * math.sqrt(max(0.0, one + two + 2 * both))


def test_four_against_three_by_hand() -> None:
    scores, positive = [4, 3, 2, 1, 3.5, 1.5, 0.5], [True] * 4 + [False] * 3
    found = auroc(scores, positive, alone(7))
    assert found is not None and found.interval is not None
    assert found.value == pytest.approx(8 / 12)  # 3, 2, 2 and 1 of the three below each
    ups, downs = [1, 2 / 3, 2 / 3, 1 / 3], [1 / 4, 3 / 4, 1]
    one, two = np.var(ups, ddof=1) / 4, np.var(downs, ddof=1) / 3  # DeLong et al. 1988
    df = (one + two) ** 2 / (one**2 / 3 + two**2 / 2)
    shift = t.ppf(0.975, df) * math.sqrt(one + two) / (2 / 3 * 1 / 3)
    assert found.interval == pytest.approx([1 / (1 + math.exp(-math.log(2) + sign * shift)) for sign in (1, -1)])


@given(SCORED)
def test_its_value_is_scikit_learns_and_its_interval_that_of_the_definition(rows: list[tuple[int, bool, int]]) -> None:
    scores, positive = [float(row[0]) for row in rows], [row[1] for row in rows]
    clusters = [f"c{row[2]}" for row in rows]
    found = auroc(scores, positive, clusters)
    if len(set(positive)) < 2:
        assert found is None
        return
    assert found is not None and found.value == pytest.approx(roc_auc_score(positive, scores))
    groups = [{name for name, up in zip(clusters, positive, strict=True) if up == side} for side in (True, False)]
    if min(map(len, groups)) < 2:
        assert found.interval is None
    elif 0 < found.value < 1:
        area, half = by_definition(scores, positive, clusters)
        expected = [expit(math.log(area / (1 - area)) + sign * half / (area * (1 - area))) for sign in (-1, 1)]
        assert found.interval is not None
        assert list(found.interval) == pytest.approx(expected, abs=1e-6)


@given(SCORED, st.randoms())
def test_the_order_of_samples_and_the_scale_of_scores_change_nothing(
    rows: list[tuple[int, bool, int]], draw: Any
) -> None:
    mixed = draw.sample(rows, len(rows))
    one, two = (
        ESTIMATOR.auroc(
            [math.exp(row[0]) if scale else row[0] for row in given],
            [row[1] for row in given],
            [str(row[2]) for row in given],
        )
        for given, scale in ((rows, False), (mixed, True))
    )
    assert (one.value, one.method) == (pytest.approx(two.value), two.method)
    assert (one.low, one.high) == (pytest.approx(two.low), pytest.approx(two.high))


@pytest.mark.parametrize("sign", [1, -1])
def test_where_no_pair_is_out_of_order_the_far_end_is_that_of_as_many_hits(sign: int) -> None:
    scores = [sign * score for score in (5, 6, 7, 8, 1, 2, 3)]
    found = auroc(scores, [True] * 4 + [False] * 3, alone(7))
    far = 0.025 ** (1 / 3)  # Clopper–Pearson for 3 of 3
    assert found == ((1.0, (pytest.approx(far), 1.0)) if sign == 1 else (0.0, (0.0, pytest.approx(1 - far))))


def test_samples_of_one_cluster_say_less_than_as_many_of_their_own() -> None:
    rng = np.random.default_rng(3)
    scores = np.repeat(rng.normal(size=40), 4)
    positive = (np.repeat(rng.normal(size=40), 4) + scores > 0).tolist()
    wide = ESTIMATOR.auroc(scores, positive, [str(index // 4) for index in range(160)])
    narrow = ESTIMATOR.auroc(scores, positive, alone(160))
    assert wide.value == narrow.value and wide.low is not None and narrow.low is not None
    assert wide.low < narrow.low


def test_without_both_classes_or_any_sample_it_is_undefined_and_says_why() -> None:
    nothing, one_class = ESTIMATOR.auroc([], [], []), ESTIMATOR.auroc([0.1, 0.2], [True, True], ["a", "b"])
    assert nothing.value is None and nothing.reason == "no sample was scored"
    assert one_class.value is None and one_class.reason == "needs samples of both classes"


def test_a_class_of_one_cluster_has_a_value_and_no_interval() -> None:
    found = ESTIMATOR.auroc([0.9, 0.8, 0.1], [True, True, False], ["a", "b", "c"])
    assert (found.value, found.low, found.high, found.method) == (1.0, None, None, "none")


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="leave out what has no number"):
        ESTIMATOR.auroc([math.nan, 0.1], [True, False], ["a", "b"])
