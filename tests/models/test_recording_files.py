"""Cassettes that are broken, edited, absent or closed to us: one line that says where and what to do."""

import json
import os
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.models.recording import Cassette, Mode, call_key
from harness.models.settings import Way
from tests.models.recorded import LABEL_TOOL, REPLY, a_call

MODES: tuple[Mode, ...] = ("strict", "filling", "record")
ENTRY = b'{"key": "' + b"0" * 64 + b'", "model": "%b", "messages": [], "reply": {}}\n'
HEADER = b'{"schema_version": 1, "kind": "cassette"}\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A cassette of three calls, the last with tools."""
    path = tmp_path / "calls.jsonl"
    with Cassette.open(path, mode="record") as cassette:
        for call in (a_call(), a_call("b"), a_call("c", tools=(LABEL_TOOL,))):
            cassette.put(call, REPLY)
    return path


def error_of(path: Path, *, mode: Mode = "strict") -> str:
    with pytest.raises(UsageError) as caught:
        Cassette.open(path, mode=mode)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(str(path))


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize("mode", MODES)
def test_a_cassette_that_is_cut_in_the_middle_is_refused_at_that_line(path: Path, mode: Mode) -> None:
    whole = path.read_bytes()
    for cut in (2, 300):
        path.write_bytes(whole[:-cut])
        assert error_of(path, mode=mode) == ":5: cut in the middle; delete that line or record again"
    assert path.read_bytes() == whole[:-300]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER.replace(b"1", b"2"), ":1: schema_version is 2, not 1; record it again with this version"),
        (HEADER.replace(b"cassette", b"cache"), ":1: not a cassette: no header that says so; "),
        (b'{"id": "t-1"}\n', ":1: not a cassette: no header that says so; "),
        (b"\x89PNG\r\n", ":1: not UTF-8, not a cassette; check the path, or record it again"),
        (b"[1]\n", ":1: not a cassette: "),
        (b"name: suite\n", ":1: not a cassette: "),
        (HEADER + b"{'key': 1}\n", ":2: not valid JSON: "),
        (HEADER + b'"\xff"\n', ":2: not UTF-8; delete that line or record again"),
        (HEADER + b"[" * 100_000 + b"\n", ":2: JSON nested too deeply; "),
        (HEADER + b"[1]\n", ":2: expected an object, found list; "),
        (HEADER + b'\n{"id": "x"}\n', ":3: neither an entry nor a form: missing key 'key', 'model' or 'form'; "),
        (HEADER + ENTRY % b"\xff", ":2: not UTF-8; "),
        (HEADER + ENTRY % b"\\q", ":2: not valid JSON: "),
        (HEADER + ENTRY % b"\x00", ":2: not valid JSON: "),
        (HEADER + b'{"key": "x"}\n', ":2: neither an entry nor a form"),
    ],
)
def test_a_file_that_is_no_cassette_is_refused_at_its_line(path: Path, mode: Mode, content: bytes, said: str) -> None:
    path.write_bytes(content)
    assert error_of(path, mode=mode).startswith(said)
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", MODES)
def test_a_folder_is_no_cassette(tmp_path: Path, mode: Mode) -> None:
    assert error_of(tmp_path, mode=mode) == ": a folder, not a cassette; name a file"


def test_a_pipe_is_no_cassette(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert error_of(tmp_path / "pipe") == ": not a file, not a cassette; name a file"


def test_an_absent_or_empty_file_is_an_error_to_replay_and_made_to_record(tmp_path: Path) -> None:
    absent, empty = tmp_path / "a" / "b" / "calls.jsonl", tmp_path / "empty.jsonl"
    empty.touch()
    assert error_of(absent) == ": no such cassette; check the path, or record it first"
    assert not absent.parent.exists()
    assert error_of(empty) == ":1: empty, not a cassette; check the path, or record it again"
    made: tuple[tuple[Path, Mode], ...] = ((absent, "filling"), (empty, "record"))
    for path, mode in made:
        Cassette.open(path, mode=mode).close()
        assert path.read_bytes() == HEADER


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_not_be_written_is_replayed_and_not_recorded_to(path: Path) -> None:
    path.chmod(0o400)
    Cassette.open(path, mode="strict").close()
    said = ": can't use this cassette: Permission denied; check its permissions and the disk"
    assert error_of(path, mode="filling") == said


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("below", ["calls.jsonl", "folder/calls.jsonl"])
def test_nothing_is_found_or_made_below_a_file(path: Path, mode: Mode, below: str) -> None:
    assert error_of(path / below, mode=mode) == ": its folder is a file; choose another path"


def test_a_file_for_whose_header_there_is_no_room_stays_empty(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        said = error_of(path, mode="record")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert said == ": can't use this cassette: No space left on device; check its permissions and the disk"
    assert path.read_bytes() == b""


def test_where_the_disk_is_full_no_half_of_a_line_stays(path: Path) -> None:
    whole = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Cassette.open(path, mode="filling") as cassette:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 100, hard))
        try:
            with pytest.raises(UsageError, match="can't use this cassette: No space left on device"):
                cassette.put(a_call("d"), REPLY)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == whole
        cassette.put(a_call("d"), REPLY)
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.get(a_call("d")) == REPLY


def test_a_line_that_is_broken_inside_is_an_error_when_it_is_used(path: Path) -> None:
    edit(path, lambda whole: whole.replace(b'"Who', b"'Who"))
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.get(a_call("b")) == REPLY
        with pytest.raises(UsageError, match=r"calls\.jsonl:2: not valid JSON: .*; delete that line or record again"):
            cassette.get(a_call())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"Who', b'"whO', ":2: these messages are not the ones that the key was made from; record that call again"),
        (b'"messages"', b'"massages"', ":2: not a whole entry; delete that line or record again"),
        (b'"text": "a fee"', b'"txet": "a fee"', ":2: unknown key 'txet'; did you mean 'text'?"),
        (b'"text": "a fee"', b'"text": 5', ":2: text: input should be a valid string (given 5); correct it there"),
    ],
)
def test_an_entry_that_was_edited_wrongly_is_an_error_when_it_is_used(
    path: Path, old: bytes, new: bytes, said: str
) -> None:
    edit(path, lambda whole: whole.replace(old, new, 1))
    with Cassette.open(path, mode="strict") as cassette, pytest.raises(UsageError) as caught:
        cassette.get(a_call())
    assert str(caught.value) == f"{path}{said}"


def test_a_reply_may_be_edited_by_hand(path: Path) -> None:
    edit(path, lambda whole: whole.replace(b'"text": "a fee"', b'"text": "a tax", "refusal": null', 1))
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.get(a_call()) == replace(REPLY, text="a tax")


@pytest.mark.parametrize(
    "saved",
    [
        lambda whole: whole.replace(b"\n", b"\r\n"),
        lambda whole: b"\xef\xbb\xbf" + whole,
        lambda whole: whole.replace(b"\n", b"\n\n"),
        lambda whole: whole[:-1],
        lambda whole: b"\n".join(json.dumps(json.loads(line)).encode() for line in whole.splitlines()) + b"\n",
        lambda whole: b"\n".join(
            json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")).encode() for line in whole.splitlines()
        ),
    ],
    ids=["Windows line ends", "a byte order mark", "blank lines", "no last line end", "ASCII", "compact, keys sorted"],
)
@pytest.mark.parametrize("mode", ["strict", "filling"])
def test_a_cassette_that_an_editor_saved_another_way_is_still_one(
    path: Path, mode: Mode, saved: Callable[[bytes], bytes]
) -> None:
    edit(path, saved)
    with Cassette.open(path, mode=mode) as cassette:
        assert [cassette.get(call) for call in (a_call(), a_call("b"), a_call("c", tools=(LABEL_TOOL,)))] == [REPLY] * 3
        assert (len(cassette), cassette.models, cassette.way) == (3, ("m",), Way("tool"))
        assert "line" in str(cassette.miss(a_call("d")))
    if mode == "filling":
        with Cassette.open(path, mode="filling") as cassette:
            cassette.put(a_call("d"), REPLY)
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.get(a_call("b")) == REPLY
        assert len(cassette) == (4 if mode == "filling" else 3)


def test_a_line_longer_than_what_is_read_at_once_is_one_line(path: Path) -> None:
    long = a_call("x" * (9 << 20))
    with Cassette.open(path, mode="record") as cassette:
        cassette.put(long, REPLY)
        cassette.put(a_call("d"), REPLY)
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.get(long) == cassette.get(a_call("d")) == REPLY


def test_a_file_that_was_emptied_meanwhile_is_no_crash(path: Path) -> None:
    with Cassette.open(path, mode="strict") as cassette:
        path.write_bytes(b"")
        with pytest.raises(UsageError, match=r"calls\.jsonl:2: not valid JSON"):
            cassette.get(a_call())
        with pytest.raises(UsageError, match="nothing is recorded"):
            cassette.get(a_call("d"))


def test_a_file_whose_lines_changed_places_meanwhile_is_not_read_on(path: Path) -> None:
    with Cassette.open(path, mode="record") as cassette:
        cassette.put(a_call("d"), REPLY)
    with Cassette.open(path, mode="strict") as cassette:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:2], lines[5], *lines[3:5], lines[2]]))
        with pytest.raises(UsageError, match=r"calls\.jsonl:3: another entry than at opening; leave the file alone"):
            cassette.get(a_call("b"))


def test_recording_mends_a_broken_entry_of_the_same_key(path: Path) -> None:
    edit(path, lambda whole: whole.replace(b'"Who', b"'Who"))
    with Cassette.open(path, mode="record") as cassette:
        cassette.put(a_call(), REPLY)
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.get(a_call()) == REPLY
    assert path.read_bytes().count(call_key(a_call()).encode()) == 2
