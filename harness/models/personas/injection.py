"""Instructions to the assistant in untrusted text, as a gullible model would take them, and what they ask for."""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

REDACTED = "[instruction to the assistant removed]"
"""What the guard leaves in place of an instruction: there is nothing in it to obey."""

_MACHINE = r"(?:automated|triage|moderation|claims|review|language|AI|reading)"
_WHO = (
    r"(?:\b(?:AI|A\.I\.|LLM|KI|IA)\b|(?i:(?:\b|_)(?:virtual |automated |support |reviewer |moderation[- ])?assistants?(?:\b|_)|\basistente\b"
    r"|\bassistente\b|\bchat ?bots?\b|\bbots?\b|\bcase-agent\b|\bagent_action\b|\bclassifier\b|\bsummari[sz]ers?\b"
    rf"|\b{_MACHINE} (?:\w+ )?(?:models?|readers?|reviewers?|engines?|software|agents?|support|system)\b"
    r"|\bsystem\s*(?:prompt|message|note|/|:)|\brole\"?\s*[=:]\s*\"?system|\bbegin directive\b|\b(?:prior|previous) instructions\b))"
)
_DO = (
    r"(?i:\b(?:ignore|disregard|forget|label|classify|categori[sz]e|set|file|route|mark|register|treat|tag|flag|close|reply|respond"
    r"|resolve|confirm|show|mention|answer|output|choose|pick|say|issue|approve|do not|don't|(?:category|label)\"?\s*[=:]))"
)
_ADDRESSED, _TOLD = re.compile(_WHO), re.compile(_DO)
_REACH = 400
"""Characters within which an address is followed by what to do, and that by the label."""


@dataclass(frozen=True, slots=True)
class Order:
    """An instruction that was found, by the label it asks for; None where it names none of the prompt's."""

    label: str | None


def find_order(texts: Sequence[str], labels: Mapping[str, str]) -> Order | None:
    """The first instruction in untrusted texts; None where there is none, or it was redacted."""
    for text in texts:
        text = text.replace(REDACTED, " ")
        told = [match.start() for match in _TOLD.finditer(text)]
        for match in _ADDRESSED.finditer(text) if told else ():
            after = bisect_left(told, match.end())
            if after < len(told) and told[after] - match.end() <= _REACH:
                return Order(_asked_for(text[match.start() : told[after] + _REACH], labels))
    return None


def _asked_for(text: str, labels: Mapping[str, str]) -> str | None:
    """The label whose id or title stands first in the text; of two at one place, the longer name's."""
    found: list[tuple[int, int, str]] = []
    lowered = text.lower()
    for label, definition in labels.items():
        for name in _names(label, definition):
            match = re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", lowered)
            if match:
                found.append((match.start(), -len(name), label))
    return min(found)[2] if found else None


def _names(label: str, definition: str) -> Sequence[str]:
    """How a label may be called: its id, the id in words, and its title, which a definition begins with."""
    title = definition.partition(". ")[0]
    return [name for name in (label, label.replace("_", " ").replace("-", " "), title) if name]
