"""Recorded calls: the cassette, which replays a run without its model, and the every-day cache of replies."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from harness.core.errors import UsageError
from harness.core.hashing import content_hash
from harness.core.types import Json
from harness.core.version import SCHEMA_VERSION
from harness.models.calls import Call, Reply
from harness.models.entries import parts, plain, read_reply
from harness.models.entryfile import EntryFile
from harness.models.nearest import UnrecordedError, differing, nearest, unrecorded
from harness.models.settings import Form, Way

Mode = Literal["strict", "filling", "record"]

_COMPARED, _COMPARED_BY_CACHE = 200, 20
"""Entries that a missing call is compared with at most."""


def call_key(call: Call) -> str:
    """Content hash of all that a reply depends on: `entries.parts`, and so neither sample, transport nor secrets.

    UsageError where the call holds a number that JSON has no form for.
    """
    try:
        return content_hash(parts(call))
    except ValueError as error:
        raise UsageError(
            f"a call can't hold this: {error}", fix="look for .nan and .inf among its parameters"
        ) from None


class _Recording:
    """What cassette and cache have in common: one file, closed at the end of a `with`."""

    def __init__(self, entries: EntryFile) -> None:
        self._entries = entries

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._entries)

    def close(self) -> None:
        """Let go of the file; what was put is on the disk already."""
        self._entries.close()


class Cassette(_Recording):
    """Calls and their replies in one JSON Lines file that people can read, diff and edit.

    The first line is a header. Tools and formats stand once each, on lines that entries name by `form`. Lines are only
    appended, as calls end; where a key stands twice, the later line counts. There are no times in it, so that the same
    replies in the same order make the same file. A reply may be edited by hand: keys are not checked at opening, but
    an entry that is used must have the messages that were asked, else its line is an error.
    """

    def __init__(self, entries: EntryFile, *, mode: Mode) -> None:
        super().__init__(entries)
        self._mode = mode

    @classmethod
    def open(cls, path: Path, *, mode: Mode) -> "Cassette":
        """Open `path`: to read only (strict), to read and append what is missing (filling), to append all (record).

        But for strict, a missing file is made, with its folder. UsageError where it is no cassette or ends in the
        middle of a line.
        """
        return cls(EntryFile(path, kind="cassette", writable=mode != "strict"), mode=mode)

    @property
    def models(self) -> tuple[str, ...]:
        """Ids of the models that were asked."""
        return self._entries.models

    @property
    def way(self) -> Way | None:
        """How the answer was asked for, by the first form in the file; None where nothing is recorded."""
        if not len(self):
            return None
        form = next(iter(self._entries.forms.values()), {})
        return Way(_structured(form), tools=bool(form.get("tools")))

    def get(self, call: Call) -> Reply | None:
        """The recorded reply. For a call that has none: `miss(call)` is raised (strict), or None (filling).

        Always None while recording, where every call is made.
        """
        if self._mode == "record":
            return None
        found = self._entries.fetch(call_key(call))
        if found is None:
            if self._mode == "strict":
                raise self.miss(call)
            return None
        line, entry = found
        where = f"{self._entries.path}:{line}"
        asked = list(call.messages)
        if entry["messages"] != asked and entry["messages"] != plain([dict(message) for message in asked]):
            what, fix = "these messages are not the ones that the key was made from", "record that call again"
            raise UsageError(what, where=where, fix=fix)
        return read_reply(entry["reply"], where=where)

    def put(self, call: Call, reply: Reply) -> None:
        """Append a call and its reply, unless it stands there with an equal reply (but for the request's id)."""
        if self._mode == "strict":
            raise ValueError("a cassette that was opened strict is not written to")
        self._entries.put(call_key(call), call, reply)

    def miss(self, call: Call) -> UnrecordedError:
        """The error for a call that has no reply, with what differs from the nearest of its sample, or of all."""
        entries = self._entries
        numbers = entries.of_sample(call.sample, most=_COMPARED) or entries.spread(most=_COMPARED)
        return unrecorded(call, entries.recorded(numbers), path=entries.path)


def _structured(form: Mapping[str, Json]) -> Form:
    if _within(form, "response_format", "type") == "json_schema":
        return "json_schema"
    tools = form.get("tools")
    for tool in tools if isinstance(tools, list) else []:
        if _within(tool, "function", "parameters", "properties", "label") is not None:
            return "tool"
    return "text"


def _within(value: Json, *names: str) -> Json:
    """What stands under nested names; None where it isn't there."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


class Cache(_Recording):
    """Replies of earlier runs in one file of `folder`, for every-day use: what can't be read there counts as absent."""

    def __init__(self, folder: Path) -> None:
        path = folder / f"v{SCHEMA_VERSION}.jsonl"
        super().__init__(EntryFile(path, kind="cache", writable=True, tolerant=True))

    def get(self, call: Call) -> tuple[Reply | None, str]:
        """(reply, "hit"), or None and what is different from what was asked for the same sample."""
        key = call_key(call)
        try:
            found = self._entries.fetch(key)
            if found is not None:
                return read_reply(found[1]["reply"], where=str(self._entries.path)), "hit"
        except UsageError:
            return None, "unreadable"
        return None, self._why(call)

    def put(self, call: Call, reply: Reply) -> None:
        """Keep a reply; not one that is refused, filtered or cut off, which another try may mend."""
        if reply.finish in ("stop", "tool_calls") and reply.refusal is None:
            self._entries.put(call_key(call), call, reply)

    def _why(self, call: Call) -> str:
        numbers = self._entries.of_sample(call.sample, most=_COMPARED_BY_CACHE)
        asked = plain(parts(call))
        near = nearest(asked, self._entries.recorded(numbers))
        if near is None:
            return "never asked"
        return f"other {' and '.join(differing(near.parts, asked)) or 'key'}".replace("_", " ")
