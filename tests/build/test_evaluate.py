"""`evaluate` from Python: one run folder a run, whoever calls it and however it ends."""

import asyncio
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.build import evaluate, evaluate_async
from harness.core.errors import Exit, UsageError
from harness.evaluation import Run, load_suite, read_journal
from tests.world import FUNCTION_SUITE, SAMPLES, World

Code = Callable[[str, str], Path]

ANSWERS = """
import asyncio
import signal
import threading

def fee(input):
    return "berth_fee"

async def words(input):
    await asyncio.sleep(0)
    text = input["guest_message"]
    return {"label": "oil_spill" if "diesel" in text else "berth_fee", "probabilities": {"berth_fee": 1.0}}

def fails(input):
    if input["id"] == "t-2":
        raise ConnectionResetError("no line")
    return "berth_fee"

async def interrupts(input):
    if input["id"] == "t-3":
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        await asyncio.sleep(30)
    return "berth_fee"

async def waits(input):
    if input["id"] != "t-1":
        await asyncio.sleep(30)
    return "berth_fee"
"""
JUDGES = """
def short(sample, output):
    return len(output.label) < 10

async def broken(sample, output):
    raise KeyError("no such thing")

def huge(sample, output):
    return 10 ** 400
"""


@pytest.fixture
def functions(world: World, code: Code) -> World:
    code("answers", ANSWERS)
    code("judges", JUDGES)
    world.write_suite(**FUNCTION_SUITE, solver="answers:fee")
    return world


def run(world: World, *overrides: str, **options: Any) -> Run:
    return evaluate(world.suite, out=world.folder / "run", overrides=overrides, **options)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_run_leaves_manifest_journal_metrics_report_and_baselines(functions: World) -> None:
    made = run(functions, "baselines=[keyword]")
    assert files(made.path) == {
        "manifest.json", "samples.jsonl", "metrics.json", "report.html", "baseline-keyword.jsonl",
    }  # fmt: skip
    written = json.loads((made.path / "metrics.json").read_text())
    assert written == made.to_json()
    assert json.loads((made.path / "manifest.json").read_text()) == made.manifest
    assert made.report.read_text().startswith("<!doctype html>")
    theirs = list(read_journal(made.path / "baseline-keyword.jsonl"))
    assert [row["sample_id"] for row in theirs] == [f"t-{n}" for n in range(1, 7)]
    assert set(theirs[0]["scores"]) == {"routing", "cost"}
    assert written["baselines"]["keyword"]["routing.accuracy"]["n_scored"] == 5


def test_metrics_are_found_by_name_and_rows_hold_every_trial(functions: World) -> None:
    made = run(functions, "trials=2")
    assert made["routing.accuracy"].value == pytest.approx(2 / 5)
    rows = list(made.rows())
    assert [(row["sample_id"], row["trial"]) for row in rows] == [
        (f"t-{n}", trial) for trial in range(2) for n in range(1, 7)
    ]
    assert {row["output"]["label"] for row in rows} == {"berth_fee"}
    assert (made.info["n_samples"], made.info["n_trials"], made.info["coverage"]) == (6, 12, 1.0)
    assert made["routing.accuracy"].n_scored == 10 and made.exit_code == Exit.OK


def test_the_package_gives_evaluate_and_what_goes_with_it(functions: World) -> None:
    made = harness.evaluate(harness.load_suite(functions.suite), out=functions.folder / "run")
    assert isinstance(made, harness.Run) and made["routing.accuracy"].value == pytest.approx(2 / 5)
    for name in harness.__all__:
        assert getattr(harness, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'evaluat'"):
        harness.evaluat  # noqa: B018


async def test_it_works_inside_a_running_event_loop(functions: World) -> None:
    made = run(functions, "solver=answers:words")
    assert made["routing.accuracy"].value == pytest.approx(3 / 5)
    with pytest.raises(UsageError, match="isn't empty"):
        run(functions)


async def test_the_async_form_shares_the_callers_loop(functions: World) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    beside = asyncio.ensure_future(tick())
    made = await evaluate_async(functions.suite, out=functions.folder / "run", overrides=["solver=answers:words"])
    beside.cancel()
    assert made["routing.accuracy"].value == pytest.approx(3 / 5) and ticks > 6


def test_a_solver_that_raises_makes_an_errored_trial_that_is_not_wrong(functions: World) -> None:
    made = run(functions, "solver=answers:fails", "coverage=0.9")
    rows = {row["sample_id"]: row for row in made.rows()}
    assert rows["t-2"]["outcome"] == "errored" and rows["t-2"]["error"]["class"] == "ConnectionResetError"
    accuracy = made["routing.accuracy"]
    assert accuracy.value == pytest.approx(2 / 4) and (accuracy.n_scored, accuracy.n_errored) == (4, 1)
    assert made.info["coverage"] == pytest.approx(5 / 6) and made.exit_code == Exit.COVERAGE


def test_a_scorer_of_the_users_gives_metrics_and_a_broken_one_errs_alone(functions: World) -> None:
    made = run(functions, "scorers=[routing, 'judges:short', 'judges:broken']")
    assert made["short.mean"].value == 1.0 and made["routing.accuracy"].value == pytest.approx(2 / 5)
    assert made["broken.mean"].value is None and made["broken.mean"].n_errored == 6
    assert made.info["errored"] == 6 and made.info["coverage"] == 0


def test_a_number_beyond_all_floats_is_an_error_of_the_scorer_and_not_the_end_of_the_run(functions: World) -> None:
    made = run(functions, "scorers=[routing, 'judges:huge']")
    assert made["huge.mean"].value is None and made["huge.mean"].n_errored == 6
    assert made["routing.accuracy"].value == pytest.approx(2 / 5)


def test_concurrency_and_the_order_of_samples_change_no_decision(functions: World) -> None:
    def decided(name: str, **options: Any) -> dict[tuple[str, int], Any]:
        made = evaluate(functions.suite, out=functions.folder / name, overrides=["solver=answers:words"], **options)
        return {(row["sample_id"], row["trial"]): (row["output"], row["scores"]) for row in made.rows()}

    first = decided("one", concurrency=1)
    assert decided("four", concurrency=4) == first
    functions.write_rows("samples.jsonl", SAMPLES[::-1])
    assert decided("back", concurrency=2) == first


def test_a_seed_is_kept_and_gives_the_same_intervals_again(functions: World) -> None:
    first, again = (evaluate(functions.suite, out=functions.folder / name, seed=1) for name in "ab")
    assert first.to_json()["metrics"] == again.to_json()["metrics"]
    assert first.manifest["seed"] == 1


@pytest.mark.parametrize("wrong", ["trials=0", "solver=answers:absent", "scorers=[absent]", "split=train"])
def test_a_mistake_is_found_before_anything_is_written(functions: World, wrong: str) -> None:
    with pytest.raises(harness.HarnessError):
        run(functions, wrong)
    assert not (functions.folder / "run").exists()


def test_an_earlier_run_is_left_untouched(functions: World) -> None:
    first = run(functions)
    before = {path: path.read_bytes() for path in first.path.iterdir()}
    with pytest.raises(UsageError, match="isn't empty; give --out a new folder"):
        run(functions)
    assert {path: path.read_bytes() for path in first.path.iterdir()} == before


def test_an_empty_folder_may_be_given(functions: World) -> None:
    (functions.folder / "run").mkdir()
    assert run(functions).path == functions.folder / "run"


def test_a_folder_below_a_file_is_refused(functions: World) -> None:
    with pytest.raises(UsageError, match="can't write there: Not a directory; give --out another folder"):
        evaluate(functions.suite, out=functions.suite / "run")


def test_runs_of_one_second_have_folders_of_their_own(functions: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(functions.folder)
    made: list[Run] = []
    threads = [threading.Thread(target=lambda: made.append(evaluate(functions.suite))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    paths = {one.path for one in made}
    assert len(paths) == 3 and {path.parent for path in paths} == {Path("reports")}
    assert all(len(list(one.rows())) == 6 and one.info["id"] == one.path.name for one in made)
    today = f"{datetime.now(UTC):%Y-%m-%dT}"
    assert all(path.name.startswith(today) and "-harbour" in path.name for path in paths)


async def test_cancelling_scores_and_writes_what_was_finished(functions: World) -> None:
    overrides = ["solver=answers:waits", "gates=['routing.accuracy >= 0.99', 'cost.per_ticket < baseline:keyword']"]
    first = asyncio.Event()
    running = asyncio.ensure_future(
        evaluate_async(
            functions.suite,
            out=functions.folder / "run",
            overrides=overrides,
            progress=lambda *, done, total, errored: first.set(),
        )
    )
    await first.wait()
    running.cancel()
    made = await running
    assert (made.info["interrupted"], made.info["done"], made.info["n_trials"]) == (True, 1, 6)
    assert [row["sample_id"] for row in made.rows()] == ["t-1"]
    assert files(made.path) == {"manifest.json", "samples.jsonl", "metrics.json", "report.html"}
    assert made.exit_code == Exit.INTERRUPTED
    assert [gate.verdict for gate in made.gates] == ["fail", "inconclusive"]


def test_a_loaded_suite_may_be_run_several_times_with_other_values(functions: World) -> None:
    suite = load_suite(functions.suite)
    first = evaluate(suite, out=functions.folder / "one", limit=2)
    second = evaluate(suite, out=functions.folder / "two", sample_ids=["t-3"], overrides=["solver=answers:words"])
    assert [len(list(one.rows())) for one in (first, second)] == [2, 1]
    assert second.info["solver"] == "answers:words" and suite.solver == "answers:fee"


@pytest.mark.parametrize(
    "parameters",
    [{"api_key": "sk-planted-0123456789"}, {"default_headers": {"Authorization": "Bearer sk-planted-0123456789"}}],
)
def test_a_key_that_is_written_into_the_suite_is_refused_and_never_shown(
    world: World, tmp_path: Path, parameters: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="api_key: env:NAME") as caught:
        evaluate(world.write_suite(model_parameters=parameters), out=tmp_path / "run")
    assert "planted" not in str(caught.value) and not (tmp_path / "run").exists()


def test_ctrl_c_where_a_loop_is_running_ends_the_run_early_as_on_the_command_line(functions: World) -> None:
    async def notebook() -> Run:
        return evaluate(functions.suite, overrides=["solver=answers:interrupts"], out=functions.folder / "run")

    loop = asyncio.new_event_loop()  # like a notebook's, it leaves SIGINT alone
    try:
        run = loop.run_until_complete(notebook())
    finally:
        loop.close()
    assert run.info["interrupted"] and run.info["done"] == 2 and run.exit_code == Exit.INTERRUPTED
    assert "harness-evaluate" not in {thread.name for thread in threading.enumerate()}


def test_a_cassette_of_a_run_that_does_not_begin_is_closed(world: World) -> None:
    (world.folder / "run").mkdir()
    (world.folder / "run/note").touch()
    with pytest.raises(UsageError, match="isn't empty"):
        evaluate(world.suite, record=world.folder / "tape.jsonl", out=world.folder / "run")
