import resource
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.core.files import suggest, write_atomic


def test_the_text_is_written_in_full_and_nothing_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    write_atomic(path, "old")
    write_atomic(path, "neü\n")
    assert path.read_bytes() == "neü\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_lone_surrogate_is_written_as_its_escape(tmp_path: Path) -> None:
    write_atomic(tmp_path / "f", "a\ud800b")
    assert (tmp_path / "f").read_text() == "a\\ud800b"


def test_the_old_file_stays_when_writing_fails_midway(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # the system stops the write, as a full disk would
    try:
        with pytest.raises(UsageError, match=r"can't write: File too large; choose another folder"):
            write_atomic(path, "new" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(UsageError, match="can't write: Is a directory"):
        write_atomic(folder, "new")
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("where", ["missing/f", "file/f", "x" * 300])
def test_a_place_that_cannot_be_written_is_a_usage_error(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("kept")
    path = tmp_path / where
    with pytest.raises(UsageError, match=r"can't write: .*; choose another folder with --out"):
        write_atomic(path, "text")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "kept"


def test_a_remedy_names_the_nearest_known_name() -> None:
    assert suggest("hybird", ["dense", "hybrid"]) == "did you mean 'hybrid'?"


def test_a_remedy_lists_what_is_known_where_nothing_is_near() -> None:
    assert suggest("zzz", ["dense", "apple"]) == "known are apple, dense"
    assert suggest("zzz", [f"n{i:03}" for i in range(99)]).count(",") == 19


def test_a_remedy_says_so_where_nothing_is_known() -> None:
    assert suggest("zzz", []) == "none is known"
