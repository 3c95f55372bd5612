import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import NoSamplesError, UsageError
from harness.core.taxonomy import Taxonomy, load_taxonomy
from harness.core.ticket import InputKind
from harness.core.types import Claim, Target
from harness.evalsets import EvalSet, load_eval_set, parse_case
from harness.evalsets.load import read_samples, repeated_samples, unknown_labels
from tests.places import ROOT, TAXONOMY, TICKETS

PETS = Taxonomy.model_validate(
    {
        "name": "t",
        "labels": [{"id": name, "title": name, "definition": name, "queue": name} for name in ("pets", "noise")],
    }
)


def row(name: str = "s-1", **changes: Any) -> dict[str, Any]:
    return {"id": name, "input": {"text": "A dog barks."}, "target": {"label": "pets"}, **changes}


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "samples.jsonl"
    path.write_text("".join(f"{json.dumps(value)}\n" for value in rows))
    return path


def loaded(folder: Path, *rows: Any, kind: InputKind = "text") -> EvalSet:
    return load_eval_set(written(folder, *rows), taxonomy=PETS, kind=kind)


def test_a_sample_carries_its_target_and_the_line_it_was_read_from(tmp_path: Path) -> None:
    target = {
        "label": "pets",
        "acceptable": ["noise"],
        "evidence": {"clauses": ["P@1#1.1"], "incidents": ["i-1"]},
        "rationale": [{"text": "It barks.", "citations": ["ticket:text"]}, {"text": "So."}],
        "value": {"a": [1]},
    }
    value = row(target=target, split="dev", cluster="c", slices=["loud"], difficulty="hard")
    made = loaded(tmp_path, row("s-0"), value)
    sample = made.samples[1]
    assert sample.target == Target(
        label="pets",
        acceptable=("noise",),
        clauses=("P@1#1.1",),
        incidents=("i-1",),
        rationale=(Claim("It barks.", ("ticket:text",)), Claim("So.")),
        value={"a": [1]},
    )
    assert (sample.id, sample.input, sample.split, sample.cluster) == ("s-1", {"text": "A dog barks."}, "dev", "c")
    assert (sample.slices, sample.difficulty, sample.at) == (("loud",), "hard", f"{made.path}:2")


def test_a_sample_is_a_test_sample_and_its_own_cluster_unless_it_says_otherwise(tmp_path: Path) -> None:
    (sample,) = loaded(tmp_path, row(target={})).samples
    assert (sample.split, sample.cluster, sample.slices, sample.difficulty) == ("test", "s-1", (), None)
    assert sample.target == Target()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": ""}, "id: string should have at least 1 character"),
        ({"id": "x" * 201}, "id: string should have at most 200 characters"),
        ({"split": "prod"}, "split: input should be 'dev', 'test' or 'train' (given 'prod')"),
        ({"difficulty": "tough"}, "difficulty: input should be"),
        ({"lable": "x"}, "unknown key 'lable'"),
        ({"target": {"labels": "pets"}}, "unknown key 'target.labels'"),
        ({"target": {"rationale": [{"text": ""}]}}, "target.rationale.0.text: string should have"),
        ({"input": "text"}, "input is not a text; the keys are text"),
        ({"input": {"txt": "x"}}, "key 't"),
        ({"target": {"label": "pet"}}, "label 'pet' is not in the taxonomy; did you mean 'pets'?"),
        ({"target": {"label": "pets", "acceptable": ["zzz"]}}, "label 'zzz' is not in the taxonomy; known are"),
        ({"id": "s-0"}, "sample 's-0' is also at"),
    ],
)
def test_a_wrong_sample_is_named_with_its_line(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, row("s-0"), row(**change))
    assert str(caught.value).startswith(f"{tmp_path}/samples.jsonl:2: ")
    assert words in str(caught.value)


def test_labels_are_held_against_no_taxonomy_where_there_is_none(tmp_path: Path) -> None:
    path = written(tmp_path, row(target={"label": "whatever"}))
    assert load_eval_set(path, taxonomy=None, kind="text").samples[0].target.label == "whatever"


def test_a_reader_that_goes_on_gets_every_good_sample(tmp_path: Path) -> None:
    path = written(tmp_path, row("s-1"), 3, row("s-2", input=[]), row("s-3"))
    errors: list[UsageError] = []
    assert [sample.id for sample in read_samples(path, kind="text", on_error=errors.append)] == ["s-1", "s-3"]
    assert [str(error.where) for error in errors] == [f"{path}:2", f"{path}:3"]


def test_every_repeated_id_and_every_unknown_label_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, row(target={"label": "x", "acceptable": ["noise", "y"]}), row(), row())
    samples = tuple(read_samples(path, kind="text"))
    assert [str(error.where) for error in repeated_samples(samples)] == [f"{path}:2", f"{path}:3"]
    assert [error.what for error in unknown_labels(samples, PETS)] == [
        "label 'x' is not in the taxonomy",
        "label 'y' is not in the taxonomy",
    ]


def test_select_takes_a_split_then_at_most_the_limit_in_the_files_order(tmp_path: Path) -> None:
    made = loaded(tmp_path, *[row(f"s-{n}", split=("dev", "test")[n % 2]) for n in range(6)])

    def ids(**wanted: Any) -> list[str]:
        return [sample.id for sample in made.select(**wanted)]

    assert ids() == [f"s-{n}" for n in range(6)]
    assert ids(split="dev") == ["s-0", "s-2", "s-4"]
    assert ids(split="test", limit=2) == ["s-1", "s-3"]
    assert ids(limit=99) == ids()
    # an id is taken whatever its split, in the file's order
    assert ids(split="dev", ids=["s-3", "s-0"]) == ["s-0", "s-3"]


def test_select_refuses_an_id_that_is_not_there_and_an_empty_rest(tmp_path: Path) -> None:
    made = loaded(tmp_path, row("s-1"))
    with pytest.raises(UsageError, match=r"no sample 's-2'; did you mean 's-1'\?"):
        made.select(ids=["s-1", "s-2"])
    with pytest.raises(NoSamplesError, match="no sample to evaluate"):
        made.select(split="dev")
    with pytest.raises(NoSamplesError, match="limit 0"):
        made.select(limit=0)


def test_the_hash_follows_the_content_and_not_the_place_slices_or_difficulty(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    one = loaded(tmp_path / "a", row()).hash
    assert loaded(tmp_path / "b", row(slices=["loud"], difficulty="easy")).hash == one
    changes: list[dict[str, Any]] = [
        {"input": {"text": "A cat."}},
        {"target": {"label": "noise"}},
        {"target": {"label": "pets", "value": 1}},
        {"target": {"label": "pets", "evidence": {"incidents": ["i-1"]}}},
        {"target": {"label": "pets", "rationale": [{"text": "It barks."}]}},
        {"split": "dev"},
        {"cluster": "c"},
        {"id": "s-2"},
    ]
    assert len({one, *(loaded(tmp_path, row(**change)).hash for change in changes)}) == len(changes) + 1
    assert loaded(tmp_path, row("s-1"), row("s-2")).hash != loaded(tmp_path, row("s-2"), row("s-1")).hash


def test_an_input_of_any_kind_is_left_as_it_is() -> None:
    assert parse_case([1, {"x": None}], sample_id="s", kind="any", where="f:1") is None


def test_a_ticket_and_a_text_become_cases() -> None:
    ticket = parse_case(
        {"id": "t-1", "created_at": "2026-01-01T00:00:00Z", "guest_message": "x"},
        sample_id="s",
        kind="ticket",
        where="f:1",
    )
    text = parse_case({"text": "x"}, sample_id="s", kind="text", where="f:1")
    assert ticket is not None
    assert text is not None
    assert (ticket.id, ticket.untrusted) == ("t-1", (("guest_message", "x"),))
    assert (text.id, text.untrusted) == ("s", (("text", "x"),))


@given(st.none() | st.integers() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_what_is_neither_ticket_nor_text_is_a_mistake_at_its_place(value: Any) -> None:
    for kind in ("ticket", "text"):
        if not (kind == "text" and isinstance(value, dict) and list(value) == ["text"]):
            with pytest.raises(UsageError, match=r"^f:1: "):
                parse_case(value, sample_id="s", kind=kind, where="f:1")


def test_a_naive_time_is_named_by_its_key() -> None:
    value = {"id": "t", "created_at": "2026-01-01T00:00:00"}
    with pytest.raises(UsageError, match="f:1: created_at: input should have timezone info"):
        parse_case(value, sample_id="s", kind="ticket", where="f:1")


def test_the_shipped_tickets_load_and_name_only_what_the_taxonomy_has() -> None:
    made = load_eval_set(TICKETS, taxonomy=load_taxonomy(TAXONOMY), kind="ticket")
    assert {sample.split for sample in made.samples} == {"dev", "test"}
    assert any(sample.target.label is None for sample in made.samples)


def test_no_cluster_of_the_shipped_tickets_lies_in_two_splits() -> None:
    split_of: dict[str, str] = {}
    for sample in read_samples(TICKETS, kind="ticket"):
        assert split_of.setdefault(sample.cluster, sample.split) == sample.split, sample.at


def test_the_shipped_intents_load() -> None:
    folder = ROOT / "eval_sets" / "intents"
    made = load_eval_set(folder / "samples.jsonl", taxonomy=load_taxonomy(folder / "taxonomy.yaml"), kind="text")
    assert {sample.split for sample in made.samples} == {"dev", "test"}
