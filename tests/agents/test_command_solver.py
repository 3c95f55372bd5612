"""An agent that is a command: one process a sample, nothing left behind however it ends."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.agents.command import CommandSolver
from harness.core.errors import InfrastructureError, UsageError
from harness.core.types import Output
from harness.evaluation import execute
from harness.evaluation.runner import Input
from tests.evaluation.solvers import Judge, fine, samples

ITEM = Input("s-1", {"text": "Ça va \ud800\0"}, 2, 77)
HEAD = "import json, os, sys, time, subprocess\n"
SLEEPS = "time.sleep(60)\n"
CHILD = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', 'of-' + {name!r}])\n"


def solver(code: str, folder: Path, **options: Any) -> CommandSolver:
    """A solver that runs this code."""
    (folder / "agent.py").write_text(HEAD + code, encoding="utf-8")
    return CommandSolver(["python", "-S", "agent.py"], cwd=folder, **{"timeout": 20, **options})


async def failed(code: str, folder: Path, **options: Any) -> InfrastructureError:
    with pytest.raises(InfrastructureError) as caught:
        await solver(code, folder, **options)(ITEM)
    assert "\n" not in caught.value.message
    return caught.value


def alive(word: str) -> list[int]:
    """Processes with `word` in their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if word.encode() in arguments:
                found.append(int(entry.name))
    return found


def ends_soon(word: str) -> bool:
    """Whether no such process is left within two seconds; a killed one may still wait for its parent."""
    until = time.monotonic() + 2
    while alive(word) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(word)


async def test_a_command_gets_the_sample_and_never_the_target(tmp_path: Path) -> None:
    output = await solver("print(json.dumps({'value': json.load(sys.stdin)}))", tmp_path)(ITEM)
    assert output.value == {"id": "s-1", "input": {"text": "Ça va \ud800\0"}, "trial": 2, "seed": 77}


async def test_it_runs_in_its_folder_with_our_environment_and_our_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_WORD", "passed on")
    code = "print(json.dumps({'value': [os.getcwd(), os.environ['MY_WORD'], sys.executable]}))"
    assert (await solver(code, tmp_path)(ITEM)).value == [str(tmp_path), "passed on", sys.executable]


async def test_answers_are_read_as_those_of_functions(tmp_path: Path) -> None:
    assert await solver("print('\"a\"')", tmp_path)(ITEM) == Output(label="a", value="a")
    code = "print(json.dumps({'label': 'a', 'action': 'review'}))"
    output = await solver(code, tmp_path)(ITEM)
    assert (output.label, output.action) == ("a", "review")


async def test_no_shell_reads_the_words(tmp_path: Path) -> None:
    (tmp_path / "show.py").write_text("import json, sys; print(json.dumps(sys.argv[1:]))")
    words = ["$HOME", "; echo x", "*", "a b"]
    output = await CommandSolver([sys.executable, "show.py", *words], cwd=tmp_path)(ITEM)
    assert output.value == words


async def test_a_program_of_the_folder_is_found_by_its_path(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "agent"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable} -S\nprint('\"mine\"')\n")
    with pytest.raises(UsageError, match=r"command not found: './bin/agent'"):
        CommandSolver(["./bin/agent"], cwd=tmp_path)
    program.chmod(0o755)
    assert (await CommandSolver(["./bin/agent"], cwd=tmp_path)(ITEM)).label == "mine"


def test_what_is_not_there_is_told_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^s\.yaml: command not found: 'no-such-agent'"):
        CommandSolver(["no-such-agent"], cwd=tmp_path, where="s.yaml")
    with pytest.raises(UsageError, match=r"^s\.yaml: no such folder .*check the solver's `cwd`"):
        CommandSolver(["python"], cwd=tmp_path / "x", where="s.yaml")


async def test_what_can_not_be_started_is_the_users_mistake(tmp_path: Path) -> None:
    program = tmp_path / "agent"
    program.write_text("no program\n")
    program.chmod(0o755)
    with pytest.raises(UsageError, match="can't start './agent'"):
        await CommandSolver(["./agent"], cwd=tmp_path)(ITEM)


async def test_what_the_system_can_not_start_now_is_an_error_of_the_trial(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError) as caught:
        await CommandSolver([sys.executable, "-c", "x" * 1_000_000], cwd=tmp_path)(ITEM)
    assert caught.value.kind == "not_started" and "Argument list too long" in caught.value.message


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("sys.exit(3)", "exit_3", "failed"),
        ("sys.stderr.write('no\\n luck'); sys.exit(1)", "exit_1", "failed: no luck"),
        ("print('\"a\"'); sys.exit(1)", "exit_1", "failed"),
        ("os.kill(os.getpid(), 15)", "signal_15", "failed"),
        ("pass", "bad_answer", "is empty"),
        ("print('Loading …'); print('\"a\"')", "bad_answer", "is not JSON"),
        ("print('<html>')", "bad_answer", "it begins '<html>'"),
        ("sys.stdout.buffer.write(b'\\xff')", "bad_answer", "is not UTF-8"),
        ("sys.stdout.buffer.write(b'\\0')", "bad_answer", "is not JSON"),
        ("print('[' * 200000)", "bad_answer", "nested too deeply"),
    ],
)
async def test_a_failure_is_an_error_by_its_kind(tmp_path: Path, code: str, kind: str, said: str) -> None:
    error = await failed(code, tmp_path)
    assert error.kind == kind and said in error.message


async def test_the_last_characters_of_standard_error_are_kept_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "opensesame")
    code = "sys.stderr.write('x' * 900_000 + 'é' * 9 + ' opensesame the end'); sys.exit(1)"
    error = await failed(code, tmp_path)
    assert error.message.endswith("ééé (secret) the end") and len(error.message) < 600
    assert "opensesame" not in error.message


async def test_a_long_answer_is_taken_and_a_longer_one_refused(tmp_path: Path) -> None:
    output = await solver("print(json.dumps('x' * 2_000_000))", tmp_path)(ITEM)
    assert len(str(output.label)) == 2_000_000
    begun = time.monotonic()
    error = await failed("while True: sys.stdout.write('x' * 100_000)", tmp_path)
    assert error.kind == "bad_answer" and "more than 10,000,000 bytes" in error.message
    assert time.monotonic() - begun < 10


async def test_a_command_that_reads_nothing_may_answer(tmp_path: Path) -> None:
    big = Input("s", {"text": "x" * 3_000_000}, 0, 0)
    assert (await solver("os.close(0); print('\"a\"')", tmp_path)(big)).label == "a"
    assert (await solver("print('\"a\"')", tmp_path)(big)).label == "a"


@pytest.mark.parametrize("after", [SLEEPS, ""], ids=["it hangs", "its child keeps the pipe open"])
async def test_a_timeout_kills_all_that_was_started(tmp_path: Path, after: str) -> None:
    word = f"of-{tmp_path.name}"
    error = await failed(CHILD.format(name=tmp_path.name) + after, tmp_path, timeout=0.5)
    assert error.kind == "timeout" and "didn't end within 0.5 s" in error.message
    assert ends_soon(word)


async def test_cancelling_the_run_kills_all_that_was_started(tmp_path: Path) -> None:
    word = f"of-{tmp_path.name}"
    running = asyncio.ensure_future(
        execute(
            samples(4),
            solver=solver(CHILD.format(name=tmp_path.name) + SLEEPS, tmp_path),
            scorers=[Judge(fine)],
            journal=None,
            concurrency=2,
        )
    )
    while len(alive(word)) < 2:
        await asyncio.sleep(0.02)
    running.cancel()
    results = await running
    assert results.interrupted and results.done == 0
    assert ends_soon(word)


async def test_being_cancelled_twice_still_reaps_the_process(tmp_path: Path) -> None:
    asking = asyncio.ensure_future(
        solver("print(os.getpid(), file=open('pid', 'w'), flush=True)\n" + SLEEPS, tmp_path)(ITEM)
    )
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        await asyncio.sleep(0.02)
    asking.cancel()
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_commands_run_at_once(tmp_path: Path) -> None:
    code = """
id = json.load(sys.stdin)["id"]
open(id, "w").close()
while not all(os.path.exists(f"s-{n}") for n in range(3)):
    time.sleep(0.01)
print(json.dumps(id))
"""
    agent = solver(code, tmp_path)
    outputs = await asyncio.gather(*(agent(Input(f"s-{n}", None, 0, n)) for n in range(3)))
    assert [output.label for output in outputs] == ["s-0", "s-1", "s-2"]


def test_the_name_is_the_command(tmp_path: Path) -> None:
    assert json.dumps(solver("", tmp_path).name) == '"python -S agent.py"'
