"""The reader's rationale: extracts, each with what it was taken from."""

import re
from collections import Counter
from collections.abc import Sequence

from harness.models.reading import Passage, Reading
from harness.models.weighing import Weighed, sentences, words

_LONGEST = 240


def write_rationale(reading: Reading, weighed: Weighed, label: str) -> list[dict[str, object]]:
    """Up to three claims: what the ticket says, the clause that covers it, a past incident that was alike.

    One that rests on nothing, and so is never grounded, where there is nothing to take an extract from.
    """
    by_id = {passage.id: passage for passage in reading.passages}
    ranked = [by_id[found] for found, _ in weighed.ranked]
    policy = _first(ranked, "policy", label)
    incident = _first(ranked, "incident", label)
    basis = " ".join([reading.labels.get(label, ""), *(p.text for p in (policy, incident) if p)])
    claims: list[dict[str, object]] = []
    quoted = _telling_sentence(reading.texts, basis)
    if quoted:
        field, sentence = quoted
        claims.append({"text": f'The ticket says: "{sentence}"', "citations": [f"ticket:{field}"]})
    if policy:
        claims.append({"text": f'The policy in force says: "{_first_sentence(policy.text)}"', "citations": [policy.id]})
    if incident:
        shown = _quotable(incident.title) or _first_sentence(incident.text)
        claims.append({"text": f'A past case was alike: "{shown}"', "citations": [incident.id]})
    return claims or [{"text": "The ticket says nothing that could be quoted.", "citations": []}]


def _first(ranked: Sequence[Passage], kind: str, label: str) -> Passage | None:
    return next((p for p in ranked if p.kind == kind and p.label == label and p.text), None)


def _telling_sentence(texts: Sequence[tuple[str, str]], basis: str) -> tuple[str, str] | None:
    """(field, sentence) with most words in common with `basis`; the longest of the first field's where none has any."""
    wanted = Counter(words(basis))
    candidates = [(field, sentence) for field, text in texts for sentence in sentences(text)]
    if not candidates:
        return None

    def telling(candidate: tuple[str, str]) -> tuple[float, int]:
        own = set(words(candidate[1]))
        return sum(word in wanted for word in own) / (3 + len(own)), len(own)

    field, sentence = max(candidates, key=telling)
    return field, _quotable(sentence)


def _first_sentence(text: str) -> str:
    """The first sentence of a text, quotable; all of it where it is too short to have one."""
    return _quotable(next(iter(sentences(text)), text))


def _quotable(sentence: str) -> str:
    """One line without double quotes, cut at a word so that it stays an extract."""
    flat = " ".join(re.sub(r"[\"“”„«»]", "'", sentence).split())
    return flat if len(flat) <= _LONGEST else flat[:_LONGEST].rsplit(" ", 1)[0]
