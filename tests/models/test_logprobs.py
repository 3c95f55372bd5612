"""Label probabilities from the tokens that spell a label."""

import math

import pytest

from harness.models.calls import Token
from harness.models.logprobs import label_probabilities

LABELS = ("payment_fraud", "payment_dispute", "refund", "other")


def token(text: str, p: float = 1.0, **others: float) -> Token:
    return Token(
        text, math.log(p), ((text, math.log(p)), *((o.replace("QUOTE", '"'), math.log(q)) for o, q in others.items()))
    )


def answer(*tokens: Token) -> list[Token]:
    return [token('{"'), token("label"), token('":'), token(' "'), *tokens, token('"'), token("}")]


def test_one_token_a_label_gives_its_own_mass() -> None:
    found = label_probabilities(answer(token("refund", 0.7, other=0.2, payment_fraud=0.1)), LABELS)
    assert found == pytest.approx({"refund": 0.7, "other": 0.2, "payment_fraud": 0.1, "payment_dispute": 0.0})


def test_mass_is_multiplied_along_the_tokens_of_a_label_and_shared_among_those_that_begin_alike() -> None:
    tokens = answer(token("payment", 0.8, refund=0.2), token("_fraud", 0.75, _dispute=0.25))
    found = label_probabilities(tokens, LABELS)
    assert found == pytest.approx({"payment_fraud": 0.6, "payment_dispute": 0.2, "refund": 0.2, "other": 0.0})


def test_a_likely_beginning_that_two_labels_share_is_theirs_in_equal_parts() -> None:
    found = label_probabilities(answer(token("refund", 0.6, payment=0.4)), LABELS)
    assert found == pytest.approx({"refund": 0.6, "payment_fraud": 0.2, "payment_dispute": 0.2, "other": 0.0})


def test_a_token_that_holds_the_quote_too_is_taken_from_the_label_on() -> None:
    tokens = [
        token('{"label":'),
        Token(' "ref', math.log(0.9), ((' "ref', math.log(0.9)), (' "oth', math.log(0.1)))),
        token('und"}'),
    ]
    assert label_probabilities(tokens, LABELS) == pytest.approx(
        {"refund": 0.9, "other": 0.1, "payment_fraud": 0.0, "payment_dispute": 0.0}
    )


def test_a_label_that_begins_another_ends_at_its_quote() -> None:
    labels = ("fraud", "fraud_ring")
    found = label_probabilities(answer(token("fraud"), token('"', 0.7, _ring=0.3)), labels)
    assert found == pytest.approx({"fraud": 0.7, "fraud_ring": 0.3})


def test_what_is_no_label_has_no_mass_and_the_rest_is_normalised() -> None:
    found = label_probabilities(answer(token("refund", 0.5, dentist=0.25, other=0.25)), LABELS)
    assert found is not None and found["refund"] == pytest.approx(2 / 3) and sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize("tokens", [[], [token("hello")], answer(token("dentist"))])
def test_without_a_label_there_is_nothing_to_tell(tokens: list[Token]) -> None:
    assert label_probabilities(tokens, LABELS) is None
