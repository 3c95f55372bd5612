"""What all tests share: one Hypothesis profile, so that a failure is the same on every machine, and one home."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from harness.evaluation import Run
from tests.commands import TRIAGE, Ran
from tests.world import World, write_world

settings.register_profile("house", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("house")

Cli = Callable[..., Ran]


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Indexes and vectors in a folder that all tests of a session share, never in the working folder."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "harness-home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_HOME", str(shared))
        yield shared


@pytest.fixture(scope="session")
def dev_run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The shipped triage suite on its dev tickets."""
    from harness.build import evaluate

    return evaluate(TRIAGE, overrides=["split=dev"], out=tmp_path_factory.mktemp("dev") / "run")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The tiny world, in a folder of the test's own."""
    return write_world(tmp_path / "world")


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run the command line in this process."""
    from harness.cli.main import run

    def ran(*args: str | Path, debug: bool = False) -> Ran:
        capsys.readouterr()
        code = run([str(arg) for arg in args], debug=debug)
        out, err = capsys.readouterr()
        return Ran(int(code), out, err)

    return ran


@pytest.fixture
def code(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], Path]]:
    """Write a module of the user's own beside the world's suite; it is forgotten after the test."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def written(name: str, text: str) -> Path:
        path = world.write(f"{name}.py", text)
        importlib.invalidate_caches()
        return path

    yield written
    for name in set(sys.modules) - before:
        if str(world.folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
