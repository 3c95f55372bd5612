"""Wrong files and rows are findings, each at its line, and what can still be read is checked all the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.workflows.check import check_suites

from .suites import LONG, Suite, policy, sample

LineOf = Callable[[Path, str], int]


def test_a_sound_suite_has_no_findings_and_its_parts_are_counted(small: Suite) -> None:
    checked = small.check()
    assert checked.findings == ()
    assert (checked.samples, checked.policies, checked.clauses, checked.incidents) == (3, 2, 4, 2)
    assert checked.skipped == ()


def test_every_broken_row_is_a_finding_and_the_rows_between_are_checked(small: Suite) -> None:
    small.samples[1:1] = [
        "{not json",
        small.another(id="s-4", colour="red"),
        small.another(id="s-5", input={"id": "t", "created_at": "yesterday"}),
        small.another(id="s-6", input="a text"),
        sample("s-7", "refunds", "Where is my money for the two nights that we did not stay?"),
    ]
    small.incidents.append({"id": "i-3", "narrative": "x", "label": "refund", "closed_at": "soon"})
    small.incidents.append("[1]")
    assert small.findings() == [
        ("incidents.jsonl", 3, "schema"),
        ("incidents.jsonl", 4, "schema"),
        ("samples.jsonl", 2, "schema"),
        ("samples.jsonl", 3, "schema"),
        ("samples.jsonl", 4, "schema"),
        ("samples.jsonl", 5, "schema"),
        ("samples.jsonl", 6, "label"),
    ]


def test_the_message_names_the_key_and_the_remedy(small: Suite) -> None:
    small.samples[2]["taregt"] = small.samples[2]["target"]
    (one,) = small.check().findings
    assert one.message == "unknown key 'taregt'; did you mean 'target'?"
    assert str(one) == f"{small.folder / 'samples.jsonl'}:3: {one.message}"


def test_each_wrong_policy_file_is_a_finding_at_its_key(small: Suite, line_of: LineOf) -> None:
    small.policies["3.md"] = policy(3, start="soon", text="Nothing.")
    small.policies["4.md"] = "no front matter"
    small.policies["5.md"] = policy(5, start="2027-01-01", text="Nothing.").split("## 1")[0]
    assert small.findings() == [
        ("policies/3.md", line_of(small.folder / "policies" / "3.md", "effective_from"), "schema"),
        ("policies/4.md", 1, "schema"),
        ("policies/5.md", 1, "schema"),
    ]


def test_a_wrong_taxonomy_is_a_finding_and_the_samples_are_still_checked(small: Suite, line_of: LineOf) -> None:
    small.taxonomy = small.taxonomy.replace("queue: care", "queue: care\n    sevrity: P1")
    small.samples[2]["id"] = "s-1"
    assert small.findings() == [
        ("samples.jsonl", 3, "duplicate-id"),
        ("taxonomy.yaml", line_of(small.folder / "taxonomy.yaml", "sevrity"), "schema"),
    ]


def test_a_wrong_prompt_is_a_finding_at_its_line(small: Suite) -> None:
    small.prompt = small.prompt.replace("{{ ticket }}", "{{ tickett }}")
    assert small.findings() == [("prompt.md", 8, "schema")]


@pytest.mark.parametrize(
    ("key", "value"),
    [("taxonomy", "no.yaml"), ("prompt", "no.md"), ("eval_set", "no.jsonl")],
)
def test_a_file_that_is_not_there_is_a_finding_at_the_line_that_names_it(
    small: Suite, line_of: LineOf, key: str, value: str
) -> None:
    small.suite[key] = value
    (one,) = small.check().findings
    assert small.place(one) == ("suite.yaml", line_of(small.path, f"{key}:"), "schema")
    assert value in one.message


@pytest.mark.parametrize(("key", "value"), [("policies", "nowhere"), ("incidents", "nowhere.jsonl")])
def test_a_missing_corpus_is_a_finding_at_the_line_that_names_it(
    small: Suite, line_of: LineOf, key: str, value: str
) -> None:
    small.suite["corpora"][key] = value
    small.policies["2.md"] = policy(2, start="2026-04-01", before="POL-A@7", text="Unused nights.")
    assert small.findings() == [("suite.yaml", line_of(small.path, f"{key}:"), "schema")]


def test_what_may_stand_in_a_file_that_cannot_be_read_is_not_missed(small: Suite) -> None:
    small.policies["2.md"] = small.policies["2.md"].replace("effective_from", "since")
    small.policies["3.md"] = policy(3, start="2026-04-01", before="POL-A@2", text="Nothing.")
    assert small.findings() == [("policies/2.md", 2, "schema")]


def test_a_wrong_suite_is_a_finding_at_its_key(small: Suite, line_of: LineOf) -> None:
    small.suite["trails"] = 3
    assert small.findings() == [("suite.yaml", line_of(small.path, "trails"), "schema")]


def test_a_suite_that_is_no_yaml_is_a_finding(small: Suite) -> None:
    small.write()
    small.path.write_text("name: [")
    (one,) = check_suites([small.path]).findings
    assert (one.rule, one.file) == ("schema", str(small.path))


def test_a_suite_that_is_not_there_is_a_mistake_of_the_callers(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such suite"):
        check_suites([tmp_path / "no.yaml"])


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        ({"solver": "triag"}, "solver:", "unknown solver 'triag'"),
        ({"model": "raeder"}, "model:", "unknown model 'raeder'"),
        ({"baselines": ["keywords"]}, "- keywords", "unknown baseline 'keywords'"),
        ({"scorers": ["routing", "costs"]}, "- costs", "unknown scorer 'costs'"),
        ({"scorers": ["routing", {"regex": {"pattern": "("}}]}, "scorers:", "regex: missing )"),
        ({"scorers": ["routing", "own:judge"]}, "- own:judge", "'own:judge'"),
        ({"scorers": ["routing", "routing"]}, "- routing", "stands twice"),
        ({"split": "dev"}, "eval_set:", "no sample to evaluate"),
    ],
)
def test_what_would_stop_a_run_is_one_finding_at_the_line_of_the_suite_that_names_it(
    small: Suite, line_of: LineOf, changes: dict[str, object], line: str, said: str
) -> None:
    small.suite.update(changes)
    (one,) = small.check().findings
    assert small.place(one) == ("suite.yaml", line_of(small.path, line), "suite")
    assert said in one.message
    assert "--model" not in one.message


def test_a_triage_suite_without_a_prompt_is_a_finding(small: Suite, line_of: LineOf) -> None:
    del small.suite["prompt"]
    small.suite["solver"] = "triage"
    assert small.findings() == [("suite.yaml", line_of(small.path, "solver:"), "suite")]


def test_an_empty_incident_file_is_the_one_finding(small: Suite) -> None:
    small.suite["counts"] = {"incidents_per_label": 1}
    small.incidents = []
    assert small.findings() == [("incidents.jsonl", 1, "schema")]


def test_an_empty_file_in_a_folder_of_incidents_is_named_and_an_empty_folder_too(small: Suite) -> None:
    small.write()
    (small.folder / "past").mkdir()
    small.suite["corpora"]["incidents"] = "past"
    (one,) = small.check().findings
    assert one.file.endswith("suite.yaml") and "past: no incident in it" in one.message
    (small.folder / "past" / "1.jsonl").write_text((small.folder / "incidents.jsonl").read_text())
    (small.folder / "past" / "2.jsonl").write_text("\n")
    assert small.findings() == [("past/2.jsonl", 1, "schema")]


def test_what_a_broken_sample_leaves_too_few_of_is_not_missed(small: Suite) -> None:
    small.suite["counts"] = {"per_label": 1, "slices": {"rare": 1}}
    small.samples[1] = "{"
    assert small.findings() == [("samples.jsonl", 2, "schema")]


def test_texts_without_records_are_checked_by_the_same_rules(small: Suite) -> None:
    small.suite.update(input="text", solver="baseline:majority", scorers=["routing", "exact"])
    small.suite.pop("corpora")
    small.samples = [
        {"id": "a", "input": {"text": LONG}, "target": {"label": "refund"}},
        {"id": "b", "input": {"text": f"{LONG} again"}, "target": {"label": "card_fraud"}},
        {"id": "c", "input": {"text": "my card_fraud case"}, "target": {"label": "card_fraud"}},
        {"id": "d", "input": {"text": "!?"}, "target": {"label": None}},
        {"id": "e", "input": {"text": ""}, "target": {"label": None}},
    ]
    found = [one for one in small.findings() if one[0] == "samples.jsonl"]
    assert found == [("samples.jsonl", 2, "near-duplicate"), ("samples.jsonl", 3, "label-in-text")]


def test_inputs_of_any_shape_are_checked_by_all_their_strings(small: Suite) -> None:
    small.suite = {"name": "any", "eval_set": "samples.jsonl", "input": "any", "solver": "own:answer",
                   "scorers": ["exact"]}  # fmt: skip
    small.write()
    (small.folder / "own.py").write_text("def answer(item):\n    return None\n")
    small.samples = [
        {"id": "a", "input": ["write to", {"to": "ann@gmail.com"}, 3], "target": {"value": 1}},
        {"id": "b", "input": LONG, "target": {"value": [2]}},
        {"id": "c", "input": {"deep": [LONG]}, "target": {"value": [3]}},
    ]
    assert small.findings() == [("samples.jsonl", 1, "contact"), ("samples.jsonl", 3, "near-duplicate")]


def test_findings_of_two_suites_on_the_same_files_are_given_once(small: Suite) -> None:
    small.samples[1]["input"]["guest_message"] = "My e-mail is ann@gmail.com, write to me there today please."
    one = small.write()
    two = one.with_name("other.yaml")
    two.write_text(one.read_text())
    checked = check_suites([one, two])
    assert [found.rule for found in checked.findings] == ["contact"]
    assert (checked.samples, checked.policies, checked.incidents) == (3, 2, 2)


def test_files_below_the_working_folder_are_named_from_it(small: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    small.samples[2]["id"] = "s-1"
    small.write()
    monkeypatch.chdir(small.folder)
    (one,) = check_suites([Path("suite.yaml")]).findings
    assert str(one).startswith("samples.jsonl:3: sample 's-1' is also at samples.jsonl:1")


def test_files_above_the_suite_are_named_without_detours(small: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    small.samples[2]["id"] = "s-1"
    for keys in (small.suite, small.suite["corpora"]):
        keys |= {
            key: f"../{keys[key]}" for key in ("eval_set", "taxonomy", "prompt", *small.suite["corpora"]) if key in keys
        }
    deep = small.folder / "deep" / "suite.yaml"
    deep.parent.mkdir()
    small.write().rename(deep)
    monkeypatch.chdir(small.folder)
    (one,) = check_suites([Path("deep/suite.yaml")]).findings
    assert (one.file, one.line) == ("samples.jsonl", 3)


def test_a_right_label_that_the_taxonomy_lacks_is_found_at_its_incident(small: Suite) -> None:
    small.incidents[1] |= {"true_label": "refunds", "overturned_on": "2026-07-01"}
    (one,) = small.check().findings
    assert small.place(one) == ("incidents.jsonl", 2, "label")
    assert one.message == "label 'refunds' is not in the taxonomy; did you mean 'refund'?"
    small.incidents[1]["true_label"] = "refund"
    assert small.findings() == []
