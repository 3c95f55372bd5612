"""How the reader weighs labels, against sums done by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.models.reading import Passage, Reading
from harness.models.weighing import DOUBT, LEXICAL, NOISE, TEMPERATURE, WIDTH, overlaps, sentences, weigh, words


def by_angle(texts: Sequence[str]) -> NDArray[np.float32]:
    """A text is a number of degrees: the unit vector in that direction."""
    angles = [math.radians(float(text.strip(" .\n"))) for text in texts]
    return np.array([[math.cos(angle), math.sin(angle)] for angle in angles], dtype=np.float32)


def likeness(degrees: float) -> float:
    """Texts of digits have no words in common, so only the cosine's share counts."""
    return (1 - LEXICAL) * math.cos(math.radians(degrees))


def kernel(degrees: float) -> float:
    return math.exp((likeness(degrees) - 1) / WIDTH)


def answer(scores: dict[str, float]) -> dict[str, float]:
    """Probabilities of scores: softmax, and an even share of the doubt."""
    raised = {label: math.exp(score / TEMPERATURE) for label, score in scores.items()}
    doubt = DOUBT * (1 - sum(scores.values()))
    return {label: (1 - doubt) * value / sum(raised.values()) + doubt / len(scores) for label, value in raised.items()}


def passage(id: str, kind: str, degrees: str, label: str | None) -> Passage:
    return Passage(id, kind, "", degrees, label)


def test_one_example_counts_by_its_likeness_whether_definition_incident_or_clause() -> None:
    expected = answer({"a": kernel(20) / (1 + NOISE), "b": 0.0})
    for reading in (
        Reading({"a": "20", "b": ""}, (), (("m", "00"),)),
        Reading({"a": "", "b": ""}, (passage("i", "incident", "20", "a"),), (("m", "00"),)),
        Reading({"a": "", "b": ""}, (passage("p", "policy", "20", "a"),), (("m", "00"),)),
    ):
        assert weigh(reading, by_angle).probabilities == pytest.approx(expected, rel=1e-5)


def test_two_examples_share_what_they_have_in_common() -> None:
    reading = Reading({"a": "10", "b": "330"}, (), (("m", "00"),))
    own, between = 1 + NOISE, kernel(40)
    determinant = own**2 - between**2  # of [[own, between], [between, own]], inverted by hand
    expected = answer(
        {
            "a": (own * kernel(10) - between * kernel(30)) / determinant,
            "b": (own * kernel(30) - between * kernel(10)) / determinant,
        }
    )
    assert weigh(reading, by_angle).probabilities == pytest.approx(expected, rel=1e-5)


def test_ten_examples_that_say_the_same_count_little_more_than_one() -> None:
    def of(count: int) -> float:
        twins = tuple(passage(f"i{n}", "incident", "20", "a") for n in range(count))
        return weigh(Reading({"a": "", "b": ""}, twins, (("m", "00"),)), by_angle).probabilities["a"]

    alike = kernel(0)  # digits share no word, so a twin is not quite itself
    score = 10 * kernel(20) / (1 + NOISE + 9 * alike)
    assert of(10) == pytest.approx(answer({"a": score, "b": 0.0})["a"], rel=1e-5)
    assert of(1) < of(10) and score < 2 * kernel(20) / (1 + NOISE)


def test_the_less_the_ticket_is_like_anything_the_less_sure_the_answer_is() -> None:
    reading = [Reading({"a": "0", "b": "90"}, (), (("m", degrees),)) for degrees in ("0", "15", "30", "45")]
    sure = [weigh(one, by_angle).probabilities["a"] for one in reading]
    assert sure == sorted(sure, reverse=True) and sure[-1] == pytest.approx(0.5)
    far = weigh(Reading({"a": "0", "b": "90"}, (), (("m", "200"),)), by_angle).probabilities
    assert max(far.values()) < sure[0]


def test_passages_of_no_label_or_an_unknown_one_are_ranked_and_teach_nothing() -> None:
    known = passage("i", "incident", "20", "a")
    more = (known, passage("x", "policy", "10", None), passage("y", "incident", "5", "gone"))
    one, two = (weigh(Reading({"a": "", "b": ""}, given, (("m", "00"),)), by_angle) for given in ((known,), more))
    assert one.probabilities == pytest.approx(two.probabilities)
    assert [id for id, _ in two.ranked] == ["y", "x", "i"]
    assert dict(two.ranked)["x"] == pytest.approx(likeness(10), rel=1e-6)


def test_equally_like_passages_stand_in_the_order_of_their_ids() -> None:
    twice = (passage("z", "incident", "10", "a"), passage("b", "incident", "10", "a"))
    assert [id for id, _ in weigh(Reading({"a": ""}, twice, (("t", "00"),)), by_angle).ranked] == ["b", "z"]


def overlap(ticket: str, texts: Sequence[str]) -> list[float]:
    rows = overlaps([ticket, *texts])
    return [float(value) for value in rows[1:] @ rows[0]]


def test_overlap_is_the_cosine_of_word_counts_weighed_by_rarity() -> None:
    found = overlap("The broken window", ["window, broken!", "a broken door", "tap", ""])
    broken, once = math.log(1 + 4 / 2), math.log(1 + 4)
    length = math.hypot(broken, once)
    assert found == pytest.approx([1.0, broken**2 / length**2, 0.0, 0.0])
    assert overlap("", ["window"]) == [0.0] and overlap("window", []) == []


def test_a_word_said_more_often_counts_more_but_less_than_in_proportion() -> None:
    once, often = overlap("door", ["door lamp", "x"])[0], overlap("door", ["door door door lamp", "x"])[0]
    assert once == pytest.approx(1 / math.sqrt(2))
    assert often == pytest.approx((1 + math.log(3)) / math.hypot(1 + math.log(3), 1))
    assert once < often < 3 / math.hypot(3, 1)


def test_words_and_sentences() -> None:
    assert words("The PIPE and a 2nd pipe_line by us") == ["pipe", "pipe", "line"]
    assert sentences("One. Two!  x\n\nThree? 四です。") == ["One.", "Two!", "Three?", "四です。"]
    assert sentences("") == [] and sentences("no end") == ["no end"]
