"""Single values of an instance: what a string, number, boolean or enum gets from the material at its place."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from uuid import NAMESPACE_URL, uuid5

from harness.core.types import Json
from harness.models.material import IMPERATIVES, Material, sentences, words
from harness.models.patterns import matching
from harness.models.schemas import NoInstanceError, Schema, is_number, kind_of_schema

MAX_CHARS = 10_000
"""Longest string that is made, whatever a schema's minLength."""

MAX_ENUM = 1_000
"""Values of an enum that are looked for in the text."""

_SUPPORTED = 0.5
"""Share of a claim's words that the context has to hold, for a verdict of yes."""
_VERDICTS = frozenset("verdict attributed supported relevant faithful score rating grade pass passed".split())
_EVASIVE = frozenset("noncommittal evasive".split())
_EVASIONS = re.compile(r"\b(?:I (?:do not|don't) know|I(?:'m| am) not sure|can(?:not|'t) say)\b", re.IGNORECASE)
_REASONS = frozenset("reason reasons reasoning explanation rationale feedback justification thought analysis".split())
_NAMES = frozenset("name city title person country place location author company product customer".split())
_PROSE = frozenset("query question text message content prompt input search body description summary answer".split())
_OPPOSITES = (("0", "1"), ("no", "yes"), ("false", "true"), ("fail", "pass"), ("incorrect", "correct"))
_LIST = re.compile(r"\d+(?:(?:\s*[,/]\s*(?:or\s+|and\s+)?|\s+or\s+|\s+and\s+)\d+)+")
_RANGE = re.compile(r"\b(\d+)\s*(?:-|–|to|and)\s*(\d+)\b")
_EMAIL = re.compile(r"[\w.+\-]{1,64}@[A-Za-z\d\-]{1,63}(?:\.[A-Za-z\d\-]{1,63})+")
_URL = re.compile(r"https?://[\w.\-/%?=&#~+:]{1,300}")
_FORMATS: Mapping[str, str] = {
    "date": "2026-01-01", "date-time": "2026-01-01T00:00:00Z", "time": "00:00:00Z", "duration": "P1D",
    "email": "someone@example.com", "idn-email": "someone@example.com", "hostname": "example.com",
    "uri": "https://example.com/", "uri-reference": "https://example.com/", "iri": "https://example.com/",
    "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "regex": ".*", "json-pointer": "/a",
}  # fmt: skip


@dataclass(slots=True)
class Used:
    """What one object's values have taken already: how many of the numbers, and which texts."""

    numbers: int = 0
    texts: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Place:
    """Where in the instance a value stands, and the material it is made from."""

    material: Material
    key: str = ""
    depth: int = 0
    references: frozenset[str] = frozenset()
    used: Used = field(default_factory=Used)
    turn: int = 0
    """Number of the item in a list whose items have to differ: each turn makes another value."""

    @cached_property
    def words(self) -> set[str]:
        """The words of the property's name, in lower case."""
        return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", self.key)}


def choice(values: list[Json], place: Place) -> Json:
    """The enum value that the text mentions first; of a verdict's two, the one that the support for the claim speaks for."""
    if not values:
        raise NoInstanceError("an enum without a fitting value")
    named = {str(value).lower(): value for value in values}
    for no, yes in _OPPOSITES:
        if place.words & _VERDICTS and named.keys() >= {no, yes}:
            return named[yes if place.material.support >= _SUPPORTED else no]
    mentions = [
        (at, -len(str(value)), value)
        for value in values[:MAX_ENUM]
        if (at := mention(value, place.material)) is not None
    ]
    first = values.index(min(mentions, key=lambda one: one[:2])[2]) if mentions else 0
    return values[(first + place.turn) % len(values)]


def mention(value: Json, material: Material) -> int | None:
    """Where the text names a value, as a word of its own; None where it doesn't."""
    if not isinstance(value, str | int | float) or not str(value):
        return None
    spoken = re.escape(str(value)).replace("_", r"[ _\-]")
    match = re.search(rf"(?<!\w){spoken}(?!\w)", material.prose, re.IGNORECASE)
    return match.start() if match else None


def boolean(place: Place) -> bool:
    """A verdict by support; anything else is true where the text has a word of the property's name."""
    if place.words & _EVASIVE:
        return _evades(place)
    if place.words & _VERDICTS or place.material.data:
        return (place.material.support >= _SUPPORTED) != bool(place.turn % 2)
    return place.words.isdisjoint(words(place.material.prose)) == bool(place.turn % 2)


def number(schema: Schema, place: Place) -> float:
    """A verdict by support, else the text's next number that fits, else one that does."""
    low, high = _bounds(schema)
    step = abs(length(schema, "multipleOf"))
    whole = kind_of_schema(schema) == "integer"
    judged = _judged(schema, place, whole=whole) if place.turn == 0 else []
    for at, value in enumerate([*judged, *place.material.numbers[place.used.numbers :]]):
        if low <= value <= high and (value.is_integer() or not whole) and not (step and value % step):
            place.used.numbers += max(0, at + 1 - len(judged))
            return int(value) if value.is_integer() else value
    return _nearest(low, high, step=step or (1 if whole else 0), turn=place.turn)


def string(schema: Schema, place: Place, *, arguments: bool) -> str:
    """A text of the form that is asked for; names before sentences where it is a tool's argument."""
    low, high = length(schema, "minLength"), length(schema, "maxLength", math.inf)
    if low > min(high, MAX_CHARS):
        raise NoInstanceError(f"no string has from {low:.0f} to {min(high, MAX_CHARS):.0f} characters")
    texts = [text for text in _texts(place, arguments=arguments) if text not in place.used.texts]
    if isinstance(schema.get("pattern"), str):
        shown = [text for text in texts if low <= len(text) <= high]
        return matching(schema["pattern"], shown, low=int(low), high=high)
    if formatted := _formatted(str(schema.get("format", "")), place):
        return formatted
    text = next(iter(texts), "") or f"simulated {place.key} {place.turn or ''}".strip()
    place.used.texts.add(text)
    return _cut(text, low=int(low), high=high)


def length(schema: Schema, key: str, default: float = 0) -> float:
    """The bound that `key` sets on a length; `default` where there is none."""
    given: Json = schema.get(key)
    return float(given) if is_number(given) else default


def _evades(place: Place) -> bool:
    return bool(_EVASIONS.search(place.material.claim))


def _bounds(schema: Schema) -> tuple[float, float]:
    """Least and greatest number; from an open bound the least step inwards, or a quarter of the way."""
    low, high = length(schema, "minimum", -math.inf), length(schema, "maximum", math.inf)
    above, below = length(schema, "exclusiveMinimum", -math.inf), length(schema, "exclusiveMaximum", math.inf)
    whole = kind_of_schema(schema) == "integer"
    inwards = min(1.0, (min(high, below) - max(low, above)) / 4)
    if above >= low and math.isfinite(above):
        low = math.floor(above) + 1.0 if whole else above + inwards
    if below <= high and math.isfinite(below):
        high = math.ceil(below) - 1.0 if whole else below - inwards
    return low, high


def _judged(schema: Schema, place: Place, *, whole: bool) -> list[float]:
    """The verdict, on the scale that the schema's bounds or its description give; none for a number of other use."""
    if place.words & _EVASIVE:
        return [float(_evades(place))]
    if not place.words & _VERDICTS:
        return []
    support = place.material.support
    low, high = length(schema, "minimum", math.nan), length(schema, "maximum", math.nan)
    if math.isnan(low + high):
        listed, low, high = _described(str(schema.get("description", "")))
        if listed:
            return [listed[int(support * (len(listed) - 1) + 0.5)]]
    value = low + support * (high - low)
    return [float(math.floor(value + 0.5)) if whole else round(value, 4)]


def _described(description: str) -> tuple[list[float], float, float]:
    """The scale that a description names: its values where it lists them ("0, 2, or 4"), else its ends ("1-5")."""
    if listed := _LIST.search(description):
        values = sorted({float(one) for one in re.findall(r"\d+", listed[0])})
        return values, values[0], values[-1]
    ranged = _RANGE.search(description)
    return [], float(ranged[1]) if ranged else 0.0, float(ranged[2]) if ranged else 1.0


def _nearest(low: float, high: float, *, step: float, turn: int) -> float:
    """A number between the bounds: the middle, or the multiple of `step` nearest to 1; each further turn the next."""
    if low > high:
        raise NoInstanceError(f"no number lies between {low} and {high}")
    bounded = math.isfinite(high - low)
    size = step or (min(1.0, (high - low) / 64) if bounded else 1.0) or 1.0
    least = (math.ceil(low / step) * step if step else low) if math.isfinite(low) else -math.inf
    value = (low + high) / 2 if bounded and not step else min(max(1.0, low), high)
    if step:
        value = max(math.floor(value / step) * step, least)
    if value > high:
        raise NoInstanceError(f"no multiple of {step} lies between {low} and {high}")
    if bounded:
        count = math.floor((high - least) / size) + 1
        value = least + (value - least + turn * size) % (count * size)
    else:
        value += turn * size if math.isinf(high) else -turn * size
    return int(value) if float(value).is_integer() else value


def _texts(place: Place, *, arguments: bool) -> Iterator[str]:
    """What a string could be, best first."""
    material = place.material
    given = material.data.get(place.key)
    if isinstance(given, str) and given:
        yield given
    if place.words & _REASONS and material.context:
        yield f"Simulated: {material.support:.0%} of the words stand in the context."
    if labelled := material.labelled(place.key):
        yield labelled
    if material.subject:
        yield material.subject
    if "email" in place.words:
        yield from _EMAIL.findall(material.prose)
    if place.words & {"date", "day", "when", "on"}:
        yield from material.dates
    names = [*material.quoted, *material.names]
    if arguments and place.words & _PROSE:
        yield from material.quoted
        yield _rest(material.prose)
    elif arguments or place.words & _NAMES:
        yield from names
    if arguments:
        yield _rest(material.prose)
    yield from sentences(material.claim)
    yield from names


def _rest(prose: str) -> str:
    """The text from its first content word on that is no imperative, 200 characters at most."""
    parts = " ".join(sentences(prose)).split(" ")
    start = next((at for at, part in enumerate(parts) if words(part) and part.title() not in IMPERATIVES), 0)
    return " ".join(parts[start:]).rstrip("?!. ")[:200]


def _formatted(name: str, place: Place) -> str:
    """A string of a format: the text's, else a made-up one; empty for a format that isn't known."""
    prose = place.material.prose
    if name == "uuid":
        place.used.texts.add(made := f"{place.key} {len(place.used.texts)}")
        return str(uuid5(NAMESPACE_URL, f"{made} {prose}"))
    found: list[str] = []
    if name == "email":
        found = _EMAIL.findall(prose)
    elif name == "date":
        found = place.material.dates
    elif name == "date-time":
        found = [f"{date}T00:00:00Z" for date in place.material.dates]
    elif name == "uri":
        found = _URL.findall(prose)
    made = next((one for one in found if one not in place.used.texts), _FORMATS.get(name, ""))
    place.used.texts.add(made)
    return made


def _cut(text: str, *, low: int, high: float) -> str:
    """`text` in a length between the bounds: cut, or repeated."""
    if len(text) > high:
        text = text[: int(high)]
    while len(text) < low:
        text = f"{text} {text}"[: max(low, len(text) + 1)] if text else "simulated"[:low]
    return text
