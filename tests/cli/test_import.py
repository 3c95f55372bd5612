"""`harness import routing` as its users meet it."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.commands import command, environment
from tests.conftest import Cli

ROWS = [
    {"text": f"message {n} about {('a card', 'money')[n % 2]}", "label": ("Card?", "Money")[n % 2]} for n in range(60)
]


@pytest.fixture
def train(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*ROWS, ROWS[0], {"text": "a joke", "label": "other"}]))
    return path


def test_it_says_what_was_made_what_was_left_out_and_what_to_run(train: Path, tmp_path: Path, cli: Cli) -> None:
    test = tmp_path / "test.csv"
    test.write_text("text,label\nmy card,Card?\nMessage  1 about MONEY,Money\na riddle,other\n")
    out = tmp_path / "made"
    ran = cli("import", "routing", "--train", train, "--test", test, "--out", out, "--oos", "other")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "2 labels, 59 incidents, 3 test samples, 1 of them out of scope",
        "1 row left out: text and label of an earlier row",
        "1 training row left out: the text stands in the test",
        "1 training row left out: out of scope",
        f"next: harness eval {out}/suite.yaml",
    ]
    assert cli("check", out / "suite.yaml").code == 0
    assert cli("eval", out / "suite.yaml", "--dry-run").code == 0


def test_for_machines_it_says_so_in_json(train: Path, tmp_path: Path, cli: Cli) -> None:
    ran = cli("import", "routing", "--train", train, "--out", tmp_path / "made", "--oos", "other", "--json")
    made = json.loads(ran.out)
    assert made["folder"] == str(tmp_path / "made") and made["labels"] == 2
    assert made["incidents"] + made["samples"] - made["out_of_scope"] == 60


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--train", "none.csv", "--out", "x"], "harness: none.csv: no such file; check the path"),
        (["--out", "x"], "harness: Missing option '--train'. (see --help)"),
        (["--train", "x"], "harness: Missing option '--out'. (see --help)"),
        (["--train", "a", "--out", "x", "--seed", "-1"], "harness: Invalid value for '--seed': -1 is not in the range x>=0. (see --help)"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(
    args: list[str], said: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = cli("import", "routing", *args)
    assert (ran.code, ran.out, ran.err.strip()) == (4, "", said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_import_cut_off_leaves_nothing_in_its_place_and_can_be_repeated(
    how: signal.Signals, tmp_path: Path, cli: Cli
) -> None:
    train, out = tmp_path / "train.jsonl", tmp_path / "made"
    with train.open("w") as file:
        for n in range(120_000):
            file.write(f'{{"text": "message {n} of many", "label": "{n % 7}"}}\n')
    running = subprocess.Popen(
        command("import", "routing", "--train", train, "--out", out),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list(tmp_path.glob(".made*/samples.jsonl")):
        assert running.poll() is None
        time.sleep(0.01)
    os.kill(running.pid, how)
    assert running.wait(timeout=30) == (-signal.SIGKILL if how == signal.SIGKILL else 2)
    assert not out.exists()
    if how == signal.SIGINT:
        assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]
    assert cli("import", "routing", "--train", train, "--out", out).code == 0
    assert (out / "suite.yaml").exists()
