"""Rows of outside files: what is read, and what is refused with its line."""

import csv
import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.core import files
from harness.core.errors import UsageError
from harness.workflows.importers import rows as module
from harness.workflows.importers.rows import Row, read_rows

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    lambda text: text.strip()
)
PAIRS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8)
SHARED_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path, data: bytes) -> list[tuple[str, str, int]]:
    path.write_bytes(data)
    return [(row.text, row.label, row.line) for row in read_rows(path)]


def plain(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(text.strip(), " ".join(label.split())) for text, label in pairs]


@SHARED_FOLDER
@given(PAIRS, st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_json_lines_are_read_as_written(
    tmp_path: Path, pairs: list[tuple[str, str]], packed: bool, end: str, marked: bool
) -> None:
    lines = [json.dumps({"id": n, "text": text, "label": label}) for n, (text, label) in enumerate(pairs)]
    data = (b"\xef\xbb\xbf" if marked else b"") + "".join(f"{line}{end}" for line in lines).encode()
    found = read(tmp_path / "data", gzip.compress(data, mtime=0) if packed else data)
    assert [row[:2] for row in found] == plain(pairs)
    assert [row[2] for row in found] == list(range(1, len(pairs) + 1))


@SHARED_FOLDER
@given(PAIRS, st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_csv_is_read_as_written(
    tmp_path: Path, pairs: list[tuple[str, str]], packed: bool, end: str, marked: bool
) -> None:
    quoted = any("\r" in cell for pair in pairs for cell in pair)  # which a CSV writer forgets to quote
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet, lineterminator=end, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerows([["label", "more", " text "], *([label, "x", text] for text, label in pairs)])
    data = (b"\xef\xbb\xbf" if marked else b"") + sheet.getvalue().encode()
    found = read(tmp_path / "data.csv", gzip.compress(data, mtime=0) if packed else data)
    assert [row[:2] for row in found] == plain(pairs)


def test_a_csv_row_stands_on_the_line_where_it_begins_and_blank_lines_are_nothing(tmp_path: Path) -> None:
    data = b'\ntext,label\n"two\nlines",a\n\nb,c\n'
    assert read(tmp_path / "t.csv", data) == [("two\nlines", "a", 3), ("b", "c", 6)]
    assert read(tmp_path / "t", b'\n \n{"text": "a", "label": 7}\n\n') == [("a", "7", 3)]


def test_what_no_file_can_hold_becomes_a_replacement_character(tmp_path: Path) -> None:
    assert read(tmp_path / "t", b'{"text": "a\\ud800", "label": "b\\u0000"}') == [("a\ufffd", "b\ufffd", 1)]


PACKED = gzip.compress(b'{"text": "a", "label": "b"}\n' * 50, mtime=0)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("t.jsonl", b"", ": this file is empty; each row has a text and a label"),
        ("t.jsonl", b"\n  \n", ": this file is empty; each row has a text and a label"),
        ("t.gz", gzip.compress(b"", mtime=0), ": this file is empty; each row has a text and a label"),
        ("t.csv", b"text,label\n", ": no row stands below the column names; each row has a text and a label"),
        ("t.jsonl", b'{"text": "a", "lable": "b"}', ":1: missing key 'label'; there are 'text', 'lable'; each row has a text and a label"),
        ("t.jsonl", b"{}", ":1: missing key 'text'; there are none; each row has a text and a label"),
        ("t.jsonl", b'{"text": "a", "label": "b"}\n[1]', ":2: expected an object, found list; one JSON object a line"),
        ("t.jsonl", b"text,label\n", ":1: not valid JSON: Expecting value: line 1 column 1 (char 0); one JSON object a line"),
        ("t.jsonl", b'{"text": ' + b"[" * 100_000, ":1: not valid JSON: "),
        ("t.jsonl", b'{"text": " ", "label": "b"}', ":1: text is blank, not a text; each row has a text and a label"),
        ("t.jsonl", b'{"text": "a", "label": null}', ":1: label is null, not a text; each row has a text and a label"),
        ("t.jsonl", b'{"text": "a", "label": true}', ":1: label is bool, not a text; each row has a text and a label"),
        ("t.jsonl", b'{"text": "a", "label": "b"}\n\xff', ":2: not UTF-8 text; save the file as UTF-8"),
        ("t.csv", b"text;label\na;b\n", ":1: no column 'text'; there are 'text;label'; name the columns text and label in the first line, "
         "with a comma between"),
        ("t.csv", b"text," + b"x" * 90 + b"\n", f":1: no column 'label'; there are 'text', '{'x' * 39}…'; name the columns"),
        ("t.csv", b"text,label\na,b\nc,d,e\n", ":3: 3 cells under 2 columns; put a text with commas into double quotes"),
        ("t.csv", b'text,label\na,b\n"c,d\n' + b"e,f\n" * 40_000, ":3: not valid CSV: field larger than field limit (131072); mend the quotes there"),
        ("t.csv", b'text,label\n"a"b,c\n', ":2: not valid CSV: ',' expected after '\"'; mend the quotes there"),
        ("t.gz", PACKED[:-9], ": this gzip file is damaged: Compressed file ended before the end-of-stream marker was reached; fetch"),
        ("t.gz", PACKED[:-8] + b"xxxx" + PACKED[-4:], ": this gzip file is damaged: CRC check failed "),
        ("t.gz", PACKED[:10] + b"\xff" * 50, ": this gzip file is damaged: Error -3 while decompressing data: "),
        ("t.gz", b"\x1f\x8bhello there", ": this gzip file is damaged: Unknown compression method; fetch or pack it again"),
    ],
)  # fmt: skip
def test_what_cant_be_read_is_refused_with_its_place(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path / name, data)
    assert str(caught.value).startswith(f"{tmp_path / name}{said}")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path, "this is a folder; name a JSON Lines or CSV file"),
        (Path("/dev/null"), "this is not a plain file; name a JSON Lines or CSV file"),
        (tmp_path / "none.csv", "no such file; check the path"),
        (tmp_path / ("n" * 300), "can't read it: File name too long; check the file"),
    ):
        with pytest.raises(UsageError) as caught:
            next(read_rows(path))
        assert str(caught.value) == f"{path}: {said}"


def test_a_line_without_an_end_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.MAX_BYTES == files.MAX_BYTES
    monkeypatch.setattr(module, "MAX_BYTES", 1_000_000)
    with pytest.raises(UsageError, match=r":2: a line of more than 1 MB; end each row with a line feed$"):
        read(tmp_path / "t", gzip.compress(b'{"text": "a", "label": "b"}\n' + b"x" * 1_000_001, mtime=0))


def test_rows_come_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b'{"text": "a", "label": "b"}\nnonsense\n')
    found = read_rows(path)
    assert next(found) == Row("a", "b", 1)
    with pytest.raises(UsageError, match=":2: not valid JSON"):
        next(found)
