"""`harness eval` and each of its flags."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.world import PROMPT, World


def metrics_of(run: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return value


def rows_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "samples.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


def test_a_run_leaves_manifest_journal_metrics_and_report_and_prints_what_it_came_to(
    world: World, cli: Cli, run: Path
) -> None:
    ran = cli("eval", world.suite, "--out", run)
    assert ran.code == 0
    assert {path.name for path in run.iterdir()} == {"manifest.json", "samples.jsonl", "metrics.json", "report.html"}
    assert "routing.accuracy" in ran.out and str(run / "report.html") in ran.out.replace("\n", "")
    assert len(rows_of(run)) == 6


def test_json_is_exactly_metrics_json(world: World, cli: Cli, run: Path) -> None:
    ran = cli("eval", world.suite, "--out", run, "--json")
    assert ran.out == (run / "metrics.json").read_text(encoding="utf-8")
    value = json.loads(ran.out)
    assert set(value) == {"schema_version", "metrics", "labels", "baselines", "gates", "run"}
    assert value["metrics"]["routing.accuracy"]["value"] == 1.0
    assert value["run"]["done"] == 6 and "\x1b" not in ran.out


def test_quiet_prints_nothing_at_all(world: World, cli: Cli, run: Path) -> None:
    ran = cli("eval", world.suite, "--out", run, "--quiet")
    assert ran == (0, "", "") and (run / "report.html").is_file()


def test_quiet_json_is_json_only(world: World, cli: Cli, run: Path) -> None:
    ran = cli("eval", world.suite, "--out", run, "-q", "--json", "--limit", "1")
    assert ran.err == "" and json.loads(ran.out)["run"]["done"] == 1


def test_progress_is_plain_lines_on_standard_error_where_that_is_no_terminal(world: World, cli: Cli, run: Path) -> None:
    ran = cli("eval", world.suite, "--out", run)
    lines = ran.err.splitlines()
    assert lines[-1].startswith("6/6  ") and "0 errored" in lines[-1]
    assert "\x1b" not in ran.err and "\r" not in ran.err and "6/6" not in ran.out


def test_limit_takes_the_first_samples(world: World, cli: Cli, run: Path) -> None:
    cli("eval", world.suite, "--out", run, "-q", "--limit", "2")
    assert [row["sample_id"] for row in rows_of(run)] == ["t-1", "t-2"]


def test_sample_ids_are_taken_whatever_their_split(world: World, cli: Cli, run: Path) -> None:
    cli("eval", world.suite, "--out", run, "-q", "--sample-id", "t-7", "--sample-id", "t-2")
    assert {row["sample_id"] for row in rows_of(run)} == {"t-2", "t-7"}


def test_model_replaces_the_suites(world: World, cli: Cli, run: Path) -> None:
    world.write_suite(model="nobody/x")
    assert cli("eval", world.suite, "--out", run, "-q", "--limit", "1", "--model", "reader").code == 0
    assert metrics_of(run)["run"]["model"] == "reader"


def test_prompt_is_a_path_of_the_working_folder_and_replaces_the_suites(
    world: World, cli: Cli, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("here/other.md", PROMPT.replace("{{ incidents }}", "none"))
    monkeypatch.chdir(world.folder / "here")
    assert cli("eval", world.suite, "--out", run, "-q", "--limit", "1", "--prompt", "other.md").code == 0
    assert metrics_of(run)["run"]["prompt"] == "other.md"
    assert {item["kind"] for item in rows_of(run)[0]["trace"]["evidence"]} == {"policy"}


def test_set_replaces_one_value_and_may_be_repeated(world: World, cli: Cli, run: Path) -> None:
    flags = ["--set", "retrieval.incidents=1", "--set", "retrieval.policies=0", "--set", "split=dev"]
    cli("eval", world.suite, "--out", run, "-q", *flags)
    rows = rows_of(run)
    assert [row["sample_id"] for row in rows] == ["t-7", "t-8"]
    assert {len(row["trace"]["evidence"]) for row in rows} == {1}


def test_concurrency_and_seed_replace_the_suites_and_concurrency_changes_no_decision(
    world: World, cli: Cli, tmp_path: Path
) -> None:
    decided = []
    for number, flags in enumerate((["--concurrency", "1"], ["--concurrency", "4"])):
        out = tmp_path / str(number)
        cli("eval", world.suite, "--out", out, "-q", "--seed", "7", *flags)
        decided.append({row["sample_id"]: row["output"] for row in rows_of(out)})
        assert metrics_of(out)["run"]["seed"] == 7
    assert decided[0] == decided[1]


def test_a_dry_run_says_what_would_run_and_writes_nothing(
    world: World, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    before = sorted(tmp_path.rglob("*"))
    ran = cli("eval", world.suite, "--dry-run", "--out", "run", "--limit", "3", "--set", "baselines=[keyword]")
    assert ran.code == 0 and "nothing is written" in ran.out
    assert "3 of 8 (split test)" in ran.out and "reader" in ran.out and "keyword" in ran.out
    as_json = cli("eval", world.suite, "--dry-run", "--json", "--seed", "5")
    assert json.loads(as_json.out)["seed"] == 5
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_holds_something_is_refused_and_left_as_it_is(world: World, cli: Cli, run: Path) -> None:
    run.mkdir()
    (run / "notes.txt").write_text("mine", encoding="utf-8")
    ran = cli("eval", world.suite, "--out", run)
    assert ran.code == 4 and "isn't empty" in ran.err and "--out" in ran.err
    assert [path.name for path in run.iterdir()] == ["notes.txt"]
    assert (run / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_an_empty_folder_is_taken(world: World, cli: Cli, run: Path) -> None:
    run.mkdir()
    assert cli("eval", world.suite, "--out", run, "-q", "--limit", "1").code == 0


def test_without_out_every_run_gets_a_folder_of_its_own_under_reports(
    world: World, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    world.write_suite(**{"solver": "baseline:majority", "corpora": None, "prompt": None, "scorers": ["routing"]})
    for _ in range(3):
        assert cli("eval", world.suite, "-q").code == 0
    made = sorted((tmp_path / "reports").iterdir())
    assert len(made) == 3 and all("-harbour" in path.name and (path / "metrics.json").is_file() for path in made)


def test_the_terminal_shows_no_control_character_of_a_ticket(world: World, cli: Cli, run: Path) -> None:
    evil = "\x1b]0;pwned\x07 the diesel sheen \u202estinks"
    rows = [{**row, "id": f"t\x1b[2J-{n}"} for n, row in enumerate(rows_of_world(evil))]
    world.write_rows("samples.jsonl", rows)
    ran = cli("eval", world.suite, "--out", run)
    assert ran.code == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out + ran.err)


def rows_of_world(message: str) -> list[dict[str, Any]]:
    from tests.world import sample

    return [sample("a", message, "berth_fee"), sample("b", message, "mooring_fault")]


def test_help_names_every_exit_code_and_the_version_is_the_packages(cli: Cli) -> None:
    from harness import __version__

    text = " ".join(cli("--help").out.split())
    assert all(f"{code} " in text for code in range(8))
    assert cli("--version").out == f"harness, version {__version__}\n"
    assert "--sample-id" in cli("eval", "-h").out


def test_without_a_command_the_help_is_shown_and_it_is_a_mistake(cli: Cli) -> None:
    ran = cli()
    assert ran.code == 4 and "Usage" in ran.err and ran.out == ""
