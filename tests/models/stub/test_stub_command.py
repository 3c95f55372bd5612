"""`harness stub-server` as a process, and the server that `build` makes of names."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.build.stub import stub_server
from harness.core.errors import UsageError
from harness.models.personas import persona_names
from tests.commands import TRIAGE, command, environment, spawn
from tests.conftest import Cli
from tests.models.stub.talk import ask, hello, serving
from tests.world import World


@contextmanager
def running(*args: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the base URL that its first line names."""
    process = subprocess.Popen(
        command("stub-server", "--port", "0", *args),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        match = re.search(r"http://127\.0\.0\.1:\d+/v1$", line.strip())
        assert match, (line, process.stderr.read())
        yield process, match[0]
    finally:
        process.kill()
        process.communicate()


class At:
    """A server somewhere else, for `ask`."""

    def __init__(self, url: str) -> None:
        self.url = url


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end_and_exits_0(ending: signal.Signals, tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("script: [ok, unavailable]\nrates: {timeout: 1}\n")
    with running("--model", "persona:perfect", "--answers", TRIAGE, "--faults", faults) as (process, url):
        server: Any = At(url)
        first = ask(server, hello(), headers={"X-Harness-Sample": "t-1"})
        assert first.json["system_fingerprint"] == "harness-stub:persona:perfect:simulated"
        assert ask(server, hello()).status == 503
        with pytest.raises(TimeoutError):
            ask(server, hello(), timeout=0.2)
        process.send_signal(ending)
        out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert f"export OPENAI_BASE_URL={url} OPENAI_API_KEY=" in out + err
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_one_line_and_exit_4() -> None:
    with serving() as server:
        port = server.url.rpartition(":")[2].removesuffix("/v1")
        ran = spawn(["stub-server", "--port", port, "--model", "persona:perfect"])
    assert (ran.code, ran.out) == (4, "")
    assert re.fullmatch(rf"harness: --port: port {port} can't be used: .*; choose another with --port.*\n", ran.err)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--model", "persona:perfekt"], "did you mean 'perfect'?"),
        (["--model", "nobody.yaml"], "no such persona"),
        (["--model", "gpt-4o"], "no model 'gpt-4o'"),
        (["--answers", "nowhere.yaml"], "no such suite"),
        (["--faults", "nowhere.yaml"], "no such fault file"),
        (["--port", "70000"], "70000"),
        (["--host", "0.0.0.0"], "No such option"),
    ],
)
def test_a_mistake_is_one_line_and_exit_4(cli: Cli, args: list[str], message: str) -> None:
    ran = cli("stub-server", *args)
    assert (ran.code, ran.out) == (4, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_every_shipped_persona_and_the_reader_can_be_named() -> None:
    prompt = [{"role": "user", "content": "My money is gone. Answer with one of: fraud, refund"}]
    with stub_server() as server:
        listed = [model["id"] for model in ask(server, method="GET", path="/v1/models").json["data"]]
        assert listed == ["reader", *(f"persona:{name}" for name in persona_names())]
        reader = ask(server, hello(messages=prompt)).json
        persona = ask(server, hello(model="persona:perfect", messages=prompt)).json
    assert reader["system_fingerprint"] == "harness-stub:reader"
    assert persona["system_fingerprint"] == "harness-stub:persona:perfect:simulated"


def test_a_persona_file_of_ones_own_with_the_key_of_ones_own_suite(world: World) -> None:
    persona = world.write("mine.yaml", "accuracy: 1\n")
    ticket = {
        "role": "user",
        "content": "What is the price of a berth? Answer with one of: oil_spill, mooring_fault, berth_fee",
    }
    with stub_server(str(persona), answers=world.suite) as server:
        sample = next(iter(server_samples(world)))
        got = ask(server, hello(messages=[ticket]), headers={"X-Harness-Sample": sample["id"]})
    assert got.json["system_fingerprint"] == "harness-stub:persona:mine:simulated"
    assert f'"label": "{sample["target"]["label"]}"' in got.text


def server_samples(world: World) -> Iterator[dict[str, Any]]:
    import json

    for line in (world.folder / "samples.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["target"].get("label"):
            yield row


def test_embeddings_are_those_of_the_readers_embedder() -> None:
    with stub_server("persona:perfect") as server:
        got = ask(server, {"model": "text-embedding-3-small", "input": ["a berth"]}, path="/v1/embeddings").json
    assert len(got["data"][0]["embedding"]) == 384


def test_a_persona_without_an_answer_key_knows_no_sample() -> None:
    ticket = [{"role": "user", "content": "Answer with one of: fraud, refund"}]
    with stub_server("persona:perfect") as server:
        got = ask(server, hello(messages=ticket), headers={"X-Harness-Sample": "t-1"})
    assert '"label": "' in got.text


def test_a_name_that_is_no_model_is_the_users_mistake() -> None:
    with pytest.raises(UsageError):
        stub_server("persona:nobody-knows")


def test_the_command_keeps_no_handler_after_it_ends(cli: Cli) -> None:
    before = signal.getsignal(signal.SIGTERM)
    timer = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        ran = cli("stub-server", "--port", "0", "--model", "persona:perfect")
    finally:
        signal.signal(signal.SIGALRM, timer)
    assert ran.code == 0
    assert signal.getsignal(signal.SIGTERM) is before
