"""Leaks, near-duplicates, splits and contact data."""

import json
import random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.workflows.check import check_suites
from harness.workflows.check.contact import luhn
from harness.workflows.check.duplicates import THRESHOLD, shingles, similar_pairs
from harness.workflows.check.texts import words

from .suites import LONG, Suite, sample

NEAR = LONG.replace("Tuesday", "Friday")


@pytest.mark.parametrize("name", ["s-2", "t-2"])
def test_an_incident_that_is_a_ticket_by_id_is_a_leak(small: Suite, name: str) -> None:
    small.samples[1]["input"]["id"] = "t-2"
    small.incidents[1]["id"] = name
    (one,) = small.check().findings
    assert small.place(one) == ("samples.jsonl", 2, "leak")
    assert "incidents.jsonl:2" in one.message


@pytest.mark.parametrize(
    ("key", "text", "found"),
    [
        ("note", "reservation R-77, closed", True),
        ("narrative", "About r-77.", True),
        ("narrative", "About r-778 and tr-77 and 77.", False),
        ("narrative", "About r-77-b.", False),
    ],
)
def test_a_reservation_of_a_ticket_in_an_incident_is_a_leak(small: Suite, key: str, text: str, found: bool) -> None:
    small.incidents[1][key] = text
    assert small.findings() == ([("samples.jsonl", 1, "leak")] if found else [])


def test_a_reservation_id_without_letters_or_digits_stands_nowhere(small: Suite) -> None:
    small.samples[0]["input"]["reservation"]["id"] = "-"
    small.incidents[1]["narrative"] = "A card - and no more."
    assert small.findings() == []


def test_an_incident_told_as_a_ticket_is_a_leak(small: Suite) -> None:
    small.incidents.append({"id": "i-3", "narrative": NEAR, "label": "refund"})
    (one,) = small.check().findings
    assert small.place(one) == ("samples.jsonl", 1, "leak")
    assert "incident 'i-3'" in one.message and "incidents.jsonl:3" in one.message


def test_near_duplicates_are_found_at_the_later_sample(small: Suite) -> None:
    small.samples += [sample("s-4", "refund", NEAR), sample("s-5", "refund", LONG.upper())]
    found = small.check().findings
    assert [small.place(one) for one in found] == [
        ("samples.jsonl", 4, "near-duplicate"),
        ("samples.jsonl", 5, "near-duplicate"),
    ]
    assert "sample 's-1'" in found[0].message and "more" not in found[0].message
    assert "sample 's-1'" in found[1].message and "and 1 more" in found[1].message


@pytest.mark.parametrize(("text", "found"), [("my key is GONE!", True), ("my key is gone too", False)])
def test_short_texts_are_compared_by_their_words(small: Suite, text: str, found: bool) -> None:
    small.samples += [sample("s-4", "refund", "My key is gone."), sample("s-5", "refund", text)]
    assert small.findings() == ([("samples.jsonl", 5, "near-duplicate")] if found else [])


def test_members_of_one_cluster_may_be_alike(small: Suite) -> None:
    small.samples[0]["cluster"] = "boiler"
    small.samples.append(sample("s-4", "refund", NEAR, cluster="boiler"))
    assert small.findings() == []


def test_a_cluster_in_two_splits_is_found(small: Suite) -> None:
    small.samples[0]["cluster"] = "boiler"
    small.samples.append(sample("s-4", "refund", NEAR, cluster="boiler", split="dev"))
    (one,) = small.check().findings
    assert small.place(one) == ("samples.jsonl", 4, "split")
    assert "'dev' here" in one.message and "samples.jsonl:1" in one.message


def test_texts_without_words_are_compared_as_they_stand_and_empty_ones_not_at_all(small: Suite) -> None:
    small.samples += [sample("s-4", None, "🙄🙄"), sample("s-5", None, " 🙄🙄\n"), sample("s-6", None, "😡")]
    small.samples += [sample("s-7", None, ""), sample("s-8", None, "")]
    assert small.findings() == [("samples.jsonl", 5, "near-duplicate")]


def test_tickets_without_a_guest_message_are_compared_by_their_other_texts(small: Suite) -> None:
    small.samples += [sample("s-4", "refund", "", ticket={"host_messages": [NEAR]})]
    assert small.findings() == [("samples.jsonl", 4, "near-duplicate")]


TEXTS = st.lists(st.lists(st.sampled_from("abc"), min_size=3, max_size=14), max_size=14)


@given(TEXTS)
def test_pairs_above_the_threshold_are_found_and_no_others(texts: list[list[str]]) -> None:
    sets = [shingles(text) for text in texts]
    share = {
        (one, two): len(sets[one] & sets[two]) / len(sets[one] | sets[two])
        for two in range(len(sets))
        for one in range(two)
    }
    found = list(similar_pairs(sets))
    assert len(set(found)) == len(found)
    assert set(found) <= {pair for pair, jaccard in share.items() if jaccard > THRESHOLD}
    assert set(found) >= {pair for pair, jaccard in share.items() if jaccard >= 0.6}  # of 0.5 MinHash misses 0.02 %


def test_a_text_of_another_eval_set_is_found_unless_the_suite_says_that_it_is_derived(small: Suite) -> None:
    first = small.write()
    (small.folder / "more.jsonl").write_text(json.dumps(sample("s-1", "refund", NEAR, cluster="boiler")) + "\n")
    other = small.folder / "other.yaml"
    other.write_text(yaml.safe_dump({**small.suite, "eval_set": "more.jsonl"}))
    (one,) = (one for one in check_suites([first, other]).findings if one.rule == "near-duplicate")
    assert small.place(one) == ("more.jsonl", 1, "near-duplicate") and "derived_from" in one.message
    other.write_text(yaml.safe_dump({**small.suite, "eval_set": "more.jsonl", "derived_from": "samples.jsonl"}))
    assert "near-duplicate" not in {one.rule for one in check_suites([first, other]).findings}


def test_nobody_is_asked_to_rewrite_texts_that_were_collected(small: Suite) -> None:
    small.incidents[0]["narrative"] = LONG
    small.samples += [
        sample("s-4", "refund", NEAR),
        sample("s-5", "refund", "a card_fraud it is"),
        sample("s-6", "lost", "x"),
    ]
    assert {rule for _, _, rule in small.findings()} == {"leak", "near-duplicate", "label-in-text", "label"}
    small.suite["collected"] = True
    assert {rule for _, _, rule in small.findings()} == {"label"}


def test_words_of_a_language_without_spaces_are_its_characters() -> None:
    assert words("昨日鍵がCold 2x") == [*"昨日鍵が", "cold", "2x"]


def test_thousands_of_texts_are_compared_in_a_moment() -> None:
    draw = random.Random(1)
    texts = [[f"w{int(draw.paretovariate(0.6)) % 5000}" for _ in range(60)] for _ in range(4000)]
    texts.append([*texts[7][:-1], "other"])
    assert list(similar_pairs([shingles(text) for text in texts])) == [(7, 4000)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to ann@gmail.com", True),
        ("write to ann@example.co.uk", True),
        ("write to ann@notexample.com", True),
        ("write to ann.b+c@mail.example.com, or b@EXAMPLE.org.", False),
        ("a@example.net b@desk.example c@x.y.invalid d@z.test", False),
        ("ring +44 7911 123456", True),
        ("ring (415) 867-5309", True),
        ("ring 415.867.5309.", True),
        ("0171 2345678", True),
        ("06 12 34 56 78", True),
        ("07911123456", True),
        ("0049 171 2345678", True),
        ("+44 7700 900418, 07700 900461 or 020 7946 0123", False),
        ("+1 250 555-0142 and (202) 555-0143", False),
        ("0491 570 156; 06 39 98 12 34; 030 23125 123", False),
        ("on 2026-05-17 10:00, 04/06 19:12, order 0412-889, 0.75 0.11", False),
        ("DE89 3704 0044 0532 0130 00", False),
        ("card 4539 1488 0343 6467", True),
        ("card 4539148803436467", True),
        ("card 4539-1488-0343-6467.", True),
        ("amex 3787 112345 67895", True),
        ("card 4539 1488 0343 6467 123", True),
        ("card 4111 1111 1111 1111 123", False),
        ("card 6304 1234 5678 9012 008", True),
        ("card 4539 1488 0343 6468", False),
        ("card 4111 1111 1111 1111 and 4242424242424242", False),
        ("amex 3714 496353 98431", False),
        ("IBAN DE89 3704 0044 0532 0130 00", False),
        ("call +4539148803436467", False),
        ("order 1234567890123", False),
    ],
)
def test_contact_data_outside_the_reserved_ranges_is_found(small: Suite, text: str, found: bool) -> None:
    small.samples[2]["input"]["guest_message"] = text
    small.incidents[1]["note"] = text
    wanted = [("incidents.jsonl", 2, "contact"), ("samples.jsonl", 3, "contact")]
    assert small.findings() == (wanted if found else [])


def test_contact_data_in_a_gold_claim_is_found(small: Suite) -> None:
    small.samples[0]["target"]["rationale"][0]["text"] = "The guest left on Tuesday and wrote to ann@gmail.com."
    assert ("samples.jsonl", 1, "contact") in small.findings()


@given(st.text("0123456789", min_size=12, max_size=18))
def test_one_check_digit_of_ten_is_right(digits: str) -> None:
    assert sum(luhn(f"{digits}{last}") for last in range(10)) == 1
