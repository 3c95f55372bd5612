"""Sanitise a case's untrusted fields, find instructions aimed at the assistant in them, and redact those."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.ticket import Case
from harness.core.types import Finding
from harness.guard.injection import THRESHOLD, detect
from harness.guard.sanitize import sanitize

REDACTED = "[instruction to the assistant removed]"


@dataclass(frozen=True, slots=True)
class Screened:
    """Untrusted fields as the model may see them, and what was found in the sanitised text."""

    fields: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]


def citable(case: Case) -> dict[str, str]:
    """The case's fields as written, sanitised: a claim is held against what the ticket says, redacted or not."""
    return {path: sanitize(text, max_chars=1_000_000) for path, text in case.fields.items()}


def screen(untrusted: Sequence[tuple[str, str]], *, threshold: float = THRESHOLD) -> Screened:
    """Sanitise and redact each (path, text). A finding below `threshold` leaves the text as it is and isn't listed."""
    fields: list[tuple[str, str]] = []
    findings: list[Finding] = []
    for path, raw in untrusted:
        text = sanitize(raw)
        found = [
            Finding(path, span.kind, span.start, span.end, span.score, text[span.start : span.end][:200])
            for span in detect(text)
            if span.score >= threshold
        ]
        findings += found
        for finding in reversed(found):
            text = f"{text[: finding.start]}{REDACTED}{text[finding.end :]}"
        fields.append((path, text))
    return Screened(tuple(fields), tuple(findings))
