"""Coverage of a proportion where samples come in clusters that are alike: beta-binomial counts."""

from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv, stdtrit

from harness.stats.arrays import Floats
from harness.stats.intervals import t_quantile
from tests.validity.rows import (
    LEVEL,
    RESAMPLES,
    Row,
    Section,
    coverage,
    generator,
    largest_error,
    lowest,
    markdown,
    marked,
    mean_rate,
    mean_width,
    percent,
    worst,
)

SHARES = (0.01, 0.02, 0.05, 0.1, 0.3, 0.5)
ALIKE = (0.0, 0.1, 0.3, 0.6)
SHAPES = ("pairs", "4 each", "1 to 5", "10 each", "1/rank", "halving")
UNEQUAL = ("1/rank", "halving")
DEFAULT = "Korn–Graubard"
METHODS = (DEFAULT, "cluster-robust t", "percentile bootstrap")
_BLOCK = 500


class Cell(NamedTuple):
    shape: str
    icc: float
    n: int
    p: float
    replicates: int


def section(quick: bool) -> Section:
    sizes = (20, 100) if quick else (20, 50, 100, 300, 1000)
    replicates = 1000 if quick else 4000
    cells = [Cell(s, icc, n, p, replicates) for n in sizes for s in SHAPES for icc in ALIKE for p in SHARES]
    return Section("2. A proportion, clustered samples", cells, run, tables)


def declared(group: str, n: int) -> bool:
    """Where the default is known not to reach what is accepted: a few clusters hold most of many samples."""
    return group.startswith(UNEQUAL) and n >= 300


def sizes_of(shape: str, n: int) -> Floats:
    """Sizes of the clusters that n samples come in, summing to n."""
    if shape == "halving":
        sizes = []
        while n > 1:
            sizes.append(n // 2)
            n -= n // 2
        return np.array([*sizes, 1.0])
    if shape == "1/rank":
        share = 1 / np.arange(1, n // 4 + 1)
        ends = np.round(np.cumsum(share) / share.sum() * n)
        sizes_by_rank = np.maximum(np.diff(ends, prepend=0), 1)
        sizes_by_rank[0] += n - sizes_by_rank.sum()
        return sizes_by_rank
    cycle = {"pairs": [2], "4 each": [4], "1 to 5": [1, 2, 3, 4, 5], "10 each": [10]}[shape]
    repeated = np.resize(cycle, n)
    ends = np.minimum(np.cumsum(repeated), n)
    sizes_in_turn = np.diff(ends, prepend=0).astype(float)
    return sizes_in_turn[sizes_in_turn > 0]


def counts_of(sizes: Floats, p: float, icc: float, replicates: int, rng: np.random.Generator) -> Floats:
    """Successes in each cluster, (replicates, clusters): binomial at icc 0, else beta-binomial."""
    shape = (replicates, len(sizes))
    chance = np.full(shape, p) if icc == 0 else rng.beta(p * (1 / icc - 1), (1 - p) * (1 / icc - 1), size=shape)
    return rng.binomial(sizes.astype(np.int64), chance).astype(float)


def run(cell: Cell) -> list[Row]:
    rng = generator("clustered", cell)
    sizes = sizes_of(cell.shape, cell.n)
    counts = counts_of(sizes, cell.p, cell.icc, cell.replicates, rng)
    bootstrap = [percentile(counts[at : at + _BLOCK], sizes, rng) for at in range(0, len(counts) // 4, _BLOCK)]
    ends = (korn_graubard(counts, sizes), cluster_t(counts, sizes), np.concatenate(bootstrap))
    group = f"{cell.shape}, ICC {cell.icc}"
    return [
        coverage(group, f"p = {cell.p}", cell.n, method, pair, cell.p)
        for method, pair in zip(METHODS, ends, strict=True)
    ]


def korn_graubard(counts: Floats, sizes: Floats) -> Floats:
    """`harness.stats.korn_graubard` of many replicates at once: (replicates, 2); a test holds one against the other."""
    n, groups = sizes.sum(), len(sizes)
    share = counts.sum(axis=1) / n
    residual = (counts - share[:, None] * sizes) * (1 - 1 / groups) / (1 - sizes / n)
    second, fourth = (residual**2).sum(axis=1), (residual**4).sum(axis=1)
    varies = second > 1e-12 * n
    second = np.where(varies, second, 1.0)
    kurtosis = np.maximum(groups * fourth / second**2, 1.0)
    df = np.minimum(max(1.0, n**2 / (sizes**2).sum() - 1), 2 * groups / np.maximum(kurtosis - 1, 1e-300))
    effective = np.minimum(share * (1 - share) * n**2 * (groups - 1) / groups / second, n)
    effective *= (t_quantile(LEVEL, n - 1) / stdtrit(df, 0.5 + LEVEL / 2)) ** 2
    effective = np.where(varies, effective, groups)
    hits, tail = share * effective, (1 - LEVEL) / 2
    misses = effective - hits
    low = np.where(hits > 0, betaincinv(np.maximum(hits, 1e-300), misses + 1, tail), 0.0)
    high = np.where(share < 1, betaincinv(hits + 1, np.maximum(misses, 1e-300), 1 - tail), 1.0)
    return np.column_stack([low, high])


def cluster_t(counts: Floats, sizes: Floats) -> Floats:
    """`harness.stats.cluster_t_interval` of many replicates at once: (replicates, 2)."""
    n, groups = sizes.sum(), len(sizes)
    share = counts.sum(axis=1) / n
    second = ((counts - share[:, None] * sizes) ** 2).sum(axis=1)
    half = t_quantile(LEVEL, groups - 1) * np.sqrt(groups / (groups - 1) * second) / n
    return np.column_stack([share - half, share + half])


def percentile(counts: Floats, sizes: Floats, rng: np.random.Generator) -> Floats:
    """Percentile cluster bootstrap of a block of replicates, which share their draws: (replicates, 2)."""
    drawn = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=RESAMPLES).astype(float)
    draws = counts @ drawn.T / (drawn @ sizes)
    tail = (1 - LEVEL) / 2
    ends: Floats = np.quantile(draws, [tail, 1 - tail], axis=1).T
    return ends


def tables(rows: list[Row]) -> str:
    body = []
    for shape in SHAPES:
        for n in sorted({row.n for row in rows}):
            here = [row for row in rows if row.group.startswith(f"{shape},") and row.n == n]
            by = {method: [row for row in here if row.method == method] for method in METHODS}
            low = lowest(by[DEFAULT])
            line = [shape, str(n), str(len(sizes_of(shape, n))), marked(low.rate)]
            line += [f"{low.group.partition(', ')[2]}, {low.setting}", percent(mean_rate(by[DEFAULT]))]
            for method in METHODS[1:]:
                line += [marked(lowest(by[method]).rate), percent(mean_rate(by[method]))]
            line.append(f"{mean_width(by[DEFAULT]) / mean_width(by[METHODS[1]]):.2f}")
            body.append(line)
    head = ["sizes", "n", "clusters", "K–G (default) lowest", "at", "mean"]
    head += ["t lowest", "mean", "bootstrap lowest", "mean", "width K–G / t"]
    return (
        f"Coverage in percent over ICC in {', '.join(map(str, ALIKE))} and p in {', '.join(map(str, SHARES))} (p and "
        "1 - p are the same case); the bootstrap on a quarter of the replicates. 1/rank: n/4 clusters, sizes falling as "
        "1/rank; halving: half of all samples in the first cluster, half of the rest in the next. "
        f"{largest_error(row for row in rows if row.method == DEFAULT)}\n"
        + markdown(head, body)
        + f"\n{worst([row for row in rows if not declared(row.group, row.n)], DEFAULT)}"
        + "Of the declared exceptions (1/rank and halving from n = 300), "
        + worst([row for row in rows if declared(row.group, row.n)], DEFAULT)
    )
