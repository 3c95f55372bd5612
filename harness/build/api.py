"""Evaluate a suite: the one way from Python and from the command line."""

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from harness.build.manifest import make_manifest
from harness.build.plan import Plan, planned
from harness.build.resume import Earlier, take_up
from harness.build.solver import Live, bring_up, build_baseline, default_home
from harness.core.errors import UsageError
from harness.core.files import write_atomic
from harness.core.protocols import Scorer
from harness.core.types import Metric
from harness.evaluation.gates import judge
from harness.evaluation.journal import Journal
from harness.evaluation.run import Run
from harness.evaluation.runner import Progress, Results, execute
from harness.evaluation.suite import Suite

T = TypeVar("T")


def evaluate(
    suite: Suite | Path | str,
    *,
    model: str | None = None,
    prompt: Path | str | None = None,
    limit: int | None = None,
    sample_ids: Sequence[str] = (),
    concurrency: int | None = None,
    seed: int | None = None,
    out: Path | str | None = None,
    overrides: Sequence[str] = (),
    record: Path | str | None = None,
    fill: bool = False,
    cache: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Run a suite and write its folder; see `evaluate_async`. Works inside a running event loop too (notebooks)."""
    return _run_sync(
        evaluate_async(
            suite,
            model=model,
            prompt=prompt,
            limit=limit,
            sample_ids=sample_ids,
            concurrency=concurrency,
            seed=seed,
            out=out,
            overrides=overrides,
            record=record,
            fill=fill,
            cache=cache,
            resume=resume,
            progress=progress,
        )
    )


async def evaluate_async(
    suite: Suite | Path | str,
    *,
    model: str | None = None,
    prompt: Path | str | None = None,
    limit: int | None = None,
    sample_ids: Sequence[str] = (),
    concurrency: int | None = None,
    seed: int | None = None,
    out: Path | str | None = None,
    overrides: Sequence[str] = (),
    record: Path | str | None = None,
    fill: bool = False,
    cache: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Run a suite (a path or a loaded Suite) and write manifest, journal, metrics and report to `out`.

    `model`, `concurrency`, `seed` and `overrides` (`key.path=YAML`) replace what the suite says; `prompt` is a path
    relative to the working folder. `out` must not hold an earlier run; default is a new folder under `reports/`.
    With `resume`, `out` is the folder of a run that was interrupted: what it has is kept, the rest is run.
    `record` is a cassette that gets every reply of the model, with `fill` only those that it hasn't yet; `cache` takes
    replies to equal calls of earlier runs.
    Raises UsageError for a mistake in any input, before anything is written, and NoSamplesError where none is left.
    Cancelling ends the run early; what was finished is scored, written and returned with `info["interrupted"]`.
    """
    plan = planned(
        suite,
        model=model,
        prompt=prompt,
        limit=limit,
        sample_ids=sample_ids,
        concurrency=concurrency,
        seed=seed,
        overrides=overrides,
        record=record,
        fill=fill,
        cache=cache,
    )
    return await _run(plan, out=out, resume=resume, progress=progress)


def run_plan(
    plan: Plan, *, out: Path | str | None = None, resume: bool = False, progress: Progress | None = None
) -> Run:
    """Run what was planned already; as `evaluate`."""
    return _run_sync(_run(plan, out=out, resume=resume, progress=progress))


async def _run(plan: Plan, *, out: Path | str | None, progress: Progress | None, resume: bool = False) -> Run:
    live = bring_up(plan, home=default_home())
    try:
        place, manifest, earlier = _begin(plan, Path(out) if out is not None else None, resume=resume)
        if earlier is not None and live.gateway is not None:
            for record in earlier.calls:
                live.gateway.ledger.add(record)
        begun = time.perf_counter()
        with Journal(place.path / "samples.jsonl") as journal:
            results = await execute(
                plan.samples,
                solver=live.solver,
                scorers=plan.scorers,
                journal=journal,
                trials=plan.suite.trials,
                concurrency=plan.concurrency,
                seed=plan.suite.seed,
                progress=progress,
                earlier=earlier.results if earlier is not None else None,
                done=earlier.done if earlier is not None else (),
            )
    finally:
        await live.aclose()
    seconds = time.perf_counter() - begun
    baselines = {} if results.interrupted else await _run_baselines(plan, place.path)
    run = _conclude(plan, results, baselines, live=live, manifest=manifest, place=place, seconds=seconds)
    _write(run)
    return run


def _begin(plan: Plan, out: Path | None, *, resume: bool) -> "tuple[_Place, dict[str, Any], Earlier | None]":
    """The run's folder and manifest; with `resume`, those of the run that is taken up, and what it has."""
    if not resume:
        place = _Place.make(plan.suite.name, out)
        manifest = make_manifest(plan, run_id=place.run_id, started_at=place.started_at)
        write_atomic(place.path / "manifest.json", _pretty(manifest))
        return place, manifest, None
    if out is None:
        raise UsageError("no folder to resume", where="resume", fix="name the run's folder")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    trials = {(sample.id, trial) for sample in plan.samples for trial in range(plan.suite.trials)}
    fresh = make_manifest(plan, run_id=out.name, started_at=now)
    earlier = take_up(out, fresh, scorers=[scorer.name for scorer in plan.scorers], trials=trials)
    manifest = {**earlier.manifest, "resumed_at": [*earlier.manifest.get("resumed_at", []), now]}
    write_atomic(out / "manifest.json", _pretty(manifest))
    return _Place(path=out, run_id=out.name, started_at=str(manifest["started_at"])), manifest, earlier


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a run is written, and since when."""

    path: Path
    run_id: str
    started_at: str

    @classmethod
    def make(cls, suite: str, out: Path | None) -> "_Place":
        """Make the run's folder; UsageError where it holds something already or can't be written."""
        now = datetime.now(UTC)
        path = out if out is not None else Path("reports") / f"{now:%Y-%m-%dT%H%M%SZ}-{suite}"
        try:
            if out is None:
                path = made_anew(path)
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise UsageError("this folder isn't empty", where=path, fix="give --out a new folder")
            probe = path / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise UsageError(
                f"can't write there: {error.strerror}", where=path, fix="give --out another folder"
            ) from None
        return cls(path=path, run_id=path.name, started_at=now.isoformat(timespec="seconds"))


def made_anew(path: Path) -> Path:
    """`path`, or the first of `path-2`, `path-3`, … that nobody else made: two runs may begin in one second."""
    number, fresh = 1, path
    while True:
        try:
            fresh.mkdir(parents=True)
            return fresh
        except FileExistsError:
            number += 1
            fresh = path.with_name(f"{path.name}-{number}")


async def _run_baselines(plan: Plan, folder: Path) -> dict[str, list[Metric]]:
    """Each baseline over the same samples, in a journal of its own."""
    found: dict[str, list[Metric]] = {}
    for name in plan.baselines:
        with Journal(folder / f"baseline-{name}.jsonl") as journal:
            results = await execute(
                plan.samples,
                solver=build_baseline(plan, name),
                scorers=plan.baseline_scorers,
                journal=journal,
                trials=plan.suite.trials,
                seed=plan.suite.seed,
            )
        found[name] = _metrics(plan.baseline_scorers, results)
    return found


def _metrics(scorers: Sequence[Scorer], results: Results) -> list[Metric]:
    return [metric for scorer in scorers for metric in scorer.metrics(results.rows[scorer.name])]


def _conclude(
    plan: Plan,
    results: Results,
    baselines: dict[str, list[Metric]],
    *,
    live: Live,
    manifest: dict[str, Any],
    place: _Place,
    seconds: float,
) -> Run:
    """Metrics and gates of what was finished."""
    metrics = _metrics(plan.scorers, results)
    headline = {metric.name: metric for metric in metrics if metric.label is None}
    theirs = {name: {m.name: m for m in ms if m.label is None} for name, ms in baselines.items()}
    theirs |= {name: {} for name in plan.baselines if name not in theirs}
    gates = [judge(gate, headline, baselines=theirs, estimator=plan.estimator) for gate in plan.gates]
    suite = plan.suite
    ledger = live.gateway.ledger if live.gateway is not None else None
    info = {
        "id": place.run_id,
        "suite": suite.name,
        "path": str(suite.path),
        "model": plan.spec.id if plan.spec else None,
        "prompt": str(plan.prompt.path) if plan.prompt else None,
        "solver": suite.solver_name,
        "split": suite.split,
        "seed": suite.seed,
        "trials": suite.trials,
        "n_samples": len(plan.samples),
        "n_trials": results.total,
        "done": results.done,
        "scored": results.scored,
        "unscored": results.unscored,
        "errored": results.errored,
        "coverage": results.scored / results.done if results.done else None,
        "coverage_floor": suite.coverage,
        "interrupted": results.interrupted,
        "stopped": results.stopped,
        "started_at": place.started_at,
        "seconds": round(seconds, 3),
        "simulated": ledger is not None and ledger.simulated,
        "calls": ledger.to_json() if ledger is not None else None,
        "currency": plan.taxonomy.currency if plan.taxonomy else None,
    }
    return Run(
        path=place.path,
        manifest=manifest,
        metrics=metrics,
        baselines=baselines,
        gates=gates,
        info=info,
        taxonomy=plan.taxonomy,
    )


def _write(run: Run) -> None:
    from harness.reporting import write_report

    write_atomic(run.path / "metrics.json", _pretty(run.to_json()))
    write_report(run, taxonomy=run.taxonomy)


def _pretty(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end, in a thread of its own where this one already has a running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    box: list[T] = []
    failed: list[BaseException] = []
    ended = threading.Event()
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    async def cancellable() -> T:
        task = asyncio.current_task()
        assert task is not None
        running.append((asyncio.get_running_loop(), task))
        return await coroutine

    def work() -> None:
        try:
            box.append(asyncio.run(cancellable()))
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    thread = threading.Thread(target=work, name="harness-evaluate")
    thread.start()
    try:
        ended.wait()  # not `join`, which takes a thread for ended once it was interrupted
    except KeyboardInterrupt:  # as on the command line, it ends the run early; a thread would go on, and pay for it
        for loop, task in running:
            with suppress(RuntimeError):  # it ended by itself in between
                loop.call_soon_threadsafe(task.cancel)
        ended.wait()
    thread.join()
    if failed:
        raise failed[0]
    return box[0]
