"""How the reader weighs labels, against sums done by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.models.reading import Passage, Reading
from harness.models.weighing import (
    LEXICAL,
    TEMPERATURE,
    cues,
    overlaps,
    sentences,
    weigh,
    words,
)


def by_angle(texts: Sequence[str]) -> NDArray[np.float32]:
    """A text is a number of degrees: the unit vector in that direction."""
    angles = [math.radians(float(text.strip(" .\n"))) for text in texts]
    return np.array([[math.cos(angle), math.sin(angle)] for angle in angles], dtype=np.float32)


def likeness(degrees: float) -> float:
    """Texts of digits have no words in common, so only the cosine's share counts."""
    return (1 - LEXICAL) * math.cos(math.radians(degrees))


def passage(id: str, kind: str, degrees: str, label: str | None) -> Passage:
    return Passage(id, kind, "", degrees, label)


READING = Reading(
    labels={"a": "60", "b": "50", "c": ""},
    passages=(
        passage("i1", "incident", "10", "a"),
        passage("i2", "incident", "20", "a"),
        passage("i3", "incident", "30", "a"),
        passage("i4", "incident", "40", "b"),
        passage("i5", "incident", "70", None),
        passage("p1", "policy", "15", "b"),
        passage("p2", "policy", "25", "b"),
    ),
    texts=(("guest_message", "00"),),
)


def test_labels_are_weighed_by_their_two_nearest_incidents_their_nearest_clause_and_their_definition() -> None:
    least, lowest_policy = likeness(70), likeness(25)
    expected = {
        "a": (likeness(10) + likeness(20)) / 2 + 0.5 * lowest_policy + 0.5 * likeness(60),
        "b": (likeness(40) + least) / 2 + 0.5 * likeness(15) + 0.5 * likeness(50),
        "c": least + 0.5 * lowest_policy,
    }
    raised = {label: math.exp(score / TEMPERATURE) for label, score in expected.items()}
    total = sum(raised.values())
    found = weigh(READING, by_angle)
    assert found.probabilities == pytest.approx({label: value / total for label, value in raised.items()}, rel=1e-4)
    assert [id for id, _ in found.ranked] == ["i1", "p1", "i2", "p2", "i3", "i4", "i5"]
    assert dict(found.ranked)["i4"] == pytest.approx(likeness(40), rel=1e-6)


def test_a_ticket_is_compared_sentence_by_sentence_and_as_a_whole() -> None:
    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        known = {"00.": 0, "90.": 90, "00. 90.": 45, "10": 10, "80": 80, "10; 80": 40}
        return by_angle([str(known[text]) for text in texts])

    found = weigh(Reading(labels={"a": "10; 80"}, texts=(("t", "00. 90."),), passages=()), embed)
    assert found.probabilities == {"a": 1.0}
    more = Reading(labels={"a": "10; 80", "b": ""}, texts=(("t", "00. 90."),))
    whole, best = math.cos(math.radians(5)), math.cos(math.radians(10))  # whole to whole; each half to its nearest cue
    score = 0.5 * (1 - LEXICAL) * (whole + best) / 2
    odds = math.exp(score / TEMPERATURE)
    assert weigh(more, embed).probabilities["a"] == pytest.approx(odds / (odds + 1), rel=1e-4)


def test_equally_like_passages_stand_in_the_order_of_their_ids() -> None:
    twice = (passage("z", "incident", "10", "a"), passage("b", "incident", "10", "a"))
    assert [id for id, _ in weigh(Reading({"a": ""}, twice, (("t", "00"),)), by_angle).ranked] == ["b", "z"]


def test_overlap_is_the_cosine_of_word_counts_weighed_by_rarity() -> None:
    found = overlaps("The broken window", ["window, broken!", "a broken door", "tap", ""])
    broken, once = math.log(1 + 4 / 2), math.log(1 + 4)
    length = math.hypot(broken, once)
    assert found.tolist() == pytest.approx([1.0, broken**2 / length**2, 0.0, 0.0])
    assert overlaps("", ["window"]).tolist() == [0.0]


def test_a_word_said_more_often_counts_more_but_less_than_in_proportion() -> None:
    once, often = overlaps("door", ["door lamp", "x"])[0], overlaps("door", ["door door door lamp", "x"])[0]
    assert once == pytest.approx(1 / math.sqrt(2))
    assert often == pytest.approx((1 + math.log(3)) / math.hypot(1 + math.log(3), 1))
    assert once < often < 3 / math.hypot(3, 1)


def test_words_sentences_and_cues() -> None:
    assert words("The PIPE and a 2nd pipe_line by us") == ["pipe", "pipe", "line"]
    assert sentences("One. Two!  x\n\nThree? 四です。") == ["One.", "Two!", "Three?", "四です。"]
    assert sentences("") == [] and sentences("no end") == ["no end"]
    assert cues("A leak: oil, fuel; not 1.5 litres. ") == ["A leak", "oil", "fuel", "not 1.5 litres"]
