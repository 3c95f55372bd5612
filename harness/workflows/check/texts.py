"""Texts of samples and incidents, and their words."""

import re
import unicodedata
from collections.abc import Iterator

from harness.core.ticket import Case
from harness.core.types import Json, Sample
from harness.workflows.check.findings import Finding, finding
from harness.workflows.check.material import Material

_SPACELESS = "\u3040-\u30ff\u3400-\u9fff"
"""Kana and Han: scripts without spaces between words."""
_WORD = re.compile(rf"[{_SPACELESS}]|[^\W{_SPACELESS}]+")


def strings(value: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of every string in a JSON value."""
    if isinstance(value, str):
        yield path or "input", value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from strings(inner, f"{path}.{number}" if path else str(number))


def untrusted(sample: Sample, case: Case | None) -> list[tuple[str, str]]:
    """(path, text) of what people outside wrote; every string of the input where its fields aren't known."""
    return list(strings(sample.input)) if case is None else list(case.untrusted)


def told(sample: Sample, case: Case | None) -> str:
    """The text that makes a sample what it is: the guest's message, else all untrusted texts."""
    texts = untrusted(sample, case)
    message = next((text for path, text in texts if case is not None and path == "guest_message"), "")
    return message or "\n".join(text for _, text in texts)


def words(text: str) -> list[str]:
    """The words of a text, without case and compatibility forms; each character is one where no spaces are written."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def binary(material: Material) -> Iterator[Finding]:
    """Samples and incidents with control characters in a text: a picture or an archive, taken for one."""
    rows = [(sample.at, f"sample {sample.id!r}", sample.input) for sample in material.samples]
    rows += [(at, f"incident {i.id!r}", i.model_dump(mode="json")) for i, at in material.corpus.incidents]
    for at, name, value in rows:
        for path, text in strings(value):
            match = _CONTROL.search(text)
            if match:
                message = f"{name}: {path} holds the control character {match[0]!r}, as binary data does; take it out"
                yield finding(at, rule="binary", message=message)
