"""Coverage of statistics that are no mean: macro-F1, and the expected calibration error."""

from typing import NamedTuple

import numpy as np

from harness.stats import (
    Estimator,
    cluster_bootstrap,
    cluster_sums,
    ece_from_bins,
    equal_width_bins,
    macro_f1,
    percentile_interval,
)
from harness.stats.arrays import Floats
from harness.stats.bootstrap import Statistic
from tests.validity.means import names_of
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
    worst,
)

DEFAULT = "jackknife"
METHODS = (DEFAULT, "percentile bootstrap")
BALANCED, SKEWED = "macro-F1, 3 labels, 1/3 each", "macro-F1, 5 labels, 50 to 3 %"
_PREVALENCE = {BALANCED: (1 / 3, 1 / 3, 1 / 3), SKEWED: (0.5, 0.3, 0.12, 0.05, 0.03)}
_ACCURACY = 0.8
_OVERCONFIDENT = {"ECE 0.10": 0.1, "ECE 0.02": 0.02, "ECE 0": 0.0}
_SHARED = 0.3**0.5


class Cell(NamedTuple):
    kind: str
    clustered: bool
    n: int
    replicates: int


def section(quick: bool) -> Section:
    sizes, replicates = ((50, 300), 60) if quick else ((50, 100, 300, 1000), 400)
    kinds = [*_PREVALENCE, *_OVERCONFIDENT]
    cells = [Cell(kind, c, n, replicates) for n in reversed(sizes) for kind in kinds for c in (False, True)]
    return Section("4. Macro-F1 and calibration error", cells, run, tables)


def sample(kind: str, n: int, clustered: bool, rng: np.random.Generator) -> Floats:
    """Rows of sums: confusion counts, or bins of confidences in [0.5, 1] and hits that are rarer by the true ECE."""
    owner, wanted = np.arange(n), n
    if clustered:  # some repeat what their four have in common
        n += -(-n // 4)
        owner = np.where(rng.random(wanted) < _SHARED, wanted + owner // 4, owner)
    if kind in _PREVALENCE:
        labels = len(_PREVALENCE[kind])
        gold = rng.choice(labels, p=_PREVALENCE[kind], size=n)
        other = (gold + rng.integers(1, labels, size=n)) % labels
        given = np.where(rng.random(n) < _ACCURACY, gold, other)
        return np.eye(labels * labels)[(gold * labels + given)[owner]]
    confidence = rng.uniform(0.5, 1, size=n)
    correct = (rng.random(n) < confidence - _OVERCONFIDENT[kind]).astype(float)
    return equal_width_bins(confidence[owner], correct[owner], bins=10)


def statistic_of(kind: str) -> Statistic:
    if kind not in _PREVALENCE:
        return ece_from_bins
    labels = len(_PREVALENCE[kind])
    return lambda totals: macro_f1(totals.reshape(-1, labels, labels))


def true_value(kind: str) -> float:
    """The ECE is what was put in; macro-F1 that of the confusion expected."""
    if kind in _OVERCONFIDENT:
        return _OVERCONFIDENT[kind]
    prevalence = np.array(_PREVALENCE[kind])
    labels = len(prevalence)
    given = np.where(np.eye(labels) > 0, _ACCURACY, (1 - _ACCURACY) / (labels - 1))
    return float(macro_f1(prevalence[:, None] * given))


def run(cell: Cell) -> list[Row]:
    rng = generator("composite", cell)
    statistic, truth = statistic_of(cell.kind), true_value(cell.kind)
    names = names_of(cell.n, cell.clustered)
    ends = {method: np.empty((cell.replicates, 2)) for method in METHODS}
    estimator = Estimator(seed=0)
    for index in range(cell.replicates):
        columns = sample(cell.kind, cell.n, cell.clustered, rng)
        found = estimator.of_sums(columns, statistic, names)
        ends[DEFAULT][index] = found.low, found.high
        draws = cluster_bootstrap(cluster_sums(columns, names), statistic, rng=rng, resamples=RESAMPLES)
        ends["percentile bootstrap"][index] = percentile_interval(draws)
    setting = "clusters of 4, ICC 0.3" if cell.clustered else "independent"
    return [coverage(cell.kind, setting, cell.n, method, ends[method], truth) for method in METHODS]


def tables(rows: list[Row]) -> str:
    order = [*_PREVALENCE, *_OVERCONFIDENT]
    body = []
    for (kind, setting, n), here in sorted(
        grouped(rows, "group", "setting", "n").items(), key=lambda item: (order.index(item[0][0]), item[0][1:])
    ):
        by = {row.method: row for row in here}
        rates = [marked(by[method].rate) for method in METHODS]
        body.append([kind, setting, str(n), *rates, f"{by[DEFAULT].width / by['percentile bootstrap'].width:.2f}"])
    head = ["statistic", "samples", "n", "jackknife (default), %", "percentile, %", "width"]
    return (
        f"Accuracy is 80 %. ECE over 10 bins, confidences uniform in [0.5, 1]. {largest_error(rows)}\n"
        + markdown(head, body, words=2)
        + f"\n{worst([row for row in rows if row.group.startswith('macro')], DEFAULT)}"
    )
