"""Words alone, meaning alone, and both: a suite of queries run in each mode, side by side and slice by slice."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.build.api import run_plan
from harness.build.plan import Plan, planned
from harness.core.errors import UsageError
from harness.core.types import Sample
from harness.evaluation import Progress, Run
from harness.stats import Estimate, Estimator
from harness.workflows.folders import own_folder

MODES = ("lexical", "dense", "hybrid")
FIGURES = ("ndcg_at_10", "recall_at_5", "mrr")
WHOLE = "all"

Watch = Callable[[str, Plan], AbstractContextManager[Progress | None]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of one mode over one slice."""

    slice: str
    figure: str
    mode: str
    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Gain:
    """How much hybrid is better than one of its halves, in pairs; `p` is a sign-flip test's."""

    slice: str
    figure: str
    over: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    p: float | None


@dataclass(frozen=True)
class Modes:
    """The runs by mode, every cell, the gains of hybrid, and results that didn't hold on their day: wrong and all, by mode.

    Where it was interrupted there are only the runs that were begun.
    """

    folder: Path
    runs: dict[str, Run]
    cells: tuple[Cell, ...] = ()
    gains: tuple[Gain, ...] = ()
    not_in_force: dict[str, tuple[int, int]] = field(default_factory=dict)
    interrupted: bool = False

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "runs": {mode: str(run.path) for mode, run in self.runs.items()},
            "figures": [asdict(cell) for cell in self.cells],
            "hybrid_minus": [asdict(gain) for gain in self.gains],
            "not_in_force": {m: {"wrong": wrong, "of": of} for m, (wrong, of) in self.not_in_force.items()},
        }


def run_modes(
    suite: Path,
    *,
    out: Path | None = None,
    limit: int | None = None,
    overrides: Sequence[str] = (),
    watch: Watch = lambda _mode, _plan: nullcontext(),
) -> Modes:
    """Run `suite` once a mode into `out`/MODE, and compare.

    UsageError where it isn't a suite of queries (`solver: search`, scorer `ranking`).
    """
    fixed = [*overrides, "baselines=[]", "gates=[]", "trials=1"]
    plans = {mode: planned(suite, limit=limit, overrides=[*fixed, f"retrieval.mode={mode}"]) for mode in MODES}
    first = plans[MODES[0]]
    if first.suite.solving != "search" or "ranking" not in first.suite.scorers:
        what = "this suite doesn't measure retrieval alone"
        raise UsageError(what, where=suite, fix="use one with `solver: search` and `scorers: [ranking]`")
    folder = own_folder(out, name=f"{first.suite.name}-modes")
    runs: dict[str, Run] = {}
    for mode, plan in plans.items():
        with watch(mode, plan) as progress:
            runs[mode] = run_plan(plan, out=folder / mode, progress=progress)
        if runs[mode].info["interrupted"]:
            return Modes(folder, runs, interrupted=True)
    return _compared(folder, runs, first)


def _compared(folder: Path, runs: dict[str, Run], plan: Plan) -> Modes:
    """Figures over the queries that every mode has a verdict on, whole and by slice."""
    facts = {mode: _facts(run) for mode, run in runs.items()}
    shared = [sample for sample in plan.samples if all(sample.id in found for found in facts.values())]
    slices = [WHOLE, *sorted({tag for sample in shared for tag in sample.slices})]
    cells: list[Cell] = []
    gains: list[Gain] = []
    for tag in slices:
        chosen = [sample for sample in shared if tag == WHOLE or tag in sample.slices]
        for figure in FIGURES:
            values = {mode: [float(facts[mode][s.id][figure]) for s in chosen] for mode in MODES}
            cells += [_cell(plan.estimator, tag, figure, mode, values[mode], chosen) for mode in MODES]
            gains += [_gain(plan.estimator, tag, figure, over, values, chosen) for over in MODES[:2]]
    wrong = {
        mode: (
            sum(int(fact["not_in_force"] or 0) for fact in found.values()),
            sum(int(fact["results"] or 0) for fact in found.values()),
        )
        for mode, found in facts.items()
    }
    return Modes(folder, runs, tuple(cells), tuple(gains), wrong)


def _facts(run: Run) -> dict[str, dict[str, Any]]:
    """The ranking scorer's verdicts by sample."""
    scores = ((row["sample_id"], row["scores"].get("ranking", {})) for row in run.rows())
    return {id: score["value"] for id, score in scores if score.get("outcome") == "scored"}


def _clusters(samples: Sequence[Sample]) -> list[str]:
    return [sample.cluster or sample.id for sample in samples]


def _cell(
    estimator: Estimator, tag: str, figure: str, mode: str, values: list[float], samples: Sequence[Sample]
) -> Cell:
    found: Estimate = estimator.share(values, [1.0] * len(values), _clusters(samples))
    return Cell(tag, figure, mode, len(values), found.value, found.low, found.high)


def _gain(
    estimator: Estimator,
    tag: str,
    figure: str,
    over: str,
    values: dict[str, list[float]],
    samples: Sequence[Sample],
) -> Gain:
    name = f"{over}.{tag}.{figure}"
    found = estimator.difference(values[over], values["hybrid"], _clusters(samples), name=name, span=1.0)
    return Gain(tag, figure, over, found.n, found.value, found.low, found.high, found.p)
