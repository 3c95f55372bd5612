"""Embeddings over the protocol: the same vectors in both encodings, cut to length, and what is refused."""

import base64
from typing import Any

import numpy as np
import pytest

from harness.embeddings import HashingEmbedder
from harness.models.stub.embeddings import MOST_INPUTS, embeddings_body
from harness.models.stub.errors import ApiError

EMBEDDER = HashingEmbedder()
TEXTS = ["a leak in the roof", "the roof leaks", "a quiet flat"]


def asked(**fields: Any) -> dict[str, Any]:
    return embeddings_body({"model": "any", "input": TEXTS, **fields}, EMBEDDER.embed)


def rows(body: dict[str, Any]) -> np.ndarray:
    return np.array([one["embedding"] for one in body["data"]])


def test_each_text_gets_its_row_in_order() -> None:
    body = asked()
    assert body["object"] == "list" and body["model"] == "any"
    assert [(one["object"], one["index"]) for one in body["data"]] == [
        ("embedding", 0),
        ("embedding", 1),
        ("embedding", 2),
    ]
    np.testing.assert_allclose(rows(body), EMBEDDER.embed(TEXTS))
    np.testing.assert_allclose(rows(asked(input=TEXTS[0])), EMBEDDER.embed(TEXTS[:1]))


def test_base64_holds_little_endian_float32() -> None:
    coded = [base64.b64decode(one["embedding"]) for one in asked(encoding_format="base64")["data"]]
    np.testing.assert_array_equal([np.frombuffer(row, "<f4") for row in coded], EMBEDDER.embed(TEXTS))


def test_dimensions_cut_a_row_and_make_it_length_1_again() -> None:
    half = EMBEDDER.dim // 2
    cut = rows(asked(dimensions=half))
    assert cut.shape == (3, half)
    np.testing.assert_allclose(np.linalg.norm(cut, axis=1), 1, rtol=1e-6)
    expected = EMBEDDER.embed(TEXTS)[:, :half]
    np.testing.assert_allclose(cut, expected / np.linalg.norm(expected, axis=1, keepdims=True), rtol=1e-6)


def test_a_row_of_zeros_stays_one_however_it_is_cut() -> None:
    assert not rows(asked(input=[" "], dimensions=5)).any()


def test_arrays_of_tokens_stand_for_texts_of_their_own() -> None:
    body = asked(input=[[1, 2, 3], [1, 2, 3], [9]])
    first, same, other = rows(body)
    np.testing.assert_array_equal(first, same)
    assert first @ other < 0.5
    np.testing.assert_array_equal(rows(asked(input=[1, 2, 3]))[0], first)
    assert body["usage"]["prompt_tokens"] == 7


def test_usage_is_estimated_from_characters() -> None:
    assert asked(input=["abcde", "a"])["usage"] == {"prompt_tokens": 3, "total_tokens": 3, "estimated": True}


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        ({"model": None}, "model", "you must provide a model parameter"),
        ({"input": None}, "input", "Missing required parameter: 'input'."),
        ({"input": 7}, "input", "Invalid type for 'input'"),
        ({"input": ""}, "input", "'$.input' is invalid."),
        ({"input": []}, "input", "'$.input' is invalid."),
        ({"input": ["a", ""]}, "input", "'$.input' is invalid."),
        ({"input": [["a"]]}, "input", "'$.input' is invalid."),
        ({"input": [[]]}, "input", "'$.input' is invalid."),
        ({"input": [True]}, "input", "'$.input' is invalid."),
        ({"input": [-1]}, "input", "'$.input' is invalid."),
        ({"input": ["a"] * (MOST_INPUTS + 1)}, "input", "Invalid 'input': array too long."),
        ({"dimensions": 0}, "dimensions", "Invalid 'dimensions'"),
        ({"dimensions": EMBEDDER.dim + 1}, "dimensions", f"Invalid value for 'dimensions' = {EMBEDDER.dim + 1}."),
        ({"encoding_format": "hex"}, "encoding_format", "Invalid value: 'hex'."),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_requests_are_refused(fields: dict[str, Any], param: str, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        asked(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)
    assert caught.value.message.startswith(message)
