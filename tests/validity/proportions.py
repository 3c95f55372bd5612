"""Coverage of a proportion of independent samples: exact, as every interval hangs on the count of successes alone."""

from typing import NamedTuple

import numpy as np

from harness.stats import (
    bca_interval,
    clopper_pearson,
    cluster_bootstrap,
    jackknife_error,
    percentile_interval,
    t_interval,
    wilson,
)
from harness.stats.arrays import Floats
from tests.validity.rows import (
    LEAST,
    LEVEL,
    RESAMPLES,
    Row,
    Section,
    generator,
    grouped,
    holds,
    lowest,
    markdown,
    marked,
    mean_rate,
    mean_width,
    percent,
)

SHARES = (0.01, 0.02, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.98, 0.99)
DEFAULT = "Clopper–Pearson"
METHODS = (DEFAULT, "Wilson", "t", "percentile bootstrap", "BCa bootstrap")


class Cell(NamedTuple):
    n: int


def section(quick: bool) -> Section:
    sizes = (20, 100, 300) if quick else (20, 50, 100, 300, 1000)
    return Section("1. A proportion, independent samples", [Cell(n) for n in sizes], run, tables)


def run(cell: Cell) -> list[Row]:
    from scipy.stats import binom

    n = cell.n
    rng = generator("proportion", cell)
    ends = {method: np.empty((n + 1, 2)) for method in METHODS}
    for count in range(n + 1):
        for method, interval in zip(METHODS, _intervals(count, n, rng), strict=True):
            ends[method][count] = interval
    rows = []
    for p in SHARES:
        weight = binom.pmf(np.arange(n + 1), n, p)
        for method in METHODS:
            held = float(weight @ holds(*ends[method].T, p))
            rows.append(Row("", f"p = {p}", n, method, held, 0.0, float(weight @ np.ptp(ends[method], axis=1))))
    return rows


def _intervals(count: int, n: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    values = (np.arange(n) < count).astype(float)
    sums = np.column_stack([values, np.ones(n)])
    draws = cluster_bootstrap(sums, _mean, rng=rng, resamples=RESAMPLES)
    _, left_out = jackknife_error(sums, _mean)
    return [
        clopper_pearson(count, n),
        wilson(count, n),
        t_interval(values),  # type: ignore[arg-type]
        percentile_interval(draws),
        bca_interval(count / n, draws, jackknife=left_out),
    ]


def _mean(totals: Floats) -> Floats:
    mean: Floats = totals[:, 0] / totals[:, 1]
    return mean


def tables(rows: list[Row]) -> str:
    cells = grouped(rows, "method", "n")
    body = []
    for method in METHODS:
        for n in sorted({row.n for row in rows}):
            here = cells[method, n]
            low, mean = lowest(here), mean_rate(here)
            ratio = mean_width(here) / mean_width(cells["Wilson", n])
            name = f"{method} (default)" if method == DEFAULT else method
            width = f"{mean_width(here):.4f}"
            at = low.setting.removeprefix("p = ")
            body.append(
                [
                    name,
                    str(n),
                    marked(low.rate),
                    at,
                    percent(mean),
                    f"{100 * (mean - LEVEL):+.1f}",
                    width,
                    f"{ratio:.2f}",
                ]
            )
    head = ["method", "n", "lowest, %", "at p", "mean, %", "excess", "mean width", "of Wilson's"]
    return (
        f"Over p in {', '.join(map(str, SHARES))}. Bold: below {percent(LEAST)} %. Computed from the binomial, without "
        f"Monte Carlo error; a bootstrap's interval for each count is from one run of {RESAMPLES:,} resamples.\n\n"
        + markdown(head, body)
    )
