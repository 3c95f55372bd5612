"""What holds for every command: internal errors, --debug, output that nobody reads, and what starting costs."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.evaluation import read_journal
from tests.commands import command, environment, spawn
from tests.conftest import Cli
from tests.world import FUNCTION_SUITE, World

FULL_DISK = """
import resource

def answer(ticket):
    if ticket["id"] == "t-3":  # what is a full disk to the journal: nothing more can be written
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
    return "berth_fee"
"""


def test_an_internal_error_is_exit_3_in_one_line_and_what_was_journaled_stays(world: World, tmp_path: Path) -> None:
    world.write("full_disk.py", FULL_DISK)
    world.write_suite(**FUNCTION_SUITE, solver="full_disk:answer")
    ran = spawn(["eval", world.suite, "--out", tmp_path / "run", "-q"])
    assert (ran.code, ran.out, ran.err.count("\n")) == (3, "", 1), ran.err
    assert ran.err.startswith("harness: internal error: OSError: ") and "--debug shows where" in ran.err
    assert [row["sample_id"] for row in read_journal(tmp_path / "run" / "samples.jsonl")] == ["t-1", "t-2"]


def test_debug_may_stand_before_and_after_the_command(world: World) -> None:
    for before, after in ((["--debug"], []), ([], ["--debug"])):
        ran = spawn([*before, "eval", world.suite, "--set", "trials=0", *after])
        assert ran.code == 4 and "Traceback" in ran.err and "--set: trials" in ran.err.splitlines()[-1]


def test_a_run_is_written_whole_even_where_nobody_reads_its_tables(world: World, tmp_path: Path) -> None:
    world.write_suite(**FUNCTION_SUITE, solver="baseline:keyword")
    process = subprocess.Popen(
        command("eval", world.suite, "--out", tmp_path / "run"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert "Traceback" not in errors and "Exception ignored" not in errors
    assert (tmp_path / "run" / "metrics.json").is_file() and (tmp_path / "run" / "report.html").is_file()


def test_the_process_ends_with_the_code_of_its_command(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code in ((["--version"], 0), (["eval", str(world.suite), "--set", "split=train"], 5)):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == code
    assert "split 'train'" in capsys.readouterr().err


def test_an_interruption_before_a_run_began_is_one_too(world: World, cli: Cli) -> None:
    world.write("stops_at_import.py", "raise KeyboardInterrupt")
    world.write_suite(**FUNCTION_SUITE, solver="stops_at_import:f")
    ran = cli("eval", world.suite, "--out", world.folder / "run")
    assert ran.code == 2 and ran.err.strip() == "harness: interrupted"
    assert not (world.folder / "run").exists()


@pytest.mark.parametrize("name", ["ab", "check", "compare", "eval", "index", "power", "schema", "triage"])
def test_each_command_explains_itself(cli: Cli, name: str) -> None:
    ran = cli(name, "--help")
    assert ran.code == 0 and ran.out.startswith(f"Usage: harness {name} ") and ran.err == ""


def test_help_and_the_package_load_nothing_heavy() -> None:
    program = (
        "import sys, harness\nfrom harness.cli.main import run\nrun(['--help'])\n"
        "heavy = {'langchain', 'langchain_core', 'chromadb', 'pandas', 'ragas', 'tantivy', 'onnxruntime', 'openai',"
        " 'scipy', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment())
    assert done.returncode == 0 and done.stderr.strip() == "[]"
