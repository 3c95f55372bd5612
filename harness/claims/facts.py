"""The checkable facts of a sentence: numbers, amounts, dates, names and quotations.

A fact of a claim is met if it stands in the cited text too. Numbers are compared by value, with either decimal mark;
dates by day and month, and by year where both give one; names and quotations by their letters.
"""

import re
from collections.abc import Iterator

_MONTHS = (
    "january february march april may june july august september october november december "
    "jan feb mar apr may jun jul aug sep oct nov dec"
).split()
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_CURRENCY = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "CHF": "CHF"}

_MONTH = "(" + "|".join(sorted(set(_MONTHS), key=len, reverse=True)) + r")\.?"
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?=\b|T)")
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTH}(?:,?\s+(\d{{4}}))?\b", re.IGNORECASE)
_MONTH_DAY = re.compile(rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}})\b)?", re.IGNORECASE)
_DOTTED = re.compile(r"\b(\d{1,2})[./](\d{1,2})(?:[./](\d{4}|\d{2}))?(?![\d.,/]*\d)")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,' \u00a0\u202f]\d{3})*(?:[.,]\d+)?|\d+")
_UNSPACED = re.compile(r"\d+(?:[.,']\d{3})*(?:[.,]\d+)?")
_DOTTED_DATE = re.compile(r"\b\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})\b")
_WORD_NUMBER = re.compile(r"\b(" + "|".join(_WORDS) + r")\b", re.IGNORECASE)
_ISO_CODES = "EUR|USD|GBP|JPY|CHF|CAD|AUD|NZD|BRL|MXN|INR|SEK|NOK|DKK|PLN|CZK|HUF|ZAR|TRY|SGD|HKD|KRW|THB"
_AMOUNT = re.compile(
    rf"(?P<before>[€$£¥₹]|\b(?:{_ISO_CODES}))\s?(?P<one>\d[\d.,]*)|(?P<two>\d[\d.,]*)\s?(?P<after>[€$£¥₹]|\b(?:{_ISO_CODES})\b)"
)
_NAME = re.compile(r"(?<=[a-z,;:)] )[A-ZÀ-Þ][\w\-]+(?:['’][\w\-]+)*")
_QUOTE = re.compile(r"[\"“„«]([^\"“”„«»]{12,})[\"”“»]")
_NOT_NAMES = frozenset(
    {*_MONTHS, *"monday tuesday wednesday thursday friday saturday sunday i english utc ok ai".split()}
)

Date = tuple[int | None, int, int]


def missing_facts(claim: str, evidence: str) -> list[str]:
    """The facts of `claim` that `evidence` doesn't hold, each named by kind; empty where all are there."""
    gone = [f"date {text!r}" for text, date in _dates(claim) if not _has_date(date, evidence)]
    rest = _without_dates(claim)
    figures = f"{evidence}\n\n{_without_dates(evidence)}"  # a date beside a number hides it: `3 May 2026 100,50`
    gone += [f"amount {text!r}" for text, value, code in _amounts(rest) if _other_currency(value, code, figures)]
    have = _numbers(figures)
    gone += [f"number {text!r}" for text, forms in _number_facts(rest) if not forms & have]
    lowered = evidence.casefold()
    gone += [f"name {name!r}" for name in _names(claim) if name.casefold() not in lowered]
    return gone


def missing_quotes(claim: str, evidence: str) -> list[str]:
    """Quotations of three words or more in `claim` that don't stand in `evidence` letter for letter."""
    have = _plain(evidence)
    quotes = [match[1].strip(" .,;…") for match in _QUOTE.finditer(claim)]
    return [quote for quote in quotes if len(quote.split()) >= 3 and _plain(quote) not in have]


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w]+", " ", text.casefold()).split())


def _dates(text: str) -> Iterator[tuple[str, Date]]:
    for m in _ISO.finditer(text):
        yield m[0], (int(m[1]), int(m[2]), int(m[3]))
    for m in _DAY_MONTH.finditer(text):
        yield m[0], (_year(m[3]), _MONTHS.index(m[2].lower()) % 12 + 1, int(m[1]))
    for m in _MONTH_DAY.finditer(text):
        yield m[0], (_year(m[3]), _MONTHS.index(m[1].lower()) % 12 + 1, int(m[2]))


def _year(text: str | None) -> int | None:
    return int(text) if text else None


def _without_dates(text: str) -> str:
    for pattern in (_ISO, _DAY_MONTH, _MONTH_DAY):
        text = pattern.sub(" ", text)
    return text


def _has_date(date: Date, evidence: str) -> bool:
    """Whether `evidence` holds the date, in words, in ISO form, or as day.month in either order."""
    year, month, day = date
    known = {found for _, found in _dates(evidence)}
    for m in _DOTTED.finditer(evidence):
        one, two, given = int(m[1]), int(m[2]), _year(m[3])
        given = given + 2000 if given is not None and given < 100 else given
        known |= {(given, two, one), (given, one, two)}
    return any(m == month and d == day and (year is None or y is None or y == year) for y, m, d in known)


def _forms(number: str) -> set[str]:
    """The values a written number may have: `1,200` is 1200, or 1.2 where the comma is a decimal mark; `1.2` is 1.2."""
    digits = re.sub(r"[' \u00a0\u202f]", "", number.strip(".,"))
    readings: set[str] = set()
    for thousands, decimal in (",.", ".,"):
        whole, _, rest = digits.partition(decimal)
        if all(len(group) == 3 for group in whole.split(thousands)[1:]) and (rest.isdecimal() or not rest):
            readings.add(_canonical(f"{whole.replace(thousands, '')}.{rest}"))
    return readings or {digits}


def _canonical(number: str) -> str:
    number = number.lstrip("0") or "0"
    number = f"0{number}" if number.startswith(".") else number
    return number.rstrip("0").rstrip(".") if "." in number else number


def _number_facts(text: str) -> Iterator[tuple[str, set[str]]]:
    for match in _NUMBER.finditer(text):
        yield match[0], _forms(match[0])


def _numbers(text: str) -> set[str]:
    """Every value that stands in a text, in digits or as a small number word, dates' parts included.

    A part of a figure is no value: neither 250 nor 1 stands in 1,250, nor 12 in 12.50. A space may part thousands or
    two numbers, so both are read.
    """
    found = {str(_WORDS.index(match[0].lower())) for match in _WORD_NUMBER.finditer(text)}
    for pattern in (_NUMBER, _UNSPACED):
        for match in pattern.finditer(text):
            found |= _forms(match[0])
    for match in _DOTTED_DATE.finditer(text):
        found |= {_canonical(part) for part in match[0].split(".")}
    return found


def _amounts(text: str) -> Iterator[tuple[str, set[str], str]]:
    for m in _AMOUNT.finditer(text):
        sign = m["before"] or m["after"]
        yield m[0], _forms(m["one"] or m["two"]), _CURRENCY.get(sign, sign)


def _other_currency(value: set[str], code: str, evidence: str) -> bool:
    """Whether `evidence` gives the same figure only in another currency."""
    codes = {found for _, figure, found in _amounts(evidence) if figure & value}
    return bool(codes) and code not in codes


def _names(text: str) -> list[str]:
    """Capitalised words that don't begin a sentence; months and weekdays aren't names."""
    return [m[0] for m in _NAME.finditer(text) if m[0].casefold() not in _NOT_NAMES]
