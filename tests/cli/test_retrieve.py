"""`harness retrieve`: documents and queries from outside, ranked as a TREC run."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli

DOCUMENTS: list[dict[str, Any]] = [
    {"id": "d1", "title": "Fuel", "text": "Diesel on the water of the basin.", "extra": {"ignored": 1}},
    {"id": "d2", "text": "An invoice for nine nights."},
    {"id": "d3", "title": "Chains and moorings", "text": ""},
    {"id": "d4", "title": None, "text": "Diesel in the tank."},
    {"id": "d5", "text": " "},
    {"id": 6, "text": "Diesel in the tank."},
]
QUERIES: list[dict[str, Any]] = [
    {"id": "q1", "text": "diesel water", "as_of": "ignored"},
    {"id": "q2", "text": "mooring"},
    {"id": "q3", "text": "the of and"},
    {"id": "q4", "text": ""},
]


def write(path: Path, rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return {
        "--corpus": write(tmp_path / "corpus.jsonl", DOCUMENTS),
        "--queries": write(tmp_path / "queries.jsonl", QUERIES),
        "--out": tmp_path / "run.trec",
    }


def flags(files: dict[str, Path], *more: str) -> list[str | Path]:
    return [part for pair in files.items() for part in pair] + list(more)


def run_of(path: Path) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in path.read_text().splitlines():
        query, zero, *rest = line.split(" ")
        assert zero == "Q0" and len(rest) == 4
        found.setdefault(query, []).append(rest)
    return found


def test_a_run_has_a_line_a_document_with_falling_scores(files: dict[str, Path], cli: Cli) -> None:
    ran = cli("retrieve", *flags(files, "--mode", "lexical"))
    assert ran.code == 0 and ran.out == ""
    found = run_of(files["--out"])
    assert {query: [row[0] for row in rows] for query, rows in found.items()} == {"q1": ["d1", "d4", "6"], "q2": ["d3"]}
    assert [row[1] for row in found["q1"]] == ["1", "2", "3"]
    scores = [float(row[2]) for row in found["q1"]]
    assert scores == sorted(scores, reverse=True)
    assert {row[3] for rows in found.values() for row in rows} == {"harness-lexical"}


@pytest.mark.parametrize("mode", ["hybrid", "dense"])
def test_k_documents_are_ranked_by_meaning(files: dict[str, Path], cli: Cli, mode: str) -> None:
    ran = cli("retrieve", *flags(files, "--mode", mode, "--embeddings", "hashing", "--k", "2"))
    assert ran.code == 0
    found = run_of(files["--out"])
    assert {query: len(rows) for query, rows in found.items()} == {"q1": 2, "q2": 2, "q3": 2}
    assert found["q1"][0][0] == "d1" and found["q2"][0][0] == "d3"


def test_the_default_is_hybrid_with_minilm(files: dict[str, Path], cli: Cli) -> None:
    assert cli("retrieve", *flags(files)).code == 0
    assert run_of(files["--out"])["q2"][0][0] == "d3"
    assert files["--out"].read_text().splitlines()[0].endswith(" harness-hybrid")


def test_a_dash_is_standard_output(files: dict[str, Path], cli: Cli) -> None:
    ran = cli("retrieve", *flags(files | {"--out": Path("-")}, "--mode", "lexical"))
    assert ran.code == 0 and ran.out.startswith("q1 Q0 d1 1 ") and ran.err == ""


@pytest.mark.parametrize(
    ("flag", "rows", "line"),
    [
        ("--corpus", [], "no document in it"),
        ("--corpus", [{"id": "d5", "text": " "}], "no document in it"),
        ("--queries", [], "no query in it"),
        ("--corpus", [{"id": "d1", "text": "x"}, {"id": "d1", "text": "y"}], ":2: document 'd1' is also on line 1"),
        ("--queries", [{"id": "q 1", "text": "x"}], ":1: id: "),
        ("--corpus", [{"id": "d1"}], ":1: missing key 'text'"),
        ("--corpus", [{"id": "d1", "text": ["x"]}], ":1: text: "),
        ("--queries", [[1]], ":1: expected an object, found list"),
    ],
)
def test_broken_files_are_one_line_with_file_and_line(
    files: dict[str, Path], cli: Cli, flag: str, rows: Any, line: str
) -> None:
    write(files[flag], rows)
    ran = cli("retrieve", *flags(files, "--mode", "lexical"))
    assert ran.code == 4 and f"{files[flag]}" in ran.err and line in ran.err and ran.err.count("\n") == 1
    assert not files["--out"].exists()


def test_files_that_are_not_there_and_folders_that_cannot_be_written_are_one_line(
    files: dict[str, Path], cli: Cli, tmp_path: Path
) -> None:
    ran = cli("retrieve", *flags(files | {"--corpus": tmp_path / "none.jsonl"}))
    assert ran.code == 4 and "none.jsonl: no such document file" in ran.err
    ran = cli("retrieve", *flags(files | {"--out": tmp_path / "no" / "run.trec"}, "--mode", "lexical"))
    assert ran.code == 4 and "can't write" in ran.err
    ran = cli("retrieve", *flags(files, "--embeddings", "minilmm"))
    assert ran.code == 4 and "did you mean 'minilm'?" in ran.err
