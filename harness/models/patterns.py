"""Strings that match a simple regular expression."""

import math
import re
import string
from collections.abc import Iterable, Iterator

from harness.models.schemas import NoInstanceError

MAX_PATTERN = 300
_ALPHABET = "a0A-_ .@/:" + string.printable + "é€"
_LONGEST = 20_000
_LONGEST_SHOWN = 100
_TRUSTED = 25
"""Characters up to which a match is checked with a pattern that has groups, since those can cost exponential time."""
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d{1,3})(,(\d{0,4}))?\})[?+]?")
_ATOM = re.compile(r"\\[xu][0-9a-fA-F]{2,4}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
_GROUP = re.compile(r"\((?:\?(?::|P?<\w+>))?")


def matching(pattern: str, shown: Iterable[str], *, low: int, high: float) -> str:
    """The first of `shown` that matches `pattern` (searched, as JSON Schema has it), else a string made to match.

    Its length lies between `low` and `high`. Raises NoInstanceError for a pattern that is too hard, such as one with
    lookarounds or back-references.
    """
    if len(pattern) > MAX_PATTERN:
        raise NoInstanceError(f"a pattern of more than {MAX_PATTERN} characters")
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise NoInstanceError(f"{pattern!r} is no regular expression") from error
    grouped = "(" in pattern
    for text in () if grouped else shown:
        if len(text) <= _LONGEST_SHOWN and compiled.search(text):
            return text
    for made in _written(pattern, low):
        unchecked = grouped and len(made) > _TRUSTED
        if low <= len(made) <= high and (unchecked or compiled.search(made)):
            return made
    raise NoInstanceError(f"the pattern {pattern!r} is too hard")


def _written(pattern: str, low: int) -> Iterator[str]:
    """Yield a shortest match, then longer ones: with more behind it, and with more turns of what may repeat."""
    shortest = _Writer(pattern, more=0).alternatives()
    yield shortest
    if low > len(shortest):
        yield shortest + "a" * (low - len(shortest))
        for more in (low - len(shortest), math.isqrt(low)):
            yield _Writer(pattern, more=more).alternatives()


class _Writer:
    """Reads a pattern from left to right and writes a shortest match, with `more` turns of what may repeat freely."""

    def __init__(self, pattern: str, *, more: int) -> None:
        self._pattern, self._more, self._at = pattern, more, 0

    def alternatives(self) -> str:
        """The first alternative up to the end or the group's bracket; the others are read past."""
        made = self._sequence()
        while self._pattern[self._at : self._at + 1] == "|":
            self._at += 1
            self._sequence()
        return made

    def _sequence(self) -> str:
        made = ""
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            once, times = self._once(), self._times()
            if len(once) * times > _LONGEST:
                raise NoInstanceError(f"a pattern that needs more than {_LONGEST} characters")
            made += once * times
        return made

    def _once(self) -> str:
        """One atom's match: a group's, an anchor's, or a character's."""
        if group := _GROUP.match(self._pattern, self._at):
            self._at = group.end()
            made = self.alternatives()
            self._at += 1
            return made
        atom = _ATOM.match(self._pattern, self._at)
        text = atom[0] if atom else ""
        self._at += len(text)
        if text in ("^", "$", r"\b", r"\A", r"\Z"):
            return ""
        try:
            single = re.compile(text)
        except re.error:
            raise NoInstanceError(f"the pattern {self._pattern!r} is too hard") from None
        found = next((one for one in _ALPHABET if single.fullmatch(one)), None)
        if found is None:
            raise NoInstanceError(f"no character is a {text!r}")
        return found

    def _times(self) -> int:
        """How often the atom just read stands there."""
        quantifier = _QUANTIFIER.match(self._pattern, self._at)
        if quantifier is None:
            return 1
        self._at = quantifier.end()
        least = {"*": 0, "?": 0, "+": 1}.get(quantifier[1] or "", int(quantifier[2] or 0))
        if quantifier[1] == "?" or (quantifier[2] and not quantifier[3]):
            return least
        most = int(quantifier[4]) if quantifier[4] else least + self._more
        return min(most, least + self._more)
