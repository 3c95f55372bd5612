"""What a model said, parsed and checked."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.agents.answer import Unusable, answer_schema, parse_answer
from harness.core.taxonomy import Taxonomy
from tests.scripted import GOOD
from tests.world import TAXONOMY

taxonomy = Taxonomy.model_validate(TAXONOMY)


def test_an_answer_may_be_arguments_or_json_text_with_words_around_it() -> None:
    for raw in (GOOD, json.dumps(GOOD), f"Here it is:\n```json\n{json.dumps(GOOD)}\n```\nDone."):
        answer = parse_answer(raw, taxonomy)
        assert answer.label == "berth_fee"
        assert answer.rationale[0].citations == ("ticket:guest_message",)


def test_labels_left_out_get_probability_zero_and_small_slips_are_normalised() -> None:
    answer = parse_answer(GOOD | {"probabilities": {"berth_fee": 0.9, "mooring_fault": 0.11}}, taxonomy)
    assert answer.probabilities is not None
    assert answer.probabilities["oil_spill"] == 0
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.probabilities["berth_fee"] == pytest.approx(0.9 / 1.01)


def test_probabilities_may_be_absent() -> None:
    assert parse_answer({k: v for k, v in GOOD.items() if k != "probabilities"}, taxonomy).probabilities is None


@pytest.mark.parametrize(
    ("raw", "kind", "words"),
    [
        ("I think it is about a fee.", "malformed", "no JSON object"),
        ("", "malformed", "no JSON object"),
        (None, "malformed", "no JSON object"),
        ('{"label": "berth_fee", ', "malformed", "no JSON object"),
        ('{"label": }', "malformed", "not valid JSON"),
        ("{" * 5000 + "}" * 5000, "malformed", "not valid JSON"),
        (GOOD | {"label": "dentist"}, "wrong_schema", "label is 'dentist'"),
        (GOOD | {"label": 3}, "wrong_schema", "label is 3"),
        (GOOD | {"mood": "good"}, "wrong_schema", "unknown key 'mood'"),
        (GOOD | {"probabilities": [0.5, 0.5]}, "wrong_schema", "not an object"),
        (GOOD | {"probabilities": {"berth_fee": 0.5}}, "wrong_schema", "sum to 0.500"),
        (GOOD | {"probabilities": {"dentist": 1.0}}, "wrong_schema", "'dentist', which is no label"),
        (GOOD | {"probabilities": {"berth_fee": 1.5}}, "wrong_schema", "1.5, not a number from 0 to 1"),
        (GOOD | {"probabilities": {"berth_fee": True}}, "wrong_schema", "True, not a number"),
        (GOOD | {"probabilities": {"berth_fee": float("nan")}}, "wrong_schema", "nan, not a number"),
        (GOOD | {"rationale": []}, "wrong_schema", "1 to 12 claims"),
        (GOOD | {"rationale": GOOD["rationale"] * 20}, "wrong_schema", "1 to 12 claims"),
        ({"label": "berth_fee"}, "wrong_schema", "1 to 12 claims"),
        (GOOD | {"rationale": ["words"]}, "wrong_schema", "a claim has no text"),
        (GOOD | {"rationale": [{"text": " ", "citations": []}]}, "wrong_schema", "a claim has no text"),
        (GOOD | {"rationale": [{"text": "x", "citations": "i-01"}]}, "wrong_schema", "not a list of ids"),
        (GOOD | {"rationale": [{"text": "x", "citations": [1]}]}, "wrong_schema", "not a list of ids"),
    ],
)
def test_an_answer_that_cant_be_used_says_why(raw: Any, kind: str, words: str) -> None:
    with pytest.raises(Unusable) as caught:
        parse_answer(raw, taxonomy)
    assert (caught.value.kind, words in caught.value.message) == (kind, True), caught.value.message


@given(st.text() | st.dictionaries(st.text(), st.none() | st.floats() | st.text()))
def test_whatever_a_model_says_is_an_answer_or_unusable(raw: Any) -> None:
    with pytest.raises(Unusable):
        parse_answer(raw, taxonomy)


def test_the_schema_shown_to_the_model_admits_a_whole_answer_of_a_known_label() -> None:
    import jsonschema

    schema = answer_schema(taxonomy, title="submit_decision")
    jsonschema.Draft202012Validator.check_schema(schema)
    full = GOOD | {"probabilities": dict.fromkeys(taxonomy.ids, 0.0) | {"berth_fee": 1.0}}
    jsonschema.validate(full, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(full | {"label": "dentist"}, schema)


@pytest.mark.parametrize("wrong", [{"label": "z" * 100_000}, {"label": "berth_fee", "z" * 100_000: 1}])
def test_what_a_model_is_told_of_a_huge_value_is_short(wrong: dict[str, object]) -> None:
    with pytest.raises(Unusable) as caught:
        parse_answer(wrong, taxonomy)
    assert len(caught.value.message) < 300
