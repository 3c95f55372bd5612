"""Whole commands: start-up, imports, the README's `make eval` after set-up, and its memory."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import Figure

_ROOT = Path(__file__).resolve().parents[2]
_HARNESS = str(Path(sys.executable).with_name("harness"))
_RUNS = 7


def measure() -> Iterator[Figure]:
    """`--help`, imports, the index, and what `make eval` runs: the first time and again."""
    yield Figure("harness --help", _median([_HARNESS, "--help"]), "ms", 150, f"median of {_RUNS}")
    for module, limit in (("harness", None), ("harness.stats", 120)):
        yield Figure(
            f"import {module}", _median([sys.executable, "-c", f"import {module}"]), "ms", limit, f"median of {_RUNS}"
        )
    with tempfile.TemporaryDirectory() as folder:
        suite = str(_ROOT / "eval_sets/triage/suite.yaml")
        yield Figure("harness index, nothing cached", _once([_HARNESS, "index", suite], home=folder) / 1000, "s")
        for state, limit in (("first time: ticket vectors not cached", None), ("again", 15)):
            command = [_HARNESS, "eval", suite, "--quiet", "--out", f"{folder}/{state[:5]}"]
            yield Figure(f"make eval, {state}", _once(command, home=folder) / 1000, "s", limit, "355 tickets")
        all_suites = [str(path) for path in sorted(_ROOT.glob("eval_sets/*/suite.yaml"))]
        checked = _once([_HARNESS, "check", *all_suites], home=folder) / 1000
        yield Figure("harness check, all shipped suites", checked, "s", 20)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    yield Figure("peak memory of the largest of these", peak, "MB", 700)


def _median(command: list[str]) -> float:
    _once(command)
    return statistics.median(_once(command) for _ in range(_RUNS))


def _once(command: list[str], home: str | None = None) -> float:
    """Wall milliseconds of one run; a run that fails with anything but a gate's verdict is an error."""
    environment = {**os.environ, **({"HARNESS_HOME": home} if home else {})}
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, env=environment, cwd=_ROOT, text=True, check=False)
    taken = (time.perf_counter() - begun) * 1000
    if done.returncode not in {0, 1, 7}:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr}")
    return taken
