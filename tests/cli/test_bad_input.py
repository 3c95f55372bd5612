"""Every mistake of a user's is one line that says what, where and how to mend it, exit 4; and nothing is written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Ran, spawn
from tests.conftest import Cli
from tests.world import FUNCTION_SUITE, PROMPT, SAMPLES, SUITE, World, ticket

Spoil = Callable[[World], object]


def replaced(name: str, old: str, new: str) -> Spoil:
    """A world in whose file `name` one text stands in the place of another."""

    def spoil(world: World) -> None:
        text = (world.folder / name).read_text(encoding="utf-8")
        assert text.count(old) >= 1
        world.write(name, text.replace(old, new, 1))

    return spoil


def suite(**changed: Any) -> Spoil:
    return lambda world: world.write_suite(**changed)


def functions(**changed: Any) -> Spoil:
    return suite(**{**FUNCTION_SUITE, **changed})


def rows(*values: Any) -> Spoil:
    return lambda world: world.write_rows("samples.jsonl", values)


def without(name: str) -> Spoil:
    return lambda world: (world.folder / name).unlink()


BAD_TICKET = {**SAMPLES[0], "input": {**ticket("t-1", "x"), "created_at": "yesterday"}}

SPOILT: dict[str, tuple[Spoil, str, str]] = {
    # what is wrong: (how the world is spoilt, where it must be said to be, a word of the remedy or the name of the thing)
    "broken YAML": (replaced("suite.yaml", "split: test", "split: [test"), "suite.yaml:4", "YAML"),
    "a key twice": (replaced("suite.yaml", "split: test", "split: test\nname: x"), "suite.yaml:4", "'name' stands twice"),
    "a suite that is a list": (lambda w: w.write("suite.yaml", "- name: x\n"), "suite.yaml", "mapping"),
    "an empty suite": (lambda w: w.write("suite.yaml", ""), "suite.yaml", "mapping"),
    "YAML that contains itself": (lambda w: w.write("suite.yaml", "name: &a [*a]\n"), "suite.yaml", "deep"),
    "a binary file": (lambda w: w.suite.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff"), "suite.yaml", "UTF-8"),
    "a file with a NUL": (lambda w: w.suite.write_bytes(b"name: a\x00b\n"), "suite.yaml", "YAML"),
    "an unknown key": (replaced("suite.yaml", "split: test", "splitt: test"), "suite.yaml:3", "'splitt'"),
    "an unknown key inside": (replaced("suite.yaml", "  policies: 3", "  depth: 3"), "suite.yaml:11", "retrieval.depth"),
    "a value of the wrong kind": (replaced("suite.yaml", "resamples: 200", "resamples: few"), "suite.yaml", "'few'"),
    "an unknown key in the taxonomy": (
        replaced("taxonomy.yaml", "currency: EUR", "curency: EUR"), "taxonomy.yaml:3", "'curency'"),
    "a label defined twice": (replaced("taxonomy.yaml", "id: berth_fee", "id: oil_spill"), "taxonomy.yaml", "twice"),
    "no eval set": (without("samples.jsonl"), "samples.jsonl", "no such eval set"),
    "no taxonomy": (without("taxonomy.yaml"), "taxonomy.yaml", "no such taxonomy"),
    "no prompt": (without("prompt.md"), "prompt.md", "no such prompt"),
    "no incidents": (without("incidents.jsonl"), "incidents.jsonl", "corpora.incidents"),
    "no policies": (suite(corpora={"policies": "elsewhere"}), "elsewhere", "corpora.policies"),
    "a label of no taxonomy": (replaced("samples.jsonl", '"berth_fee"', '"birth_fee"'), "samples.jsonl:3", "'berth_fee'?"),
    "an incident's label of no taxonomy": (
        replaced("incidents.jsonl", '"mooring_fault"', '"morning_fault"'), "incidents.jsonl:3", "'mooring_fault'?"),
    "a policy's label of no taxonomy": (
        replaced("policies/POL-FEE-01/1.md", "[berth_fee]", "[fees]"), "POL-FEE-01/1.md", "'fees'"),
    "a bad ticket": (rows(SAMPLES[1], BAD_TICKET), "samples.jsonl:2", "created_at"),
    "a ticket that is a text": (rows({**SAMPLES[0], "input": "Diesel!"}), "samples.jsonl:1", "keys are"),
    "a line that is no JSON": (lambda w: w.write("samples.jsonl", "{'id': 1}\n"), "samples.jsonl:1", "JSON"),
    "a sample twice": (rows(SAMPLES[0], SAMPLES[0]), "samples.jsonl:2", "also at"),
    "an unknown variable": (lambda w: w.write("prompt.md", PROMPT + "{{ tickets }}\n"), "prompt.md:15", "'ticket'?"),
    "a prompt without front matter": (lambda w: w.write("prompt.md", "Sort this."), "prompt.md:1", "front matter"),
    "an unknown model": (suite(model="raeder"), "--model", "'reader'?"),
    "an unknown scorer": (suite(scorers=["routng"]), "suite.yaml", "'routing'?"),
    "a scorer twice": (suite(scorers=["routing", "routing"]), "suite.yaml", "twice"),
    "an unknown option of a scorer": (suite(scorers=[{"calibration": {"bin": 3}}]), "suite.yaml", "'bin'"),
    "an unknown baseline": (suite(baselines=["keywrd"]), "suite.yaml", "'keyword'?"),
    "an unknown baseline in a gate": (suite(gates=["routing.accuracy > baseline:x"]), "suite.yaml", "'x'"),
    "an unknown solver": (suite(solver="triag"), "suite.yaml", "'triage'?"),
    "an unknown embedder": (
        suite(retrieval={"embeddings": "minilmm"}), "retrieval.embeddings", "'minilm'?"),
    "no prompt named": (suite(prompt=None), "suite.yaml", "--prompt"),
    "no taxonomy named": (suite(taxonomy=None, scorers=["latency"]), "suite.yaml", "taxonomy"),
    "triage of anything": (suite(input="any"), "suite.yaml", "input: ticket"),
    "a bad gate": (suite(gates=["routing.accuracy !! 3"]), "suite.yaml:21", "routing.accuracy >= 0.75"),
    "a module that isn't there": (functions(solver="nowhere_at_all:solve"), "suite.yaml", "beside the suite"),
    "a scorer whose module isn't there": (suite(scorers=["nowhere_at_all:score"]), "suite.yaml", "beside the suite"),
    "a function that isn't there": (functions(solver="json:solve"), "suite.yaml", "'solve'"),
    "a name that is no function": (functions(solver="json:__doc__"), "suite.yaml", "callable"),
}  # fmt: skip


def is_one_line(ran: Ran) -> None:
    """Exit 4, one line on standard error and nothing beside it."""
    assert ran.code == 4, ran
    assert ran.out == ""
    assert ran.err.startswith("harness: ") and ran.err.count("\n") == 1 and ran.err.endswith("\n"), ran.err
    assert "Traceback" not in ran.err and ("; " in ran.err or "(see --help)" in ran.err)


@pytest.mark.parametrize("wrong", SPOILT)
def test_a_mistake_in_a_file_is_one_line_with_its_place_and_a_remedy(
    wrong: str, world: World, cli: Cli, tmp_path: Path
) -> None:
    spoil, where, word = SPOILT[wrong]
    spoil(world)
    ran = cli("eval", world.suite, "--out", tmp_path / "run")
    is_one_line(ran)
    assert where in ran.err and word in ran.err, ran.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--set", "resamples"], "key=value"),
        (["--set", "=3"], "key=value"),
        (["--set", "retrieval.incidents=[1"], "YAML"),
        (["--set", "name.x=1"], "name.x"),
        (["--set", "scorers.9=cost"], "scorers.9"),
        (["--set", "retrieval.incidents=-1"], "retrieval.incidents"),
        (["--set", "colour=red"], "'colour'"),
        (["--set", "gates=[x]"], "not a gate"),
        (["--model", "raeder"], "'reader'?"),
        (["--prompt", "nowhere.md"], "nowhere.md"),
        (["--sample-id", "t-99"], "'t-99'"),
        (["--limit", "0"], "--limit"),
        (["--concurrency", "none"], "--concurrency"),
        (["--seed", "-1"], "--seed"),
        (["--nonsense"], "--nonsense"),
        (["--out"], "--out"),
    ],
)
def test_a_mistake_in_a_flag_is_one_line_that_names_it(flags: list[str], word: str, world: World, cli: Cli) -> None:
    ran = cli("eval", world.suite, *flags)
    is_one_line(ran)
    assert word in ran.err


@pytest.mark.parametrize(
    ("args", "word"),
    [(["evl"], "eval"), (["eval"], "SUITE"), (["eval", "nowhere.yaml"], "nowhere.yaml"), (["eval", "."], "folder"),
     (["schema", "suit"], "suite"), (["index", "nowhere.yaml"], "nowhere.yaml"), (["triage"], "TICKET")],
)  # fmt: skip
def test_a_wrong_command_line_is_one_line_too(args: list[str], word: str, cli: Cli) -> None:
    ran = cli(*args)
    is_one_line(ran)
    assert word in ran.err


@pytest.mark.parametrize("below", ["run", "deep/run"])
def test_a_run_folder_below_a_file_can_not_be_made(below: str, world: World, cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    ran = cli("eval", world.suite, "--out", file / below)
    is_one_line(ran)
    assert str(file) in ran.err and "--out" in ran.err and file.read_text(encoding="utf-8") == "mine"


def test_a_home_that_is_a_file_is_named(
    world: World, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = world.write("file", "mine")
    monkeypatch.setenv("HARNESS_HOME", str(file))
    ran = cli("eval", world.suite, "--out", tmp_path / "run")
    is_one_line(ran)
    assert str(file) in ran.err and not (tmp_path / "run").exists()


def test_an_index_of_another_format_names_the_command_that_mends_it(
    world: World, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HARNESS_HOME", str(home))
    assert cli("index", world.suite).code == 0
    (manifest,) = home.glob("index/*/index.json")
    value = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**value, "index_format": 99, "built_by": "7.0"}), encoding="utf-8")
    ran = cli("eval", world.suite, "--out", tmp_path / "run")
    is_one_line(ran)
    assert "7.0" in ran.err and "harness index --rebuild" in ran.err and not (tmp_path / "run").exists()
    assert cli("index", world.suite, "--rebuild").code == 0
    assert cli("eval", world.suite, "--limit", "1", "--out", tmp_path / "run", "-q").code == 0


@pytest.mark.parametrize(
    "source", ["raise ValueError('not\\nyet')", "import nothing_of_this_name", "1/0", "raise SystemExit(0)", "def x(:"]
)
def test_a_module_that_fails_at_import_is_one_line_and_never_a_success(
    source: str, world: World, tmp_path: Path
) -> None:
    world.write("broken_at_import.py", source + "\n\ndef solve(ticket):\n    return 'berth_fee'\n")
    functions(solver="broken_at_import:solve")(world)
    ran = spawn(["eval", world.suite, "--out", tmp_path / "run"])
    is_one_line(ran)
    assert "broken_at_import:solve" in ran.err and not (tmp_path / "run").exists()


def test_control_characters_of_a_file_do_not_reach_the_terminal(world: World, cli: Cli) -> None:
    world.write_suite(solver="triag\x1b[2J\u202e")
    ran = cli("eval", world.suite)
    is_one_line(ran)
    assert "\x1b" not in ran.err and "\u202e" not in ran.err


def test_debug_shows_where_it_happened(world: World, cli: Cli) -> None:
    world.write_suite(solver="triag")
    ran = cli("eval", world.suite, debug=True)
    assert ran.code == 4 and "Traceback" in ran.err and ran.err.splitlines()[-1].startswith("harness: ")


def test_the_suite_of_these_tests_is_otherwise_sound(world: World, cli: Cli, tmp_path: Path) -> None:
    assert cli("eval", world.suite, "--dry-run").code == 0 and SUITE["name"] == "harbour"
