"""Power as `harness.stats.planning` computes it, beside that of the tests in simulation."""

import math
from typing import NamedTuple

import numpy as np

from harness.stats import mcnemar
from harness.stats.arrays import Floats
from harness.stats.intervals import t_quantile
from harness.stats.planning import cluster_design_effect, paired_binary_variance, power, unpaired_variance
from tests.validity.rows import (
    LEVEL,
    Row,
    Section,
    generator,
    grouped,
    largest_error,
    markdown,
    percent,
    standard_error,
)

COMPUTED, STUDENT, EXACT = "computed", "t-test", "exact test"
_SIZE, _ICC = 4, 0.3


class Cell(NamedTuple):
    kind: str
    effect: float
    n: int
    replicates: int


PAIRED = {"paired, 10 % differ": 0.1, "paired, 30 % differ": 0.3}
MEANS, CLUSTERS, UNPAIRED = "paired means, sd 1", "paired means, sd 1, clusters of 4, ICC 0.3", "unpaired, 80 % against"
EFFECTS = {"paired, 10 % differ": 0.05, "paired, 30 % differ": 0.08, MEANS: 0.2, CLUSTERS: 0.25, UNPAIRED: 0.08}


def section(quick: bool) -> Section:
    sizes, replicates = ((100, 300), 2000) if quick else ((52, 100, 200, 300, 600), 20_000)
    cells = [Cell(kind, effect, n, replicates) for kind, effect in EFFECTS.items() for n in sizes]
    return Section("8. Power", cells, run, tables)


def run(cell: Cell) -> list[Row]:
    rng = generator("power", cell)
    n, effect = cell.n, cell.effect
    rates = {}
    if cell.kind in PAIRED:
        share = PAIRED[cell.kind]
        rates[COMPUTED] = power(effect, variance=paired_binary_variance(share, effect), n=n)
        chance = [(share + effect) / 2, (share - effect) / 2, 1 - share]
        wins, losses, _ = rng.multinomial(n, chance, size=cell.replicates).T
        pairs, place = np.unique(np.column_stack([wins, losses]), axis=0, return_inverse=True)
        exact = np.array([mcnemar(int(b), int(c)).exact <= 1 - LEVEL for b, c in pairs])
        rates[EXACT] = float(exact[place.ravel()].mean())
        mean, variance = (wins - losses) / n, (wins + losses - (wins - losses) ** 2 / n) / (n - 1)
        rates[STUDENT] = _rejected(mean, variance / n, n - 1)
    elif cell.kind == UNPAIRED:
        first, second = 0.8, 0.8 + effect
        variance = unpaired_variance(first * (1 - first), second * (1 - second))
        rates[COMPUTED] = power(effect, variance=variance, n=n, df=2 * n - 2)
        a, b = (rng.binomial(n, p, size=cell.replicates) / n for p in (first, second))
        rates[STUDENT] = _rejected(b - a, (a * (1 - a) + b * (1 - b)) / (n - 1), 2 * n - 2)
    else:
        groups, icc = (n // _SIZE, _ICC) if cell.kind == CLUSTERS else (n, 0.0)
        size = n // groups
        design = cluster_design_effect([size] * groups, icc)
        rates[COMPUTED] = power(effect, variance=1.0, n=n, design_effect=design, df=groups - 1)
        spread = math.sqrt(icc + (1 - icc) / size)
        means = rng.normal(effect, spread, size=(cell.replicates, groups))
        rates[STUDENT] = _rejected(means.mean(axis=1), means.var(axis=1, ddof=1) / groups, groups - 1)
    return [
        Row(
            cell.kind,
            f"{effect:g}",
            n,
            method,
            rate,
            0 if method == COMPUTED else standard_error(rate, cell.replicates),
        )
        for method, rate in rates.items()
    ]


def _rejected(mean: Floats, squared_error: Floats, df: int) -> float:
    """Share of replicates whose t-test at LEVEL rejects 0."""
    return float((np.abs(mean) > t_quantile(LEVEL, df) * np.sqrt(squared_error)).mean())


def tables(rows: list[Row]) -> str:
    body = []
    for (kind, effect, n), here in grouped(rows, "group", "setting", "n").items():
        by = {row.method: row.rate for row in here}
        shown = [percent(by[method]) if method in by else "–" for method in (COMPUTED, STUDENT, EXACT)]
        body.append([kind, effect, str(n), *shown, f"{100 * (by[STUDENT] - by[COMPUTED]):+.1f}"])
    return (
        "Percent of runs that show the effect; the exact test is McNemar's. For clusters `df` is G - 1, unpaired n is "
        f"of each group. {largest_error(rows)}\n"
        + markdown(["samples", "effect", "n", COMPUTED, "simulated t", "simulated exact", "t - computed"], body)
    )
