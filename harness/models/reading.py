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


def read(messages: Sequence[tuple[str, str]]) -> Reading:
    """Take in (role, text) messages; roles are system, human, ai and tool. The reader's own answers are skipped."""
    labels: dict[str, str] = {}
    passages: dict[str, Passage] = {}
    texts: dict[str, str] = {}
    records: dict[str, str] = {}
    listed: list[str] = []
    for role, content in messages:
        if role == "ai":
            continue
        for match in _UNTRUSTED.finditer(content):
            texts.setdefault(match[2], match[3])
        visible = _UNTRUSTED.sub(" ", content)
        for tag, attributes, body in _tags(visible):
            if tag == "label":
                labels[attributes["id"]] = f"{attributes.get('title', '')}. {body}".strip(". ") if body else ""
            elif tag == "record":
                records[attributes.get("field", "")] = body
            else:
                passages.setdefault(attributes["id"], _passage(tag, attributes, body))
        if role != "tool":
            listed += [name for m in _ONE_OF.finditer(_prose(content)) for name in re.split(r"\s*,\s*", m[1])]
    for name in listed:
        labels.setdefault(name, "")
    if not texts and not records:
        last = next((content for role, content in reversed(messages) if role == "human"), "")
        texts = {"text": last}
    steps = tuple(m[1] for role, content in messages if role == "system" for m in _STEP.finditer(_prose(content)))
    return Reading(labels, tuple(passages.values()), tuple(texts.items()), records, steps)


def _prose(content: str) -> str:
    """What the prompt's author says: the message without fenced texts and evidence."""
    return _TAG.sub(" ", _UNTRUSTED.sub(" ", content))


def _tags(text: str) -> list[tuple[str, dict[str, str], str]]:
    found: list[tuple[str, dict[str, str], str]] = []
    for match in _TAG.finditer(text):
        attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match[2])}
        if match[1] == "record" or "id" in attributes:
            found.append((match[1], attributes, html.unescape(match[3]).strip()))
    return found


def _passage(kind: str, attributes: dict[str, str], body: str) -> Passage:
    return Passage(attributes["id"], kind, attributes.get("title", ""), body, attributes.get("label") or None)
