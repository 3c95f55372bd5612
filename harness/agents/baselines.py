"""What a number has to stand against: the majority label, word overlap with the definitions, a linear classifier."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.agents.linear import LinearBaseline
from harness.core.protocols import Solver, SolverInput
from harness.core.taxonomy import Taxonomy
from harness.core.ticket import InputKind
from harness.core.types import Output
from harness.corpus.incidents import Incident
from harness.evalsets import parse_case

_WORD = re.compile(r"[^\W\d_]{3,}")
_SMOOTHING = 3.0


class MajorityBaseline:
    """Always the most frequent label of what is known before the test: incidents, else dev targets.

    Its probabilities are those frequencies, add-one smoothed.
    """

    name = "baseline:majority"

    def __init__(self, *, taxonomy: Taxonomy, seen: Sequence[str]) -> None:
        counts = Counter(seen)
        total = len(seen) + len(taxonomy.ids)
        self._probabilities = {label: (counts[label] + 1) / total for label in taxonomy.ids}
        self._label = max(taxonomy.ids, key=lambda label: self._probabilities[label])

    async def __call__(self, item: SolverInput) -> Output:
        """The same answer for every input."""
        return Output(label=self._label, probabilities=self._probabilities, why="the most frequent label")


class KeywordBaseline:
    """The label whose title and definition share most rare words with the texts; the first label where none does."""

    name = "baseline:keyword"

    def __init__(self, *, taxonomy: Taxonomy, kind: InputKind) -> None:
        self._kind = kind
        self._words = {label.id: set(_words(f"{label.title} {label.definition}")) for label in taxonomy.labels}
        in_how_many = Counter(word for own in self._words.values() for word in own)
        self._rarity = {word: math.log(1 + len(self._words) / n) for word, n in in_how_many.items()}

    async def __call__(self, item: SolverInput) -> Output:
        """Sum of rarities of the shared words, over labels as shares of (sum + smoothing)."""
        case = parse_case(item.input, sample_id=item.id, kind=self._kind, where=item.id)
        texts = [text for _, text in case.untrusted] if case else [str(item.input)]
        have = set(_words(" ".join(texts)))
        scores = {
            label: math.fsum(self._rarity[word] for word in own & have) + _SMOOTHING / len(self._words)
            for label, own in self._words.items()
        }
        total = sum(scores.values())
        label = max(scores, key=lambda name: scores[name])
        probabilities = {name: score / total for name, score in scores.items()}
        return Output(label=label, probabilities=probabilities, why="most rare words in common")


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


@dataclass(frozen=True, slots=True)
class Known:
    """What a baseline may know before the test: the labels seen (of incidents, else of dev targets), and the incidents."""

    labels: Sequence[str] = ()
    incidents: Sequence[Incident] = ()


def _majority(taxonomy: Taxonomy, kind: InputKind, known: Known) -> Solver:
    return MajorityBaseline(taxonomy=taxonomy, seen=known.labels)


def _keyword(taxonomy: Taxonomy, kind: InputKind, known: Known) -> Solver:
    return KeywordBaseline(taxonomy=taxonomy, kind=kind)


def _linear(taxonomy: Taxonomy, kind: InputKind, known: Known) -> Solver:
    return LinearBaseline(taxonomy=taxonomy, kind=kind, incidents=known.incidents)


BASELINES: dict[str, Callable[[Taxonomy, InputKind, Known], Solver]] = {
    "majority": _majority,
    "keyword": _keyword,
    "linear": _linear,
}
"""Baselines by name, as `baseline:<name>`."""

NEED_INCIDENTS = frozenset({"linear"})
"""Baselines that learn from incidents, and can't be without."""
