import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.hashing import canonical_json, content_hash, derive_seed, generator, hash_files

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=15)


def reordered(value: Any) -> Any:
    """The same value with the keys of every mapping in reverse order, and tuples for lists."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return tuple(reordered(item) for item in value) if isinstance(value, list) else value


@given(VALUES)
def test_equal_values_have_equal_text_whatever_the_order_of_their_keys(value: Any) -> None:
    assert canonical_json(reordered(value)) == canonical_json(value)
    assert content_hash(reordered(value)) == content_hash(value)


@given(VALUES)
def test_canonical_json_loses_nothing(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


@given(VALUES, VALUES)
def test_different_values_have_different_text_and_hash(one: Any, two: Any) -> None:
    same = repr(reordered(one)) == repr(reordered(two)) or one == two
    if not same:
        assert canonical_json(one) != canonical_json(two)
        assert content_hash(one) != content_hash(two)


def test_canonical_json_is_the_documented_form() -> None:
    assert canonical_json({"b": [1, 2.5, None], "a": "é"}) == '{"a":"é","b":[1,2.5,null]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_has_no_canonical_text(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json([value])


def test_content_hash_is_sha256_of_the_utf8_text() -> None:
    assert content_hash({"a": "ü"}) == hashlib.sha256('{"a":"ü"}'.encode()).hexdigest()


def test_a_lone_surrogate_hashes_and_differs_from_its_escape_written_out() -> None:
    assert len(content_hash("\ud800")) == 64
    assert content_hash("\ud800") != content_hash("\\ud800")


def write(folder: Path, **files: str) -> list[Path]:
    paths = [folder / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return paths


def test_files_hash_alike_in_any_order_and_in_any_folder(tmp_path: Path) -> None:
    here = write(tmp_path / "one", a="1", b="2")
    there = write(tmp_path / "two", a="1", b="2")
    assert hash_files(here, root=tmp_path / "one") == hash_files(reversed(there), root=tmp_path / "two")


def test_files_hash_differently_when_a_name_or_a_byte_moves(tmp_path: Path) -> None:
    folders = [{"a": "1", "b": "2"}, {"a": "1", "c": "2"}, {"a": "12", "b": ""}, {"a": "1", "b": "3"}, {"a": "1"}]
    hashes = {hash_files(write(tmp_path / str(n), **files), root=tmp_path / str(n)) for n, files in enumerate(folders)}
    assert len(hashes) == len(folders)


@given(st.lists(st.text() | st.integers(), min_size=1))
def test_seeds_are_64_bit_and_depend_on_every_part(parts: list[str | int]) -> None:
    assert 0 <= derive_seed(*parts) < 2**64
    assert derive_seed(*parts) != derive_seed(*parts, 0)


def test_seeds_tell_a_number_from_its_text_and_one_part_from_two() -> None:
    assert len({derive_seed(1), derive_seed("1"), derive_seed("a", "b"), derive_seed("ab"), derive_seed("b", "a")}) == 5


def test_a_lone_surrogate_in_a_part_gives_a_seed() -> None:
    assert derive_seed("\ud800") != derive_seed("\ud801")


def test_generators_of_equal_parts_draw_alike_and_others_differ() -> None:
    draws = [generator("sample", seed).integers(0, 2**32, 4).tolist() for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_seeds_and_hashes_are_the_same_in_another_process_with_another_hash_seed() -> None:
    code = "from harness.core.hashing import *; print(derive_seed('t-1', 0), content_hash({'b': 1, 'a': {'d': 2, 'c': 3}}))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {f"{derive_seed('t-1', 0)} {content_hash({'b': 1, 'a': {'d': 2, 'c': 3}})}"}
