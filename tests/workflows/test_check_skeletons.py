"""Slot templates: samples that share a sentence's form are found, where they are too many for chance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.workflows.check.skeletons import FEWEST, skeletons

from .suites import Suite, sample

FORM = "The {0} and the {1} were with us at the {2} but not in the {3}."
SHAPE = "the _ and the _ were with us at the _ but not in the _ ."


def filled(n: int) -> str:
    return FORM.format(*(f"{slot}{n}" for slot in ("boat", "dog", "hut", "town")))


def padded(small: Suite, n: int) -> None:
    """Fill up to n samples, no two of which are alike."""
    have = len(small.samples)
    words = ("anchor", "kettle", "lamp", "stove", "rope")
    small.samples += [sample(f"p-{k}", "refund", " ".join(f"{word}{k}" for word in words)) for k in range(have, n)]


def templated(small: Suite, *, users: int, of: int, cluster: str | None = None) -> None:
    more = {"cluster": cluster} if cluster else {}
    small.samples += [sample(f"t-{n}", "refund", filled(n), **more) for n in range(users)]
    padded(small, of)


def test_samples_made_from_a_template_are_found_but_for_the_first(small: Suite) -> None:
    templated(small, users=4, of=60)
    found = small.check().findings
    assert [small.place(one) for one in found] == [("samples.jsonl", line, "template") for line in (5, 6, 7)]
    assert found[0].message == f"sample 't-1' and 't-0' have a sentence of one form, {SHAPE!r}; rewrite one"


@pytest.mark.parametrize(("users", "of", "found"), [(2, 50, 0), (2, 49, 0), (3, 100, 0), (4, 100, 3), (3, 99, 2)])
def test_a_share_of_two_in_a_hundred_may_be_chance(small: Suite, users: int, of: int, found: int) -> None:
    templated(small, users=users, of=of)
    assert len(small.findings()) == found


def test_of_few_samples_nothing_is_told(small: Suite) -> None:
    templated(small, users=20, of=FEWEST - 1)
    assert small.findings() == []
    padded(small, FEWEST)
    assert len(small.findings()) == 19


def test_members_of_one_cluster_may_share_a_form(small: Suite) -> None:
    templated(small, users=6, of=60, cluster="boats")
    assert small.findings() == []


def test_a_sample_that_shares_two_forms_is_found_once(small: Suite) -> None:
    templated(small, users=4, of=60)
    for row in small.samples[3:7]:
        row["input"]["guest_message"] += (
            " We said that it was " + row["id"] + "x and that he had the " + row["id"] + "."
        )
    assert [line for _, line, _ in small.findings()] == [5, 6, 7]


def test_words_become_blanks_and_numbers_signs() -> None:
    assert skeletons("I paid 300 EUR for the boat on May 3, and it was gone!") == {
        tuple("i _ # _ for the _ on _ # , and it was _ !".split())
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It was not for us.",
        "Boat dog hut town lamp stove rope kettle anchor and the in.",
        "It was. And the. But not. With us. At the. In the.",
        "It was and the but not\nwith us at the in the",
    ],
)
def test_sentences_that_are_short_or_have_few_function_words_tell_nothing(text: str) -> None:
    assert skeletons(text) == set()


def test_each_sentence_has_its_own_and_case_and_apostrophes_do_not_count() -> None:
    text = f"{filled(1)} WE DIDN’T SEE the boat and it wasn't on the water?"
    assert skeletons(text) == skeletons(f"{filled(2)}\nwe didn't see the boat and it wasn’t on the water?")
    assert len(skeletons(text)) == 2


WORD = st.sampled_from(["boat", "Kettle", "straße", "łódź", "船", "o'clock", "x9"])


@given(st.tuples(WORD, WORD, WORD, WORD))
def test_whatever_fills_the_slots_the_form_is_the_same(words: tuple[str, str, str, str]) -> None:
    assert skeletons(FORM.format(*words)) == {tuple(SHAPE.split())}
