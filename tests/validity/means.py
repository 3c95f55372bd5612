"""Coverage of a mean: normal, skewed, and of money, where most cost the same and a few cost a lot."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from harness.stats import Estimator, cluster_bootstrap, cluster_sums, cluster_t_interval, percentile_interval
from harness.stats.arrays import Floats
from tests.validity.rows import (
    RESAMPLES,
    Row,
    Section,
    coverage,
    generator,
    grouped,
    largest_error,
    markdown,
    marked,
    mean_width,
    percent,
    worst,
)

DEFAULT = "BCa, widened"
METHODS = (DEFAULT, "t", "percentile bootstrap")
_SHARED = math.sqrt(0.3)


def _normal(rng: np.random.Generator, n: int) -> Floats:
    return rng.normal(size=n)


def _lognormal(rng: np.random.Generator, n: int) -> Floats:
    return np.exp(rng.normal(size=n))


def money(rng: np.random.Generator, n: int) -> Floats:
    """80 % $6, 12 % $0, 7 % $18 to $90, 1 % $1,000."""
    kind = rng.choice(4, p=[0.8, 0.12, 0.07, 0.01], size=n)
    return np.choose(kind, [6.0, 0.0, rng.uniform(18, 90, size=n), 1000.0])


def tickets(rng: np.random.Generator, n: int) -> Floats:
    """As `money`, without the one in a hundred that is expensive."""
    kind = rng.choice(3, p=[0.8, 0.13, 0.07], size=n)
    return np.choose(kind, [6.0, 0.0, rng.uniform(18, 90, size=n)])


KINDS: dict[str, tuple[Callable[[np.random.Generator, int], Floats], float]] = {
    "normal": (_normal, 0.0),
    "lognormal": (_lognormal, math.exp(0.5)),
    "money, no rare loss": (tickets, 0.8 * 6 + 0.07 * 54),
    "money, 1 % $1,000": (money, 0.8 * 6 + 0.07 * 54 + 10),
}


class Cell(NamedTuple):
    kind: str
    clustered: bool
    n: int
    replicates: int


def section(quick: bool) -> Section:
    sizes, replicates = ((20, 100), 150) if quick else ((20, 50, 100, 300), 1000)
    cells = [Cell(kind, c, n, replicates) for n in reversed(sizes) for kind in KINDS for c in (False, True)]
    return Section("3. A mean", cells, run, tables)


def in_fours(draw: Callable[[np.random.Generator, int], Floats], rng: np.random.Generator, n: int) -> Floats:
    """n values in clusters of 4 with an intraclass correlation of 0.3: some share a value of their cluster."""
    common = np.repeat(draw(rng, -(-n // 4)), 4)[:n]
    return np.where(rng.random(n) < _SHARED, common, draw(rng, n))


def names_of(n: int, clustered: bool) -> list[str]:
    return [str(index // 4 if clustered else index) for index in range(n)]


def run(cell: Cell) -> list[Row]:
    rng = generator("mean", cell)
    draw, truth = KINDS[cell.kind]
    names = names_of(cell.n, cell.clustered)
    ends = {method: np.empty((cell.replicates, 2)) for method in METHODS}
    for index in range(cell.replicates):
        values = in_fours(draw, rng, cell.n) if cell.clustered else draw(rng, cell.n)
        found = Estimator(seed=index, resamples=RESAMPLES).mean(values, names, name=repr(cell))
        ends[DEFAULT][index] = found.low, found.high
        ends["t"][index] = cluster_t_interval(values, names)
        sums = cluster_sums(np.column_stack([values, np.ones(cell.n)]), names)
        draws = cluster_bootstrap(sums, _quotient, rng=rng, resamples=RESAMPLES)
        ends["percentile bootstrap"][index] = percentile_interval(draws)
    setting = "clusters of 4, ICC 0.3" if cell.clustered else "independent"
    return [coverage(cell.kind, setting, cell.n, method, ends[method], truth) for method in METHODS]


def _quotient(totals: Floats) -> Floats:
    mean: Floats = totals[:, 0] / totals[:, 1]
    return mean


def tables(rows: list[Row]) -> str:
    body = []
    for (kind, setting, n), here in sorted(
        grouped(rows, "group", "setting", "n").items(), key=lambda item: (list(KINDS).index(item[0][0]), item[0][1:])
    ):
        by = {row.method: row for row in here}
        rates = [marked(by[method].rate) for method in METHODS]
        body.append([kind, setting, str(n), *rates, f"{by[DEFAULT].width / mean_width([by['t']]):.2f}"])
    head = ["values", "samples", "n", "BCa, widened (default)", "t", "percentile", "width BCa / t"]
    return (
        f"Coverage in percent; bold is below {percent(0.935)}. {largest_error(rows)}\n"
        + markdown(head, body, words=2)
        + f"\n{worst(rows, DEFAULT)}"
    )
