"""Margins: how often "not worse" and "the same" are claimed where the difference is the margin itself."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from harness.stats import mean_standard_error
from harness.stats.arrays import Floats
from harness.stats.margins import equivalence, non_inferiority
from tests.validity.means import in_fours, money, names_of
from tests.validity.rows import Row, Section, alarming, generator, grouped, largest_error, markdown, standard_error

NOT_WORSE, SAME = "non-inferiority", "equivalence (TOST)"


def _binary(discordance: float, effect: float) -> Callable[[np.random.Generator, int], Floats]:
    def draw(rng: np.random.Generator, n: int) -> Floats:
        ahead = (1 + effect / discordance) / 2
        side = np.where(rng.random(n) < ahead, 1.0, -1.0)
        return np.where(rng.random(n) < discordance, side, 0.0)

    return draw


def _dearer(rng: np.random.Generator, n: int) -> Floats:
    return np.where(rng.random(n) < 0.1, money(rng, n) - money(rng, n), 0.0) - 1


def _rare_loss(rng: np.random.Generator, n: int) -> Floats:
    return np.where(rng.random(n) < 0.01, -100.0, 0.0) + np.where(rng.random(n) < 0.1, rng.choice([-6.0, 6.0], n), 0.0)


KINDS: dict[str, tuple[Callable[[np.random.Generator, int], Floats], float]] = {
    "accuracy, 5 % differ, margin 0.02": (_binary(0.05, -0.02), 0.02),
    "accuracy, 10 % differ, margin 0.05": (_binary(0.1, -0.05), 0.05),
    "accuracy, 30 % differ, margin 0.05": (_binary(0.3, -0.05), 0.05),
    "money, each $1 dearer, margin $1": (_dearer, 1.0),
    "money, 1 % lose $100, margin $1": (_rare_loss, 1.0),
}


class Cell(NamedTuple):
    kind: str
    clustered: bool
    n: int
    replicates: int


def section(quick: bool) -> Section:
    sizes, replicates = ((20, 300), 300) if quick else ((20, 50, 100, 300, 1000), 2000)
    cells = [Cell(kind, c, n, replicates) for n in reversed(sizes) for kind in KINDS for c in (False, True)]
    return Section("6. Margins", cells, run, tables)


def run(cell: Cell) -> list[Row]:
    rng = generator("margin", cell)
    draw, margin = KINDS[cell.kind]
    names = names_of(cell.n, cell.clustered)
    shown = np.empty((cell.replicates, 2))
    for index in range(cell.replicates):
        gaps = in_fours(draw, rng, cell.n) if cell.clustered else draw(rng, cell.n)
        mean, error, df = mean_standard_error(gaps, names)
        tests = (non_inferiority, equivalence)
        shown[index] = [test(mean, error, margin=margin, df=df).shown for test in tests]
    setting = "clusters of 4, ICC 0.3" if cell.clustered else "independent"
    return [
        Row(cell.kind, setting, cell.n, method, float(rate), standard_error(float(rate), cell.replicates))
        for method, rate in zip((NOT_WORSE, SAME), shown.mean(axis=0), strict=True)
    ]


def tables(rows: list[Row]) -> str:
    sizes = sorted({row.n for row in rows})
    found = {(row.group, row.setting, row.method, row.n): row.rate for row in rows}
    body = [
        [kind, setting, method, *(alarming(found[kind, setting, method, n]) for n in sizes)]
        for kind, setting, method in sorted(
            grouped(rows, "group", "setting", "method"), key=lambda key: (list(KINDS).index(key[0]), key[1:])
        )
    ]
    return (
        "Percent of runs that claim it though the difference is minus the margin, from the mean difference, its "
        f"cluster-robust standard error and G - 1 degrees; bold is above 5.5 %. {largest_error(rows)}\n"
        + markdown(["pairs", "samples", "claim", *(f"n = {n}" for n in sizes)], body, words=3)
    )
