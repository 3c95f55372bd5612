"""The answer key, and which of its samples a request is about."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.core.types import Target
from harness.models.calls import Call, text_of

_ANCHOR = 4
"""Words by which a text is looked up; shorter texts are looked up whole."""
_LONGEST_TEXT = 4_000
"""Characters of a text that have to be found: prompts cut what is longer."""
_LONGEST_REQUEST = 100_000
"""Characters of a request that are searched, from its end."""
_WORD = re.compile(r"\w+")
# What prompts take out of a text, or put in place of a line's end.
_INVISIBLE = re.compile('[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufe00-\ufe0f]|\\\\[nrt"]')


@dataclass(frozen=True, slots=True)
class _Known:
    """A sample by the words of its longest text; `rest` are those of its other texts."""

    id: str
    words: str
    rest: tuple[str, ...]


class AnswerBook:
    """Targets by sample id, and `texts`: of each sample, the texts by which requests about it are recognised."""

    def __init__(self, targets: Mapping[str, Target], texts: Mapping[str, Sequence[str]]) -> None:
        self._targets = dict(targets)
        self._by_anchor: dict[str, list[_Known]] = {}
        for sample, given in texts.items():
            ranked = sorted((words for words in map(_words, given) if words), key=len, reverse=True)
            if ranked:
                known = _Known(sample, ranked[0], tuple(ranked[1:]))
                self._by_anchor.setdefault(_anchor(ranked[0]), []).append(known)
        self._anchor_sizes = sorted({anchor.count(" ") + 1 for anchor in self._by_anchor})

    def key(self, sample: str) -> Target | None:
        """The target of a sample; None where there is no such sample."""
        return self._targets.get(sample)

    def find(self, call: Call) -> str:
        """The id of the sample that a call is about, empty where none is recognised.

        It is the one whose longest text stands in the last message that holds any sample's, word by word; the longest
        of them where there are several. Of samples with the same text, it is the one that most of the others' texts
        are found for, too.
        """
        left = _LONGEST_REQUEST
        for message in reversed(call.messages):
            text = text_of(message.get("content"))[-left:]
            left -= len(text)
            if message.get("role") != "assistant" and (found := self._in(text)):
                return found
            if left <= 0:
                break
        return ""

    def _in(self, text: str) -> str:
        words = f"{_words(text, longest=_LONGEST_REQUEST)} "
        found = list(self._candidates(words))
        if not found:
            return ""
        longest = max(len(known.words) for known in found)
        best = [known for known in found if len(known.words) == longest]
        if len(best) > 1:
            spaced = f" {words}"
            best.sort(key=lambda known: -sum(f" {rest} " in spaced for rest in known.rest))
        return best[0].id

    def _candidates(self, words: str) -> Iterator[_Known]:
        """Yield every sample whose words stand in `words`, at each place where they do."""
        spans = [match.span() for match in _WORD.finditer(words)]
        for size in self._anchor_sizes:
            for first, (begin, _) in enumerate(spans[: max(len(spans) - size + 1, 0)]):
                for known in self._by_anchor.get(words[begin : spans[first + size - 1][1]], ()):
                    if words.startswith(f"{known.words} ", begin):
                        yield known


def _words(text: str, *, longest: int = _LONGEST_TEXT) -> str:
    """The words of a text, in lower case and one space apart; without the last one where the text is cut."""
    plain = text if text.isascii() and "\\" not in text else _INVISIBLE.sub(_gap, unicodedata.normalize("NFC", text))
    words = _WORD.findall(plain[:longest].lower())
    return " ".join(words[:-1] if len(plain) > longest else words)


def _gap(match: re.Match[str]) -> str:
    return " " if match[0][0] == "\\" else ""


def _anchor(words: str) -> str:
    return " ".join(words.split(" ", _ANCHOR)[:_ANCHOR])
