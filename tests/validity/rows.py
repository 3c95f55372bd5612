"""What every simulation returns, and how tables are made of it."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from harness.stats.arrays import Floats

LEVEL = 0.95
LEAST = 0.935
MOST = 0.055
RESAMPLES = 1000


class Row(NamedTuple):
    """One rate: how often an interval of `method` held the truth, or a test rejected, in one cell."""

    group: str
    setting: str
    n: int
    method: str
    rate: float
    error: float
    """Monte Carlo standard error of `rate`; 0 where it is computed."""
    width: float = math.nan


@dataclass(frozen=True)
class Section:
    """A simulation: its cells, what is done for one of them, and its tables from the rows of all."""

    title: str
    cells: Sequence[Any]
    run: Callable[[Any], list[Row]]
    tables: Callable[[list[Row]], str]


def generator(*parts: Hashable) -> np.random.Generator:
    """Random numbers of a cell: the same whoever runs it, and whenever."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big"))


def holds(low: Floats, high: Floats, truth: float) -> Floats:
    """1 where the interval holds the truth, but for rounding."""
    held: Floats = ((low <= truth + 1e-12) & (truth - 1e-12 <= high)).astype(float)
    return held


def coverage(group: str, setting: str, n: int, method: str, ends: Floats, truth: float) -> Row:
    """Row of intervals (replicates, 2)."""
    rate = float(holds(ends[:, 0], ends[:, 1], truth).mean())
    return Row(group, setting, n, method, rate, standard_error(rate, len(ends)), float(np.ptp(ends, axis=1).mean()))


def standard_error(rate: float, replicates: int) -> float:
    return math.sqrt(rate * (1 - rate) / replicates)


def grouped(rows: Iterable[Row], *fields: str) -> dict[tuple[Any, ...], list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(getattr(row, field) for field in fields)].append(row)
    return dict(found)


def lowest(rows: Sequence[Row]) -> Row:
    return min(rows, key=lambda row: row.rate)


def mean_rate(rows: Sequence[Row]) -> float:
    return float(np.mean([row.rate for row in rows]))


def mean_width(rows: Sequence[Row]) -> float:
    return float(np.mean([row.width for row in rows]))


def percent(rate: float) -> str:
    return f"{100 * rate:.1f}"


def marked(rate: float) -> str:
    """A lowest coverage in percent, in bold where it is below the least that is accepted."""
    return f"**{percent(rate)}**" if rate < LEAST else percent(rate)


def alarming(rate: float) -> str:
    """A rate of false alarms in percent, in bold where it is above the most that is accepted."""
    return f"**{percent(rate)}**" if rate > MOST else percent(rate)


def markdown(head: Sequence[str], body: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """A table whose first `words` columns are text and the others numbers."""
    lines = [head, ["---"] * words + ["---:"] * (len(head) - words), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def largest_error(rows: Iterable[Row]) -> str:
    return f"Monte Carlo standard error at most {100 * max(row.error for row in rows):.2f} points.\n"


def worst(rows: Iterable[Row], method: str, *, most: int = 12) -> str:
    """The cells in which a default covers less than is accepted, lowest first."""
    missed = sorted((row for row in rows if row.method == method and row.rate < LEAST), key=lambda row: row.rate)
    if not missed:
        return f"{method}: no cell below {percent(LEAST)} %.\n"
    listed = "; ".join(f"{row.group}, {row.setting}, n = {row.n}: {percent(row.rate)}" for row in missed[:most])
    more = f"; and {len(missed) - most} more" if len(missed) > most else ""
    return f"{method}: {len(missed)} cells below {percent(LEAST)} %: {listed}{more}.\n"
