"""The runner: every trial once, whatever the order; errors kept apart; an interruption keeps what was finished."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import InfrastructureError, UsageError
from harness.core.types import Errored, Outcome, Output, Sample, Scored, Unscored
from harness.evaluation import Journal, execute, read_journal
from harness.evaluation.runner import Results
from tests.evaluation.solvers import Judge, Solver, fine, samples


def echo(item: Any) -> Output:
    return Output(label=f"{item.id}/{item.trial}/{item.seed}")


async def journal_of(path: Path, **options: Any) -> dict[tuple[str, int], Any]:
    with Journal(path) as journal:
        await execute(samples(9), solver=Solver(echo, pause=0.001), scorers=[Judge(fine)], journal=journal, **options)
    return {(row["sample_id"], row["trial"]): row["output"] for row in read_journal(path)}


async def test_concurrency_changes_no_answer(tmp_path: Path) -> None:
    alone = await journal_of(tmp_path / "1", trials=2, concurrency=1)
    many = await journal_of(tmp_path / "8", trials=2, concurrency=8)
    assert alone == many and len(alone) == 18


async def test_the_order_of_the_samples_changes_no_answer() -> None:
    async def answers(order: list[Sample]) -> list[Any]:
        results = await execute(order, solver=Solver(echo), scorers=[Judge(fine)], journal=None)
        return results.rows["judge"]

    assert await answers(samples(6)) == await answers(samples(6)[::-1])


async def test_each_trial_has_a_seed_of_its_own_that_follows_the_runs(tmp_path: Path) -> None:
    async def seeds(seed: int) -> list[int]:
        solver = Solver(echo)
        await execute(samples(3), solver=solver, scorers=[], journal=None, trials=2, seed=seed)
        return [item.seed for item in solver.seen]

    first = await seeds(1)
    assert len(set(first)) == 6 and first == await seeds(1)
    assert not set(first) & set(await seeds(2))


async def test_a_solver_never_gets_a_target() -> None:
    solver = Solver(echo)
    await execute(samples(1), solver=solver, scorers=[], journal=None)
    (seen,) = solver.seen
    assert {name for name in dir(seen) if not name.startswith("_")} == {"id", "input", "trial", "seed"}


@pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (3, 3), (50, 6)])
async def test_no_more_trials_are_at_work_at_once_than_allowed(concurrency: int, most: int) -> None:
    solver = Solver(echo, pause=0.002)
    await execute(samples(6), solver=solver, scorers=[], journal=None, concurrency=concurrency)
    assert solver.most == most and len(solver.seen) == 6


async def test_infrastructure_failures_are_errored_with_their_class_and_not_wrong(tmp_path: Path) -> None:
    def answer(item: Any) -> Output:
        if item.input % 2:
            raise InfrastructureError("RateLimitError", "slow\ndown")
        return Output(label="a")

    with Journal(tmp_path / "j") as journal:
        results = await execute(samples(5), solver=Solver(answer), scorers=[Judge(fine)], journal=journal)
    assert (results.done, results.scored, results.errored, results.interrupted) == (5, 3, 2, False)
    errored = [row for row in read_journal(tmp_path / "j") if row["outcome"] == "errored"]
    assert [row["sample_id"] for row in errored] == ["s-01", "s-03"]
    assert errored[0]["error"] == {"class": "RateLimitError", "message": "slow down"} and errored[0]["output"] is None
    outcomes = [row.outcome for row in results.rows["judge"]]
    assert outcomes[1] == Errored("RateLimitError", "slow down") and isinstance(outcomes[0], Scored)


async def test_a_usage_error_of_the_solver_ends_the_run() -> None:
    def answer(item: Any) -> Output:
        raise UsageError("the key is refused", where="--model", fix="set another")

    solver = Solver(answer)
    with pytest.raises(UsageError, match="key is refused"):
        await execute(samples(5), solver=solver, scorers=[], journal=None)
    assert len(solver.seen) == 1


async def test_a_bug_of_a_solver_is_not_taken_for_an_answer() -> None:
    def answer(item: Any) -> Output:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await execute(samples(2), solver=Solver(answer), scorers=[], journal=None)


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(3)])
async def test_a_scorer_that_raises_errs_alone(error: BaseException) -> None:
    def broken(sample: Sample, output: Output) -> Outcome:
        raise error

    judges = [Judge(broken, name="broken"), Judge(fine)]
    results = await execute(samples(2), solver=Solver(echo), scorers=judges, journal=None)
    assert results.errored == 2
    assert all(isinstance(row.outcome, Scored) for row in results.rows["judge"])
    first = results.rows["broken"][0].outcome
    assert isinstance(first, Errored)
    assert first.error_class == type(error).__name__ and "scorer 'broken' failed" in first.message


async def test_scorers_may_be_async_and_see_the_solvers_time() -> None:
    async def timed(sample: Sample, output: Output) -> Outcome:
        await asyncio.sleep(0)
        return Scored({"ms": output.trace.timings_ms["total"]})

    results = await execute(samples(1), solver=Solver(echo, pause=0.02), scorers=[Judge(timed)], journal=None)
    (row,) = results.rows["judge"]
    assert isinstance(row.outcome, Scored) and row.outcome.value["ms"] >= 19


async def test_unscored_trials_are_counted() -> None:
    results = await execute(
        samples(3), solver=Solver(echo), scorers=[Judge(lambda sample, output: Unscored("u"))], journal=None
    )
    assert (results.scored, results.unscored, results.errored) == (0, 3, 0)


async def test_progress_is_told_after_each_trial() -> None:
    def answer(item: Any) -> Output:
        if item.input == 1:
            raise InfrastructureError("APITimeoutError", "")
        return Output(label="a")

    told: list[tuple[int, int, int]] = []
    await execute(
        samples(3),
        solver=Solver(answer),
        scorers=[],
        journal=None,
        progress=lambda *, done, total, errored: told.append((done, total, errored)),
    )
    assert told == [(1, 3, 0), (2, 3, 1), (3, 3, 1)]


@pytest.mark.parametrize("pause", [0.0, 0.01])
async def test_cancelling_keeps_what_was_finished_even_of_a_solver_that_never_waits(
    tmp_path: Path, pause: float
) -> None:
    def fifth(*, done: int, total: int, errored: int) -> None:
        if done == 5:
            running.cancel()

    with Journal(tmp_path / "j") as journal:
        running: asyncio.Future[Results] = asyncio.ensure_future(
            execute(
                samples(2000),
                solver=Solver(echo, pause=pause),
                scorers=[Judge(fine)],
                journal=journal,
                concurrency=2,
                progress=fifth,
            )
        )
        results = await running
    assert results.interrupted and 5 <= results.done < 20
    assert len(list(read_journal(tmp_path / "j"))) == results.done == len(results.rows["judge"])


async def test_nothing_to_run_is_no_error() -> None:
    results = await execute([], solver=Solver(echo), scorers=[Judge(fine)], journal=None)
    assert (results.done, results.total, results.rows) == (0, 0, {"judge": []})
