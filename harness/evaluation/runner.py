"""Runs samples through a solver and scorers, a bounded number at once, and journals each as it ends."""

import asyncio
import inspect
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from harness.core.errors import HarnessError, InfrastructureError, ProviderRefused, one_line
from harness.core.hashing import derive_seed
from harness.core.protocols import Scorer, Solver
from harness.core.types import Errored, Outcome, Output, Sample, Scored, ScoreRow
from harness.evaluation.journal import Journal, trial_outcome, trial_row


@dataclass(frozen=True, slots=True)
class Input:
    """What a solver sees of a sample: never the target."""

    id: str
    input: object
    trial: int
    seed: int


class Progress(Protocol):
    """Told after each trial."""

    def __call__(self, *, done: int, total: int, errored: int) -> None:
        """`done` of `total` trials are finished, `errored` of them in error."""
        ...


@dataclass(slots=True)
class Results:
    """What is kept in memory for metrics: one ScoreRow a scorer and trial."""

    rows: dict[str, list[ScoreRow]]
    total: int
    done: int = 0
    scored: int = 0
    unscored: int = 0
    errored: int = 0
    interrupted: bool = False
    stopped: str = ""


async def execute(
    samples: Sequence[Sample],
    *,
    solver: Solver,
    scorers: Sequence[Scorer],
    journal: Journal | None,
    trials: int = 1,
    concurrency: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
    earlier: Results | None = None,
    done: Collection[tuple[str, int]] = (),
) -> Results:
    """Run every sample `trials` times, but for (id, trial) in `done`, whose verdicts `earlier` holds. Cancelling it ends the run early; what was finished is kept and returned.

    Infrastructure failures become Errored trials; a UsageError of the solver ends the run and is raised. A provider that
    refuses after some trials were finished ends it as an interrupt does, with the reason in `stopped`.
    """
    results = earlier or Results(rows={scorer.name: [] for scorer in scorers}, total=len(samples) * trials)
    before = results.done
    work = ((s, trial) for trial in range(trials) for s in samples if (s.id, trial) not in done)
    trial_of = _Trial(solver=solver, scorers=scorers, seed=seed)

    def record(sample: Sample, trial: int, finished: "_Finished") -> None:
        _keep(results, sample, trial, finished)
        if journal is not None:
            journal.append(
                trial_row(
                    sample,
                    trial=trial,
                    output=finished.output,
                    error=finished.error,
                    scores=finished.scores,
                    latency_ms=finished.latency_ms,
                )
            )
        if progress is not None:
            progress(done=results.done, total=results.total, errored=results.errored)

    count = min(concurrency, results.total - before)
    workers = [asyncio.ensure_future(_worker(work, trial_of, record)) for _ in range(count)]
    try:
        await asyncio.gather(*workers)
    except asyncio.CancelledError:
        results.interrupted = True
    except ProviderRefused as error:
        if results.done == before:
            raise
        results.interrupted, results.stopped = True, str(error)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    for rows in results.rows.values():
        rows.sort(key=lambda row: (row.trial, row.sample_id))
    return results


@dataclass(frozen=True, slots=True)
class _Finished:
    output: Output | None
    error: Errored | None
    scores: dict[str, Outcome]
    latency_ms: float


Record = Callable[[Sample, int, _Finished], None]


async def _worker(work: Iterator[tuple[Sample, int]], trial_of: "_Trial", record: Record) -> None:
    """Take trials until none is left. The shared iterator is safe: one thread, no await inside it."""
    for sample, trial in work:
        finished = await trial_of(sample, trial)
        record(sample, trial, finished)
        await asyncio.sleep(0)  # lets an interrupt in between two trials of a model that never awaits


class _Trial:
    """One sample, solved and scored."""

    def __init__(self, *, solver: Solver, scorers: Sequence[Scorer], seed: int) -> None:
        self._solver, self._scorers, self._seed = solver, scorers, seed

    async def __call__(self, sample: Sample, trial: int) -> _Finished:
        seed = derive_seed("trial", self._seed, sample.id, trial)
        begun = time.perf_counter()
        try:
            output = await self._solver(Input(id=sample.id, input=sample.input, trial=trial, seed=seed))
        except HarnessError as error:
            if not isinstance(error, InfrastructureError):
                raise
            failed = Errored(error.kind, one_line(error.message))
            return _Finished(None, failed, {s.name: failed for s in self._scorers}, _ms(begun))
        latency = _ms(begun)
        trace = replace(output.trace, timings_ms={**output.trace.timings_ms, "total": round(latency, 3)})
        output = replace(output, trace=trace)
        scores = {scorer.name: await _score(scorer, sample, output) for scorer in self._scorers}
        return _Finished(output, None, scores, latency)


async def _score(scorer: Scorer, sample: Sample, output: Output) -> Outcome:
    """A scorer's verdict; what it raises is its own failure, kept apart from the answer's."""
    try:
        outcome = scorer.score(sample, output)
        return await outcome if inspect.isawaitable(outcome) else outcome
    except (Exception, SystemExit) as error:
        return Errored(type(error).__name__, one_line(f"scorer {scorer.name!r} failed: {error}"))


def _keep(results: Results, sample: Sample, trial: int, finished: _Finished) -> None:
    for name, outcome in finished.scores.items():
        results.rows[name].append(ScoreRow(sample.id, trial, sample.cluster, light(outcome)))
    kind = trial_outcome(finished.error, finished.scores)["outcome"]
    results.done += 1
    results.scored += kind == "scored"
    results.unscored += kind == "unscored"
    results.errored += kind == "errored"


def light(outcome: Outcome) -> Outcome:
    """A verdict without its lists and mappings: metrics need single facts, and a run of a million must fit in memory."""
    if not isinstance(outcome, Scored):
        return outcome
    return Scored({key: value for key, value in outcome.value.items() if not isinstance(value, list | dict | tuple)})


def _ms(begun: float) -> float:
    return (time.perf_counter() - begun) * 1000
