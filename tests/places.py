"""Where things lie: the repository, and the reference data beside it, which not every checkout has."""

import gzip
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
    text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
    return [json.loads(line) for line in text.split("\n") if line]
