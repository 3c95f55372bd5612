"""The reader's rationale: extracts that stand word for word where they are cited."""

from harness.claims.facts import missing_quotes
from harness.models.rationale import write_rationale
from harness.models.reading import Passage, Reading
from harness.models.weighing import Weighed

CLAUSE = Passage("P@1#1.1", "policy", "Fuel", "A boom is laid. Then the brigade is called.", "oil")
CASE = Passage("i-1", "incident", "Diesel at the dock", "A hose dripped.", "oil")
OTHER = Passage("i-2", "incident", "Invoice", "Nine nights.", "fee")
UNLABELLED = Passage("P@1#9", "policy", "General", "Be polite.", None)


def claims(reading: Reading, label: str = "oil") -> list[dict[str, object]]:
    order = tuple((passage.id, 1.0 - n / 10) for n, passage in enumerate(reading.passages))
    return write_rationale(reading, Weighed({}, order), label)


def test_it_names_the_ticket_the_clause_and_the_case_of_the_answered_label() -> None:
    reading = Reading(
        labels={"oil": "Diesel on the water."},
        passages=(OTHER, UNLABELLED, CLAUSE, CASE),
        texts=(("guest_message", "We arrived late. There is diesel on the water!"),),
    )
    assert claims(reading) == [
        {"text": 'The ticket says: "There is diesel on the water!"', "citations": ["ticket:guest_message"]},
        {"text": 'The policy in force says: "A boom is laid."', "citations": ["P@1#1.1"]},
        {"text": 'A past case was alike: "Diesel at the dock"', "citations": ["i-1"]},
    ]


def test_passages_of_other_labels_are_not_cited() -> None:
    reading = Reading(labels={"oil": ""}, passages=(OTHER, UNLABELLED), texts=(("text", "Diesel everywhere."),))
    assert [claim["citations"] for claim in claims(reading)] == [["ticket:text"]]


def test_the_longest_sentence_stands_in_where_none_is_telling() -> None:
    reading = Reading(labels={"oil": ""}, texts=(("text", "Hello you. The engine of our neighbour never stops."),))
    assert claims(reading)[0]["text"] == 'The ticket says: "The engine of our neighbour never stops."'


def test_an_empty_ticket_is_not_quoted() -> None:
    assert claims(Reading(labels={"oil": ""}, passages=(CASE,), texts=(("text", ""),))) == [
        {"text": 'A past case was alike: "Diesel at the dock"', "citations": ["i-1"]}
    ]


def test_a_long_sentence_is_cut_at_a_word_and_stays_an_extract() -> None:
    sentence = "He said “stop” and " + "went on and on " * 30
    quoted = str(claims(Reading(labels={"oil": ""}, texts=(("text", sentence),)))[0]["text"])
    assert len(quoted) < 270 and '"' not in quoted.removeprefix('The ticket says: "').removesuffix('"')
    assert missing_quotes(quoted, sentence) == []


def test_a_case_without_a_title_is_quoted_by_its_first_sentence() -> None:
    untitled = Passage("i-3", "incident", "", "A hose dripped. It spread.", "oil")
    assert claims(Reading(labels={"oil": ""}, passages=(untitled,))) == [
        {"text": 'A past case was alike: "A hose dripped."', "citations": ["i-3"]}
    ]


def test_a_clause_too_short_to_have_a_sentence_is_quoted_whole() -> None:
    void = Passage("P@1#2", "policy", "Void", "–", "oil")
    assert claims(Reading(labels={"oil": ""}, passages=(void,)))[0]["text"] == 'The policy in force says: "–"'
