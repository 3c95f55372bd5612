"""One claim made wrong in one way, so that it surely is: what is put in is checked against all that the claim cites."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.core.types import Claim
from harness.models.personas.dice import Dice
from harness.models.reading import Passage, Reading

TICKET = "ticket:"

_MONTHS = "January February March April May June July August September October November December".split()
_MONTH = "(?:" + "|".join([*_MONTHS, *(month[:3] for month in _MONTHS)]) + r")\.?"
_DATE = re.compile(
    rf"\b\d{{4}}-\d{{2}}-(?P<iso>\d{{2}})\b|\b(?P<before>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{4}})?\b"
    rf"|\b{_MONTH}\s+(?P<after>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}}\b)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.,:/'’@#\-])(?<!\d )\d{1,4}(?![\w'’\-/])(?![.,:]\d| \d)")
_NAME = re.compile(r"(?<=[a-z,;:)] )[A-ZÀ-Þ][\w\-]+")
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_NO_NAMES = frozenset(
    word.lower() for word in (*_MONTHS, *(month[:3] for month in _MONTHS), *_DAYS, "English", "UTC", "OK", "AI")
)
_CLAUSE = re.compile(r"(?P<policy>.+)@(?P<version>\d+)#(?P<clause>.+)")
_NUMBERS = tuple(str(number) for number in range(13, 1000))  # up to twelve are also written in words
_INVENTED = (
    "Threlkeld", "Ottoline", "Vanderzwaag", "Quillfeather", "Brzostek", "Ashgrove", "Pellinore", "Zubizarreta",
)  # fmt: skip
_MADE_UP = (
    "The report has since been withdrawn in a phone call with the team.",
    "Both sides have already agreed to settle this between themselves.",
    "The writer had been warned about exactly this a short while ago.",
    "A specialist has looked at this already and found nothing to act on.",
)


@dataclass(frozen=True)
class Shown:
    """What the prompt shows that a claim can cite: passages by id, and the ticket's fields by path."""

    passages: Mapping[str, Passage]
    fields: Mapping[str, str]

    @classmethod
    def of(cls, reading: Reading) -> "Shown":
        """What a reading shows; the ticket's date is no field of it."""
        records = {path: value for path, value in reading.records.items() if path != "created_at"}
        return cls({passage.id: passage for passage in reading.passages}, {**dict(reading.texts), **records})

    def holds(self, citation: str) -> bool:
        """Whether what is cited stands in the prompt."""
        return citation in self.passages or citation.removeprefix(TICKET) in self.fields

    def text(self, citations: Sequence[str]) -> str:
        """All that the citations say."""
        found: list[str] = []
        for citation in citations:
            passage = self.passages.get(citation)
            found.append(
                f"{passage.title} {passage.text}" if passage else self.fields.get(citation.removeprefix(TICKET), "")
            )
        return "\n".join(found)


Flaw = Callable[[Claim, Shown, Dice], Claim | None]


def fabricated_citation(claim: Claim, shown: Shown, dice: Dice) -> Claim | None:
    """Cite another number of a clause or an incident, or another field, that doesn't exist."""
    cited = next((name for name in claim.citations if name in shown.passages), "")
    near = cited or dice.choose("near", [*shown.passages, f"{TICKET}attachments.1"])
    number = 90 + int(dice.uniform("number") * 9)
    clause = _CLAUSE.fullmatch(near)
    if clause:
        made = f"{clause['policy']}@{clause['version']}#{number}.{number % 7 + 1}"
    elif near.startswith(TICKET):
        made = f"{TICKET}attachments.{number}"
    else:
        made = f"{re.sub(r'[0-9]+$', '', near)}{number}{number % 7 + 1}7{number % 9}"
    if shown.holds(made):
        return None
    kept = [name for name in claim.citations if name != cited] if cited else claim.citations[1:]
    return Claim(claim.text, (made, *kept))


def superseded_clause(claim: Claim, shown: Shown, dice: Dice) -> Claim | None:
    """Cite the version before; where the claim cites no such clause, it is made one about a clause of the prompt."""
    earlier = {
        name: before for name in shown.passages if (before := _version_before(name)) and before not in shown.passages
    }
    cited = next((name for name in claim.citations if name in earlier), None)
    if cited is not None:
        return Claim(claim.text, tuple(earlier[name] if name == cited else name for name in claim.citations))
    if not earlier:
        return None
    name = dice.choose("clause", sorted(earlier))
    return Claim(
        f"What is said under this clause decides the case: {_opening(shown.passages[name].text)}", (earlier[name],)
    )


def _version_before(citation: str) -> str | None:
    match = _CLAUSE.fullmatch(citation)
    if not match or int(match["version"]) < 2:
        return None
    return f"{match['policy']}@{int(match['version']) - 1}#{match['clause']}"


def _opening(text: str) -> str:
    return f"{' '.join(text.split()[:20]).rstrip(' .,;:')}."


def changed_number(claim: Claim, shown: Shown, dice: Dice) -> Claim | None:
    """Another number in place of one of the claim's; one more where it has none."""
    digits = re.sub(r"[\s.,'’]", "", shown.text(claim.citations))
    new = _first(_NUMBERS, dice, lambda number: number not in digits)
    if new is None:
        return None
    dates = [match.span() for match in _DATE.finditer(claim.text)]
    for match in _NUMBER.finditer(claim.text):
        if not any(begin <= match.start() < end for begin, end in dates):
            return Claim(f"{claim.text[: match.start()]}{new}{claim.text[match.end() :]}", claim.citations)
    return Claim(f"{_stem(claim.text)}, for the {new}th time.", claim.citations)


def changed_date(claim: Claim, shown: Shown, dice: Dice) -> Claim | None:
    """Another day in place of that of a date of the claim's; one more date where it has none."""
    evidence = shown.text(claim.citations)
    new = _first(
        [str(day) for day in range(1, 29)], dice, lambda day: not re.search(rf"(?<!\d)0?{day}(?!\d)", evidence)
    )
    if new is None:
        return None
    match = _DATE.search(claim.text)
    if match is None:
        return Claim(f"{_stem(claim.text)}, as of {new} {dice.choose('month', _MONTHS)} 2021.", claim.citations)
    group = next(name for name, found in match.groupdict().items() if found)
    day = new.zfill(2) if group == "iso" else new
    return Claim(f"{claim.text[: match.start(group)]}{day}{claim.text[match.end(group) :]}", claim.citations)


def changed_name(claim: Claim, shown: Shown, dice: Dice) -> Claim | None:
    """An invented name in place of one of the claim's; one more where it has none."""
    evidence = shown.text(claim.citations).casefold()
    new = _first(_INVENTED, dice, lambda name: name.casefold() not in evidence)
    if new is None:
        return None
    for match in _NAME.finditer(claim.text):
        if match[0].lower() not in _NO_NAMES:
            return Claim(f"{claim.text[: match.start()]}{new}{claim.text[match.end() :]}", claim.citations)
    return Claim(f"{_stem(claim.text)}, as {new} confirms.", claim.citations)


def negated(claim: Claim, shown: Shown, dice: Dice) -> Claim | None:
    """The opposite of the claim."""
    return Claim(f"It is not true that {claim.text[:1].lower()}{claim.text[1:]}", claim.citations)


def unsupported(claim: Claim, shown: Shown, dice: Dice) -> Claim | None:
    """Something that nobody said, beside the claim's citations."""
    return Claim(dice.choose("made up", _MADE_UP), claim.citations)


FLAWS: Mapping[str, Flaw] = {
    "fabricated_citation": fabricated_citation,
    "superseded_clause": superseded_clause,
    "changed_number": changed_number,
    "changed_date": changed_date,
    "changed_name": changed_name,
    "negated": negated,
    "unsupported": unsupported,
}
"""Every flaw of a claim by its name in the spec; None where it can't be planted surely."""


def _first(options: Sequence[str], dice: Dice, fits: Callable[[str], bool]) -> str | None:
    """The first that fits, from a drawn place on and round to it again."""
    start = int(dice.uniform("start") * len(options))
    return next((option for option in (*options[start:], *options[:start]) if fits(option)), None)


def _stem(text: str) -> str:
    return text.rstrip(" .!?")
