"""Many threads and processes on one cassette."""

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.models.recording import Cassette
from tests.models.recorded import LABEL_TOOL, REPLY, a_call

WRITERS, EACH = 4, 200


def append(path: Path, writer: int, each: int, *, start: Barrier | None = None) -> None:
    """Record calls of its own, and one that every other writer records too."""
    if start is not None:
        start.wait(60)
    with Cassette.open(path, mode="filling") as cassette:
        for number in range(each):
            cassette.put(a_call(f"{writer}-{number}\n" + "x" * 3000, tools=(LABEL_TOOL,)), REPLY)
        cassette.put(a_call("all"), REPLY)


def check(path: Path, *, each: int) -> None:
    with Cassette.open(path, mode="strict") as cassette:
        for writer in range(WRITERS):
            for number in range(each):
                call = a_call(f"{writer}-{number}\n" + "x" * 3000, tools=(LABEL_TOOL,))
                assert cassette.get(call) == REPLY
        assert len(cassette) == WRITERS * each + 1
    lines = path.read_bytes().splitlines()
    assert len(lines) == 1 + 1 + WRITERS * each + 1, "one header, one form, each call once"
    assert sum(b'"all"' in line for line in lines) == 1


def test_processes_that_write_at_once_lose_and_repeat_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "calls.jsonl"
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(WRITERS)
    writers = [
        context.Process(target=append, args=(path, writer, EACH), kwargs={"start": start}) for writer in range(WRITERS)
    ]
    for process in writers:
        process.start()
    for process in writers:
        process.join(60)
    assert [process.exitcode for process in writers] == [0] * WRITERS
    check(path, each=EACH)


def test_threads_share_one_cassette(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    with Cassette.open(path, mode="filling") as cassette, ThreadPoolExecutor(WRITERS) as pool:

        def fill(writer: int) -> None:
            for number in range(50):
                call = a_call(f"{writer}-{number}\n" + "x" * 3000, tools=(LABEL_TOOL,))
                assert cassette.get(call) is None
                cassette.put(call, REPLY)
                assert cassette.get(call) == REPLY
            cassette.put(a_call("all"), REPLY)

        list(pool.map(fill, range(WRITERS)))
    check(path, each=50)


def test_threads_that_read_at_once_get_each_their_own(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    calls = [a_call(str(number)) for number in range(20)]
    with Cassette.open(path, mode="record") as cassette:
        for number, call in enumerate(calls):
            cassette.put(call, replace(REPLY, text=str(number)))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with Cassette.open(path, mode="strict") as cassette, ThreadPoolExecutor(WRITERS) as pool:
            replies = list(pool.map(cassette.get, calls * 20))
    finally:
        sys.setswitchinterval(interval)
    assert [reply and reply.text for reply in replies] == [str(number) for number in range(20)] * 20


@pytest.mark.parametrize("mode", ["strict", "filling"])
def test_what_another_records_is_found_by_a_cassette_that_is_open(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "calls.jsonl"
    append(path, 0, 1)
    with Cassette.open(path, mode="strict" if mode == "strict" else "filling") as reader:
        append(path, 1, 1)
        assert reader.get(a_call("1-0\n" + "x" * 3000, tools=(LABEL_TOOL,))) == REPLY
        assert len(reader) == 3


def test_a_line_that_is_still_being_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    append(path, 0, 1)
    before = path.read_bytes()
    append(path, 1, 1)
    line = path.read_bytes()[len(before) :]
    path.write_bytes(before)
    with Cassette.open(path, mode="filling") as reader:
        call = a_call("1-0\n" + "x" * 3000, tools=(LABEL_TOOL,))
        for part in (line[:70], line[70:-1]):
            with path.open("ab") as file:
                file.write(part)
            assert reader.get(call) is None
        with path.open("ab") as file:
            file.write(line[-1:])
        assert reader.get(call) == REPLY


def test_a_writer_finds_that_another_was_killed_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    append(path, 0, 1)
    with Cassette.open(path, mode="filling") as cassette:
        with path.open("ab") as file:
            file.write(b'{"key": "0000')
        whole = path.read_bytes()
        with pytest.raises(UsageError, match=r"calls\.jsonl:5: cut in the middle; delete that line or record again"):
            cassette.put(a_call("b"), REPLY)
        assert path.read_bytes() == whole
