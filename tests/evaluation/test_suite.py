"""The suite file: reading it, replacing values in it, and who is to blame for a wrong one."""

from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.evaluation import amend_suite, load_suite
from tests.world import World


def test_paths_are_relative_to_the_file(world: World) -> None:
    suite = load_suite(world.suite)
    assert suite.path == world.suite
    assert suite.resolve("../x/y.md") == world.folder.parent / "x" / "y.md"


def test_what_is_left_out_has_the_stated_defaults(world: World) -> None:
    suite = load_suite(world.write("small.yaml", "name: a\neval_set: s.jsonl\nscorers: [routing]\n"))
    assert (suite.solver, suite.model, suite.trials, suite.seed, suite.split) == ("triage", "reader", 1, 0, None)
    assert (suite.retrieval.mode, suite.retrieval.as_of, suite.coverage) == ("hybrid", "created_at", 0.0)


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("retrieval.incidents=1", lambda suite: suite.retrieval.incidents == 1),
        ("split=null", lambda suite: suite.split is None),
        ("split=dev", lambda suite: suite.split == "dev"),
        ("scorers=[routing]", lambda suite: suite.scorers == ("routing",)),
        ("scorers.0=exact", lambda suite: suite.scorers[0] == "exact"),
        ("model_parameters.temperature=0.5", lambda suite: suite.model_parameters == {"temperature": 0.5}),
        ("model_parameters.a.b=x=y", lambda suite: suite.model_parameters == {"a": {"b": "x=y"}}),
        ("gates=['routing.accuracy >= 0.5']", lambda suite: suite.gates == ("routing.accuracy >= 0.5",)),
        ("description=2026-01-01", lambda suite: suite.description == "2026-01-01"),
    ],
)
def test_a_value_can_be_replaced_by_its_path(world: World, override: str, read: Any) -> None:
    assert read(load_suite(world.suite, overrides=[override]))
    assert read(amend_suite(load_suite(world.suite), overrides=[override]))


def test_later_overrides_win_and_lists_can_be_entered(world: World) -> None:
    world.write_suite(scorers=["routing", {"calibration": {"bins": 10}}])
    suite = load_suite(world.suite, overrides=["seed=1", "seed=2", "scorers.1.calibration.bins=5"])
    assert suite.seed == 2 and suite.scorers[1] == {"calibration": {"bins": 5}}


@pytest.mark.parametrize(
    "override",
    ["trials", "=3", "retrieval.=3", "name.x=3", "scorers.99=cost", "scorers.x=cost", "scorers.99.y=1", "trials=[",
     "scorers.0.x=1"],
)  # fmt: skip
def test_an_override_that_fits_nowhere_is_refused_by_its_flag(world: World, override: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_suite(world.suite, overrides=[override])
    assert str(caught.value).startswith("--set") and caught.value.fix


@pytest.mark.parametrize(
    ("options", "begins"),
    [
        ({"overrides": ["trials=0"]}, "--set: trials: "),
        ({"overrides": ["retrieval.incidents=-1"]}, "--set: retrieval.incidents: "),
        ({"overrides": ["nosuch=1"]}, "--set: unknown key 'nosuch'"),
        ({"overrides": ["gates=['x']"]}, "--set: gates: 'x' is not a gate"),
        ({"replace": {"concurrency": 0}}, "--concurrency: concurrency: "),
        ({"replace": {"seed": -1}}, "--seed: seed: "),
    ],
)
def test_a_wrong_override_names_the_flag_and_not_a_line_of_the_file(
    world: World, options: dict[str, Any], begins: str
) -> None:
    with pytest.raises(UsageError) as loading:
        load_suite(world.suite, **options)
    suite = load_suite(world.suite)
    with pytest.raises(UsageError) as amending:
        amend_suite(suite, **options)
    for caught in (loading.value, amending.value):
        assert str(caught).startswith(begins) and caught.fix


def test_a_mistake_in_the_file_is_still_at_its_line_when_another_key_is_overridden(world: World) -> None:
    path = world.write("s.yaml", "name: a\neval_set: s.jsonl\ntrials: 0\nscorers: [routing]\n")
    with pytest.raises(UsageError, match=rf"{path}:3: trials: "):
        load_suite(path, overrides=["seed=3"])
    assert load_suite(path, overrides=["trials=2"]).trials == 2


@pytest.mark.parametrize("text", ["", "[]", "3", "- a"])
def test_a_suite_that_is_no_mapping_is_refused_with_or_without_overrides(world: World, text: str) -> None:
    path: Path = world.write("s.yaml", text)
    for overrides in ([], ["seed=1"]):
        with pytest.raises(UsageError, match="expected a mapping"):
            load_suite(path, overrides=overrides)


def test_amending_leaves_the_suite_as_it_was(world: World) -> None:
    suite = load_suite(world.suite)
    other = amend_suite(suite, overrides=["retrieval.incidents=1"], replace={"seed": 9})
    assert (suite.retrieval.incidents, suite.seed) == (4, 0)
    assert (other.retrieval.incidents, other.seed, other.path) == (1, 9, suite.path)
