"""pytest's fixture, used as a project of somebody else's would."""

import subprocess
import sys
from pathlib import Path

from harness.pytest_plugin import StubFactory
from harness.pytest_plugin import harness_stub as harness_stub
from tests.commands import TRIAGE, environment
from tests.models.stub.talk import ask, hello


def test_it_makes_servers_that_answer(harness_stub: StubFactory) -> None:
    plain = harness_stub("persona:perfect")
    keyed = harness_stub("persona:perfect", answers=TRIAGE, faults={"script": ["rate_limit"]})
    assert plain.url != keyed.url
    assert ask(plain, hello()).status == 200
    assert [ask(keyed, hello()).status for _ in range(2)] == [429, 200]
    assert [call["fault"] for call in keyed.calls()] == ["rate_limit", None]


USED = """
import urllib.request

kept = []

def test_one(harness_stub):
    server = harness_stub("persona:perfect")
    kept.append(server)
    assert b"persona:perfect" in urllib.request.urlopen(server.url + "/models").read()

def test_two():
    assert not kept[0].running
"""


def test_the_servers_of_a_test_are_stopped_after_it(tmp_path: Path) -> None:
    (tmp_path / "test_used.py").write_text(USED)
    args = ["-p", "harness.pytest_plugin", "-p", "no:cacheprovider", "-W", "error", "-q", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *args],
        env={**environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_plugin_loads_nothing_heavy() -> None:
    code = "import harness.pytest_plugin, sys; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert not {"numpy", "pydantic", "yaml", "uvicorn", "openai", "langchain", "onnxruntime"} & set(done.stdout.split())
