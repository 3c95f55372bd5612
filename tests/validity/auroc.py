"""Coverage of AUROC: two normal classes, few of one and many of the other, well or hardly told apart."""

from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import logit
from scipy.stats import norm

from harness.stats import auroc
from tests.validity.rows import Row, Section, coverage, generator, largest_error, markdown, marked, worst

DEFAULT, PLAIN = "DeLong, logit", "DeLong"
_SHARED = 0.3**0.5


class Cell(NamedTuple):
    area: float
    clustered: bool
    positives: int
    negatives: int
    replicates: int


def section(quick: bool) -> Section:
    sizes, replicates = (
        (((20, 100), (100, 1000)), 300) if quick else (((10, 100), (20, 100), (100, 100), (100, 1000)), 2000)
    )
    cells = [Cell(area, c, *size, replicates) for size, area, c in product(sizes, (0.7, 0.9, 0.97), (False, True))]
    return Section("9. AUROC", cells, run, tables)


def declared(row: Row) -> bool:
    """Whether the README of `harness.stats` names the cell among those that miss."""
    return " 10 against" in row.group or " 20 against" in row.group


def run(cell: Cell) -> list[Row]:
    """Both classes have a variance of 1. In clusters of four 30 % share the score of their first."""
    rng = generator("auroc", cell)
    n = cell.positives + cell.negatives
    positive = np.arange(n) < cell.positives
    owner = np.arange(n) // 4 if cell.clustered else np.arange(n)
    names = [str(index) for index in owner]
    apart = positive * norm.ppf(cell.area) * 2**0.5
    ends = {method: np.empty((cell.replicates, 2)) for method in (DEFAULT, PLAIN)}
    for index in range(cell.replicates):
        noise = rng.normal(size=n)
        shared = cell.clustered * _SHARED
        scores = apart + shared * rng.normal(size=n)[owner] + (1 - shared**2) ** 0.5 * noise
        found = auroc(scores, positive.tolist(), names)
        assert found is not None and found.interval is not None
        ends[DEFAULT][index] = found.interval
        low, high = logit(ends[DEFAULT][index].clip(1e-9, 1 - 1e-9))
        half = (high - low) / 2 * found.value * (1 - found.value)
        ends[PLAIN][index] = found.value - half, found.value + half
    setting = "clusters of 4, ICC 0.3" if cell.clustered else "independent"
    group = f"{cell.area}, {cell.positives} against {cell.negatives}"
    return [coverage(group, setting, n, method, ends[method], cell.area) for method in ends]


def tables(rows: list[Row]) -> str:
    pairs = zip(rows[::2], rows[1::2], strict=True)
    body = [[a.group, a.setting, marked(a.rate), marked(b.rate), f"{a.width:.3f}"] for a, b in pairs]
    head = ["true AUROC and sizes", "samples", f"{DEFAULT} (default), %", f"{PLAIN}, %", "mean width"]
    return f"{largest_error(rows)}\n{markdown(head, body, words=2)}\n{worst(rows, DEFAULT)}"
