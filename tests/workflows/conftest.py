"""A sound suite in the test's own folder, and where a line of a file stands."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .suites import Suite


@pytest.fixture
def small(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


@pytest.fixture
def line_of() -> Callable[[Path, str], int]:
    """Line of a file that begins with a text, from 1."""

    def found(path: Path, begin: str) -> int:
        return 1 + next(n for n, line in enumerate(path.read_text().splitlines()) if line.strip().startswith(begin))

    return found
