"""How labels are weighed, and what is quoted as the reason."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.embeddings import HashingEmbedder
from harness.models.rationale import write_rationale
from harness.models.reading import Passage, Reading
from harness.models.weighing import overlaps, sentences, signals, softmax, weigh

embed = HashingEmbedder().embed
LABELS = {"oil": "Oil. Diesel or fuel on the water", "fee": "Fee. An invoice, a price or a refund"}


def reading(text: str, *passages: Passage, labels: dict[str, str] | None = None) -> Reading:
    return Reading(labels=LABELS if labels is None else labels, passages=passages, texts=(("m", text),))


def test_definitions_alone_tell_labels_apart() -> None:
    assert max_of(weigh(reading("there is diesel fuel on the water"), embed).probabilities) == "oil"
    assert max_of(weigh(reading("the invoice has a wrong price"), embed).probabilities) == "fee"


def max_of(probabilities: dict[str, float]) -> str:
    return max(probabilities, key=lambda label: probabilities[label])


def test_a_past_case_moves_the_answer_to_its_label() -> None:
    text = "the green buoy near the lock blinks twice"
    case = Passage("i-1", "incident", "Buoy", "the green buoy near the lock blinks twice", "fee")
    plain = weigh(reading(text), embed).probabilities
    moved = weigh(reading(text, case, Passage("i-2", "incident", "", "something else", "oil")), embed).probabilities
    assert moved["fee"] > plain["fee"] + 0.2


def test_a_clause_that_names_a_label_adds_to_it() -> None:
    clause = Passage("P@1#1", "policy", "Buoys", "the green buoy near the lock", "fee")
    other = Passage("P@1#2", "policy", "Dogs", "dogs are kept on a lead", "oil")
    text = "the green buoy near the lock"
    assert weigh(reading(text, clause, other), embed).probabilities["fee"] > 0.5


def test_nothing_to_tell_them_apart_is_a_uniform_answer() -> None:
    for empty in (reading("words", labels={"a": "", "b": ""}), reading("")):
        assert set(weigh(empty, embed).probabilities.values()) == {0.5}


def test_probabilities_sum_to_one_and_rank_the_likest_passage_first() -> None:
    near = Passage("i-1", "incident", "", "diesel on the water", "oil")
    far = Passage("i-2", "incident", "", "a parrot in the office", "fee")
    weighed = weigh(reading("diesel on the water", far, near), embed)
    assert sum(weighed.probabilities.values()) == pytest.approx(1)
    assert [id for id, _ in weighed.ranked] == ["i-1", "i-2"]


def test_raised_signals_are_read_as_words() -> None:
    records = {"signals.smoke_alarm": "true", "signals.new_device": "false", "signals.x": "0", "reservation.id": "r-1"}
    assert signals(records) == ["smoke alarm"]


def test_overlap_weighs_rare_words_and_is_zero_without_any() -> None:
    rows = overlaps(["the diesel in the basin", "diesel here", "basin basin diesel", "parrot", ""])
    found = rows[1:] @ rows[0]
    assert found[2] == found[3] == 0 and 0 < found[0] and 0 < found[1] <= 1 + 1e-9


PIECES = st.text(alphabet="abcde ", max_size=12)
EXAMPLES = st.lists(st.tuples(PIECES, PIECES, st.sampled_from(["oil", "fee", "gone", None])), max_size=6)


@given(PIECES, EXAMPLES)
def test_any_reading_gives_a_distribution_and_every_passage_a_rank(
    text: str, examples: list[tuple[str, str, str | None]]
) -> None:
    passages = [Passage(f"i-{n}", "incident", *example) for n, example in enumerate(examples)]
    weighed = weigh(reading(text, *passages), embed)
    assert set(weighed.probabilities) == set(LABELS)
    assert all(0 < value < 1 for value in weighed.probabilities.values())
    assert sum(weighed.probabilities.values()) == pytest.approx(1)
    assert sorted(id for id, _ in weighed.ranked) == [passage.id for passage in passages]


@given(st.permutations(range(5)))
def test_the_order_of_passages_changes_nothing(order: list[int]) -> None:
    told = ["diesel on the water", "an invoice for fuel", "a price", "oil in the harbour", "refund the diesel"]
    passages = [Passage(f"i-{n}", "incident", "", text, ("oil", "fee")[n % 2]) for n, text in enumerate(told)]
    one, two = (weigh(reading("diesel invoice", *given), embed) for given in (passages, [passages[n] for n in order]))
    assert one.probabilities == pytest.approx(two.probabilities)
    assert [id for id, _ in one.ranked] == [id for id, _ in two.ranked]


def test_a_ticket_without_text_is_read_by_its_signals() -> None:
    given = Reading(labels=LABELS, records={"signals.fuel_on_the_water": "true"})
    assert max_of(weigh(given, embed).probabilities) == "oil"


@given(st.dictionaries(st.text(min_size=1), st.floats(-50, 50), min_size=1))
def test_softmax_is_a_distribution_that_keeps_the_order(scores: dict[str, float]) -> None:
    found = softmax(scores, 0.5)
    assert np.isclose(sum(found.values()), 1)
    assert found[max_of(scores)] == max(found.values())


@given(st.text())
def test_sentences_are_pieces_of_the_text(text: str) -> None:
    assert all(piece in text and piece.strip() == piece for piece in sentences(text))


def test_the_rationale_quotes_ticket_clause_and_case_of_the_label_given() -> None:
    clause = Passage("P@1#1", "policy", "Rules", "A boom is laid within 2 hours. More.", "oil")
    case = Passage("i-1", "incident", 'A "sheen" at the dock', "Fuel leaked.", "oil")
    other = Passage("i-2", "incident", "Fee", "Invoice.", "fee")
    given = reading("Hello there. Diesel fuel is on the water! Bye.", clause, case, other)
    claims = write_rationale(given, weigh(given, embed), "oil")
    assert claims == [
        {"text": 'The ticket says: "Diesel fuel is on the water!"', "citations": ["ticket:m"]},
        {"text": 'The policy in force says: "A boom is laid within 2 hours."', "citations": ["P@1#1"]},
        {"text": "A past case was alike: \"A 'sheen' at the dock\"", "citations": ["i-1"]},
    ]


def test_a_long_sentence_is_cut_at_a_word_and_an_empty_ticket_gives_no_quote() -> None:
    long = reading("diesel " * 100)
    (claim,) = write_rationale(long, weigh(long, embed), "oil")
    text = str(claim["text"])
    assert len(text) < 270 and text.endswith('diesel"')
    empty = reading("")
    (nothing,) = write_rationale(empty, weigh(empty, embed), "oil")
    assert nothing["citations"] == []


def test_a_point_inside_a_number_ends_no_sentence() -> None:
    assert sentences("I paid 64.50 in all. It is under 4.2; see there") == [
        "I paid 64.50 in all.",
        "It is under 4.2;",
        "see there",
    ]
