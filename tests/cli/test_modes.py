"""`harness modes`: words, meaning and both, side by side and slice by slice."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.world import World

QUERIES: list[dict[str, Any]] = [
    {"id": "q1", "input": {"query": "boom on the water", "as_of": "2026-05-01", "kind": "policy"},
     "target": {"value": {"POL-OIL-01@2#1.1": 2}}, "slices": ["policy", "en"]},
    {"id": "q2", "input": {"query": "boom on the water", "as_of": "2025-05-01", "kind": "policy"},
     "target": {"value": {"POL-OIL-01@1#1.1": 2}}, "slices": ["policy", "en"]},
    {"id": "q3", "input": {"query": "Rechnung", "as_of": "2026-05-01", "kind": "incident"},
     "target": {"value": {"i-05": 1}}, "slices": ["incident", "de"]},
]  # fmt: skip


@pytest.fixture
def suite(world: World) -> Path:
    world.write_rows("queries.jsonl", QUERIES)
    return world.write_suite(
        eval_set="queries.jsonl", input="any", solver="search", prompt=None, scorers=["ranking"], coverage=1.0
    )


def test_the_three_modes_stand_side_by_side_for_each_slice(suite: Path, cli: Cli, tmp_path: Path) -> None:
    ran = cli("modes", suite, "--out", tmp_path / "out")
    assert ran.code == 0
    lines = ran.out.splitlines()
    heads = [line.split()[0] for line in lines if "hybrid − lexical" in line]
    assert heads == ["nDCG@10", "recall@5", "MRR"]
    rows = [line.split()[:2] for line in lines[1:6]]
    assert rows == [["all", "3"], ["de", "1"], ["en", "2"], ["incident", "1"], ["policy", "2"]]
    assert "results not in force on their day: lexical 0 of " in ran.out
    assert "lexical: 3 queries" in ran.err
    for mode in ("lexical", "dense", "hybrid"):
        assert (tmp_path / "out" / mode / "metrics.json").is_file()


def test_json_has_every_figure_with_its_interval_and_number(suite: Path, cli: Cli, tmp_path: Path) -> None:
    ran = cli("modes", suite, "--out", tmp_path / "out", "--json", "--quiet")
    found = json.loads(ran.out)
    assert len(found["figures"]) == 5 * 3 * 3 and len(found["hybrid_minus"]) == 5 * 3 * 2
    cells = {(cell["slice"], cell["figure"], cell["mode"]): cell for cell in found["figures"]}
    assert cells["en", "mrr", "lexical"]["value"] == 1.0 and cells["en", "mrr", "lexical"]["n"] == 2
    assert cells["de", "mrr", "lexical"]["value"] == 0.0
    assert all(0 <= cell["low"] <= cell["high"] <= 1 for cell in found["figures"] if cell["low"] is not None)
    metrics = json.loads((tmp_path / "out" / "hybrid" / "metrics.json").read_text())["metrics"]
    assert cells["all", "ndcg_at_10", "hybrid"]["value"] == pytest.approx(metrics["ranking.ndcg_at_10"]["value"])
    assert {mode: counts["wrong"] for mode, counts in found["not_in_force"].items()} == {
        "lexical": 0,
        "dense": 0,
        "hybrid": 0,
    }
    gain = next(g for g in found["hybrid_minus"] if (g["slice"], g["figure"], g["over"]) == ("all", "mrr", "lexical"))
    assert gain["value"] == pytest.approx(
        cells["all", "mrr", "hybrid"]["value"] - cells["all", "mrr", "lexical"]["value"]
    )


def test_a_suite_that_measures_something_else_is_refused(world: World, cli: Cli, tmp_path: Path) -> None:
    ran = cli("modes", world.suite, "--out", tmp_path / "out")
    assert ran.code == 4 and "this suite doesn't measure retrieval alone; use one with `solver: search`" in ran.err


def test_without_a_folder_it_makes_one_under_reports(
    suite: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli("modes", suite, "--limit", "2", "-q").code == 0
    (folder,) = (tmp_path / "reports").iterdir()
    assert folder.name.endswith("-harbour-modes")


def test_queries_without_dates_have_no_as_of_error(world: World, cli: Cli, suite: Path, tmp_path: Path) -> None:
    world.write("mine.py", "")
    rows = [{**row, "target": {"value": {}}} for row in QUERIES]
    world.write_rows("queries.jsonl", rows)
    ran = cli("modes", suite, "--out", tmp_path / "out", "-q")
    assert ran.code == 0 and "no query has a date" in ran.out and "–" in ran.out
