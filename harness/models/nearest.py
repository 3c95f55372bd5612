"""What differs between a call that nothing is recorded for and the recorded one that is most like it."""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.types import Json
from harness.models.calls import Call
from harness.models.entries import FORM, parts, plain

MAX_DIFF = 200
"""Lines of a diff that are shown."""
_MAX_LINES, _MAX_WIDTH, _SHOWN = 10_000, 2000, 60


class UnrecordedError(UsageError):
    """Nothing is recorded for a call. `diff` compares its prompt with the nearest recorded one, line by line."""

    def __init__(self, what: str, *, where: Path, fix: str, diff: str) -> None:
        super().__init__(what, where=where, fix=fix)
        self.diff = diff


@dataclass(frozen=True, slots=True)
class Recorded:
    """The `parts` of a recorded call, and the number of its line."""

    line: int
    parts: Mapping[str, Json]


def unrecorded(call: Call, candidates: Iterable[Recorded], *, path: Path) -> UnrecordedError:
    """The error for a call that is in none of `candidates`, beside the nearest of them."""
    asked = plain(parts(call))
    who = f"sample {call.sample!r}, trial {call.trial}" if call.sample else f"a call of {call.model!r}"
    what = f"nothing is recorded for {who}"
    near = nearest(asked, candidates)
    if near is None:
        return UnrecordedError(f"{what}: it holds no call", where=path, fix="record it first", diff="")
    told = [_told(name, near.parts[name], asked[name]) for name in differing(near.parts, asked)]
    what = f"{what}; the nearest, line {near.line}, differs in {' and '.join(told) or 'its key alone'}"
    diff = prompt_diff(near.parts["messages"], asked["messages"], line=near.line)
    return UnrecordedError(what, where=path, fix="ask the same as was recorded, or record again", diff=diff)


def nearest(asked: Mapping[str, Json], candidates: Iterable[Recorded]) -> Recorded | None:
    """The candidate that shares most lines with what is asked; of equals the one with fewest other parts, then the last."""
    wanted = set(prompt_lines(asked["messages"]))

    def likeness(candidate: Recorded) -> tuple[float, int, int]:
        lines = set(prompt_lines(candidate.parts["messages"]))
        shared = len(wanted & lines) / max(len(wanted), len(lines), 1)
        return shared, -len(differing(candidate.parts, asked)), candidate.line

    return max(candidates, key=likeness, default=None)


def differing(recorded: Mapping[str, Json], asked: Mapping[str, Json]) -> tuple[str, ...]:
    """The names of the parts in which two calls differ."""
    names = ("model", "parameters", *FORM, "trial", "draw", "messages")
    return tuple(name for name in names if recorded[name] != asked[name])


def _told(name: str, recorded: Json, asked: Json) -> str:
    """One differing part with its first difference, old and new, each shortened."""
    if name == "messages":
        pairs = zip_longest(prompt_lines(recorded), prompt_lines(asked))
        old, new = next(((old, new) for old, new in pairs if old != new), (None, None))
    else:
        if name == "parameters":
            names = [key for key in {**recorded, **asked} if recorded.get(key) != asked.get(key)]
            recorded, asked = ({key: given[key] for key in names if key in given} for given in (recorded, asked))
        old, new = (json.dumps(value, ensure_ascii=False, sort_keys=True) for value in (recorded, asked))
    old_shown, new_shown = _shown(old, new)
    return f"{name.replace('_', ' ')} ({old_shown} there, {new_shown} asked)"


def _shown(old: str | None, new: str | None) -> tuple[str, str]:
    """Both texts around their first difference; no control character of theirs is left."""
    same = next((i for i, (a, b) in enumerate(zip(old or "", new or "", strict=False)) if a != b), None)
    at = min(len(old or ""), len(new or "")) if same is None else same
    start = max(0, at - _SHOWN // 3) if max(len(old or ""), len(new or "")) > _SHOWN else 0

    def cut(text: str | None) -> str:
        if text is None:
            return "nothing"
        before, after = "…" if start else "", "…" if len(text) > start + _SHOWN else ""
        return repr(f"{before}{text[start : start + _SHOWN]}{after}")

    return cut(old), cut(new)


def prompt_lines(messages: Json) -> list[str]:
    """A prompt as lines: `[role]` above each message's text, and its other fields as JSON."""
    lines: list[str] = []
    for message in messages if isinstance(messages, list) else [messages]:
        fields = dict(message) if isinstance(message, dict) else {"content": message}
        lines.append(f"[{fields.pop('role', '?')}]")
        content = fields.pop("content", None)
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1)
        lines += text.split("\n")
        lines += [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return lines


def prompt_diff(recorded: Json, asked: Json, *, line: int) -> str:
    """A unified diff of two prompts, at most MAX_DIFF lines; control characters are shown as their escapes."""
    old, new = (prompt_lines(messages)[:_MAX_LINES] for messages in (recorded, asked))
    found = list(difflib.unified_diff(old, new, f"recorded, line {line}", "asked", n=2, lineterm=""))
    shown = [_visible(text[:_MAX_WIDTH]) for text in found[:MAX_DIFF]]
    if len(found) > MAX_DIFF:
        shown[-1] = f"… {len(found) - MAX_DIFF + 1} more lines"
    return "\n".join(shown)


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)
