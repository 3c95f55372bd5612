"""How the reader decides: it learns from the examples that its prompt shows, and is as sure as the ticket is like them.

Each definition, each past incident and each clause that names a label is one example of that label. A label's score is
the mean of a Gaussian process regression on them (kernel ridge regression; Rasmussen & Williams 2006, eq. 2.25): with
K the kernel among the examples, k that between them and the ticket and y 1 for examples of the label,

    score = k · (K + NOISE · I)⁻¹ · y        kernel = exp((likeness - 1) / WIDTH)

Ten examples that say the same count little more than one, and where nothing is like the ticket all scores are near 0:
the softmax over them is then nearly flat. What the scores leave unexplained (1 - their sum) is doubt, and a share of it is
spread evenly over the labels. So a ticket of another kind than any in the prompt gets no high probability, and no label
is ruled out by a model that hardly knows what it looks at. Likeness joins the cosine of sentence embeddings with the
overlap of rare words.

The constants were chosen together, for the least log loss summed over four sets of which none is a test split: the 144
dev tickets of eval_sets/triage that have a label, 295 incidents held out one at a time, 900 held-out training rows of
BANKING77 and 400 of CLINC150 (public, not in this repository). Mean confidence there against accuracy: .59 / .61,
.68 / .63, .96 / .94, .97 / .98. A width or a noise for each kind of example, or matching sentence by sentence, was not
better by more than chance.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from harness.models.reading import Passage, Reading

Floats = NDArray[np.float64]

WIDTH = 0.4
"""Of the kernel: how fast an example counts less as it is less like the ticket."""
NOISE = 0.3
"""How far one example is trusted: its label may be wrong, or right for another reason."""
TEMPERATURE = 0.06
"""Of the softmax over scores."""
DOUBT = 0.2
"""Share of what the scores leave unexplained that is spread evenly over the labels."""
LEXICAL = 0.2
"""Share of word overlap in likeness; the rest is the cosine of embeddings."""

_WORD = re.compile(r"[^\W\d_]{3,}")
_SENTENCE = re.compile(r"(?:[^.!?;。！？\n]|\.(?=\d))+[.!?;。！？]*")
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


class _Example(NamedTuple):
    """A text of the prompt, the label that it is an example of (None: of none), and the passage that it is."""

    text: str
    label: str | None
    passage: Passage | None = None


def weigh(reading: Reading, embed: Embed) -> Weighed:
    """Weigh the labels of a reading; a uniform answer where nothing in it tells them apart."""
    ticket = "\n".join([*signals(reading.records), *(text for _, text in reading.texts)]).strip()
    examples = [_Example(text, label) for label, text in reading.labels.items() if text]
    examples += [_Example(f"{p.title}\n{p.text}".strip(), _known(p, reading), p) for p in reading.passages]
    scores = dict.fromkeys(reading.labels, 0.0)
    labelled = [n for n, example in enumerate(examples, 1) if example.label is not None]
    with _one_thread():
        likeness = _likeness([ticket, *(example.text for example in examples)], embed)
        weights = (
            _weights(likeness[np.ix_([0, *labelled], labelled)]) if ticket and labelled else np.zeros(len(labelled))
        )
    for n, weight in zip(labelled, weights.tolist(), strict=True):
        scores[str(examples[n - 1].label)] += weight
    of_passage = [(e.passage.id, float(likeness[0, n])) for n, e in enumerate(examples, 1) if e.passage is not None]
    ranked = sorted(of_passage, key=lambda pair: (-pair[1], pair[0]))
    return Weighed(_probabilities(scores), tuple(ranked))


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def _one_thread() -> AbstractContextManager[object]:
    """Matrices this small gain nothing from threads: 1 ms with one, 50 ms with two while another process computes."""
    limited: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="blas")
    return limited


def _known(passage: Passage, reading: Reading) -> str | None:
    """The label of a passage, if it is one of those to choose from."""
    return passage.label if passage.label in reading.labels else None


def _weights(likeness: Floats) -> Floats:
    """What each example adds to its label, from the ticket's likeness to them (first row) and theirs to each other."""
    kernel = np.exp((likeness - 1) / WIDTH)
    among = kernel[1:].copy()
    np.fill_diagonal(among, 1 + NOISE)
    return np.asarray(np.linalg.solve(among, kernel[0]), float)


def _probabilities(scores: Mapping[str, float]) -> dict[str, float]:
    """The softmax of the scores, with an even spread for what they leave unexplained."""
    doubt = DOUBT * min(1.0, max(0.0, 1 - sum(scores.values())))
    return {label: (1 - doubt) * p + doubt / len(scores) for label, p in softmax(scores, TEMPERATURE).items()}


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


def _likeness(texts: Sequence[str], embed: Embed) -> Floats:
    """How alike every two texts are, in [-1, 1]; the first is the ticket."""
    vectors = np.asarray(embed(texts), float)
    rare = overlaps(texts)
    found: Floats = LEXICAL * (rare @ rare.T) + (1 - LEXICAL) * (vectors @ vectors.T)
    return found


def overlaps(texts: Sequence[str]) -> Floats:
    """One row a text: its word counts, (1 + log n) each, weighed by rarity among all texts but the first; length 1 or 0.

    The product of two rows is the cosine of the texts' words.
    """
    bags = [_bag(text) for text in texts]
    column: dict[str, int] = {}
    for bag in bags[1:]:
        for word in bag:
            column.setdefault(word, len(column))
    rows = np.zeros((len(texts), len(column)))
    for row, bag in zip(rows, bags, strict=True):
        for word, often in bag.items():
            if word in column:
                row[column[word]] = often
    rows *= np.log(1 + (len(texts) - 1) / np.count_nonzero(rows[1:], axis=0))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Floats = rows / np.where(lengths == 0, 1, lengths)
    return found


@lru_cache(maxsize=4096)
def _bag(text: str) -> Mapping[str, float]:
    """1 + log n for each word. Definitions, clauses and cases come up in call after call."""
    return {word: 1 + math.log(n) for word, n in Counter(words(text)).items()}
