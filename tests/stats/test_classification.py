import warnings

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from harness.stats import macro_f1, per_label

LABELS = 5
PAIRS = st.lists(st.tuples(st.integers(0, LABELS - 1), st.integers(0, LABELS - 1)), min_size=1, max_size=60)


ANY_PAIRS = st.integers(1, LABELS).flatmap(
    lambda k: st.tuples(st.just(k), st.lists(st.tuples(*[st.integers(0, k - 1)] * 2), min_size=1, max_size=60))
)


@given(ANY_PAIRS)
@example((1, [(0, 0)]))
@example((2, [(0, 1)]))
@example((LABELS, [(4, 4)] * 3))
def test_precision_recall_and_f1_of_each_label_are_scikit_learns(made: tuple[int, list[tuple[int, int]]]) -> None:
    labels, pairs = made
    gold, given_ = (list(column) for column in zip(*pairs, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        confusion = confusion_matrix(gold, given_, labels=range(labels)).astype(float)
        expected = precision_recall_fscore_support(gold, given_, labels=range(labels), zero_division=np.nan)
    for ours, theirs in zip(per_label(confusion), expected, strict=False):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
    used = sorted({*gold, *given_})
    macro = precision_recall_fscore_support(gold, given_, labels=used, average="macro", zero_division=0)[2]
    assert float(macro_f1(confusion)) == pytest.approx(macro, abs=1e-9, rel=0)


@given(PAIRS, st.integers(1, 4))
def test_an_answer_that_is_no_label_counts_against_recall_only(pairs: list[tuple[int, int]], none: int) -> None:
    square = np.zeros((LABELS, LABELS + 1))
    for gold, answered in pairs:
        square[gold, answered] += 1
    more = square.copy()
    more[0, LABELS] += none
    before, after = per_label(square), per_label(more)
    np.testing.assert_array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[1][1:], after[1][1:])
    hits, gold_0 = square[0, 0], square[0].sum()
    assert after[1][0] == pytest.approx(hits / (gold_0 + none))
    assert after[2][0] == pytest.approx(2 * hits / (gold_0 + none + square[:, 0].sum()))


def test_what_was_never_given_or_never_occurred_is_undefined_and_macro_leaves_it_out() -> None:
    # label 0 right once; label 1 occurs and is never given; label 2 is given and never occurs; label 3 does neither
    confusion = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]], dtype=float)
    precision, recall, f1 = per_label(confusion)
    nan = np.nan
    np.testing.assert_array_equal(precision, [1, nan, 0, nan])
    np.testing.assert_array_equal(recall, [1, 0, nan, nan])
    np.testing.assert_array_equal(f1, [1, 0, 0, nan])
    assert macro_f1(confusion) == pytest.approx(1 / 3)


def test_macro_f1_of_nothing_is_undefined() -> None:
    assert np.isnan(macro_f1(np.zeros((3, 4))))


@given(st.lists(PAIRS, min_size=1, max_size=4))
def test_many_matrices_at_once_give_what_each_gives_alone(many: list[list[tuple[int, int]]]) -> None:
    stack = np.zeros((len(many), LABELS, LABELS))
    for n, pairs in enumerate(many):
        for gold, answered in pairs:
            stack[n, gold, answered] += 1
    np.testing.assert_array_equal(macro_f1(stack), [macro_f1(one) for one in stack])
