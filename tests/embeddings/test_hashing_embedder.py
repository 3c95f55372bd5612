"""The hashing fallback: signed hashing of words and grams, nothing else."""

import zlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.embeddings import HashingEmbedder

EMBEDDER = HashingEmbedder()


@settings(deadline=None, max_examples=80)
@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=60), max_size=4))
def test_each_row_is_finite_unit_or_zero_and_independent_of_the_others(texts: list[str]) -> None:
    rows = EMBEDDER.embed(texts)
    assert rows.shape == (len(texts), 1024)
    assert rows.dtype == np.float32
    for text, row in zip(texts, rows, strict=True):
        length = np.linalg.norm(row)
        assert length == 0 or abs(length - 1) < 1e-5
        assert np.array_equal(EMBEDDER.embed([text])[0], row)


def test_a_word_is_itself_and_its_marked_grams_at_their_hashes() -> None:
    expected = np.zeros(1024)
    for feature, count in (("a", 1.0), ("<a>", 0.5)):
        digest = zlib.crc32(feature.encode())
        expected[digest % 1024] += np.log1p(count) * (1 if digest >= 2**31 else -1)
    expected /= np.linalg.norm(expected)
    assert np.allclose(EMBEDDER.embed(["a"])[0], expected, atol=1e-6)


def test_repeating_a_word_changes_its_weight_less_than_in_proportion() -> None:
    once, often, other = EMBEDDER.embed(["refund party", "refund " * 50 + "party", "party"])
    assert 0.15 < often @ other < once @ other


def test_case_and_width_do_not_matter_and_a_misspelling_stays_near() -> None:
    rows = EMBEDDER.embed(["cancellation", "CANCELLATION", "cancelation", "harassment", "\uff43ancellation"])
    assert np.array_equal(rows[0], rows[1])
    assert np.array_equal(rows[0], rows[4])
    assert rows[0] @ rows[2] > 0.5 > rows[0] @ rows[3]


def test_a_text_without_words_gets_zeros() -> None:
    assert not EMBEDDER.embed(["", "?! …", "\ud800"]).any()
