"""A call that nothing is recorded for: what is said, and what is shown beside the nearest."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.models.calls import Call
from harness.models.nearest import MAX_DIFF, UnrecordedError
from harness.models.recording import Cassette
from tests.models.recorded import LABEL_TOOL, LOOK_TOOL, REPLY, a_call


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


def missed(path: Path, call: Call, *recorded: Call) -> UnrecordedError:
    with Cassette.open(path, mode="record") as cassette:
        for known in recorded:
            cassette.put(known, REPLY)
    with Cassette.open(path, mode="strict") as cassette:
        with pytest.raises(UnrecordedError) as caught:
            cassette.get(call)
        return caught.value


def test_the_line_names_the_cassette_the_sample_and_the_first_difference(path: Path) -> None:
    error = missed(path, a_call("Who pays the tax?"), a_call())
    assert str(error) == (
        f"{path}: nothing is recorded for sample 't-1', trial 0; the nearest, line 2, differs in messages "
        "('Who pays the fee?' there, 'Who pays the tax?' asked); ask the same as was recorded, or record again"
    )
    assert error.diff == (
        "--- recorded, line 2\n+++ asked\n@@ -3,3 +3,3 @@\n Be brief.\n [user]\n-Who pays the fee?\n+Who pays the tax?"
    )


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"model": "n"}, "model ('\"m\"' there, '\"n\"' asked)"),
        ({"trial": 2}, "trial ('0' there, '2' asked)"),
        ({"draw": 1}, "draw ('0' there, '1' asked)"),
        ({"tool_choice": "none"}, "tool choice ('null' there, '\"none\"' asked)"),
        ({"parameters": {"top_p": 1, "seed": 4}}, "parameters ('{\"seed\": 3}' there, '{\"seed\": 4}' asked)"),
        ({"parameters": {"top_p": 1}}, "parameters ('{\"seed\": 3}' there, '{}' asked)"),
    ],
)
def test_each_part_that_differs_is_told(path: Path, changed: dict[str, Any], told: str) -> None:
    known: dict[str, Any] = {"parameters": {"top_p": 1, "seed": 3}}
    error = missed(path, a_call(**(known | changed)), a_call(**known))
    assert f"differs in {told}; ask" in str(error) and error.diff == ""


def test_a_long_part_is_cut_around_its_first_difference(path: Path) -> None:
    words = "the guest asks " * 20
    error = missed(
        path, a_call(words + "today " + words, tools=(LOOK_TOOL,)), a_call(words + "now " + words, tools=(LABEL_TOOL,))
    )
    assert "messages ('…asks the guest asks now the guest" in str(error)
    assert "tools ('…" in str(error) and '"answer"' in str(error)
    assert len(str(error)) < 700


def test_a_message_more_differs_from_nothing(path: Path) -> None:
    known = a_call()
    more = a_call(messages=(*known.messages, {"role": "tool", "tool_call_id": "c-1", "content": [{"text": "x"}]}))
    error = missed(path, more, known)
    assert "messages (nothing there, '[tool]' asked)" in str(error)
    assert error.diff.endswith('+[tool]\n+[\n+ {\n+  "text": "x"\n+ }\n+]\n+tool_call_id: "c-1"')


def test_the_nearest_is_of_the_same_sample_though_another_is_more_alike(path: Path) -> None:
    error = missed(path, a_call("abc"), a_call("no line alike", messages=()), a_call("abd", sample="t-2"))
    assert "the nearest, line 2," in str(error)


def test_of_one_sample_the_nearest_shares_most_lines_then_most_parts(path: Path) -> None:
    known = [
        a_call("a\nb\nx"),
        a_call("a\nb\nc\nd", trial=1),
        a_call("a\nb\nc\nd", trial=1, parameters={"seed": 1}),
        a_call("z"),
    ]
    assert "the nearest, line 3, differs in trial ('1'" in str(missed(path, a_call("a\nb\nc\nd"), *known))


def test_without_a_sample_the_nearest_is_looked_for_all_over_the_file(path: Path) -> None:
    known = [a_call(f"first\n{number}\nlast", sample=f"s-{number}") for number in range(450)]
    call = a_call("first\n300\nlast", sample="", trial=1)
    error = missed(path, call, *known)
    assert str(error).startswith(f"{path}: nothing is recorded for a call of 'm'; the nearest, line ")
    assert "line 302, differs in trial" in str(error), "every third entry is compared"
    error = missed(path, a_call("first\n301\nlast", sample="", trial=1))
    assert "differs in trial ('0' there, '1' asked) and messages ('" in str(error), "and line 303 is not"


def test_an_empty_cassette_has_no_nearest(path: Path) -> None:
    error = missed(path, a_call())
    assert str(error).endswith("sample 't-1', trial 0: it holds no call; record it first") and error.diff == ""


def test_a_diff_is_bounded_and_shows_no_control_characters(path: Path) -> None:
    hostile = "\x1b[2J\x9b\u202e\ud800\tend\r\n"
    error = missed(path, a_call(hostile + "\n".join(map(str, range(500)))), a_call())
    lines = error.diff.split("\n")
    assert len(lines) == MAX_DIFF and lines[-1] == f"… {507 - MAX_DIFF + 1} more lines"
    assert "+\\x1b[2J\\x9b\\u202e\\ud800\tend\\r" in lines
    assert "\x1b" not in str(error) and "\u202e" not in str(error)


def test_an_entry_whose_key_alone_is_other_says_so(path: Path) -> None:
    missed(path, a_call("b"), a_call())
    header, entry = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, json.dumps(json.loads(entry) | {"key": "0" * 64}), ""]), encoding="utf-8")
    assert "the nearest, line 2, differs in its key alone;" in str(missed(path, a_call()))


def test_an_empty_line_is_told_from_none(path: Path) -> None:
    assert "messages ('' there, 'x' asked)" in str(missed(path, a_call("a\nx\nb"), a_call("a\n\nb")))


def test_only_the_first_lines_of_a_prompt_are_compared_and_only_the_beginning_of_each_is_shown(path: Path) -> None:
    rest = "\n".join(map(str, range(11_000)))
    error = missed(path, a_call(f"{'x' * 5000}\n{rest}\nnew"), a_call(f"{'y' * 5000}\n{rest}"))
    assert max(map(len, error.diff.split("\n"))) == 2000 and "+new" not in error.diff


def test_broken_entries_are_no_candidates(path: Path) -> None:
    missed(path, a_call("b"), a_call())
    whole = path.read_bytes()
    entry = whole.splitlines(keepends=True)[1]
    broken = [
        entry.replace(b"pays", b'pays"'),
        entry.replace(b'"messages"', b'"parameters": [1], "messages"').replace(b"Who pays the fee?", b"c"),
    ]
    path.write_bytes(b"".join([whole, *broken]))
    assert "the nearest, line 2," in str(missed(path, a_call("c")))
