"""A reply's text cut into tokens, and log-probabilities to show for them.

No offline model has tokens of its own. The tokens are pieces of at most 12 characters, found by one expression, that
join to the text. Their log-probability is made up, -0.01 for each, but for the value of `"label"` in an answer of a
model that knows what it thinks of each label: that one token carries the log of the label's probability, and the other
labels stand beside it.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from harness.core.types import Json
from harness.models.calls import Reply, Token

MADE_UP = -0.01
"""The log-probability of every token that no model has an opinion about."""
_IMPOSSIBLE = -9999.0
"""What the service says for a probability of 0."""
_PIECE = re.compile(r"\s?\w{1,12}|\s?[^\w\s]{1,4}|\s+")
_LABEL = re.compile(r"\"label\"\s*:\s*\"((?:[^\"\\]|\\.)*)\"")


def split(text: str) -> list[str]:
    """The tokens of a text; joined, they are the text."""
    return _PIECE.findall(text)


def tokens_of(reply: Reply) -> list[Token]:
    """The tokens of a reply's text: the model's own where it gave them."""
    if reply.logprobs is not None:
        return list(reply.logprobs)
    match = _LABEL.search(reply.text) if reply.probabilities else None
    if match is None or reply.probabilities is None:
        return _made_up(reply.text)
    begin, end = match.span(1)
    # Where one label begins another, only the quote behind it tells which of the two a token spells.
    quote = '"' if _one_begins_another(list(reply.probabilities)) else ""
    token = _label_token(match[1], reply.probabilities, quote)
    return [*_made_up(reply.text[:begin]), token, *_made_up(reply.text[end + len(quote) :])]


def logprobs_json(tokens: Sequence[Token], *, top: int) -> list[dict[str, Json]]:
    """Tokens as `logprobs.content` of a choice, each with its `top` likeliest."""
    return [
        {**_one(token.text, token.logprob), "top_logprobs": [_one(text, logprob) for text, logprob in token.top[:top]]}
        for token in tokens
    ]


def _one(text: str, logprob: float) -> dict[str, Json]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode("utf-8", "surrogatepass"))}


def _made_up(text: str) -> list[Token]:
    return [Token(piece, MADE_UP, ((piece, MADE_UP),)) for piece in split(text)]


def _label_token(written: str, probabilities: Mapping[str, float], quote: str) -> Token:
    """The label as it is written in JSON; a label that the model has no probability for is impossible."""
    logs = {json.dumps(label)[1:-1] + quote: _log(value) for label, value in probabilities.items()}
    text = written + quote
    known = json.dumps(_label(written))[1:-1] + quote
    if known != text and known in logs:
        logs[text] = logs.pop(known)
    ranked = sorted(logs.items(), key=lambda pair: -pair[1])
    return Token(text, logs.get(text, _IMPOSSIBLE), tuple(ranked))


def _label(written: str) -> str:
    try:
        return str(json.loads(f'"{written}"'))
    except ValueError:
        return written


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else _IMPOSSIBLE


def _one_begins_another(labels: Sequence[str]) -> bool:
    ordered = sorted(labels)
    return any(after.startswith(before) for before, after in pairwise(ordered))
