"""Fusing a list by meaning and a list by words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.retrieval import fuse

NUMBERS = st.integers(0, 30)
COSINES = st.dictionaries(NUMBERS, st.floats(-1, 1)).map(lambda d: sorted(d.items(), key=lambda hit: -hit[1]))
WORDS = st.dictionaries(NUMBERS, st.floats(0, 50)).map(lambda d: sorted(d.items(), key=lambda hit: -hit[1]))


def test_a_score_is_three_tenths_words_and_seven_tenths_meaning() -> None:
    fused = fuse([(1, 0.9), (2, 0.5)], [(2, 8.0), (3, 4.0)])
    assert [number for number, _ in fused] == [2, 1, 3]
    assert [score for _, score in fused] == pytest.approx([0.3 + 0.35, 0.63, 0.15 + 0.35])


def test_what_only_words_found_gets_the_lowest_cosine_and_zero_where_there_is_none() -> None:
    fused = fuse([], [(4, 2.0), (5, 1.0)])
    assert [number for number, _ in fused] == [4, 5]
    assert [score for _, score in fused] == pytest.approx([0.3, 0.15])


def test_a_word_score_of_zero_earns_nothing() -> None:
    ((number, score),) = fuse([(1, 0.5)], [(1, 0.0), (2, 0.0)])
    assert number == 1
    assert score == pytest.approx(0.35)


def test_equal_scores_are_in_the_order_of_their_numbers() -> None:
    assert [number for number, _ in fuse([(9, 0.5), (3, 0.5), (5, 0.5)], [])] == [3, 5, 9]


@given(COSINES, WORDS)
def test_every_passage_is_there_once_in_falling_order_within_bounds(
    dense: list[tuple[int, float]], words: list[tuple[int, float]]
) -> None:
    fused = fuse(dense, words)
    numbers = [number for number, _ in fused]
    assert sorted(numbers) == sorted({n for n, _ in dense} | {n for n, score in words if score > 0})
    scores = [score for _, score in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(-0.7 - 1e-9 <= score <= 1 + 1e-9 for score in scores)


@given(COSINES)
def test_without_words_the_order_by_meaning_stands(dense: list[tuple[int, float]]) -> None:
    assert [n for n, _ in fuse(dense, [])] == [n for n, _ in sorted(dense, key=lambda hit: (-0.7 * hit[1], hit[0]))]
