"""A figure is met by its value, and never by a part of another figure."""

import pytest

from harness.claims import missing_facts


@pytest.mark.parametrize(
    ("claim", "evidence", "gone"),
    [
        ("He paid 250 EUR.", "He paid EUR 1,250.", ["number '250'"]),
        ("He paid 12.", "He paid 12.50.", ["number '12'"]),
        ("He paid 12.", "He paid 1.2.", ["number '12'"]),
        ("He paid 1250.", "He paid 12.50.", ["number '1250'"]),
        ("He paid $389.00.", "He paid $389.40.", ["number '389.00'"]),
        ("He paid EUR 0,250.", "He paid EUR 1,250.", ["number '0,250'"]),
    ],
)
def test_a_part_or_another_reading_of_a_figure_is_not_that_figure(claim: str, evidence: str, gone: list[str]) -> None:
    assert missing_facts(claim, evidence) == gone


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("It cost 1200.", "It cost 1\u202f200."),
        ("It cost 1200.", "It cost 1\u00a0200."),
        ("It cost 1200.", "It cost 1'200."),
        ("It cost 1,200,000.", "It cost 1.200.000."),
        ("It cost 1,200.50.", "It cost 1.200,5."),
        ("In 2026 he paid 100.", "He paid in 2026 100 or so."),
        ("In 2026, on the 17th.", "It broke on 17.05.2026."),
        ("On 3 May 2026 100,50 was paid.", "On 3 May 2026 100,50 was paid."),
        ("On 2026-01-01€ 5 USD was due.", "On 2026-01-01€ 5 USD was due."),
        ("Version 1.2,3.4 it is.", "Version 1.2,3.4 it is."),
    ],
)
def test_a_figure_is_the_same_however_its_thousands_are_parted(claim: str, evidence: str) -> None:
    assert missing_facts(claim, evidence) == []
