"""What the reader takes in from rendered messages: labels, evidence, the ticket, and a procedure that names tools.

It knows the marks that prompt blocks carry (`<label id=…>`, `<policy …>`, `<incident …>`, `<record …>`,
`<untrusted-… field=…>`), and nothing else about where a message came from. A prompt of one's own that has no such marks
is read as plain text: the last human message is the ticket and the labels are those listed after "one of:".
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_TAG = re.compile(r"<(label|policy|incident|record)((?:\s+[\w-]+=\"[^\"<>]*\")*)\s*>(.*?)</\1>", re.DOTALL)
_UNTRUSTED = re.compile(r"<untrusted-(\w+) field=\"([^\"]*)\">\n?(.*?)\n?</untrusted-\1>", re.DOTALL)
_ATTRIBUTE = re.compile(r"([\w-]+)=\"([^\"]*)\"")
_ID = r"[\w\-]+(?:\.[\w\-]+)*"
_ONE_OF = re.compile(rf"\bone of:\s*({_ID}(?:\s*,\s*{_ID})+)", re.IGNORECASE)
_STEP = re.compile(r"^\s*\d+[.)]\s+(.*)$", re.MULTILINE)

_Tag = tuple[str, dict[str, str], str]


@dataclass(frozen=True, slots=True)
class Passage:
    """A clause or a past incident that stands in the prompt."""

    id: str
    kind: str
    title: str
    text: str
    label: str | None


@dataclass(frozen=True)
class Reading:
    """All that the reader knows."""

    labels: dict[str, str] = field(default_factory=dict)
    """Definition of each label, title included; empty text where only the id is given."""
    passages: tuple[Passage, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    """(field, text) of the untrusted fields."""
    records: dict[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    """Numbered lines of the system message, outside of fences and evidence."""
    prose: str = ""
    """What the system message says outside of fences and evidence."""


def read(messages: Sequence[tuple[str, str]]) -> Reading:
    """Take in (role, text) messages; roles are system, human, ai and tool. The reader's own answers are skipped."""
    texts: dict[str, str] = {}
    tags: list[_Tag] = []
    listed: list[str] = []
    said: list[str] = []
    for role, content in messages:
        if role == "ai":
            continue
        for match in _UNTRUSTED.finditer(content):
            texts.setdefault(match[2], match[3])
        found, prose = _apart(_UNTRUSTED.sub(" ", content))
        tags += found
        if role != "tool":
            listed += _listed(prose)
        if role == "system":
            said.append(prose)
    labels, passages, records = _sorted(tags)
    for name in listed:
        labels.setdefault(name, "")
    if not texts and not records:
        texts = {"text": _last_said(messages)}
    prose = "\n".join(said)
    return Reading(labels, passages, tuple(texts.items()), records, tuple(_STEP.findall(prose)), prose)


def _sorted(tags: Sequence[_Tag]) -> tuple[dict[str, str], tuple[Passage, ...], dict[str, str]]:
    """Labels, passages and records. Of two with one id the first passage stands, and the last label or record."""
    labels: dict[str, str] = {}
    passages: dict[str, Passage] = {}
    records: dict[str, str] = {}
    for tag, attributes, body in tags:
        if tag == "label":
            labels[attributes["id"]] = f"{attributes.get('title', '')}. {body}".strip(". ") if body else ""
        elif tag == "record":
            records[attributes.get("field", "")] = body
        else:
            passages.setdefault(attributes["id"], _passage(tag, attributes, body))
    return labels, tuple(passages.values()), records


def _last_said(messages: Sequence[tuple[str, str]]) -> str:
    return next((content for role, content in reversed(messages) if role == "human"), "")


def _listed(prose: str) -> list[str]:
    """The labels that stand after "one of:"."""
    if "one of:" not in prose.lower():  # the pattern is slow on a long text
        return []
    return [name for match in _ONE_OF.finditer(prose) for name in re.split(r"\s*,\s*", match[1])]


def _apart(text: str) -> tuple[list[_Tag], str]:
    """The marked parts of a text without fences, and what its author says around them."""
    found: list[_Tag] = []
    around: list[str] = []
    end = 0
    for match in _TAG.finditer(text):
        around.append(text[end : match.start()])
        end = match.end()
        attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match[2])}
        if match[1] == "record" or "id" in attributes:
            found.append((match[1], attributes, html.unescape(match[3]).strip()))
    return found, " ".join((*around, text[end:]))


def _passage(kind: str, attributes: dict[str, str], body: str) -> Passage:
    return Passage(attributes["id"], kind, attributes.get("title", ""), body, attributes.get("label") or None)
