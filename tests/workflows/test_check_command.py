"""`harness check`: what it prints and how it ends."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.commands import INTENTS, TRIAGE, Ran, spawn

from .suites import Suite

Cli = Callable[..., Ran]


def test_the_shipped_suites_have_no_findings(cli: Cli) -> None:
    ran = cli("check", TRIAGE, INTENTS)
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(
        r"checked: [\d,]+ samples, \d+ policy versions, [\d,]+ clauses, \d+ incidents, no findings\n", ran.out
    )


def test_a_sound_suite_ends_with_0(small: Suite, cli: Cli) -> None:
    ran = cli("check", small.write())
    assert ran == (0, "checked: 3 samples, 2 policy versions, 4 clauses, 2 incidents, no findings\n", "")


def test_findings_are_lines_in_order_of_file_and_line_and_end_with_1(small: Suite, cli: Cli) -> None:
    small.samples[2]["id"] = small.samples[1]["id"] = "s-1"
    small.incidents[0]["clauses"] = ["POL-A@1#9.9"]
    ran = cli("check", small.write())
    lines = ran.out.splitlines()
    places = [line.removeprefix(f"{small.folder}/").split(": ")[0] for line in lines[:-1]]
    assert ran.code == 1
    assert places == ["incidents.jsonl:1", "samples.jsonl:2", "samples.jsonl:3"]
    assert lines[-1] == "3 findings in 2 files"


def test_lines_are_sorted_as_numbers(small: Suite, cli: Cli) -> None:
    small.samples += ["{"] * 9
    ran = cli("check", small.write())
    numbers = [int(line.split(":")[1]) for line in ran.out.splitlines()[:-1]]
    assert numbers == [4, 5, 6, 7, 8, 9, 10, 11, 12]


def test_of_many_findings_of_one_kind_in_a_file_the_first_are_listed_and_the_rest_counted(
    small: Suite, cli: Cli
) -> None:
    small.samples += ["{"] * 30
    lines = cli("check", small.write()).out.splitlines()
    assert len(lines) == 22 and lines[-1] == "30 findings in 1 file"
    assert lines[-2].endswith("samples.jsonl: and 10 more of this kind (schema); --json lists them")
    assert len(json.loads(cli("check", small.path, "--json").out)) == 30


def test_json_is_a_list_of_findings_and_nothing_else(small: Suite, cli: Cli) -> None:
    assert json.loads(cli("check", small.write(), "--json").out) == []
    small.samples.append("{")
    ran = cli("check", small.write(), "--json")
    (one,) = json.loads(ran.out)
    assert ran.code == 1
    assert set(one) == {"file", "line", "rule", "message"}
    assert (one["file"], one["line"], one["rule"]) == (str(small.folder / "samples.jsonl"), 4, "schema")


def test_hostile_text_is_shown_and_not_obeyed(small: Suite, cli: Cli) -> None:
    small.samples[2]["input"]["guest_message"] = "x@evil.com"
    small.samples[2]["id"] = "s\n\x1b[31m\u202e"
    out = cli("check", small.write()).out
    assert "\x1b" not in out and "\u202e" not in out
    assert len(out.splitlines()) == 2


def test_own_functions_are_said_to_be_unprobed_beside_the_output(small: Suite, cli: Cli) -> None:
    (small.folder / "another_own_scorer.py").write_text("def judge(sample, output):\n    return 1\n")
    small.suite["scorers"] = ["routing", "another_own_scorer:judge"]
    ran = cli("check", small.write(), "--json")
    assert ran.code == 0 and json.loads(ran.out) == []
    assert ran.err == "harness: scorer another_own_scorer:judge is a function of your own and was not probed\n"


def test_a_missing_suite_ends_with_4_and_one_line(small: Suite, cli: Cli, tmp_path: Path) -> None:
    ran = cli("check", small.write(), tmp_path / "no.yaml")
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.count("\n") == 1 and "no such suite" in ran.err


def test_a_call_without_a_suite_ends_with_4(cli: Cli) -> None:
    assert cli("check").code == 4


def test_the_process_ends_with_the_code(small: Suite) -> None:
    small.samples.append("{")
    ran = spawn(["check", small.write()])
    assert ran.code == 1 and ran.out.endswith("1 finding in 1 file\n")
