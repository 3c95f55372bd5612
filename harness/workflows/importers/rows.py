"""Rows of outside data: {text, label} as JSON Lines or CSV, plain or gzipped, one at a time.

Other keys and columns are ignored. A name that ends in `.csv` or `.jsonl` (`.json`, `.ndjson`) says what a file is; for
any other the first character tells.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import Any

from harness.core.errors import UsageError
from harness.core.files import MAX_BYTES, parse_json
from harness.core.text import holdable
from harness.reporting.text import shorten

_GZIP = b"\x1f\x8b"
_JSON_ENDINGS = (".jsonl", ".json", ".ndjson")
_KEYS = ("text", "label")
_HINT = "each row has a text and a label"


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text, and the line on which it begins."""

    text: str
    label: str
    line: int


def read_rows(path: Path) -> Iterator[Row]:
    """Yield every row of `path`; the first one that is wrong is a UsageError with file and line."""
    try:
        with _opened(path) as file:
            yield from _rows(file, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UsageError(f"this gzip file is damaged: {error}", where=path, fix="fetch or pack it again") from None
    except FileNotFoundError:
        raise UsageError("no such file", where=path, fix="check the path") from None
    except OSError as error:
        raise UsageError(f"can't read it: {error.strerror or error}", where=path, fix="check the file") from None


def _opened(path: Path) -> "gzip.GzipFile | BufferedReader":
    """The file's bytes, unpacked. It is read twice, which a pipe can't be."""
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "not a plain file"
        raise UsageError(f"this is {what}", where=path, fix="name a JSON Lines or CSV file")
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP
    return gzip.open(path, "rb") if packed else path.open("rb")


def _rows(file: "gzip.GzipFile | BufferedReader", path: Path) -> Iterator[Row]:
    decoded = _decoded(file, path)
    first = next(((number, line) for number, line in decoded if line.strip()), None)
    if first is None:
        raise UsageError("this file is empty", where=path, fix=_HINT)
    name = path.name.lower().removesuffix(".gz")
    as_json = name.endswith(_JSON_ENDINGS) or (not name.endswith(".csv") and first[1].lstrip()[:1] in "{[")
    number = 0
    for number, values in (_of_json if as_json else _of_csv)(chain([first], decoded), path):
        yield _row(values, number=number, where=f"{path}:{number}")
    if not number:
        raise UsageError("no row stands below the column names", where=path, fix=_HINT)


def _decoded(file: "gzip.GzipFile | BufferedReader", path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line. One that is too long is no text, and would be read whole."""
    for number, raw in enumerate(iter(lambda: file.readline(MAX_BYTES + 1), b""), 1):
        if len(raw) > MAX_BYTES:
            what = f"a line of more than {MAX_BYTES // 1_000_000} MB"
            raise UsageError(what, where=f"{path}:{number}", fix="end each row with a line feed")
        try:
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise UsageError("not UTF-8 text", where=f"{path}:{number}", fix="save the file as UTF-8") from None


def _of_json(lines: Iterable[tuple[int, str]], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in lines:
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            value = parse_json(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"not valid JSON: {error}", where=where, fix="one JSON object a line") from None
        if not isinstance(value, dict):
            kind = type(value).__name__
            raise UsageError(f"expected an object, found {kind}", where=where, fix="one JSON object a line")
        yield number, value


def _of_csv(lines: Iterable[tuple[int, str]], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a CSV, each with the line on which it begins: that is where a quote that never ends is to be found."""
    read = begun = 0

    def texts() -> Iterator[str]:
        nonlocal read
        for number, line in lines:
            read = number
            yield line

    reader = csv.reader(texts(), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            where = f"{path}:{begun + 1}"
            if header is None:
                header = _header(cells, where=f"{path}:{read}")
            elif cells and len(cells) != len(header):
                what = f"{len(cells)} cells under {len(header)} columns"
                raise UsageError(what, where=where, fix="put a text with commas into double quotes")
            elif cells:
                yield begun + 1, dict(zip(header, cells, strict=True))
            begun = read
    except csv.Error as error:
        where = f"{path}:{begun + 1}"
        raise UsageError(f"not valid CSV: {error}", where=where, fix="mend the quotes there") from None


def _header(cells: Sequence[str], *, where: str) -> list[str]:
    """The names of the columns."""
    names = [name.strip() for name in cells]
    missing = next((key for key in _KEYS if key not in names), None)
    if missing is not None:
        what = f"no column {missing!r}; there are {_listed(names)}"
        raise UsageError(
            what, where=where, fix="name the columns text and label in the first line, with a comma between"
        )
    return names


def _row(values: dict[str, Any], *, number: int, where: str) -> Row:
    for key in _KEYS:
        if key not in values:
            raise UsageError(f"missing key {key!r}; there are {_listed(list(values))}", where=where, fix=_HINT)
    text, label = values["text"], values["label"]
    if isinstance(label, int) and not isinstance(label, bool):
        label = str(label)
    for key, value in (("text", text), ("label", label)):
        if not isinstance(value, str) or not value.strip():
            kind = "blank" if isinstance(value, str) else "null" if value is None else type(value).__name__
            raise UsageError(f"{key} is {kind}, not a text", where=where, fix=_HINT)
    return Row(holdable(text).strip(), " ".join(holdable(label).split()), number)


def _listed(names: Sequence[str]) -> str:
    """The first ten names, each in at most 40 characters."""
    return ", ".join(repr(shorten(name, 40)) for name in names[:10]) or "none"
