"""How the reader decides: labels weighed by the likeness of the ticket to what the prompt says of each.

In-context nearest neighbours, in three parts: the past incidents of a label that are most like the ticket, the label's
definition, and the clauses that name the label. Likeness joins the cosine of sentence embeddings, sentence by sentence
(each sentence of the ticket is matched with the best of the passage, as in Khattab & Zaharia 2020), with the overlap of
rare words. The constants were chosen on the dev tickets and on the incidents themselves, each held out in turn.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.models.reading import Passage, Reading

Floats = NDArray[np.float64]

INCIDENT, DEFINITION, POLICY = 1.0, 0.5, 0.5
"""Weight of each part."""
NEAREST = 2
"""Incidents of a label that count; one that is missing counts as much as the least like in the context."""
TEMPERATURE = 0.035
"""Of the softmax over labels; where mean confidence meets accuracy on the dev tickets."""
LEXICAL = 0.3
"""Share of word overlap in likeness; the rest is the cosine of embeddings."""
BY_SENTENCE = 0.5
"""Share of the sentence-by-sentence match in the cosine; the rest compares the texts as wholes."""
MAX_SENTENCES = 60
"""Sentences of a ticket that are read."""

_WORD = re.compile(r"[^\W\d_]{3,}")
_SENTENCE = re.compile(r"(?:[^.!?;。！？\n]|\.(?=\d))+[.!?;。！？]*")
_CUE = re.compile(r"[:;,.]\s+")
_STOP = frozenset(
    "the and for was were that this with have has had not you your our they them their are but his her she him who from would there what when "
    "which been will can could all any one out just about into than then its also did does don didn may more some such these those very".split()
)


class Embed(Protocol):
    """Texts to unit vectors, (n, dim)."""

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text."""
        ...


@dataclass(frozen=True)
class Weighed:
    """Probabilities over labels, and the passages by likeness, the likest first."""

    probabilities: dict[str, float]
    ranked: tuple[tuple[str, float], ...]


class _Text(NamedTuple):
    """A text as a whole and in its sentences or cues."""

    whole: str
    pieces: Sequence[str]


def weigh(reading: Reading, embed: Embed) -> Weighed:
    """Weigh the labels of a reading; a uniform answer where nothing in it tells them apart."""
    ticket = [piece for _, text in reading.texts for piece in sentences(text)][:MAX_SENTENCES]
    ticket += signals(reading.records)
    defined = {label: text for label, text in reading.labels.items() if text}
    whole = "\n".join(text for _, text in reading.texts)
    texts = [_Text(text, cues(text)) for text in defined.values()]
    texts += [_Text(f"{p.title}\n{p.text}", _pieces(p)) for p in reading.passages]
    likeness = _likeness(_Text(whole, ticket), texts, embed)
    of_label = dict(zip(defined, likeness[: len(defined)].tolist(), strict=True))
    of_passage = list(zip(reading.passages, likeness[len(defined) :].tolist(), strict=True))
    incidents = _by_label(of_passage, "incident", count=NEAREST)
    policies = _by_label(of_passage, "policy", count=1)
    scores = {
        label: INCIDENT * incidents.get(label, incidents[None])
        + POLICY * policies.get(label, policies[None])
        + DEFINITION * of_label.get(label, 0.0)
        for label in reading.labels
    }
    ranked = sorted(((p.id, score) for p, score in of_passage), key=lambda pair: (-pair[1], pair[0]))
    return Weighed(softmax(scores, TEMPERATURE), tuple(ranked))


def _pieces(passage: Passage) -> list[str]:
    """The sentences of an incident; a clause is short and compared as a whole."""
    return [*sentences(passage.title), *sentences(passage.text)] if passage.kind == "incident" else []


def _by_label(scored: Sequence[tuple[Passage, float]], kind: str, *, count: int) -> dict[str | None, float]:
    """Mean likeness of each label's `count` likest passages of a kind; None holds what a label without any gets."""
    own = [(passage.label, score) for passage, score in scored if passage.kind == kind]
    least = min((score for _, score in own), default=0.0)
    found: dict[str | None, float] = {None: least}
    for label in {label for label, _ in own if label is not None}:
        best = sorted((score for name, score in own if name == label), reverse=True)[:count]
        found[label] = (sum(best) + least * (count - len(best))) / count
    return found


def softmax(scores: Mapping[str, float], temperature: float) -> dict[str, float]:
    """exp(score / temperature), normalised over the labels."""
    top = max(scores.values())
    raised = {label: math.exp((score - top) / temperature) for label, score in scores.items()}
    total = sum(raised.values())
    return {label: value / total for label, value in raised.items()}


def words(text: str) -> list[str]:
    """Lower-cased words of three letters or more, common ones left out."""
    return [word for word in _WORD.findall(text.lower()) if word not in _STOP]


def sentences(text: str) -> list[str]:
    """The sentences and clauses of a text; all of it where it has no end marks."""
    return [piece for match in _SENTENCE.finditer(text) if len(piece := match[0].strip()) > 1]


def signals(records: Mapping[str, str]) -> list[str]:
    """The names of the records below `signals` that are raised (neither false nor 0), as words."""
    raised = (path for path, value in records.items() if path.startswith("signals.") and value not in {"false", "0"})
    return [path.removeprefix("signals.").replace("_", " ") for path in raised]


def cues(definition: str) -> list[str]:
    """The parts of a definition: each names one thing that makes the label right."""
    return [piece for part in _CUE.split(definition) if (piece := part.strip())]


def _likeness(ticket: _Text, texts: Sequence[_Text], embed: Embed) -> Floats:
    """One number a text, in [-1, 1]; all 0 where the ticket is empty. A text without pieces is compared as a whole."""
    own = list(ticket.pieces)
    if not own or not texts:
        return np.zeros(len(texts))
    flat = [piece for text in texts for piece in text.pieces]
    wholes = [text.whole for text in texts]
    vectors = embed([*own, *flat, ticket.whole, *wholes])
    pairs = vectors[len(own) : len(own) + len(flat)] @ vectors[: len(own)].T
    cosine = (vectors[-len(wholes) :] @ vectors[-len(wholes) - 1]).astype(float)
    end = 0
    for index, text in enumerate(texts):
        begin, end = end, end + len(text.pieces)
        if text.pieces:
            best = float(pairs[begin:end].max(axis=0).mean())
            cosine[index] += BY_SENTENCE * (best - cosine[index])
    found: Floats = LEXICAL * overlaps(ticket.whole, wholes) + (1 - LEXICAL) * cosine
    return found


def overlaps(ticket: str, texts: Sequence[str]) -> Floats:
    """Cosine of word counts weighed by rarity among `texts`, one number a text."""
    bags = [Counter(words(text)) for text in texts]
    document = Counter(word for bag in bags for word in bag)
    rarity = {word: math.log(1 + len(texts) / count) for word, count in document.items()}
    query = Counter(words(ticket))
    own = {word: (1 + math.log(n)) * rarity.get(word, 0.0) for word, n in query.items()}
    norm = math.sqrt(sum(value * value for value in own.values())) or 1.0
    found = np.zeros(len(texts))
    for i, bag in enumerate(bags):
        weights = {word: (1 + math.log(n)) * rarity[word] for word, n in bag.items()}
        length = math.sqrt(sum(value * value for value in weights.values()))
        if length:
            found[i] = sum(own[word] * weight for word, weight in weights.items() if word in own) / (norm * length)
    return found
