"""`harness personas` and `harness personas show`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.personas import personas
from harness.core.errors import UsageError
from harness.models.personas import persona_names


def ran(*args: str) -> Result:
    return CliRunner().invoke(personas, list(args), catch_exceptions=False)


def test_the_list_has_every_persona_with_what_it_plants_within_100_columns() -> None:
    out = ran().output
    assert all(f"\n{name} " in f"\n{out}" for name in persona_names())
    assert "accuracy 0.72 · " in out and "rate_limit 0.1" in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("name", persona_names())
def test_show_explains_every_rate(name: str) -> None:
    out = ran("show", name).output
    assert "accuracy" in out and "seeded" in out and "answer key" in out and "SIMULATED" in out
    assert max(map(len, out.splitlines())) <= 100


def test_show_json_holds_the_spec_and_what_is_planted() -> None:
    value = json.loads(ran("show", "flaky", "--json").output)
    assert value["model"] == "persona:flaky" and value["spec"]["faults"]["rate_limit"] == 0.1
    assert {"name", "value", "about"} == set(value["planted"][0])


def test_show_reads_ones_own_file_and_lets_nothing_in_it_drive_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    long = "a_label_of_a_name_that_is_quite_long_for_a_table"
    path.write_text(f'description: "x \\e[31m"\nconfusion: {{{long}: {{{long}: 0.9, "b\\e": 0.1}}}}\n')
    out = ran("show", str(path)).output
    assert "\x1b" not in out and f"confusion.{long}" in out and "0.9" in out


def test_show_tells_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="did you mean 'noisy'"):
        ran("show", "noisyy")
