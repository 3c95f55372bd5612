"""The every-day cache: what it keeps, why it misses, and that nothing in its file stops a run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.models.recording import Cache
from tests.models.recorded import LABEL_TOOL, REPLY, a_call

NAME = "v1.jsonl"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache that holds one call."""
    folder = tmp_path / "home" / "calls"
    with Cache(folder) as cache:
        cache.put(a_call(), REPLY)
    return folder


def asked(folder: Path, **changed: Any) -> tuple[Any, str]:
    with Cache(folder) as cache:
        return cache.get(a_call(**changed))


def test_a_reply_is_there_for_the_next_process(folder: Path) -> None:
    assert asked(folder) == (REPLY, "hit")
    assert asked(folder, sample="another") == (REPLY, "hit")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"text": "b", "sample": "t-9"}, "never asked"),
        ({"text": "b", "sample": ""}, "never asked"),
        ({"text": "b"}, "other messages"),
        ({"trial": 1}, "other trial"),
        ({"draw": 1}, "other draw"),
        ({"model": "n"}, "other model"),
        ({"parameters": {"seed": 1}}, "other parameters"),
        ({"tools": (LABEL_TOOL,), "tool_choice": "auto"}, "other tools and tool choice"),
    ],
)
def test_a_miss_says_why(folder: Path, changed: dict[str, Any], why: str) -> None:
    assert asked(folder, **changed) == (None, why)


def test_only_the_latest_calls_of_a_sample_are_compared(folder: Path) -> None:
    with Cache(folder) as cache:
        for trial in range(20):
            assert cache.get(a_call(trial=99)) == (None, "other trial")
            cache.put(a_call("b", trial=trial), REPLY)
        assert cache.get(a_call(trial=99)) == (None, "other trial and messages")


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({"finish": "stop"}, True),
        ({"finish": "tool_calls"}, True),
        ({"finish": "length"}, False),
        ({"finish": "content_filter"}, False),
        ({"refusal": "I can't help with that."}, False),
    ],
)
def test_what_another_try_may_mend_is_not_kept(folder: Path, changed: dict[str, Any], kept: bool) -> None:
    with Cache(folder) as cache:
        cache.put(a_call("b"), replace(REPLY, **changed))
        assert (cache.get(a_call("b"))[0] is not None) is kept
        assert len(cache) == 1 + kept


@pytest.mark.parametrize(
    "broken",
    [
        lambda whole: whole + b'{"key": "00',
        lambda whole: whole + b"\xff\n[1]\n{}\n\n",
        lambda whole: whole.replace(b'"schema_version": 1', b'"schema_version": 7'),
        lambda whole: b"???\n" + whole.split(b"\n", 1)[1],
        lambda whole: whole[:-1],
    ],
    ids=["cut", "other lines", "another version", "no header", "no last line end"],
)
def test_what_is_broken_counts_as_absent(folder: Path, broken: Any) -> None:
    path = folder / NAME
    path.write_bytes(broken(path.read_bytes()))
    with Cache(folder) as cache:
        assert cache.get(a_call()) == (REPLY, "hit")
        cache.put(a_call("b"), REPLY)
    assert asked(folder, text="b") == (REPLY, "hit")


@pytest.mark.parametrize(("old", "new"), [(b'"Who', b"'Who"), (b'"text": "a fee"', b'"text": 5')])
def test_a_broken_entry_is_missed_and_written_again(folder: Path, old: bytes, new: bytes) -> None:
    path = folder / NAME
    path.write_bytes(path.read_bytes().replace(old, new))
    with Cache(folder) as cache:
        assert cache.get(a_call()) == (None, "unreadable")
        cache.put(a_call(), REPLY)
        assert cache.get(a_call()) == (REPLY, "hit")


def test_a_writer_that_was_killed_in_the_middle_spoils_no_other_line(folder: Path) -> None:
    with Cache(folder) as cache:
        with (folder / NAME).open("ab") as file:
            file.write(b'{"key": "00')
        cache.put(a_call("b"), REPLY)
        assert cache.get(a_call("b")) == (REPLY, "hit")


def test_a_folder_that_can_not_be_made_is_the_users_mistake(folder: Path) -> None:
    with pytest.raises(UsageError, match="its folder is a file"):
        Cache(folder / NAME)
    with Cache(folder) as cache, pytest.raises(UsageError, match="not JSON compliant"):
        cache.get(a_call(parameters={"seed": float("inf")}))
