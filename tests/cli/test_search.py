"""`harness search`: policies and incidents as of a date, for people and for machines."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.world import World


def hits(out: str, kind: str = "policy") -> list[str]:
    return [row["id"] for row in json.loads(out)[kind]]


def test_each_kind_is_a_table_with_scores_versions_and_the_words_that_match(world: World, cli: Cli) -> None:
    ran = cli("search", "who lays a boom when fuel is on the water?", "--as-of", "2026-05-01", "--suite", world.suite)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "policies in force on 2026-05-01 · hybrid, hashing-1024"
    assert lines[1].split() == ["score", "cosine", "BM25", "cases", "id", "version", "and", "dates"]
    assert "POL-OIL-01@2#1.1" in lines[2] and "version 2 of 2, 2026-03-01 – open" in lines[2]
    assert lines[3].startswith("      Fuel on the water: Measures: A boom is laid within 2 hours")
    assert lines[4] == "      words: boom, fuel, water"
    assert "incidents closed before 2026-05-01T00:00:00+00:00 · hybrid, hashing-1024" in lines
    assert any("i-01" in line and "closed 2025-06-01, oil_spill" in line for line in lines)
    assert "i-02" not in ran.out  # closed in August


def test_the_date_decides_which_version_is_found(world: World, cli: Cli) -> None:
    def found(*flags: str) -> list[str]:
        return hits(cli("search", "boom", "--suite", world.suite, "--kind", "policy", "--json", *flags).out)

    assert found("--as-of", "2026-02-28")[0] == "POL-OIL-01@1#1.1"
    assert found("--as-of", "2026-03-01")[0] == "POL-OIL-01@2#1.1"
    assert found("--as-of", "2026-03-01T08:00:00+09:00")[0] == "POL-OIL-01@1#1.1"
    assert "POL-OIL-01@1#1.1" not in found()


def test_json_says_how_each_passage_was_found(world: World, cli: Cli) -> None:
    ran = cli("search", "boom on the water", "--as-of", "2026-05-01", "--suite", world.suite, "--json", "--k", "2")
    found = json.loads(ran.out)
    assert {key: found[key] for key in ("mode", "embeddings", "region", "as_of")} == {
        "mode": "hybrid", "embeddings": "hashing-1024", "region": None, "as_of": "2026-05-01T00:00:00+00:00",
    }  # fmt: skip
    assert len(found["policy"]) == len(found["incident"]) == 2
    first: dict[str, Any] = found["policy"][0]
    assert (first["version"], first["versions"], first["visible_from"], first["region"]) == (
        2,
        [1, 2],
        "2026-03-01",
        "all",
    )
    assert first["words"] == ["boom", "water"] and first["cosine"] > 0 and first["bm25"] > 0


@pytest.mark.parametrize("mode", ["dense", "lexical"])
def test_a_part_that_was_not_asked_has_no_figure(world: World, cli: Cli, mode: str) -> None:
    ran = cli("search", "boom", "--suite", world.suite, "--mode", mode, "--json", "--kind", "policy")
    other = {"dense": "bm25", "lexical": "cosine"}[mode]
    assert {row[other] for row in json.loads(ran.out)["policy"]} == {None}


def test_stop_words_alone_find_nothing_by_words(world: World, cli: Cli) -> None:
    ran = cli("search", "and the of it", "--suite", world.suite, "--mode", "lexical")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "policies, latest versions · lexical",
        "  nothing found",
        "incidents · lexical",
        "  nothing found",
    ]
    assert len(hits(cli("search", "and the of it", "--suite", world.suite, "--json").out)) == 3


def test_corpora_that_are_no_suites_can_be_searched(world: World, cli: Cli) -> None:
    folder = world.folder / "policies"
    ran = cli("search", "boom", "--policies", folder, "--mode", "lexical", "--json")
    assert hits(ran.out) == ["POL-OIL-01@2#1.1"] and hits(ran.out, "incident") == []
    ran = cli("search", "diesel", "--incidents", world.folder / "incidents.jsonl", "--mode", "lexical", "--json")
    assert hits(ran.out, "incident") == ["i-01"]
    ran = cli("search", "boom", "--policies", folder, "--set", "retrieval.mode=dense")
    assert ran.code == 4 and ran.err.startswith("harness: --set: ")


def test_what_texts_hold_never_reaches_the_terminal(world: World, cli: Cli) -> None:
    row = {
        "id": "i\x1b]0;x",
        "title": "T\x1b[2J",
        "narrative": "boom \u202egnp\n\x07 " + "long " * 100,
        "label": "oil_spill",
    }
    world.write_rows("incidents.jsonl", [row])
    ran = cli("search", "boom \x1b[31m", "--suite", world.suite, "--kind", "incident", "--mode", "lexical")
    assert ran.code == 0 and "undated, oil_spill" in ran.out
    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out)
    assert max(map(len, ran.out.splitlines())) <= 120


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--as-of", "soon"], "--as-of: 'soon' is no date; give a day (2026-05-17) or a time with its zone"),
        (["--as-of", "2026-05-17T10:00"], "--as-of: '2026-05-17T10:00' is no date"),
        (["--region", "EU"], "retrieval.region: no policy is of region 'EU'; leave it out"),
        (["--k", "0"], "Invalid value for '--k'"),
        (["--set", "retrieval.embeddings=minilmm"], "unknown embeddings 'minilmm'; did you mean 'minilm'?"),
        (["--set", "retrieval.embeddings=nowhere:make"], "'nowhere:make': No module named 'nowhere'"),
    ],
)
def test_a_mistake_is_one_line(world: World, cli: Cli, flags: list[str], line: str) -> None:
    ran = cli("search", "boom", "--suite", world.suite, *flags)
    assert ran.code == 4 and line in ran.err and ran.err.count("\n") == 1


def test_a_region_is_kept_to(world: World, cli: Cli) -> None:
    text = (world.folder / "policies" / "POL-FEE-01" / "1.md").read_text()
    world.write("policies/POL-FEE-01/1.md", text.replace("labels:", "region: EU\nlabels:"))
    world.write(
        "policies/POL-TAX-01/1.md", text.replace("POL-FEE-01", "POL-TAX-01").replace("labels:", "region: US\nlabels:")
    )
    common = ("search", "fee", "--suite", world.suite, "--kind", "policy")
    assert {"POL-FEE-01@1#2.1", "POL-OIL-01@2#1.1"} <= set(hits(cli(*common, "--region", "eu", "--json").out))
    assert "POL-TAX-01@1#2.1" not in cli(*common, "--region", "eu").out
    assert ", EU" in cli(*common, "--region", "eu").out


def test_a_langchain_embeddings_beside_the_suite_is_used(world: World, cli: Cli, code: Any) -> None:
    code("my_vectors", "from langchain_core.embeddings import DeterministicFakeEmbedding\n\n"
         "def make():\n    return DeterministicFakeEmbedding(size=16)\n")  # fmt: skip
    ran = cli(
        "search", "boom", "--suite", world.suite, "--set", "retrieval.embeddings=my_vectors:make", "--mode", "dense"
    )
    assert ran.code == 0 and "· dense, my_vectors:make-16" in ran.out


def test_a_chroma_server_that_is_down_is_one_line(world: World, cli: Cli) -> None:
    ran = cli("search", "boom", "--suite", world.suite, "--set", "retrieval.chroma=http://127.0.0.1:9")
    assert ran.code == 4 and ran.err.startswith(
        "harness: retrieval.chroma: no Chroma server to use at http://127.0.0.1:9:"
    )
    assert ran.err.count("\n") == 1
    ran = cli("search", "boom", "--suite", world.suite, "--set", "retrieval.chroma=nonsense")
    assert ran.code == 4 and "is no URL of a Chroma server" in ran.err


def test_a_suite_that_is_not_there_is_one_line(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = cli("search", "boom")
    assert ran.code == 4 and "no such suite" in ran.err
