"""A whole evaluation opens no socket and asks for no address."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import TRIAGE, environment
from tests.world import PROMPT, World

GUARD = """
import sys

def refuse(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind"}:
        raise RuntimeError(f"{event} {args!r}")

sys.addaudithook(refuse)
from harness.cli.main import main
main(sys.argv[1:])
"""

PROBE = """
def solve(ticket):
    import socket
    socket.create_connection(("127.0.0.1", 9), timeout=1)
"""


def guarded(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", GUARD, *map(str, args)], capture_output=True, text=True, env=environment(), timeout=120
    )


def test_a_whole_run_opens_no_socket(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))  # an index and vectors of its own: they are built too
    world.write_suite(retrieval={"embeddings": "minilm"}, baselines=["keyword", "majority"])
    ran = guarded("eval", world.suite, "--out", tmp_path / "run")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "run" / "report.html").is_file()


def test_neither_does_the_shipped_suite_with_its_tools(tmp_path: Path) -> None:
    ids = ["--sample-id", "t-0002", "--sample-id", "t-0060"]
    prompt = TRIAGE.parents[2] / "prompts" / "triage" / "tools.md"
    ran = guarded("eval", TRIAGE, *ids, "--prompt", prompt, "--set", "gates=[]", "--out", tmp_path / "run")
    assert ran.returncode == 0, ran.stderr
    assert "2/2" in ran.stderr and "0 errored" in ran.stderr


def test_a_persona_a_recording_and_the_doctor_open_none_either(world: World, tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    for model, flags in (("persona:noisy", ["--record", tape, "--cache"]), (f"cassette:{tape}", [])):
        ran = guarded("eval", world.suite, "--model", model, *flags, "--out", tmp_path / model[:7])
        assert ran.returncode == 0, ran.stderr
    assert "SIMULATED" in ran.stdout
    for command in (["doctor", world.suite], ["personas"], ["personas", "show", "stale"]):
        done = guarded(*command)
        assert done.returncode == 0, done.stderr


def test_two_prompts_are_compared_and_the_data_checked_without_one(world: World, tmp_path: Path) -> None:
    other = world.write("other.md", PROMPT.replace("Past cases:", "Earlier cases:"))
    prompts = ["--prompt", world.folder / "prompt.md", "--prompt", other]
    ran = guarded("ab", world.suite, *prompts, "--out", tmp_path / "ab")
    assert ran.returncode == 0, ran.stderr
    assert guarded("check", world.suite).returncode in {0, 1}


def test_the_guard_of_these_tests_would_notice(world: World, tmp_path: Path) -> None:
    world.write("calls_home.py", PROBE)
    world.write_suite(corpora=None, prompt=None, scorers=["routing"], solver="calls_home:solve", coverage=0.9)
    ran = guarded("eval", world.suite, "--out", tmp_path / "run")
    assert ran.returncode == 6 and "socket" in (tmp_path / "run" / "samples.jsonl").read_text(encoding="utf-8")
