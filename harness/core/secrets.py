"""Secrets come from the environment or a file that is named, and never stand in a text that is kept or shown."""

import os
import re
from pathlib import Path
from typing import Any

from harness.core.errors import UsageError

_NAME = re.compile(
    r"api[-_]?key|secret|password|passwd|authorization|credential|cookie|(access|auth|bearer|session|refresh|id)[-_]?token"
    r"|^token$|private[-_]?key|x-.*-key$|^key$",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|AUTH", re.IGNORECASE)
_SHAPES = (
    re.compile(r"\b(?:sk|pk|rk|xox[abp]|ghp|gho|glpat|hf|lsv2)[-_][A-Za-z0-9_*\-]{6,}|\bAIza[\w-]{20,}"),
    re.compile(r"(?i)(bearer|basic)\s+[A-Za-z0-9._~+/*\-]{6,}=*"),
    re.compile(r"(?i)(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"(?i)\b(api[-_]?key|access[-_]?token|password|secret)(\"?\s*[=:]\s*\"?)(?!env:|file:)[^\s\"',&]{6,}"),
)
_REFERENCE = re.compile(r"\$\{(\w+)\}")
_SHORTEST = 8
SECRET = "(secret)"


def is_secret_name(name: str) -> bool:
    """Whether what stands under this name is a secret."""
    return bool(_NAME.search(name))


def scrub(text: str, *known: str) -> str:
    """`text` without `known` secrets, values of variables of the environment that hold one, and what looks like a key."""
    held = {value for name, value in os.environ.items() if len(value) >= _SHORTEST and _VARIABLE.search(name)}
    for value in sorted(held | {value for value in known if value}, key=len, reverse=True):
        text = text.replace(value, SECRET)
    for shape in _SHAPES:
        text = shape.sub(SECRET, text)
    return text


def without_secrets(value: Any, *, name: str = "") -> Any:
    """`value` with every string under a secret's name replaced."""
    if isinstance(value, dict):
        within = name if is_secret_name(name) else None
        return {key: without_secrets(inner, name=within or str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(inner, name=name) for inner in value]
    return SECRET if isinstance(value, str) and is_secret_name(name) else value


def read_secret(source: str, *, where: str | Path) -> str:
    """The secret that `env:NAME` or `file:PATH` names; UsageError where it isn't there or empty."""
    kind, _, name = source.partition(":")
    if kind == "env" and name:
        value = os.environ.get(name, "").strip()
        if not value:
            raise UsageError(f"the variable {name} is not set", where=where, fix=f"export {name}=…")
        return value
    if kind == "file" and name:
        try:
            value = Path(name).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise UsageError("the key's file can't be read", where=where, fix=f"check {name!r}") from None
        if not value:
            raise UsageError("the key's file is empty", where=where, fix=f"check {name!r}")
        return value
    raise UsageError("a secret is named, not written", where=where, fix="give env:NAME or file:PATH")


def expand(text: str, *, where: str | Path) -> str:
    """`text` with each `${NAME}` replaced by that variable of the environment; UsageError where one isn't set."""

    def value(match: re.Match[str]) -> str:
        return read_secret(f"env:{match[1]}", where=where)

    return _REFERENCE.sub(value, text)
