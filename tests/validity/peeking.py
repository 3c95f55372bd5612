"""Looking 50 times at two equal systems, and stopping at the first difference."""

from typing import NamedTuple

import numpy as np

from harness.stats.arrays import Floats
from harness.stats.intervals import t_quantile
from harness.stats.sequential import ConfidenceSequence, asymptotic_confidence_sequence, paired_confidence_sequence
from tests.validity.means import money
from tests.validity.rows import LEVEL, MOST, Row, Section, generator, grouped, markdown, percent, standard_error

PAIRED, ASYMPTOTIC, STUDENT = "paired confidence sequence", "asymptotic confidence sequence", "repeated t-test"
_N, _LOOKS = 1000, 50


class Cell(NamedTuple):
    kind: str
    discordance: float
    replicates: int


def section(quick: bool) -> Section:
    replicates = 150 if quick else 1000
    cells = [Cell("accuracy", discordance, replicates) for discordance in (0.05, 0.1, 0.3)]
    return Section("7. Looking 50 times", [*cells, Cell("money", 0.1, replicates)], run, tables)


def run(cell: Cell) -> list[Row]:
    rng = generator("peeking", cell)
    looks = np.arange(_N // _LOOKS, _N + 1, _N // _LOOKS)
    alarms: dict[str, list[bool]] = {}
    for _ in range(cell.replicates):
        first, second = _pair(cell, rng)
        gaps = second - first
        found = {ASYMPTOTIC: _leaves_out(asymptotic_confidence_sequence(gaps, optimal_at=500), looks)}
        found[STUDENT] = _repeated_t(gaps, looks)
        if cell.kind == "accuracy":
            found[PAIRED] = _leaves_out(paired_confidence_sequence(second, first), looks)
        for method, alarm in found.items():
            alarms.setdefault(method, []).append(alarm)
    rows = []
    for method, each in alarms.items():
        rate = float(np.mean(each))
        setting = f"discordance {cell.discordance}"
        rows.append(Row(cell.kind, setting, _N, method, rate, standard_error(rate, cell.replicates)))
    return rows


def _pair(cell: Cell, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Two columns of the same distribution that differ in some places."""
    differ = rng.random(_N) < cell.discordance
    if cell.kind == "money":
        first = money(rng, _N)
        return first, np.where(differ, money(rng, _N), first)
    right = rng.random(_N)
    first = (right < np.where(differ, 0.5, 0.8)).astype(float)
    return first, np.where(differ, 1 - first, first)


def _leaves_out(sequence: ConfidenceSequence, looks: Floats) -> bool:
    at = looks.astype(np.intp) - 1
    return bool(((sequence.low[at] > 0) | (sequence.high[at] < 0)).any() or sequence.empty_from is not None)


def _repeated_t(gaps: Floats, looks: Floats) -> bool:
    total, squares = np.cumsum(gaps)[looks - 1], np.cumsum(gaps**2)[looks - 1]
    spread = np.maximum(squares - total**2 / looks, 0) / (looks - 1)
    quantile = np.array([t_quantile(LEVEL, n - 1) for n in looks])
    return bool(((np.abs(total) > quantile * np.sqrt(looks * spread)) & (spread > 1e-12)).any())


def tables(rows: list[Row]) -> str:
    body = []
    for (kind, setting), here in grouped(rows, "group", "setting").items():
        by = {row.method: row for row in here}
        line = [kind, setting]
        for method in (PAIRED, ASYMPTOTIC, STUDENT):
            row = by.get(method)
            text = "–" if row is None else f"{percent(row.rate)} ± {100 * row.error:.1f}"
            line.append(f"**{text}**" if row is not None and row.rate > MOST else text)
        body.append(line)
    return (
        f"False alarms in percent, ± the Monte Carlo standard error, of {_LOOKS} looks at {_N:,} pairs without a "
        "difference; bold is above 5.5 %.\n\n"
        + markdown(["values", "pairs", PAIRED, ASYMPTOTIC, STUDENT], body, words=2)
    )
