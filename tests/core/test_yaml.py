import re
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from harness.core.errors import UsageError
from harness.core.files import MAX_BYTES, Strict, load_yaml, parse_value, parse_yaml, read_jsonl, read_text, validate

HERE = Path("f.yaml")


class Inner(Strict):
    size: int = Field(ge=0, default=0)
    kind: Literal["a", "b"] = "a"


class Outer(Strict):
    name: str
    inner: Inner = Inner()
    items: tuple[Inner, ...] = ()
    by_name: dict[str, Inner] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _named(self) -> "Outer":
        if self.name == "nameless":
            raise ValueError("A name is needed")
        return self


def error_of(tmp_path: Path, text: str) -> str:
    """The error of a YAML text as an Outer, with the folder's name taken out."""
    path = tmp_path / "f.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_yaml(path, Outer, what="suite")
    return str(caught.value).replace(str(path), "f.yaml")


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("\ufeffname: ü\ninner: {size: 3}\nitems:\n  - size: 1\n  - kind: b\n", encoding="utf-8")
    assert load_yaml(path, Outer, what="suite") == Outer(
        name="ü", inner=Inner(size=3), items=(Inner(size=1), Inner(kind="b"))
    )


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: x\nitemz: []\n", 2, "unknown key 'itemz'; did you mean 'items'?"),
        ("name: x\nsise: 3\n", 2, "unknown key 'sise'; known are by_name, inner, items, name"),
        ("name: x\nitem: 3\n", 2, "unknown key 'item'; did you mean 'items'?"),
        ("name: x\ninner:\n  size: 1\n  sise: 3\n", 4, "unknown key 'inner.sise'; correct it there"),
        ("name: x\ninner:\n  size: -1\n", 3, "inner.size: input should be greater than or equal to 0 (given -1)"),
        ("# a\n\nname: x\nitems:\n  - size: 1\n  -\n    kind: c\n", 7, "items.1.kind: input should be 'a' or 'b'"),
        ("name: x\nitems: [{size: 1},\n  {size: 2, sise: 1}]\n", 3, "unknown key 'items.1.sise'"),
        ("name: x\nby_name:\n  one: {size: 1}\n  two:\n    size: many\n", 5, "by_name.two.size"),
        ("name: x\nitems: 3\n", 2, "items: input should be a valid tuple (given 3)"),
        ("name:\n  - 1\n", 1, "name: input should be a valid string (given [1])"),
        ("inner: {size: 1}\n", 1, "missing key 'name'; add it there"),
        ("name: nameless\n", 1, "a name is needed (given {'name': 'nameless'})"),
        ("name: .nan\n", 1, "name: input should be a valid string (given nan)"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    said = error_of(tmp_path, text)
    assert said.startswith(f"f.yaml:{line}: ")
    assert words in said


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: x\nname: y\n", 2),
        ("name: x\ninner:\n  size: 1\n  kind: a\n  size: 2\n", 5),
        ("name: x\nitems:\n- {size: 1}\n- size: 1\n  size: 1\n", 5),
    ],
)
def test_a_key_that_stands_twice_is_refused_where_it_stands_again(tmp_path: Path, text: str, line: int) -> None:
    said = error_of(tmp_path, text)
    assert said.startswith(f"f.yaml:{line}: not valid YAML: the key")
    assert "stands twice" in said


@pytest.mark.parametrize(
    ("text", "line"),
    [("name: x\ninner: {size: 1\nitems: []\n", 3), ("name: x\n\titems: []\n", 2), ("name: 'x\n", 2)],
)
def test_a_syntax_error_is_named_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    said = error_of(tmp_path, text)
    assert said.startswith(f"f.yaml:{line}: not valid YAML: ")
    assert said.endswith("; mend the syntax there")


@pytest.mark.parametrize("text", ["", "- a\n", "just text", "3", "null", "# nothing\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert error_of(tmp_path, text).startswith("f.yaml: expected a mapping, found ")


@pytest.mark.parametrize("text", ["a: &x [*x]", "&a {b: *a}", "[" * 1000])
def test_yaml_without_a_bottom_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"f\.yaml: YAML nested too deeply; flatten it"):
        parse_yaml(text, where=HERE)


@pytest.mark.parametrize("text", ["a: 0x_", "a: 0b_", "!!int x", "!!bool x", "!!timestamp x", "a: " + "1" * 5000])
def test_a_scalar_that_is_not_what_it_looks_like_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"f\.yaml: not valid YAML: .*; put quotes around that value"):
        parse_yaml(text, where=HERE)


def test_a_character_that_yaml_forbids_is_refused_without_a_line() -> None:
    with pytest.raises(UsageError, match=r"f\.yaml: not valid YAML: .*#x0000"):
        parse_yaml("a: \x00", where=HERE)


def test_yaml_makes_no_python_objects() -> None:
    with pytest.raises(UsageError, match="could not determine a constructor"):
        parse_yaml("!!python/object/apply:os.getcwd []", where=HERE)


@pytest.mark.parametrize("text", ["2026-05-17", "2026-05-17T21:04:00Z", "2026-05-17 21:04:00"])
def test_dates_and_times_stay_the_strings_that_stand_in_the_file(text: str) -> None:
    assert parse_yaml(f"at: {text}", where=HERE)[0] == {"at": text}


@given(st.text() | st.text(alphabet="ab:-[]{}&*!?#|>'\"%@` \n\t,0x_.~<="))
def test_any_text_parses_or_is_a_usage_error_in_one_line(text: str) -> None:
    try:
        parse_yaml(text, where=HERE)
    except UsageError as error:
        assert str(error).startswith("f.yaml")
        assert len(str(error).splitlines()) == 1


PLAIN = st.text(alphabet="abcdefg", min_size=1, max_size=4).map(lambda text: f"k{text}")
TREES = st.recursive(
    st.integers(0, 9), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3)
)


def paths_of(value: Any, path: tuple[int | str, ...] = ()) -> list[tuple[int | str, ...]]:
    """Key paths of everything in a value, in the order of its text."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] + [found for key, inner in items for found in paths_of(inner, (*path, key))]


@given(st.dictionaries(PLAIN, TREES, min_size=1, max_size=3), st.integers(1, 9))
def test_every_key_path_has_the_line_it_stands_on(value: dict[str, Any], first: int) -> None:
    text = yaml.safe_dump(value, sort_keys=False)
    parsed, lines = parse_yaml(text, where=HERE, first_line=first)
    assert parsed == value
    assert sorted(map(str, lines)) == sorted(map(str, paths_of(value)))
    rows = text.splitlines()
    for path, line in lines.items():
        if path and isinstance(path[-1], str):
            assert re.search(rf"(^|[\s-]){path[-1]}:", rows[line - first])


def test_parse_value_reads_one_yaml_value() -> None:
    assert [parse_value(text) for text in ("3", "[a, 1.5]", "true", "", "x y")] == [3, ["a", 1.5], True, None, "x y"]


def test_parse_value_names_the_flag() -> None:
    with pytest.raises(UsageError, match="--set"):
        parse_value("[1")


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(UsageError) as caught:
        validate(Inner, {"kind": "x" * 500}, where=HERE)
    assert "..." in str(caught.value)
    assert len(str(caught.value)) < 160


def test_a_value_without_known_lines_is_named_by_its_file() -> None:
    with pytest.raises(UsageError, match=r"^f\.yaml: unknown key 'x'"):
        validate(Inner, {"x": 1}, where=HERE)


def test_a_value_that_a_flag_gave_is_named_by_the_flag() -> None:
    with pytest.raises(UsageError) as caught:
        validate(Outer, {"name": "x", "inner": {"size": -1}}, where=HERE, lines={(): 1, ("inner", "size"): "--set"})
    assert str(caught.value).startswith("--set: inner.size: input should be greater than or equal to 0 (given -1)")


def test_a_problem_below_what_a_flag_gave_is_named_by_the_flag_and_one_beside_it_by_its_line() -> None:
    lines: dict[tuple[int | str, ...], int | str] = {(): 1, ("name",): 3, ("inner",): "--inner"}
    for value, place in (({"name": "x", "inner": {"sise": 1}}, "--inner"), ({"name": 3}, "f.yaml:3")):
        with pytest.raises(UsageError) as caught:
            validate(Outer, value, where=HERE, lines=lines)
        assert str(caught.value).startswith(f"{place}: ")


def test_infinity_is_no_number_of_a_strict_model() -> None:
    class Price(Strict):
        amount: float

    with pytest.raises(UsageError, match="finite number"):
        validate(Price, {"amount": float("inf")}, where=HERE)


def test_what_cannot_be_read_is_named_with_what_it_should_have_been(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"a\n\r\nb\xff")
    file = tmp_path / "file"
    file.write_text("x")
    for path, words in (
        (tmp_path / "none", "no such suite; check the path"),
        (tmp_path, "a folder, not a suite; name a file in it"),
        (binary, "3: not UTF-8; save the file as UTF-8"),
        (file / "below", "can't read this suite: Not a directory; check its permissions"),
    ):
        with pytest.raises(UsageError) as caught:
            read_text(path, what="suite")
        assert str(caught.value) == f"{path}:{'' if words[0] == '3' else ' '}{words}"


def test_a_file_too_large_to_be_ours_is_not_read_to_its_end(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.write(b"{}\n")
        file.truncate(3 * MAX_BYTES)
    with pytest.raises(UsageError, match=r"large:1: suite larger than 32 MB; split it"):
        read_text(large, what="suite")
    with large.open("ab") as file:
        file.write(b"\n{}\n")
    found: list[UsageError] = []
    assert [line for line, _ in read_jsonl(large, what="eval set", on_error=found.append)] == [1, 3]
    assert [str(error) for error in found] == [f"{large}:2: line larger than 32 MB; split it, or name another file"]
