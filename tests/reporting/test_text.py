"""How data, numbers and money are shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.types import Metric
from harness.reporting import clean
from harness.reporting.text import (
    clean_line,
    count,
    interval,
    metric_interval,
    metric_value,
    money,
    number,
    percent,
    shorten,
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb", "a\\u202eb"),
        ("\x9b31m", "\\x9b31m"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("one\ntwo\tthree", "one\ntwo\tthree"),
        ("\r", "\\x0d"),
        ("👩\u200d🚒 می\u200cخواهم", "👩\u200d🚒 می\u200cخواهم"),
    ],
)
def test_control_characters_are_shown_and_text_is_kept(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@given(st.text())
def test_cleaned_text_drives_no_terminal_can_be_encoded_and_is_stable(raw: str) -> None:
    cleaned = clean(raw)
    cleaned.encode("utf-8")
    assert not [c for c in cleaned if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"]
    assert not set(cleaned) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u2028")
    assert clean(cleaned) == cleaned


@given(st.text())
def test_a_cleaned_line_is_one_line(raw: str) -> None:
    assert len(clean_line(raw).splitlines()) <= 1


def test_shorten_cuts_only_what_is_too_long() -> None:
    assert shorten("four five", 9) == "four five"
    assert shorten("four five", 8) == "four fi…"
    assert shorten("four five", 6) == "four…"


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        (12.3, "USD", "$12.30"),
        (12.3, "EUR", "€12.30"),
        (12.3, "CHF", "CHF 12.30"),
        (999.994, "USD", "$999.99"),
        (999.995, "USD", "$1,000"),
        (1012.4, "GBP", "£1,012"),
        (96.4, "JPY", "¥96"),
        (-1.2, "USD", "−$1.20"),
        (-0.001, "USD", "−$0.0010"),
        (0, "USD", "$0.00"),
        (None, "USD", "–"),
        (2.5, None, "2.50"),
    ],
)
def test_money(value: float | None, currency: str | None, shown: str) -> None:
    assert money(value, currency) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.6149, "", "0.61"),
        (0.0, "", "0.00"),
        (0.0042, "", "0.0042"),
        (1.5e-08, "", "0.00"),
        (123.45, "", "123.5"),
        (12345.6, "", "12,346"),
        (212.4, "ms", "212 ms"),
        (1.84, "ms", "1.8 ms"),
        (1204.4, "tokens", "1,204"),
        (6, "count", "6"),
        (3.2, "claims", "3.20 claims"),
        (12.3, "USD", "$12.30"),
        (None, "ms", "–"),
    ],
)
def test_number_in_its_unit(value: float | None, unit: str, shown: str) -> None:
    assert number(value, unit) == shown


@pytest.mark.parametrize(
    ("low", "high", "unit", "shown"),
    [
        (0.44, 0.761, "", "0.44 – 0.76"),
        (0.0045, 0.06, "", "0.00 – 0.06"),
        (8.1, 21.4, "EUR", "€8.10 – €21.40"),
        (1.6, 30.2, "ms", "1.6 – 30 ms"),
        (None, 1.0, "", ""),
        (0.1, None, "", ""),
    ],
)
def test_interval_has_one_spelling_for_both_ends(low: float | None, high: float | None, unit: str, shown: str) -> None:
    assert interval(low, high, unit) == shown


def test_a_metric_is_shown_in_its_own_unit() -> None:
    metric = Metric("cost.per_ticket", 6.0, 4.5, 8.0, unit="USD")
    assert (metric_value(metric), metric_interval(metric)) == ("$6.00", "$4.50 – $8.00")


def test_words_for_counts_and_levels() -> None:
    assert [count(1, "gate"), count(1204, "ticket"), percent(0.95), percent(0.999)] == [
        "1 gate",
        "1,204 tickets",
        "95 %",
        "99.9 %",
    ]


def test_a_small_number_has_the_digits_of_what_it_stands_beside() -> None:
    assert number(0.0014) == "0.0014" and number(0.0014, size=0.12) == "0.00"
