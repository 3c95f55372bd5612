"""Persona files: the shipped ones, one's own, and mistakes told with their line."""

from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.models.personas import PersonaSpec, load_persona, persona_names, planted_rates

SHIPPED = {
    "attentive", "blunt", "fabricator", "flaky", "hijacked", "noisy", "overconfident", "perfect", "rambler", "refuser",
    "stale", "underconfident",
}  # fmt: skip


def test_the_shipped_personas_load_and_say_what_they_are_for() -> None:
    assert set(persona_names()) == SHIPPED
    for name in persona_names():
        spec = load_persona(name)
        assert spec.name == name and len(spec.description) > 40
        assert planted_rates(spec)[0].name == "accuracy"
        assert name == "perfect" or len(planted_rates(spec)) > 1


def test_ones_own_file_is_named_after_itself_and_found_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("accuracy: 0.5\nfaults: {rate_limit: 0.1}\n")
    spec = load_persona("mine.yaml", folder=tmp_path)
    assert (spec.name, spec.accuracy, spec.faults) == ("mine", 0.5, {"rate_limit": 0.1})
    assert load_persona(str(tmp_path / "mine.yaml")) == spec
    (tmp_path / "other.yml").write_text("name: hers\n")
    assert load_persona("other.yml", folder=tmp_path) == PersonaSpec(name="hers")


def test_an_unknown_name_is_told_with_the_nearest_and_a_missing_file_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no persona 'nosy'; did you mean 'noisy'"):
        load_persona("nosy")
    with pytest.raises(UsageError, match="gone.yaml: no such persona"):
        load_persona("gone.yaml", folder=tmp_path)


@pytest.mark.parametrize(
    ("line", "text", "told"),
    [
        (1, "accuracy: 1.2", "accuracy: input should be less than or equal to 1 .given 1.2."),
        (2, "seed: 1\nacuracy: 1", "unknown key 'acuracy'; did you mean 'accuracy'"),
        (2, "claims:\n  negated: -0.1", "claims.negated: input should be greater than or equal to 0"),
        (
            2,
            "seed: 1\nclaims: {negated: 0.6, changed_date: 0.6}",
            "negated.* exclude each other and sum to 1.2, over 1",
        ),
        (1, "format: {refusal: 0.7, truncated: 0.7}", "refusal, truncated exclude each other and sum to 1.4"),
        (3, "confusion:\n  a: {a: 1}\n  b: {a: 0.5, b: 0.4}", "confusion.b: the row sums to 0.9, not to 1"),
        (2, "faults:\n  rate_limt: 0.1", "faults.rate_limt: no such fault, did you mean 'rate_limit'"),
        (2, "faults:\n  malformed: 0.1", "faults.malformed: .*set format.malformed instead"),
        (2, "faults:\n  slow: 0.1", "set latency_ms instead"),
        (1, "faults: {quota: 0.6, timeout: 0.6}", "quota, timeout exclude each other and sum to 1.2"),
        (3, "faults:\n  quota: 0.1\n  timeout: 7", "faults.timeout: input should be less than or equal to 1"),
        (1, "confidence: {temperature: 0}", "confidence.temperature: input should be greater than 0"),
        (1, "confidence: {spread: 1}", "confidence.spread: input should be less than 1"),
        (1, "verbosity: {claims: 0}", "verbosity.claims"),
        (1, "name: a/b", "name: string should match pattern"),
        (1, "sensitivity: {precedents: 2}", "sensitivity.precedents: input should be less than or equal to 1"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, line: int, text: str, told: str) -> None:
    (tmp_path / "bad.yaml").write_text(f"{text}\n")
    with pytest.raises(UsageError, match=f"bad.yaml:{line}: .*{told}"):
        load_persona("bad.yaml", folder=tmp_path)


def test_every_field_says_what_it_means() -> None:
    schema = PersonaSpec.model_json_schema()
    fields = [
        (owner, name, field)
        for owner, part in (("", schema), *schema["$defs"].items())
        for name, field in part["properties"].items()
    ]
    assert [
        (owner, name) for owner, name, field in fields if not field.get("description") and "$ref" not in field
    ] == []


def test_what_is_planted_is_listed_with_its_meaning() -> None:
    spec = PersonaSpec.model_validate(
        {
            "accuracy": 0.6,
            "confusion": {"a": {"b": 1}},
            "faults": {"quota": 0.1},
            "tools": {"misuse": 0.2},
            "retry_after": 3,
        }
    )
    found = {one.name: one.value for one in planted_rates(spec)}
    assert found == {
        "accuracy": 0.6,
        "confusion.a": {"b": 1.0},
        "faults.quota": 0.1,
        "tools.misuse": 0.2,
        "retry_after": 3.0,
    }
    assert all(one.about for one in planted_rates(spec))
