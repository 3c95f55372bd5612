"""The plan: what a suite names is read and checked, before anything is run or written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.build.manifest import git_state, make_manifest
from harness.build.plan import Plan, planned
from harness.core.errors import NoSamplesError, UsageError
from harness.evaluation import load_suite
from tests.world import FUNCTION_SUITE, PROMPT, SAMPLES, World

Code = Callable[[str, str], Path]


def plan(world: World, **options: Any) -> Plan:
    return planned(world.suite, **options)


def test_samples_are_those_of_the_split_the_ids_and_the_limit(world: World) -> None:
    assert [sample.id for sample in plan(world).samples] == [f"t-{n}" for n in range(1, 7)]
    assert [sample.id for sample in plan(world, overrides=["split=dev"]).samples] == ["t-7", "t-8"]
    assert len(plan(world, overrides=["split=null"]).samples) == 8
    assert [sample.id for sample in plan(world, limit=2).samples] == ["t-1", "t-2"]
    assert [sample.id for sample in plan(world, sample_ids=["t-8", "t-1"]).samples] == ["t-1", "t-8"]


def test_no_sample_left_is_no_usage_error(world: World) -> None:
    with pytest.raises(NoSamplesError, match="split 'train'"):
        plan(world, overrides=["split=train"])


def test_a_loaded_suite_is_amended_by_what_the_caller_gives(world: World) -> None:
    suite = load_suite(world.suite)
    made = planned(suite, model="openai/some", concurrency=3, seed=4, overrides=["trials=2"])
    assert made.spec is not None and made.spec.id == "openai/some"
    assert (made.concurrency, made.suite.seed, made.suite.trials) == (3, 4, 2)
    assert planned(suite).suite is suite


def test_what_a_loaded_suite_was_loaded_with_is_kept_when_it_is_amended(world: World) -> None:
    suite = load_suite(world.suite, overrides=["split=dev", "retrieval.incidents=1"])
    made = planned(suite, seed=4, overrides=["retrieval.policies=2"])
    assert {sample.id for sample in made.samples} == {"t-7", "t-8"}
    assert (made.suite.retrieval.incidents, made.suite.retrieval.policies, made.suite.seed) == (1, 2, 4)


def test_a_prompt_of_the_callers_is_relative_to_the_working_folder(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.md").write_text(PROMPT.replace("id: harbour", "id: mine"))
    monkeypatch.chdir(tmp_path)
    made = plan(world, prompt="mine.md").prompt
    assert made is not None and made.path == Path("mine.md")


def test_models_over_a_network_are_asked_several_at_once(world: World) -> None:
    assert plan(world).concurrency == 1
    assert plan(world, model="openai/some").concurrency == 8
    assert plan(world, model="openai/some", concurrency=2).concurrency == 2


def test_baselines_are_those_named_and_those_gated_each_once(world: World) -> None:
    gates = ["routing.accuracy > baseline:majority", "cost.per_ticket < baseline:majority", "routing.accuracy >= 0.1"]
    world.write_suite(baselines=["keyword", "keyword"], gates=gates)
    made = plan(world)
    assert made.baselines == ("keyword", "majority") and [gate.text for gate in made.gates] == gates


def test_a_baseline_is_not_judged_by_functions_of_the_users_nor_by_the_clock(world: World, code: Code) -> None:
    code("judges_p", "def polite(sample, output):\n    return True\n")
    world.write_suite(scorers=["routing", "latency", "judges_p:polite"])
    made = plan(world)
    assert [scorer.name for scorer in made.scorers] == ["routing", "latency", "polite"]
    assert [scorer.name for scorer in made.baseline_scorers] == ["routing"]


def test_the_majority_is_learnt_from_incidents_else_from_splits_that_are_not_evaluated(world: World) -> None:
    assert sorted(plan(world).seen_labels) == ["berth_fee"] * 2 + ["mooring_fault"] * 2 + ["oil_spill"] * 2
    world.write_suite(**FUNCTION_SUITE, solver="baseline:majority")
    assert plan(world).seen_labels == ("oil_spill", "berth_fee")
    assert plan(world, overrides=["split=dev"]).seen_labels == ()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"prompt": None}, "solver triage needs a prompt; add `prompt:` or give --prompt"),
        ({"taxonomy": None, "scorers": ["exact"]}, "triage and baselines need a taxonomy"),
        ({"solver": "baseline:keyword", "taxonomy": None, "scorers": ["exact"]}, "need a taxonomy"),
        ({"solver": "triaje"}, "unknown solver 'triaje'; did you mean 'triage'?"),
        ({"solver": "baseline:keywords"}, "unknown baseline 'keywords'; did you mean 'keyword'?"),
        ({"baselines": ["median"]}, "unknown baseline 'median'; known are keyword, linear, majority"),
        ({"gates": ["routing.accuracy > baseline:best"]}, "unknown baseline 'best'"),
        ({"scorers": ["routing", {"routing": None}]}, "scorer 'routing' stands twice"),
        ({"input": "any"}, "triage reads tickets or texts"),
        ({"calls": {"structured": "tool", "probabilities": "logprobs"}}, "log-probabilities come with text"),
        ({"model": "groq/x", "calls": {"api": "responses"}}, "groq has no responses API"),
        ({"model": "openai/x", "calls": {"api": "responses", "probabilities": "logprobs"}}, "use openai-compatible/x"),
        ({"model": "openai/x", "model_parameters": {"base_url": "host:1"}}, "is no http(s) URL"),
    ],
)
def test_what_does_not_go_together_is_refused(world: World, changed: dict[str, Any], said: str) -> None:
    world.write_suite(**changed)
    with pytest.raises(UsageError) as caught:
        plan(world)
    assert said in str(caught.value) and str(world.suite) in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"model": "persona:nobody"}, "no persona 'nobody'"),
        ({"calls": {"prices": "none.yaml"}}, "none.yaml: no such price file"),
        ({"sample_ids": ["t-1", "t-99"]}, "no sample 't-99'"),
    ],
)
def test_what_the_suite_names_must_be_there(world: World, changed: dict[str, Any], said: str) -> None:
    world.write_suite(**changed)
    with pytest.raises(UsageError, match=said):
        plan(world)


def test_a_file_of_predictions_is_part_of_what_the_run_was_made_from(world: World) -> None:
    world.write_suite(**FUNCTION_SUITE, solver="answers.jsonl")
    keys = []
    for label in ("oil_spill", "berth_fee"):
        world.write_rows("answers.jsonl", [{"id": "t-1", "label": label}])
        keys.append(key(world))
    assert len(set(keys)) == 2


def test_a_solver_without_a_model_needs_neither_model_nor_prompt(world: World) -> None:
    world.write_suite(**FUNCTION_SUITE, solver="baseline:keyword", model="no such model")
    made = plan(world)
    assert (made.spec, made.prompt) == (None, None)


def test_a_plan_says_what_would_run(world: World) -> None:
    world.write_suite(baselines=["keyword"], gates=["routing.accuracy >= 0.1"], trials=2)
    described = plan(world, limit=3).describe()
    assert described["samples"] == "3 of 8 (split test)" and described["trials"] == 2
    assert described["corpora"] == "3 policy versions, 6 incidents"
    assert described["baselines"] == ["keyword"] and described["gates"] == ["routing.accuracy >= 0.1"]
    assert (described["model"], described["solver"], described["concurrency"]) == ("reader", "triage", 1)


def key(world: World, **options: Any) -> str:
    return str(make_manifest(plan(world, **options), run_id="r", started_at="now")["run_key"])


def test_the_run_key_changes_with_all_that_can_change_an_answer(world: World) -> None:
    keys = [key(world)]
    for override in ("retrieval.incidents=2", "trials=2", "seed=1", "model=openai/x", "model_parameters.top_p=1"):
        keys.append(key(world, overrides=[override]))
    world.write("prompt.md", PROMPT.replace("Past cases", "Earlier cases"))
    keys.append(key(world))
    world.write("policies/POL-FEE-01/1.md", (world.folder / "policies/POL-FEE-01/1.md").read_text() + "2.2 More.\n")
    keys.append(key(world))
    world.write_rows("samples.jsonl", SAMPLES[::-1])
    keys.append(key(world))
    world.write("taxonomy.yaml", (world.folder / "taxonomy.yaml").read_text().replace("transfer: 10", "transfer: 11"))
    keys.append(key(world))
    assert len(set(keys)) == len(keys)


def test_the_run_key_does_not_change_with_what_only_judges_or_paces_a_run(world: World) -> None:
    overrides = ["scorers=[routing]", "concurrency=4", "level=0.9", "resamples=500", "coverage=0.5", "description=x",
                 "gates=['routing.accuracy >= 0.1']", "baselines=[keyword]"]  # fmt: skip
    assert {key(world, overrides=[override]) for override in overrides} == {key(world)}


def test_the_manifest_says_what_a_run_was_made_from(world: World) -> None:
    made = make_manifest(plan(world, seed=7), run_id="r-1", started_at="2026-01-01T00:00:00+00:00")
    assert (made["id"], made["seed"], made["samples"], made["schema_version"]) == ("r-1", 7, 6, 1)
    assert made["suite"]["retrieval"]["embeddings"] == "hashing" and made["suite"]["path"] == str(world.suite)
    assert made["model"] == {
        "id": "reader",
        "kind": "reader",
        "parameters": {},
        "api": "chat",
        "structured": "auto",
        "probabilities": "verbalised",
        "draws": None,
    }
    assert made["hashes"]["scorers"]["routing"] == "1" and all(made["hashes"].values())
    assert {"harness", "python", "numpy"} <= set(made["versions"])


def test_a_run_without_model_prompt_or_taxonomy_says_so(world: World, code: Code) -> None:
    code("answers_p", "def answer(input):\n    return 'x'\n")
    world.write_suite(**{**FUNCTION_SUITE, "scorers": ["exact"]}, taxonomy=None, solver="answers_p:answer")
    made = make_manifest(plan(world), run_id="r", started_at="now")
    assert (made["model"], made["prompt"]) == (None, None)
    assert (made["hashes"]["taxonomy"], made["hashes"]["prompt"]) == (None, None)


def test_a_folder_outside_any_repository_has_no_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_state(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert git_state(tmp_path) is None


def test_a_repository_has_a_revision_and_says_whether_tracked_files_were_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    def git(*args: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *args], cwd=tmp_path, check=True,
                       capture_output=True)  # fmt: skip

    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git("init", "-q")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-qm", "a")
    (tmp_path / "untracked").write_text("x")
    clean = git_state(tmp_path)
    assert clean is not None and len(clean["revision"]) == 40 and clean["dirty"] is False
    (tmp_path / "a").write_text("2")
    assert git_state(tmp_path) == {**clean, "dirty": True}
