import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.claims import missing_facts
from harness.claims.facts import missing_quotes
from harness.corpus import load_corpus
from tests.places import ROOT

SHIPPED = load_corpus(policies=ROOT / "corpora" / "policies", incidents=ROOT / "corpora" / "incidents")
PASSAGES = [f"{passage.title}. {passage.text}" for passage in SHIPPED.passages()]
STOP = re.compile(r"(?<=[a-z)\"”][.!?]) (?=[A-Z])")

NUMBER = st.integers(1, 10**7).flatmap(
    lambda n: st.sampled_from([str(n), f"{n:,}", f"{n:,}".replace(",", "."), f"{n / 100:.2f}"])
)
DATE = st.dates().flatmap(
    lambda d: st.sampled_from(
        [
            d.isoformat(),
            f"{d.day} {d:%B} {d.year:04}",
            f"{d:%B} {d.day}, {d.year:04}",
            f"{d.day}. {d:%b}",
            f"{d:%B} {d.day}",
        ]
    )
)
AMOUNT = st.builds("{}{}".format, st.sampled_from(["€", "$", "EUR ", "CHF "]), NUMBER)
WORD = st.sampled_from(
    "the host of Lisbon asked Maria Anna O'Neill for three nights, and paid 'twelve' (see Rome)".split()
)
SENTENCE = st.lists(NUMBER | DATE | AMOUNT | WORD, min_size=1, max_size=8).map(
    lambda words: f"So {' '.join(words)} went."
)


@given(st.lists(SENTENCE, min_size=1, max_size=6), st.data())
def test_sentences_copied_from_the_evidence_miss_nothing(evidence: list[str], data: st.DataObject) -> None:
    copied = data.draw(st.lists(st.sampled_from(evidence), min_size=1))
    assert missing_facts(" ".join(copied), " ".join(evidence)) == []


def test_sentences_copied_from_the_shipped_corpora_miss_nothing() -> None:
    for text in PASSAGES:
        sentences = STOP.split(text)
        for claim in (*sentences, " ".join(sentences[::2])):
            assert missing_facts(claim, text) == [], claim
            assert missing_quotes(claim, text) == [], claim


@given(st.lists(WORD, max_size=4), st.integers(100, 10**6), st.data())
def test_one_changed_digit_is_noticed(words: list[str], number: int, data: st.DataObject) -> None:
    digits = str(number)
    place = data.draw(st.integers(0, len(digits) - 1))
    digit = data.draw(st.sampled_from("123456789"))
    assume(digit != digits[place])
    changed = f"{digits[:place]}{digit}{digits[place + 1 :]}"
    before = " ".join(words)
    assert missing_facts(f"So {before} {changed} it was.", f"So {before} {digits} it was.") == [f"number '{changed}'"]


def test_one_changed_digit_in_the_shipped_corpora_is_noticed_unless_that_number_stands_there_too() -> None:
    tried = 0
    for text in PASSAGES:
        present = set(re.findall(r"\d+", text))
        for match in re.finditer(r"(?<![\d.,])[1-9]\d+(?![\d.,]*\d)", text):
            changed = f"{match[0][:-1]}{(int(match[0][-1]) + 5) % 10}"
            if changed not in present and int(changed) > 12:  # smaller ones may stand there in words
                claim = f"{text[: match.start()]}{changed}{text[match.end() :]}"
                assert missing_facts(claim, text), claim
                tried += 1
    assert tried > 100


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The fee is 1200 euros.", "A fee of 1,200 euros"),
        ("The fee is 1,200 euros.", "A fee of 1.200 euros"),
        ("The fee is 1 200 euros.", "A fee of 1200"),
        ("The fee is 12.50.", "A fee of 12,5"),
        ("The fee is 612.", "612.00 in all"),
        ("It took 3 nights.", "It took three nights."),
        ("It took three nights.", "It took 3 nights."),
        ("He paid €40.", "He paid 40 EUR."),
        ("He paid €40.", "He paid 40."),
        ("He paid 40 USD.", "He paid $40 or 40 EUR."),
        ("It was on 3 May 2026.", "at 2026-05-03T10:00:00Z"),
        ("It was on May 3rd.", "2026-05-03"),
        ("It was on 3 May 2026.", "on 3 May"),
        ("It was on 3 May 2026.", "on 03.05.2026"),
        ("It was on 3 May 2026.", "on 5/3/26"),
        ("It was on 3 May 2026.", "on 3.5."),
        ("It was on the 3rd of May.", "May 3, 2026"),
        ("It was in May on a Monday, in UTC.", "no date"),
        ("Before this Maria paid.", "MARIA paid"),
        ("And then I left.", ""),
    ],
)
def test_a_fact_is_met_in_whatever_form_it_stands(claim: str, evidence: str) -> None:
    assert missing_facts(claim, evidence) == []


@pytest.mark.parametrize(
    ("claim", "evidence", "missing"),
    [
        ("The fee is 1300 euros.", "A fee of 1,200 euros", ["number '1300'"]),
        ("The fee is 12.6.", "A fee of 12.5", ["number '12.6'"]),
        ("It took 4 nights.", "It took three nights.", ["number '4'"]),
        ("He paid €40.", "He paid 40 USD.", ["amount '€40.'"]),
        ("He paid €41.", "He paid €40.", ["number '41'"]),
        ("He paid 40 EUR.", "He paid £40.", ["amount '40 EUR'"]),
        ("It was on 4 May 2026.", "2026-05-03", ["date '4 May 2026'"]),
        ("It was on 3 June.", "2026-05-03", ["date '3 June'"]),
        ("It was on 3 May 2025.", "3 May 2026", ["date '3 May 2025'"]),
        ("It was on 2026-05-04.", "2026-05-03", ["date '2026-05-04'"]),
        ("It was on May 4.", "3.5.2026", ["date 'May 4'"]),
        ("Then Maria paid.", "Anna paid.", ["name 'Maria'"]),
        ("She told O’Neill and Jean-Luc so.", "O’Neill", ["name 'Jean-Luc'"]),
        (
            "On 4 May the host Anna took €41.",
            "",
            ["date '4 May'", "number '41'", "name 'Anna'"],
        ),
    ],
)
def test_a_fact_that_does_not_stand_there_is_named_by_kind(claim: str, evidence: str, missing: list[str]) -> None:
    assert missing_facts(claim, evidence) == missing


@given(st.text(), st.text())
def test_any_text_can_be_held_against_any_other(claim: str, evidence: str) -> None:
    missing_facts(claim, evidence)
    missing_quotes(claim, evidence)


@given(st.text(alphabet="0123456789.,' €$EURMay -/"))
def test_whatever_figures_stand_in_a_text_stand_in_it(text: str) -> None:
    assert missing_facts(text, text) == []


@pytest.mark.parametrize(
    ("claim", "missing"),
    [
        ('He wrote "pay me in cash or leave".', []),
        ("He wrote “Pay me, in cash… or leave!”", []),
        ('He wrote "pay me in gold or leave".', ["pay me in gold or leave"]),
        ("Er schrieb „zahl mir sofort das Geld“.", ["zahl mir sofort das Geld"]),
        ("Il a écrit « payez-moi en or tout de suite ».", ["payez-moi en or tout de suite"]),
        ('He wrote "pay in gold".', []),
        ('He wrote "paying in gold".', ["paying in gold"]),
        ('He wrote "unmentionable thing".', []),
        ('He wrote "a b c d".', []),
    ],
)
def test_a_quotation_of_three_words_or_more_must_stand_there_by_its_letters(claim: str, missing: list[str]) -> None:
    assert missing_quotes(claim, "Then: PAY ME IN CASH or leave, he wrote.") == missing
