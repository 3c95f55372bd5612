import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.core.files import read_jsonl
from tests.core.test_hashing import VALUES


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "f.jsonl"
    path.write_bytes(data)
    return path


@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=3) | st.just(None)))
def test_what_was_written_is_read_with_its_line(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    lines = ["  " if row is None else json.dumps(row) for row in rows]
    path = written(tmp_path_factory.mktemp("jsonl"), "\n".join(lines).encode())
    assert list(read_jsonl(path, what="file")) == [(n, row) for n, row in enumerate(rows, 1) if row is not None]


@given(st.binary() | st.text(alphabet='{}[]":,1e.9- \n\\ul').map(str.encode))
def test_any_bytes_give_objects_or_errors_with_file_and_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = written(tmp_path_factory.mktemp("jsonl"), data)
    errors: list[UsageError] = []
    rows = list(read_jsonl(path, what="file", on_error=errors.append))
    lines = [number for number, _ in rows] + [int(str(error.where).rpartition(":")[2]) for error in errors]
    assert sorted(lines) == [n for n, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    assert all(isinstance(row, dict) for _, row in rows)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"[1]", "expected an object, found list; one JSON object a line"),
        (b"3", "expected an object, found int"),
        (b'{"a": }', "not valid JSON: Expecting value"),
        (b'{"a": NaN}', "not valid JSON: NaN is not JSON"),
        (b'{"a": -Infinity}', "not valid JSON: -Infinity is not JSON"),
        (b'{"a": 1e999}', "not valid JSON: 1e999 is too large a number"),
        (b'{"a": ' + b"1" * 5000 + b"}", "not valid JSON: "),
        (b'{"a": "\xff"}', "not UTF-8; save the file as UTF-8"),
        (b'{"a": ' + b"[" * 100_000, "JSON nested too deeply"),
    ],
)
def test_a_wrong_row_is_an_error_at_its_line(tmp_path: Path, row: bytes, words: str) -> None:
    path = written(tmp_path, b'{"ok": 1.5}\n\n' + row + b'\n{"later": 1}\n')
    rows = read_jsonl(path, what="file")
    assert next(rows) == (1, {"ok": 1.5})
    with pytest.raises(UsageError) as caught:
        next(rows)
    assert str(caught.value).startswith(f"{path}:3: {words}")


def test_a_reader_that_goes_on_gets_every_good_row(tmp_path: Path) -> None:
    errors: list[UsageError] = []
    path = written(tmp_path, b'{"a": 1}\nbad\n{"a": 2}\n[]\n')
    assert list(read_jsonl(path, what="file", on_error=errors.append)) == [(1, {"a": 1}), (3, {"a": 2})]
    assert [str(error.where) for error in errors] == [f"{path}:2", f"{path}:4"]


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(tmp_path: Path) -> None:
    assert list(read_jsonl(written(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n'), what="file")) == [(1, {"a": 1})]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert list(read_jsonl(written(tmp_path, b""), what="file")) == []


@pytest.mark.parametrize(("name", "words"), [("none", "no such eval set"), (".", "a folder, not a eval set")])
def test_what_cannot_be_opened_is_named(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        list(read_jsonl(tmp_path / name, what="eval set"))


def test_a_file_below_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't read this eval set: Not a directory; check its permissions"):
        list(read_jsonl(written(tmp_path, b"") / "below", what="eval set"))
