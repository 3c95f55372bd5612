"""A file of recorded calls: indexed by the first bytes of each line, parsed one line at a time when it is asked for."""

import json
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from harness.core.errors import UsageError
from harness.core.types import Json
from harness.core.version import SCHEMA_VERSION
from harness.models.calls import Call, Reply
from harness.models.entries import entry_row, form_of, parts, parts_of, plain, read_row, reply_row, write_row
from harness.models.linefile import LineFile
from harness.models.nearest import Recorded

_ASCII, _TEXT = rb'"([ !#-\[\]-~]*)"', rb'"([^"\\]*(?:\\.[^"\\]*)*)"'
_HEAD = re.compile(
    rb'\{"key": "([0-9a-f]{64})", "model": %b(?:, "trial": \d+)?(?:, "draw": \d+)?(?:, "sample": %b)?' % (_ASCII, _TEXT)
)
"""An entry as it is written; whatever begins in another way is parsed as a whole."""
_HEADER_ROOM = 1 << 12


class EntryFile:
    """Entries by key, the latest line of a key first; what others append is found when a key is missing.

    A line that can't be understood is a UsageError with file and line: at opening where its first bytes are not those
    of an entry, else when it is used. With `tolerant` such lines count as absent. Closing is the caller's.
    """

    def __init__(
        self, path: Path, *, kind: Literal["cassette", "cache"], writable: bool, tolerant: bool = False
    ) -> None:
        self.path, self._kind, self._writable, self._tolerant = path, kind, writable, tolerant
        self._lines: dict[bytes, int] = {}
        self._of_sample: dict[bytes, list[int]] = {}
        self._models: dict[bytes, None] = {}
        self._forms: dict[str, dict[str, Json]] = {}
        self._file = _opened(path, kind=kind, writable=writable)
        try:
            with self._file.held(locked=True):
                self._begin()
                self._refresh()
                self._settle()
        except OSError as error:
            self.close()
            raise _failed(error, path, kind=kind) from None
        except UsageError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def models(self) -> tuple[str, ...]:
        """Ids of the models that were asked, sorted."""
        return tuple(sorted(json.loads(b'"%b"' % raw) for raw in self._models))

    @property
    def forms(self) -> Mapping[str, Mapping[str, Json]]:
        """Tools, tool choice and response format by name, in the file's order."""
        return self._forms

    def fetch(self, key: str) -> tuple[int, dict[str, Any]] | None:
        """(line, entry) of a key, also where another process has written it since; None where there is none."""
        with self._file.held(locked=False):
            number = self._lines.get(key.encode())
            if number is None:
                self._refresh()
                number = self._lines.get(key.encode())
            return None if number is None else (number, self._entry(number, key=key))

    def put(self, key: str, call: Call, reply: Reply) -> None:
        """Append an entry, unless the file has an equal one; request ids may differ."""
        identity = parts(call)
        name, form = form_of(identity)
        row = entry_row(key, identity, sample=call.sample, form=name, reply=reply)
        try:
            with self._file.held(locked=True):
                self._refresh()
                self._settle()
                if not self._has(key, reply):
                    first = write_row({"form": name} | form) if name and name not in self._forms else b""
                    self._file.append(first + write_row(row))
                    self._refresh()
        except OSError as error:
            raise _failed(error, self.path, kind=self._kind) from None

    def of_sample(self, sample: str, *, most: int) -> list[int]:
        """Lines of the latest entries of one sample; none for no sample."""
        return self._of_sample.get(_raw(sample), [])[-most:]

    def spread(self, *, most: int) -> list[int]:
        """Lines of entries taken evenly from all over the file."""
        numbers = list(self._lines.values())
        return numbers[:: max(1, -(-len(numbers) // most))]

    def recorded(self, numbers: list[int]) -> Iterator[Recorded]:
        """Yield what the entries on these lines record; one that can't be read is left out."""
        for number in numbers:
            try:
                with self._file.held(locked=False):
                    row = self._entry(number)
                yield Recorded(number, parts_of(row, self._forms.get(str(row.get("form")), {})))
            except UsageError:
                continue

    def _begin(self) -> None:
        """Check the first line; a file without any gets one."""
        head = self._file.head(_HEADER_ROOM)
        if not head and self._writable:
            self._file.append(write_row({"schema_version": SCHEMA_VERSION, "kind": self._kind}))
        elif not self._tolerant:
            _check_header(head, self.path, kind=self._kind)

    def _refresh(self) -> None:
        for number, line in self._file.added():
            self._index(number, line)

    def _settle(self) -> None:
        """See to what follows the last whole line: whoever wrote it is gone, as no one else holds the lock."""
        number, tail = self._file.tail()
        if not tail:
            return
        if not self._tolerant:
            try:
                read_row(tail, where="")
            except UsageError:
                where, fix = f"{self.path}:{number}", "delete that line or record again"
                raise UsageError("cut in the middle", where=where, fix=fix) from None
        if self._writable:
            self._file.append(b"\n")
            self._refresh()
        else:
            self._file.take_tail()
            self._index(number, tail)

    def _index(self, number: int, line: bytes) -> None:
        found = _HEAD.match(line)
        if found:
            self._enter(number, found[1], model=found[2], sample=found[3])
        elif number > 1 and line.strip():
            try:
                self._index_row(number, read_row(line, where=f"{self.path}:{number}"))
            except UsageError:
                if not self._tolerant:
                    raise

    def _index_row(self, number: int, row: dict[str, Any]) -> None:
        """A form, or an entry that someone wrote in another way."""
        if "key" not in row and isinstance(row.get("form"), str):
            self._forms[row["form"]] = {name: value for name, value in row.items() if name != "form"}
            return
        key, model = row.get("key"), row.get("model")
        if not isinstance(key, str) or not isinstance(model, str):
            what = "neither an entry nor a form: missing key 'key', 'model' or 'form'"
            raise UsageError(what, where=f"{self.path}:{number}", fix="delete that line or record again")
        self._enter(number, _raw(key), model=_raw(model), sample=_raw(str(row.get("sample", ""))))

    def _enter(self, number: int, key: bytes, *, model: bytes, sample: bytes | None) -> None:
        self._lines[key] = number
        self._models[model] = None
        if sample:
            self._of_sample.setdefault(sample, []).append(number)

    def _entry(self, number: int, *, key: str | None = None) -> dict[str, Any]:
        where = f"{self.path}:{number}"
        row = read_row(self._file.line(number), where=where)
        parameters, messages, reply = row.get("parameters", {}), row.get("messages"), row.get("reply")
        whole = isinstance(parameters, dict) and isinstance(messages, list) and isinstance(reply, dict)
        if not whole:
            raise UsageError("not a whole entry", where=where, fix="delete that line or record again")
        if key is not None and row.get("key") != key:
            raise UsageError("another entry than at opening", where=where, fix="leave the file alone and run again")
        return row

    def _has(self, key: str, reply: Reply) -> bool:
        number = self._lines.get(key.encode())
        if number is None:
            return False
        try:
            old = self._entry(number, key=key)["reply"]
        except UsageError:
            return False
        return bool({**old, "request_id": None} == {**plain(reply_row(reply)), "request_id": None})


def _raw(text: str) -> bytes:
    """A text as it stands between quotes in a line."""
    return write_row({"": text})[6:-3]


def _check_header(head: bytes, path: Path, *, kind: str) -> None:
    where, again = f"{path}:1", "check the path, or record it again"
    if not head:
        raise UsageError(f"empty, not a {kind}", where=where, fix=again)
    try:
        row = json.loads(head.partition(b"\n")[0].decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UsageError(f"not UTF-8, not a {kind}", where=where, fix=again) from None
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or row.get("kind") != kind:
        raise UsageError(f"not a {kind}: no header that says so", where=where, fix=again)
    if row.get("schema_version") != SCHEMA_VERSION:
        what = f"schema_version is {row.get('schema_version')!r}, not {SCHEMA_VERSION}"
        raise UsageError(what, where=where, fix="record it again with this version")


def _opened(path: Path, *, kind: str, writable: bool) -> LineFile:
    try:
        if writable:
            path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            what = "a folder" if path.is_dir() else "not a file"
            raise UsageError(f"{what}, not a {kind}", where=path, fix="name a file")
        return LineFile(path, writable=writable)
    except (FileExistsError, NotADirectoryError):
        raise UsageError("its folder is a file", where=path, fix="choose another path") from None
    except FileNotFoundError:
        raise UsageError(f"no such {kind}", where=path, fix="check the path, or record it first") from None
    except OSError as error:
        raise _failed(error, path, kind=kind) from None


def _failed(error: OSError, path: Path, *, kind: str) -> UsageError:
    return UsageError(f"can't use this {kind}: {error.strerror}", where=path, fix="check its permissions and the disk")
