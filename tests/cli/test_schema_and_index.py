"""`harness schema` and `harness index`."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.commands import INTENTS, ROOT, TRIAGE
from tests.conftest import Cli
from tests.world import World

MODELS = ROOT / "harness" / "models"
KINDS = ("suite", "taxonomy", "sample", "ticket", "incident", "policy", "prompt", "persona", "faults", "prices")


def front_matter(path: Path) -> Any:
    return plain(yaml.load(path.read_text(encoding="utf-8").split("---\n")[1], Loader=yaml.BaseLoader))


def plain(value: Any) -> Any:
    """YAML read as strings, with numbers, booleans and null put back, as this package reads it: dates stay strings."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    try:
        return json.loads(value)
    except ValueError:
        return value


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def shipped(kind: str) -> list[Any]:
    """What the repository ships of a kind."""
    corpora = ROOT / "corpora"
    samples = lines(TRIAGE.parent / "samples.jsonl")
    found: dict[str, list[Any]] = {
        "suite": [yaml.safe_load(p.read_text(encoding="utf-8")) for p in sorted(ROOT.glob("eval_sets/*/suite.yaml"))],
        "taxonomy": [yaml.safe_load(p.read_text(encoding="utf-8")) for p in (corpora / "taxonomy.yaml",)],
        "sample": [*samples, *lines(INTENTS.parent / "samples.jsonl")],
        "ticket": [sample["input"] for sample in samples],
        "incident": [row for path in sorted((corpora / "incidents").glob("*.jsonl")) for row in lines(path)],
        "policy": [front_matter(path) for path in sorted((corpora / "policies").rglob("*.md"))],
        "persona": [yaml.safe_load(p.read_text(encoding="utf-8")) for p in sorted(MODELS.glob("personas/*.yaml"))],
        "faults": [{"seed": 7, "rates": {"rate_limit": 0.1}, "script": ["ok", {"fault": "rate_limit"}]}],
        "prices": [plain(yaml.load((MODELS / "prices.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader))],
        "prompt": [front_matter(path) for path in sorted((ROOT / "prompts").glob("*/*.md"))],
    }
    return found[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_each_schema_is_valid_and_fits_what_is_shipped(kind: str, cli: Cli) -> None:
    ran = cli("schema", kind)
    schema = json.loads(ran.out)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    values = shipped(kind)
    assert values
    for value in values:
        validator.validate(value)
        assert not validator.is_valid({**value, "no_such_key": 1})
    if schema.get("required"):
        assert not validator.is_valid({})


def test_a_kind_that_there_is_not_names_those_there_are(cli: Cli) -> None:
    ran = cli("schema", "suit")
    assert ran.code == 4 and all(kind in ran.err for kind in KINDS)


def test_the_index_is_built_once_and_found_again(
    world: World, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HARNESS_HOME", str(home))
    ran = cli("index", world.suite)
    assert ran.code == 0 and "10 passages, hashing" in ran.out
    (manifest,) = home.glob("index/*/index.json")
    before = manifest.read_text(encoding="utf-8")
    assert cli("index", world.suite) == ran
    assert manifest.read_text(encoding="utf-8") == before
    assert cli("index", world.suite, "--rebuild").code == 0
    assert manifest.read_text(encoding="utf-8") != before and len(list(home.glob("index/*"))) == 1


def test_an_index_is_checked_and_its_faults_told(
    world: World, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HARNESS_HOME", str(home))
    ran = cli("index", world.suite, "--check")
    assert ran.code == 1 and "there is no index of this corpus and hashing-1024" in ran.out
    assert cli("index", world.suite).code == 0
    ran = cli("index", world.suite, "--check")
    assert (ran.code, ran.out) == (0, "checked: 10 passages, hashing, no findings\n")
    (rows,) = home.glob("index/*/rows.json")
    rows.write_text("{}")
    ran = cli("index", world.suite, "--check")
    assert ran.code == 1 and "rows.json can't be read" in ran.out
    assert cli("index", world.suite, "--rebuild").code == cli("index", world.suite, "--check").code == 0
    assert cli("index", world.suite, "--check", "--rebuild").code == 4


def test_lexical_mode_indexes_words_alone(world: World, cli: Cli) -> None:
    assert "10 passages, words only, 10 distinct" in cli("index", world.suite, "--set", "retrieval.mode=lexical").out


def test_one_changed_policy_changes_the_index_by_its_clauses(
    world: World, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    first = cli("index", world.suite).out
    path = world.folder / "policies" / "POL-FEE-01" / "1.md"
    path.write_text(path.read_text().replace("14 days", "15 days"))
    assert cli("index", world.suite).out != first
    assert cli("index", world.suite, "--check").code == 0


def test_set_decides_what_is_indexed_with(world: World, cli: Cli) -> None:
    assert "10 passages, minilm" in cli("index", world.suite, "--set", "retrieval.embeddings=minilm").out


def test_without_a_home_the_index_lies_in_the_working_folder(
    world: World, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HARNESS_HOME")
    monkeypatch.chdir(tmp_path)
    assert cli("index", world.suite).code == 0
    assert list((tmp_path / ".harness" / "index").glob("*/index.json"))
