"""An installation that asks for other packages than this one."""

from collections.abc import Sequence
from pathlib import Path

import pytest


def pretend_asking_for(requirements: Sequence[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put metadata of a harness that asks for `requirements` before those of the installed one."""
    place = folder / "harness-0.1.0.dist-info"
    place.mkdir(parents=True)
    lines = ["Metadata-Version: 2.4", "Name: harness", "Version: 0.1.0"]
    lines += [f"Requires-Dist: {text}" for text in requirements]
    (place / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
