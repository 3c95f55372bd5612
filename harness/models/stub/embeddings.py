"""Requests to /v1/embeddings and their answers."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from harness.core.types import Json
from harness.embeddings.protocol import Vectors
from harness.models.calls import CHARS_PER_TOKEN
from harness.models.stub.chat import model_name
from harness.models.stub.checks import choice_at, integer_at
from harness.models.stub.errors import ApiError, missing, wrong_type

MOST_INPUTS = 2048
_BAD_INPUT = "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."


def embeddings_body(body: Mapping[str, Json], embed: Callable[[Sequence[str]], Vectors]) -> dict[str, Json]:
    """The vectors of a request's texts, as floats or as base64 of little-endian float32.

    `embed` gives a row of length 1 for each text. Tokens can't be told back into text: an array of them stands for a
    text of its own, equal arrays for equal texts. ApiError where the real service would refuse the request.
    """
    model = model_name(body)
    kind = choice_at(body.get("encoding_format") or "float", "encoding_format", supported=("float", "base64"))
    dimensions = integer_at(body, "dimensions", low=1)
    texts, tokens = _inputs(body.get("input"))
    vectors = _cut(np.asarray(embed(texts), dtype=np.float32), dimensions)
    usage: dict[str, Json] = {"prompt_tokens": tokens, "total_tokens": tokens, "estimated": True}
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(row, kind)} for index, row in enumerate(vectors)
    ]
    return {"object": "list", "data": data, "model": model, "usage": usage}


def _inputs(value: Json) -> tuple[list[str], int]:
    """The texts, and how many tokens they are, estimated."""
    if value is None:
        raise missing("input")
    given = [value] if isinstance(value, str) or _is_tokens(value) else value
    if not isinstance(given, list):
        raise wrong_type("input", expected="one of a string or array", got=value)
    if len(given) > MOST_INPUTS:
        what = f"Invalid 'input': array too long. Expected an array with maximum length {MOST_INPUTS}"
        what = f"{what}, but got an array with length {len(given)} instead."
        raise ApiError(400, what, code="array_above_max_length", param="input")
    if not given or any(not _is_text(one) and not _is_tokens(one) for one in given):
        raise ApiError(400, _BAD_INPUT, param="input")
    tokens = sum(-(-len(one) // CHARS_PER_TOKEN) if isinstance(one, str) else len(one) for one in given)
    return [one if isinstance(one, str) else _text_of_tokens(one) for one in given], tokens


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and value != ""


def _is_tokens(value: Json) -> bool:
    """Whether a value is an array of token numbers."""
    return isinstance(value, list) and bool(value) and all(type(one) is int and one >= 0 for one in value)


def _text_of_tokens(tokens: list[int]) -> str:
    """A text that stands for the tokens: a word made of each one's number."""
    return " ".join(hashlib.sha256(str(token).encode()).hexdigest()[:8] for token in tokens)


def _cut(vectors: Vectors, dimensions: int | None) -> Vectors:
    """The first `dimensions` numbers of each row, made length 1 again."""
    if dimensions is None:
        return vectors
    if dimensions > vectors.shape[1]:
        what = f"Invalid value for 'dimensions' = {dimensions}. Must be less than or equal to {vectors.shape[1]}."
        raise ApiError(400, what, param="dimensions")
    cut = vectors[:, :dimensions]
    lengths = np.linalg.norm(cut, axis=1, keepdims=True)
    return (cut / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _encoded(row: Vectors, kind: str) -> Json:
    if kind == "base64":
        return base64.b64encode(row.astype("<f4").tobytes()).decode("ascii")
    return [float(value) for value in row]
