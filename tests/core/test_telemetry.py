"""Nothing phones home, whatever the user's shell says, unless the user asks for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.core.telemetry import ALLOW, OFF, allowed, state, switch_off
from tests.commands import environment
from tests.world import World

ON = {
    "LANGSMITH_TRACING": "true",
    "LANGCHAIN_TRACING_V2": "true",
    "LANGSMITH_API_KEY": "lsv2_pt_0000000000000000",
    "LANGSMITH_OTEL_ENABLED": "true",
    "ANONYMIZED_TELEMETRY": "True",
    "CHROMA_OTEL_GRANULARITY": "all",
    "CHROMA_OTEL_COLLECTION_ENDPOINT": "http://127.0.0.1:9",
    "RAGAS_DO_NOT_TRACK": "false",
}
"""A shell in which everything is on."""

HEAD = """
import json, os, sys, threading
seen = []

def watch(event, args):
    if event == "socket.bind" and args[1] == ("::1", 0):
        return  # urllib3 asks whether this machine has IPv6 when it is imported
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind"}:
        seen.append(f"{event} {args}")
        raise RuntimeError("no network here")

sys.addaudithook(watch)
"""

LIBRARIES = """
from harness.core.telemetry import switch_off
if sys.argv[1] == "off":
    switch_off(os.environ)
import chromadb, langchain, ragas
from langchain_core.language_models import FakeListChatModel
from langchain_core.tracers.langchain import wait_for_all_tracers
chromadb.EphemeralClient().create_collection("any").add(ids=["a"], documents=["b"], embeddings=[[1.0, 0.0]])
FakeListChatModel(responses=["yes"]).invoke("Are you there?")
from ragas._analytics import IsCompleteEvent, track
track(IsCompleteEvent(event_type="any", is_completed=True))
wait_for_all_tracers()
print(json.dumps(seen))
"""

SUITE = """
from harness.cli.main import run
code = run(["eval", *sys.argv[1:]])
from langchain_core.tracers.langchain import wait_for_all_tracers
wait_for_all_tracers()
print("SEEN", json.dumps([code, seen]))
"""


def ran(script: str, *args: str) -> str:
    """Standard output of a fresh interpreter in a shell where everything is on."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HEAD + script, *args],
        env={**environment(), **ON},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def test_every_variable_is_forced_off_over_what_the_shell_says() -> None:
    environ = {**ON, "PATH": "kept"}
    switch_off(environ)
    assert {name: environ[name] for name in OFF} == dict(OFF)
    assert environ["PATH"] == "kept" and environ["LANGSMITH_API_KEY"] == ON["LANGSMITH_API_KEY"]
    assert set(state(environ).values()) == {True}


@pytest.mark.parametrize(("value", "left"), [("1", True), ("true", True), ("0", False), ("", False), ("no", False)])
def test_a_user_may_keep_it_as_it_is(value: str, left: bool) -> None:
    environ = {**ON, ALLOW: value}
    assert allowed(environ) is left
    switch_off(environ)
    assert (environ["LANGSMITH_TRACING"] == "true") is left


def test_the_state_tells_each_variable() -> None:
    told = state(ON | {"HF_HUB_DISABLE_TELEMETRY": "1", "ANONYMIZED_TELEMETRY": "FALSE"})
    assert told["HF_HUB_DISABLE_TELEMETRY"] and told["ANONYMIZED_TELEMETRY"]
    assert not told["LANGSMITH_TRACING"] and not told["RAGAS_DO_NOT_TRACK"] and not told["DO_NOT_TRACK"]
    assert list(told) == list(OFF)


def test_what_langsmith_read_before_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    from langsmith.utils import get_env_var, tracing_is_enabled

    for name in OFF:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    get_env_var.cache_clear()
    assert tracing_is_enabled()
    environ = dict.fromkeys(OFF, "")
    switch_off(environ)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert not tracing_is_enabled()


@pytest.mark.slow
def test_no_library_opens_a_socket_once_it_is_off() -> None:
    assert json.loads(ran(LIBRARIES, "off")) == []


@pytest.mark.slow
def test_this_test_would_notice_if_one_did() -> None:
    seen = " ".join(json.loads(ran(LIBRARIES, "on")))
    assert "langchain.com" in seen or "explodinggradients.com" in seen


@pytest.mark.slow
def test_a_run_with_the_agent_opens_none(world: World, tmp_path: Path) -> None:
    out = ran(SUITE, str(world.suite), "--out", str(tmp_path / "run"))
    assert json.loads(out.rpartition("SEEN ")[2]) == [0, []]
