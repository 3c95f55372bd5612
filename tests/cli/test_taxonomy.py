"""`harness taxonomy`: the matrix as a table, a row as sums, and all of it as JSON."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.core.taxonomy import Taxonomy
from tests.conftest import Cli
from tests.places import ROOT
from tests.world import TAXONOMY, World


def altered(world: World, **changed: Any) -> Path:
    """The world's taxonomy, written with keys replaced."""
    return world.write("taxonomy.yaml", yaml.safe_dump({**TAXONOMY, **changed}, sort_keys=False))


def labels(**of_oil: Any) -> list[dict[str, Any]]:
    """The world's labels, with keys of the first replaced."""
    first, *rest = copy.deepcopy(TAXONOMY["labels"])
    return [{**first, **of_oil}, *rest]


def row(out: str, name: str) -> list[str]:
    """The numbers behind a row's name."""
    (line,) = [line for line in out.splitlines() if re.match(rf"\s*(\d+ )?{re.escape(name)}\s+\d", line)]
    return line.partition(name)[2].split()


def test_the_matrix_is_printed_with_a_row_for_each_label_and_one_for_none(world: World, cli: Cli) -> None:
    ran = cli("taxonomy", world.folder / "taxonomy.yaml")
    assert ran.code == 0 and ran.out.startswith("harbour: cost in EUR")
    assert row(ran.out, "oil_spill") == ["0", "80", "80"]
    assert row(ran.out, "mooring_fault") == ["40", "0", "20"]
    assert row(ran.out, "berth_fee") == ["40", "10", "0"]
    assert row(ran.out, "(no label fits)") == ["44", "14", "14"]
    assert "a review costs 4, whatever the label" in ran.out
    assert [line for line in ran.out.splitlines() if "times more" in line] == [
        "oil_spill: 2 times more to miss than to raise falsely"
    ]


@pytest.mark.parametrize("cost", [600, 60_000_000_000])
def test_columns_stand_below_their_numbers_whatever_the_names_and_the_costs(
    world: World, cli: Cli, cost: float
) -> None:
    wanted = labels(id="o", miss_harm={"probability": 0.1, "cost": cost})[:2]
    out = cli("taxonomy", altered(world, labels=[wanted[0], {**wanted[1], "id": "m"}])).out.splitlines()
    start = next(n for n, line in enumerate(out) if line.split() == ["1", "2"])
    ends = [[match.end() for match in re.finditer(r"[\d,]+", line)][-2:] for line in out[start : start + 4]]
    assert ends == [ends[0]] * 4


def test_assumptions_are_told_with_their_reasons(world: World, cli: Cli) -> None:
    figures = {**TAXONOMY["assumptions"], "reasons": {"transfer": "somebody walks over"}}
    out = cli("taxonomy", altered(world, assumptions=figures)).out.splitlines()
    assert "  transfer             10  somebody walks over" in out
    assert "  review                4" in out


def test_no_ratio_is_told_where_there_is_none(world: World, cli: Cli) -> None:
    dangerous = [{**label, "high_risk": True} for label in labels()]
    assert "times more" not in cli("taxonomy", altered(world, labels=dangerous)).out


def test_a_row_is_explained_as_sums(world: World, cli: Cli) -> None:
    reasons = {
        "miss_harm": {"probability": 0.1, "cost": 6000, "reason": "the beach is closed"},
        "false_raise": {"cost": 30, "reason": "a boom for nothing"},
    }
    pump = {**labels()[0], "id": "pump_fire", "sla_hours": 3}
    path = altered(world, labels=[*labels(**reasons), pump])
    assert cli("taxonomy", path, "--label", "oil_spill").out.splitlines() == [
        "oil_spill: P0, opened within 1 h, high-risk",
        "  missed: 0.1 × 6,000  the beach is closed",
        "  raised falsely: 30  a boom for nothing",
        "  → mooring_fault                  620.00  = transfer 10 + 5 h late × 2 + harm 0.1 × 6,000",
        "  → berth_fee                      620.00  = transfer 10 + 5 h late × 2 + harm 0.1 × 6,000",
        "  → pump_fire                      314.00  = transfer 10 + 2 h late × 2 + harm 0.1 × 6,000 × 0.5 "
        "(another high-risk queue)",
    ]


def test_several_rows_are_explained_in_the_order_asked_for(world: World, cli: Cli) -> None:
    path = world.folder / "taxonomy.yaml"
    assert cli("taxonomy", path, "--label", "berth_fee", "--label", "mooring_fault").out.splitlines() == [
        "berth_fee: P4, opened within 72 h",
        "  → oil_spill                       40.00  = transfer 10 + raised falsely 30",
        "  → mooring_fault                   10.00  = transfer 10",
        "",
        "mooring_fault: P2, opened within 8 h",
        "  → oil_spill                       40.00  = transfer 10 + raised falsely 30",
        "  → berth_fee                       20.00  = transfer 10 + 5 h late × 2",
    ]


def test_json_holds_every_cell_with_its_parts(world: World, cli: Cli) -> None:
    told = json.loads(cli("taxonomy", world.folder / "taxonomy.yaml", "--json").out)
    matrix = Taxonomy.model_validate(TAXONOMY).costs
    assert (told["name"], told["currency"], told["review"]) == ("harbour", "EUR", 4)
    assert told["assumptions"] == {**TAXONOMY["assumptions"], "reasons": {}}
    totals = {(gold, given): cell["total"] for gold, cells in told["cells"].items() for given, cell in cells.items()}
    assert totals | {(None, given): cost for given, cost in told["out_of_scope"].items()} == dict(matrix.route)
    for cells in told["cells"].values():
        for cell in cells.values():
            assert cell["total"] == cell["transfer"] + cell["delay"] + cell["harm"] + cell["raised"]
    assert told["miss_to_false_raise"] == {"oil_spill": 2}


def test_json_keeps_to_the_rows_asked_for(world: World, cli: Cli) -> None:
    told = json.loads(cli("taxonomy", world.folder / "taxonomy.yaml", "--json", "--label", "berth_fee").out)
    assert list(told["cells"]) == ["berth_fee"] and list(told["cells"]["berth_fee"]) == [
        "oil_spill", "mooring_fault", "berth_fee"
    ]  # fmt: skip


def test_without_a_file_the_shipped_taxonomy_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = cli("taxonomy")
    assert ran.code == 0 and ran == cli("taxonomy", "corpora/taxonomy.yaml")


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_label_that_there_is_not_is_refused_with_the_one_meant(world: World, cli: Cli, flags: list[str]) -> None:
    path = world.folder / "taxonomy.yaml"
    ran = cli("taxonomy", path, "--label", "berth_fee", "--label", "oil_spil", *flags)
    assert (ran.code, ran.out) == (4, "")
    assert f"{path}: no label 'oil_spil'; did you mean 'oil_spill'?" in ran.err


def test_a_file_that_there_is_not_or_that_is_wrong_is_one_line(world: World, cli: Cli) -> None:
    ran = cli("taxonomy", world.folder / "none.yaml")
    assert ran.code == 4 and "none.yaml" in ran.err and len(ran.err.splitlines()) == 1
    ran = cli("taxonomy", altered(world, labels=labels(severity="P9")))
    assert ran.code == 4 and "taxonomy.yaml:" in ran.err and "severity" in ran.err
