"""Label probabilities from the log-probabilities of the tokens that spell the label."""

import math
import re
from collections.abc import Sequence

from harness.models.calls import Token

_VALUE = re.compile(r"\"label\"\s*:\s*\"")


def label_probabilities(tokens: Sequence[Token], labels: Sequence[str]) -> dict[str, float] | None:
    """Probability of each label, summing to 1; None where the tokens hold no `"label": "…"` or no label fits.

    Walks along the tokens of the label that was given. At each, the mass of a likely other token goes to the labels that
    go on with it, in equal parts; the path goes on with the mass of the token that was taken. Tokens beyond the
    provider's top list have no known mass: what is known is normalised.
    """
    text = "".join(token.text for token in tokens)
    match = _VALUE.search(text)
    if match is None:
        return None
    found = dict.fromkeys(labels, 0.0)
    spelled, mass, position = "", 1.0, 0
    for token in tokens:
        begin, position = position, position + len(token.text)
        if position <= match.end():
            continue
        taken = token.text[max(match.end() - begin, 0) :]
        lead = token.text[: len(token.text) - len(taken)]
        for other, logprob in _others(token):
            if other.startswith(lead):
                _share(found, _continuing(labels, spelled, other[len(lead) :]), mass * math.exp(logprob))
        mass *= math.exp(token.logprob)
        spelled += taken
        if '"' in taken or len(_continuing(labels, spelled, "")) <= 1:
            _share(found, _continuing(labels, "", spelled), mass)
            break
    total = math.fsum(found.values())
    return {label: value / total for label, value in found.items()} if total > 0 else None


def _others(token: Token) -> list[tuple[str, float]]:
    return [(text, logprob) for text, logprob in token.top if text != token.text]


def _continuing(labels: Sequence[str], spelled: str, piece: str) -> list[str]:
    """The labels that begin with what is spelled and the piece; a closing quote ends the label there."""
    whole = spelled + piece
    if '"' in whole:
        return [label for label in labels if label == whole.partition('"')[0]]
    return [label for label in labels if label.startswith(whole) and whole]


def _share(found: dict[str, float], labels: Sequence[str], mass: float) -> None:
    for label in labels:
        found[label] += mass / len(labels)
