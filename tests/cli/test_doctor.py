"""`harness doctor` on the command line: readable, machine-readable, quick, and silent on the network."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.build.doctor import File, Home, examine
from harness.cli.doctor import _sections, doctor
from harness.core.errors import UsageError
from harness.core.telemetry import ALLOW, OFF
from tests.build.installed import pretend_asking_for
from tests.commands import TRIAGE, environment
from tests.world import World

GUARD = """
import sys

def refuse(event, args):
    if event.startswith("socket."):
        print("SOCKET", event, args)

sys.addaudithook(refuse)
from harness.cli.doctor import doctor
try:
    doctor.main(args=sys.argv[1:], prog_name="doctor")
finally:
    heavy = {"langchain", "langchain_core", "chromadb", "openai", "onnxruntime", "ragas", "httpx2", "pandas"}
    print("LOADED", sorted(heavy & set(sys.modules)))
"""


def said(*args: str | Path) -> Result:
    result = CliRunner().invoke(doctor, [str(arg) for arg in args])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell without keys."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", ALLOW):
        monkeypatch.delenv(name, raising=False)


def test_without_a_suite_it_tells_what_is_here_and_that_nobody_is_contacted() -> None:
    result = said()
    assert result.exit_code == 0
    for part in ("chromadb ", "openai-compatible/…", "pip install langchain-anthropic", "minilm is here",
                 "nothing, unless a suite or a flag names a provider"):  # fmt: skip
        assert part in result.output
    assert "missing  " not in result.output


def test_a_suite_of_ours_needs_nothing() -> None:
    result = said(TRIAGE)
    assert result.exit_code == 0 and "nobody – model reader (runs in this process)" in result.output


def test_a_suite_that_lacks_something_exits_1_with_the_command_that_mends_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write_suite(model="anthropic/claude-x")
    monkeypatch.setenv("OPENAI_API_KEY", "opensesame")
    result = said(world.suite)
    assert result.exit_code == 1
    assert "api.anthropic.com – model anthropic/claude-x (the provider's default)" in result.output
    assert "export ANTHROPIC_API_KEY=…" in result.output and "set: OPENAI_API_KEY" in result.output
    assert "opensesame" not in result.output


def test_json_holds_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write_suite(model="openai/gpt-x")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "opensesame")
    result = said(world.suite, "--json")
    value = json.loads(result.output)
    assert result.exit_code == 1 and value["keys"]["ANTHROPIC_API_KEY"] is True and "opensesame" not in result.output
    assert {
        "part": "model openai/gpt-x",
        "kind": "host",
        "host": "api.openai.com",
        "why": "the provider's default",
    } in (value["contacts"])
    assert [need["fix"] for need in value["needs"]] == ["export OPENAI_API_KEY=…"]
    assert json.loads(said("--json").output)["suite"] is None


def test_telemetry_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OFF.items():
        monkeypatch.setenv(name, value)
    assert f"off, in all {len(OFF)} variables" in said().output
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    assert "a run switches it off; not off now: LANGSMITH_TRACING\n" in said().output
    monkeypatch.setenv(ALLOW, "1")
    assert f"{ALLOW} leaves it as you have it; not off now: LANGSMITH_TRACING\n" in said().output


def test_what_is_wrong_with_the_packages_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend_asking_for(["no-such-package<2,>=1", "numpy<1", "scipy"], tmp_path / "site", monkeypatch)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "a\x1b[31m"))
    output = said().output
    assert "not installed, for the harness itself: pip install 'no-such-package<2,>=1'" in output
    assert "asks for <1  out of range" in output and "asks for any\n" in output
    assert "\\x1b[31m: isn't there yet, writable" in output and "\x1b" not in output


def test_what_is_wrong_with_files_is_told(tmp_path: Path) -> None:
    found = examine(None, home=tmp_path)
    files = (File("a.onnx", True, False), File("b.onnx", False, False))
    home = Home("/x", True, False, 2_500_000)
    sections = dict(_sections(replace(found, embeddings=files, home=home)))
    assert sections["embeddings"] == ["a.onnx is damaged", "b.onnx is missing"]
    assert sections["home"] == ["/x: 2.5 MB, not writable"]


def test_a_checkout_says_that_it_can_not_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "site-packages" not in path])
    assert "isn't installed as a package" in said().output


def test_a_suite_that_is_wrong_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such suite"):
        said(tmp_path / "absent.yaml")


def test_no_socket_is_opened_and_nothing_heavy_loaded(world: World) -> None:
    world.write_suite(model="openai/gpt-x", solver={"http": "http://127.0.0.1:9/"})
    for args in ([], [world.suite], [TRIAGE, "--json"]):
        done = subprocess.run(
            [sys.executable, "-c", GUARD, *map(str, args)],
            capture_output=True,
            text=True,
            env=environment(),
            timeout=60,
        )
        assert "SOCKET" not in done.stdout and "LOADED []" in done.stdout, done.stderr
