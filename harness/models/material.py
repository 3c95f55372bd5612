"""What a request's text offers to a made-up answer: names, numbers, dates, sentences, and JSON that stands in it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from harness.core.types import Json
from harness.embeddings import MAX_CHARS, well_formed
from harness.models.calls import Call, text_of

STOP_WORDS = frozenset(
    """a about above after all also am an and any are as at be been before being below but by can could did do does
    for from had has have he her here him his how i if in into is it its just let like me more most my no nor not now
    of off on once only or other our out over own please same she should so some such than that the their them then
    there these they this those to too under until up us very was we were what when where which while who whom whose
    why will with would you your""".split()
)

_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n")
_NUMBER = re.compile(r"(?<![\w.\-])-?\d{1,15}(?:\.\d{1,15})?(?![\w\-]|\.\d)")
_DATE = re.compile(r"(?<!\d)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])(?!\d)")
_QUOTED = re.compile(r"\"([^\"\n]{1,200})\"|“([^”\n]{1,200})”|(?<!\w)'([^'\n]{1,200})'(?!\w)")
_CAPITALISED = re.compile(r"(?<![\w'])[A-Z][\w\-]*(?: [A-Z][\w\-]*)*")
_JOINED = re.compile(r"(?:,\s*(?:and|or)\s+|,\s*|\s+(?:and|or|&)\s+)")
_TAG = re.compile(r"<(/?)([A-Za-z]\w{0,40})>")
IMPERATIVES = frozenset(
    """Add Ask Book Call Check Compare Convert Create Extract Fetch Find Get Give List Look Make Order Plan Read
    Schedule Search Send Show Tell Translate Weather""".split()
)
_ANSWER_KEYS = (
    "answer",
    "submission",
    "response",
    "actual_output",
    "output",
    "outputs",
    "prediction",
    "completion",
    "summary",
    "text",
)
_QUESTION_KEYS = ("question", "user_input", "query", "input", "task")
_WANTED_KEYS = frozenset(("rubric", "criterion", "criteria", "expert"))
"""What says which words a text should have, rather than which it may have."""

_STARS = re.compile(r"^\*{3,}[ \t]*$", re.MULTILINE)
_HEADED = re.compile(r"\[([A-Za-z]\w{0,40})\]:\s*(.*)", re.DOTALL)
_SHOWN = re.compile(
    r"\b(?:example|format|structure|schema|template)s?\b[^\n{}]{0,40}:[\s*`]*(?:json\s*)?\Z", re.IGNORECASE
)
_SHOWN_BEFORE = 120
"""Characters before a JSON object that may say that it is an example."""
_OBJECT = re.compile(r"\{\s*[\"}]")
_PARSE_BUDGET = 2_000_000
"""Characters that may be read in all while looking for JSON, so that unclosed braces can't cost square time."""

_LINES_READ_FASTER = 50
"""A JSONDecodeError counts the lines before it, and does so this much faster than JSON is parsed, roughly."""


class Found(NamedTuple):
    """A JSON object in a text, and where it stands."""

    start: int
    end: int
    value: dict[str, Any]


def json_objects(text: str) -> list[Found]:
    """The outermost JSON objects in `text`, in order."""
    decoder, found, end, budget = json.JSONDecoder(), list[Found](), 0, _PARSE_BUDGET
    for brace in _OBJECT.finditer(text):
        start = brace.start()
        if start < end:
            continue
        if budget <= 0:
            break
        try:
            value, end = decoder.raw_decode(text, start)
            found.append(Found(start, end, value))
        except json.JSONDecodeError as error:
            budget -= error.pos - start + error.pos // _LINES_READ_FASTER
        except (RecursionError, ValueError):  # too deep, or a number of more digits than Python reads
            budget -= _PARSE_BUDGET // 10
    return found


def is_schema(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object looks like the JSON Schema of an object."""
    properties = value.get("properties")
    return isinstance(properties, dict) and all(isinstance(one, dict | bool) for one in properties.values())


def examples(text: str, objects: Iterable[Found]) -> list[Found]:
    """Those of the objects in `text` that show what an answer in JSON looks like: "Example JSON: {…}"."""
    if "json" not in text.lower():
        return []
    return [one for one in objects if _SHOWN.search(text, max(0, one.start - _SHOWN_BEFORE), one.start)]


def words(text: str) -> list[str]:
    """Content words in lower case; a plural's s is cut off."""
    found = (word.lower() for word in _WORD.findall(text))
    return [word[:-1] if len(word) > 3 and word.endswith("s") else word for word in found if word not in STOP_WORDS]


def sentences(text: str) -> list[str]:
    """`text` cut at sentence ends and line breaks."""
    return [one.strip() for one in _SENTENCE_END.split(text) if one.strip()]


def support(statement: str, context: str) -> float:
    """Share of the statement's content words that occur in the context; 0 for a statement without any."""
    said = set(words(statement))
    return len(said & set(words(context))) / len(said) if said else 0.0


@dataclass(frozen=True)
class Material:
    """What values are made from. `prose` is the text without its JSON, `data` the last JSON object in it.

    `subject` is the one statement that a list's item is about; `background` is text to judge against where `data`
    has none.
    """

    prose: str = ""
    data: Mapping[str, Json] = field(default_factory=dict)
    background: str = ""
    subject: str = ""

    @cached_property
    def numbers(self) -> list[float]:
        """Numbers that stand alone in the prose."""
        return [float(one) for one in _NUMBER.findall(_DATE.sub(" ", self.prose))]

    @cached_property
    def dates(self) -> list[str]:
        """ISO dates in the prose."""
        return _DATE.findall(self.prose)

    @cached_property
    def quoted(self) -> list[str]:
        """What stands in quotation marks."""
        return [next(filter(None, groups)) for groups in _QUOTED.findall(self.prose)]

    @cached_property
    def names(self) -> list[str]:
        """Runs of capitalised words; the single first word of a sentence counts only where there is no other."""
        inside, first = list[str](), list[str]()
        for sentence in sentences(self.prose):
            for start, _, name in _capitalised(sentence):
                (first if start == 0 and " " not in name else inside).append(name)
        return list(dict.fromkeys(inside or first))

    @cached_property
    def listed(self) -> list[str]:
        """Values that are named side by side: several quoted ones, or names joined by commas, `and`, `or`."""
        if len(self.quoted) > 1:
            return self.quoted
        runs: list[list[str]] = [[]]
        end = 0
        for start, stop, name in _capitalised(self.prose):
            if runs[-1] and not _JOINED.fullmatch(self.prose, end, start):
                runs.append([])
            runs[-1].append(name)
            end = stop
        longest = max(runs, key=len)
        return list(dict.fromkeys(longest)) if len(longest) > 1 else []

    @cached_property
    def claim(self) -> str:
        """The text that is to be judged: the subject, the data's answer, its longest text, or the prose."""
        texts = _texts_of(self.data)
        answer = next((texts[key] for key in _ANSWER_KEYS if key in texts), "")
        return self.subject or answer or max(texts.values(), key=len, default="") or self.prose

    @cached_property
    def context(self) -> str:
        """The text that it is judged against: what else the data holds but a question, or the background."""
        texts = _texts_of(self.data)
        others = [
            text for key, text in texts.items() if key not in _QUESTION_KEYS and (self.subject or text != self.claim)
        ]
        return "\n".join(others) or self.background

    @property
    def support(self) -> float:
        """How much of the claim the context holds, or of a criterion the claim, in [0, 1]."""
        wanted = not self.subject and not _WANTED_KEYS.isdisjoint(self.data)
        return support(self.context, self.claim) if wanted else support(self.claim, self.context)

    def labelled(self, key: str) -> str | None:
        """What stands after `key:` or `key =` in the prose, up to the next comma or line end."""
        spoken = re.escape(key).replace("_", r"[ _\-]?")
        match = (
            re.search(rf"(?<!\w){spoken}\s*[:=]\s*([^\n,;{{}}]{{1,200}})", self.prose, re.IGNORECASE) if key else None
        )
        return match[1].strip(" \"'.") if match else None


def _capitalised(text: str) -> Iterable[tuple[int, int, str]]:
    """(start, end, name) of the capitalised runs, without a stop word or an imperative at their front."""
    for match in _CAPITALISED.finditer(text):
        first, _, rest = match[0].partition(" ")
        name = rest if first.lower() in STOP_WORDS or (first in IMPERATIVES and rest) else match[0]
        if name:
            yield match.end() - len(name), match.end(), name


def _texts_of(data: Mapping[str, Json]) -> dict[str, str]:
    """The data's texts by key; a list of texts is one text."""
    texts: dict[str, str] = {}
    for key, value in data.items():
        parts = value if isinstance(value, list) else [value]
        if text := "\n".join(part for part in parts if isinstance(part, str)):
            texts[key] = text
    return texts


def gather(call: Call) -> Material:
    """The material of a call: its last user message, with the tools' results after it before it."""
    asked, results = well_formed(last_asked(call)), tool_results(call)
    objects = json_objects(asked)
    outside = _without(asked, objects)[-MAX_CHARS:]
    shown = {one.start for one in examples(asked, objects)}
    said = (one.value for one in reversed(objects) if one.start not in shown)
    found = next((value for value in said if not is_schema(value)), None)
    data: dict[str, Json] = _sections(outside) if found is None else found
    prose = "\n".join((*(text for _, text in results), *(_texts_of(data).values() or [outside])))
    before = "\n".join(text for role, text in call.turns() if role in ("system", "human"))
    return Material(
        prose=well_formed(prose)[-MAX_CHARS:],
        data=data,
        background=well_formed(before.removesuffix(asked))[-MAX_CHARS:],
    )


def _sections(text: str) -> dict[str, Json]:
    """What stands between tags (`<output>…</output>`), or between rows of stars after a head (`[Output]: …`), by name.

    Names are in lower case.
    """
    opened: dict[str, int] = {}
    found: dict[str, Json] = {}
    for tag in _TAG.finditer(text):
        name = tag[2].lower()
        if not tag[1]:
            opened[name] = tag.end()
        elif name in opened:
            found[name] = text[opened.pop(name) : tag.start()].strip()
    heads = (_HEADED.fullmatch(part.strip()) for part in _STARS.split(text)[1:])
    return found | {head[1].lower(): head[2] for head in heads if head}


def last_asked(call: Call) -> str:
    """The text of the last user message; of the last message of all where no user has said anything."""
    said = [text for role, text in call.turns() if role == "human" and text.strip()]
    return said[-1] if said else next((text for _, text in reversed(call.turns()) if text.strip()), "")


def tool_results(call: Call) -> list[tuple[str, str]]:
    """(tool's name, text) of the results that the messages end with, since the last one of a user."""
    names: dict[str, str] = {}
    results: list[tuple[str, str]] = []
    for message in call.messages:
        for made in _calls_of(message):
            names[str(made.get("id"))] = str((made.get("function") or {}).get("name", ""))
        if message.get("role") == "tool":
            name = names.get(str(message.get("tool_call_id"))) or str(message.get("name") or "the tool")
            results.append((name, text_of(message.get("content"))))
        elif message.get("role") == "user":
            results = []
    return results


def _calls_of(message: Mapping[str, Json]) -> Iterable[dict[str, Any]]:
    made = message.get("tool_calls")
    return [one for one in made if isinstance(one, dict)] if isinstance(made, list) else []


def _without(text: str, objects: Iterable[Found]) -> str:
    """`text` with the JSON in it left out."""
    kept, at = [], 0
    for one in objects:
        kept.append(text[at : one.start])
        at = one.end
    return " ".join((*kept, text[at:])).strip()
