"""The triage agent's own time per ticket on the reader: with vectors cached, and what embedding adds without."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.build.plan import Plan, planned
from harness.build.solver import build_solver
from harness.core.protocols import Solver
from harness.evaluation.runner import Input, execute
from tests.benchmarks.figures import Figure

_ROOT = Path(__file__).resolve().parents[2]
_STAGES = ("screen", "retrieve", "render", "converse", "conclude")


def measure() -> Iterator[Figure]:
    """One pass over all tickets with a new cache, then three with everything cached; the median pass is quoted."""
    plan = planned(_ROOT / "eval_sets/triage/suite.yaml", overrides=["split=null"])
    with tempfile.TemporaryDirectory() as folder:
        solver = build_solver(plan, home=Path(folder))
        asyncio.run(solver(Input(id="warm-up", input=plan.samples[0].input, trial=0, seed=0)))
        cold, _ = _pass(plan, solver)
        passes = sorted((_pass(plan, solver) for _ in range(3)), key=lambda found: float(np.median(found[0])))
        throughput = _throughput(plan, solver)
    warm, stages = passes[1]
    n = f"{len(warm)} tickets"
    for percent, limit in ((50, 20), (95, 40)):
        yield Figure(f"triage agent a ticket, vectors cached, p{percent}", _percentile(warm, percent), "ms", limit, n)
    for stage in _STAGES:
        yield Figure(f"  of which {stage}, p50", _percentile(stages[stage], 50), "ms")
    extra = np.asarray(cold) - np.asarray(warm)
    for percent in (50, 95):
        yield Figure(f"  + embedding what isn't cached, p{percent}", _percentile(extra.tolist(), percent), "ms")
    yield Figure("tickets a second with vectors cached, scored", throughput, "/s")


def _pass(plan: Plan, solver: Solver) -> tuple[list[float], dict[str, list[float]]]:
    """Milliseconds of each ticket, and of each stage."""

    async def run() -> tuple[list[float], dict[str, list[float]]]:
        totals: list[float] = []
        stages: dict[str, list[float]] = {stage: [] for stage in _STAGES}
        for sample in plan.samples:
            output = await solver(Input(id=sample.id, input=sample.input, trial=0, seed=0))
            for stage in _STAGES:
                stages[stage].append(output.trace.timings_ms[stage])
            totals.append(sum(output.trace.timings_ms.values()))
        return totals, stages

    return asyncio.run(run())


def _throughput(plan: Plan, solver: Solver) -> float:
    """Tickets a second through runner and scorers, without a journal."""
    begun = time.perf_counter()
    asyncio.run(execute(plan.samples, solver=solver, scorers=plan.scorers, journal=None))
    return len(plan.samples) / (time.perf_counter() - begun)


def _percentile(values: list[float], percent: float) -> float:
    return float(np.percentile(values, percent))
