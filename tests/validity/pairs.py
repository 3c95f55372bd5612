"""Paired differences: coverage of the interval where there is a difference, and false alarms where there is none."""

from typing import NamedTuple

import numpy as np

from harness.stats import cluster_t_interval, mcnemar, paired_bootstrap, paired_difference, sign_flip_test
from harness.stats.arrays import Floats
from tests.validity.means import in_fours, money, names_of
from tests.validity.rows import (
    LEVEL,
    RESAMPLES,
    Row,
    Section,
    alarming,
    coverage,
    generator,
    grouped,
    largest_error,
    lowest,
    markdown,
    marked,
    mean_rate,
    mean_width,
    percent,
    standard_error,
    worst,
)

DISCORDANCE = (0.02, 0.05, 0.1, 0.3)
BOOTSTRAP, PLAIN, STUDENT = "paired bootstrap, span 1", "paired bootstrap, no span", "t"
INTERVALS = (BOOTSTRAP, PLAIN, STUDENT)
MCNEMAR, MID_P, FLIP, WHOLE = "McNemar exact", "McNemar mid-p", "sign flip", "paired_difference"
ALARMS = (WHOLE, FLIP, MCNEMAR, MID_P, BOOTSTRAP, PLAIN)
INDEPENDENT, FOURS = "independent", "clusters of 4, ICC 0.3"
_CHANGED = 0.1


class Cell(NamedTuple):
    kind: str
    clustered: bool
    n: int
    discordance: float
    ahead: float
    """Share of the discordant pairs that the second wins; 1/2 is no effect."""
    replicates: int


def section(quick: bool) -> Section:
    sizes, replicates = ((20, 100), 250) if quick else ((20, 50, 100, 300, 1000), 1000)
    cells = [
        Cell("accuracy", clustered, n, discordance, ahead, replicates * (1 if clustered or quick else 2))
        for n in reversed(sizes)
        for clustered in (True, False)
        for discordance in DISCORDANCE
        for ahead in (0.5, 0.75)
    ]
    cells += [
        Cell("money", c, n, _CHANGED, 0.5, replicates) for n in (20, 100, 300) if n in sizes for c in (False, True)
    ]
    return Section("5. Paired differences", cells, run, tables)


def run(cell: Cell) -> list[Row]:
    rng = generator("pairs", cell)
    sample = _money if cell.kind == "money" else _accuracy
    samples = np.array([sample(cell, rng) for _ in range(cell.replicates)])
    if cell.kind == "accuracy" and not cell.clustered:  # nothing but how many win and lose matters
        samples = np.sort(samples, axis=1)
    samples, inverse = np.unique(samples, axis=0, return_inverse=True)
    names = names_of(cell.n, cell.clustered)
    span = None if cell.kind == "money" else 1.0
    truth = 0.0 if cell.ahead == 0.5 else cell.discordance * (2 * cell.ahead - 1)
    found = [_ends(gaps, names, span, rng) for gaps in samples]
    setting = FOURS if cell.clustered else INDEPENDENT
    label = f"{'A/A' if cell.ahead == 0.5 else 'effect'}, discordance {cell.discordance}"
    rows = []
    for method in INTERVALS if span else (PLAIN, STUDENT):
        ends = np.array([each[method] for each in found])[inverse.ravel()]
        rows.append(coverage(f"{cell.kind} {setting}", label, cell.n, method, ends, truth))
    if cell.ahead == 0.5:
        alarms = [
            _alarms(gaps, names, span, each, rng, pairs=not cell.clustered)
            for gaps, each in zip(samples, found, strict=True)
        ]
        for method in alarms[0]:
            rate = float(np.array([each[method] for each in alarms])[inverse.ravel()].mean())
            group = f"{cell.kind} {setting}, false alarms"
            rows.append(Row(group, label, cell.n, method, rate, standard_error(rate, cell.replicates)))
    return rows


def _accuracy(cell: Cell, rng: np.random.Generator) -> Floats:
    def draw(rng: np.random.Generator, n: int) -> Floats:
        side = np.where(rng.random(n) < cell.ahead, 1.0, -1.0)
        return np.where(rng.random(n) < cell.discordance, side, 0.0)

    return in_fours(draw, rng, cell.n) if cell.clustered else draw(rng, cell.n)


def _money(cell: Cell, rng: np.random.Generator) -> Floats:
    """One in ten tickets is decided anew, at a cost from the same distribution."""

    def draw(rng: np.random.Generator, n: int) -> Floats:
        return np.where(rng.random(n) < cell.discordance, money(rng, n) - money(rng, n), 0.0)

    return in_fours(draw, rng, cell.n) if cell.clustered else draw(rng, cell.n)


def _ends(
    gaps: Floats, names: list[str], span: float | None, rng: np.random.Generator
) -> dict[str, tuple[float, float]]:
    ends = {STUDENT: tuple(cluster_t_interval(gaps, names))}
    ends[PLAIN] = tuple(paired_bootstrap(gaps, names, rng=rng, resamples=RESAMPLES))
    if span:
        ends[BOOTSTRAP] = tuple(paired_bootstrap(gaps, names, rng=rng, resamples=RESAMPLES, span=span))
    return ends  # type: ignore[return-value]


def _alarms(
    gaps: Floats,
    names: list[str],
    span: float | None,
    ends: dict[str, tuple[float, float]],
    rng: np.random.Generator,
    *,
    pairs: bool,
) -> dict[str, bool]:
    """Whether each method says that there is a difference."""
    whole = paired_difference(np.zeros_like(gaps), gaps, names, rng=rng, resamples=RESAMPLES, span=span)
    alarms = {
        WHOLE: whole.low is not None and whole.high is not None and not whole.low <= 0 <= whole.high,
        FLIP: sign_flip_test(gaps, names, rng=rng).p <= 1 - LEVEL,
    }
    if pairs and span:
        test = mcnemar(int((gaps < 0).sum()), int((gaps > 0).sum()))
        alarms |= {MCNEMAR: test.exact <= 1 - LEVEL, MID_P: test.mid_p <= 1 - LEVEL}
    return alarms | {method: not low <= 0 <= high for method, (low, high) in ends.items()}


def is_alarm(row: Row) -> bool:
    return row.group.endswith("false alarms")


def tables(rows: list[Row]) -> str:
    held = [row for row in rows if not is_alarm(row)]
    alarms = [row for row in rows if is_alarm(row)]
    accuracy = [row for row in held if row.group.startswith("accuracy")]
    return (
        f"Coverage of the difference of two accuracies, in percent, over discordance in "
        f"{', '.join(map(str, DISCORDANCE))}, without an effect and with one of half the discordance. "
        f"{largest_error(row for row in accuracy if row.method == BOOTSTRAP)}\n"
        + _coverage_table(accuracy)
        + f"\n{worst(accuracy, BOOTSTRAP)}"
        + "\nFalse alarms in percent where both sides are equal, the most over discordance; bold is above 5.5 %. "
        f"{largest_error(alarms)}\n" + _alarm_table(alarms)
    )


def _coverage_table(rows: list[Row]) -> str:
    body = []
    for (group, n), here in sorted(grouped(rows, "group", "n").items()):
        by = {method: [row for row in here if row.method == method] for method in INTERVALS}
        low = lowest(by[BOOTSTRAP])
        line = [group.partition(" ")[2], str(n), marked(low.rate), low.setting, percent(mean_rate(by[BOOTSTRAP]))]
        for method in INTERVALS[1:]:
            line += [marked(lowest(by[method]).rate), percent(mean_rate(by[method]))]
        line.append(f"{mean_width(by[BOOTSTRAP]) / mean_width(by[STUDENT]):.2f}")
        body.append(line)
    head = ["pairs", "n", "bootstrap, span 1 (default): lowest", "at", "mean"]
    head += ["no span: lowest", "mean", "t: lowest", "mean", "width default / t"]
    return markdown(head, body)


def _alarm_table(rows: list[Row]) -> str:
    columns = (*ALARMS, STUDENT)
    body = []
    for (group, n), here in sorted(grouped(rows, "group", "n").items()):
        line = [group.removesuffix(", false alarms").replace(" ", ", ", 1), str(n)]
        for method in columns:
            rates = [row.rate for row in here if row.method == method]
            worst_rate = max(rates) if rates else 0.0
            line.append(alarming(worst_rate) if rates else "–")
        body.append(line)
    return markdown(["values, pairs", "n", *columns], body)
