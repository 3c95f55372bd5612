"""Where things lie: the repository, and the reference data beside it, which not every checkout has."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
TAXONOMY = ROOT / "corpora" / "taxonomy.yaml"
TICKETS = ROOT / "eval_sets" / "triage" / "samples.jsonl"


def reference_rows(name: str) -> list[dict[str, Any]]:
    """Rows of a reference file beside the repository; the test is skipped where it is absent."""
    path = ROOT.parent / "shared" / "data" / name
    if not path.is_file():
        pytest.skip(f"no reference data {name}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
