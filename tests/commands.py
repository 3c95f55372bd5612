"""The command line, run as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TRIAGE = ROOT / "eval_sets" / "triage" / "suite.yaml"
INTENTS = ROOT / "eval_sets" / "intents" / "suite.yaml"


class Ran(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


def command(*args: str | Path) -> list[str]:
    """The command line's arguments."""
    return [sys.executable, "-m", "harness.cli.main", *map(str, args)]


def environment() -> dict[str, str]:
    """This process's environment, with the package importable from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def spawn(args: Sequence[str | Path], *, stdin: bytes = b"", cwd: Path | None = None) -> Ran:
    """Run to the end."""
    done = subprocess.run(command(*args), input=stdin, capture_output=True, cwd=cwd, env=environment(), timeout=120)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
