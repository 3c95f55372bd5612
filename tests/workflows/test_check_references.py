"""Policies name one another: what a clause names is there while the clause is in force."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .suites import Suite, policy

LineOf = Callable[[Path, str], int]


def named(id: str, version: int = 1, *, start: str, end: str = "null", clauses: tuple[str, ...]) -> str:
    head = policy(version, start=start, end=end, text="").partition("## ")[0].replace("id: POL-A", f"id: {id}")
    return head + "## 1 Rules\n" + "".join(f"{clause}\n" for clause in clauses)


def with_text(small: Suite, text: str) -> Suite:
    """POL-A holds from 2025 (1.1 and 1.2) and is the version 2 from 2026-03-01 on; POL-B, whose 1.1 is `text`, before it."""
    small.policies["b.md"] = named("POL-B", start="2025-06-01", end="2026-03-01", clauses=(f"1.1 {text}",))
    small.policies["c.md"] = named("POL-C-01", start="2026-03-01", clauses=("3.1 Late.", "3.2 Later."))
    small.policies["d.md"] = named("POL-D", start="2026-01-01", clauses=("2.1 Soon.",))
    return small


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("See POL-A.", None),
        ("See POL-D, which comes later.", None),
        ("As 1.2 of POL-A says, POL-A, 1.1 leads.", None),
        ("As 1.1 and 1.2 of POL-A say; not 9.9 at all, nor 9.9 of this policy.", None),
        ("Half is 0.5 of it; POL-A, 1.5 % of it.", None),
        ("As POL-B-based rules and a POLL-X say.", None),
        ("Under POL-A, 1.1, 2.1 of POL-D leads.", None),
        ("Under POL-A, 1.1, 1.2 and 2.1 of POL-D it is so.", None),
        ("See POL-Z.", "clause 1.1 names 'POL-Z': no such policy; "),
        ("See POL-C-02's rules.", "names 'POL-C-02': no such policy; did you mean 'POL-C-01'?"),
        ("See POL-C-01.", "'POL-C-01', no version of which holds while POL-B@1 does, from 2025-06-01 to 2026-03-01"),
        ("As 1.3 of POL-A says.", "names 1.3 of 'POL-A': on 2025-06-01 that is POL-A@1, without such a clause"),
        ("As 1.1, 1.2 and 1.3 of POL-A say.", "names 1.3 of 'POL-A'"),
        ("In place of POL-A, 1.1 and 1.4 this holds.", "names 1.4 of 'POL-A'"),
        ("See POL-A, clause 1.12.", "names 1.12 of 'POL-A'"),
        ("See POL-D, 1.1.", "names 1.1 of 'POL-D': on 2026-01-01 that is POL-D@1"),
    ],
)
def test_what_a_clause_names_is_there_in_its_time(small: Suite, line_of: LineOf, text: str, said: str | None) -> None:
    found = with_text(small, text).check().findings
    line = line_of(small.folder / "policies" / "b.md", "1.1")
    assert [small.place(one) for one in found] == ([("policies/b.md", line, "reference")] if said else [])
    assert all(str(said) in one.message for one in found)


def test_a_named_clause_must_be_in_every_version_of_the_clauses_time(small: Suite) -> None:
    small.policies["2.md"] = small.policies["2.md"].replace("1.2 Nothing", "1.3 Nothing")
    small.policies["d.md"] = named("POL-D", start="2025-06-01", clauses=("2.1 See POL-A, 1.2.", "2.2 See POL-A, 1.3."))
    assert [one.message for one in small.check().findings] == [
        "clause 2.1 names 1.2 of 'POL-A': on 2026-03-01 that is POL-A@2, without such a clause",
        "clause 2.2 names 1.3 of 'POL-A': on 2025-06-01 that is POL-A@1, without such a clause",
    ]
    small.policies["d.md"] = named("POL-D", start="2026-03-01", clauses=("2.1 See POL-A, 1.3.",))
    assert small.findings() == []


def test_a_clause_of_one_regions_version_will_do_while_that_holds(small: Suite) -> None:
    eu = named("POL-A", 3, start="2026-01-01", end="2026-06-01", clauses=("1.1 Half.", "1.7 All."))
    small.policies["3.md"] = eu.replace("---\n##", "region: EU\n---\n##")
    small.policies["d.md"] = named("POL-D", start="2026-01-01", end="2026-06-01", clauses=("2.1 See POL-A, 1.7.",))
    assert small.findings() == []
    small.policies["d.md"] = named("POL-D", start="2026-01-01", end="2026-07-01", clauses=("2.1 See POL-A, 1.7.",))
    (one,) = small.check().findings
    assert "on 2026-06-01 that is POL-A@2, without such a clause" in one.message


@pytest.mark.parametrize(
    ("id", "text", "said"),
    [
        ("KB-12", "See KB-12, 2.1 and KB-wide rules.", None),
        ("KB-12", "See KB-13.", "'KB-13'"),
        ("hr_7", "See hr_8.", "'hr_8'"),
        ("house-rules", "See house-keeping.", None),
        ("house-rules", "See 4.4 of house-rules.", "4.4 of 'house-rules'"),
        ("refunds", "All refunds and REFUND-9 are no names.", None),
    ],
)
def test_other_corpora_have_ids_of_another_form(small: Suite, id: str, text: str, said: str | None) -> None:
    small.policies["b.md"] = named(id, start="2025-01-01", clauses=(f"2.1 {text}",))
    found = small.check().findings
    assert [one.rule for one in found] == (["reference"] if said else [])
    assert all(str(said) in one.message for one in found)


def test_names_are_not_looked_up_where_a_policy_could_not_be_read(small: Suite) -> None:
    with_text(small, "See POL-Z.").policies["z.md"] = "nothing"
    assert [rule for _, _, rule in small.findings()] == ["schema"]


def test_a_plain_word_that_is_an_id_names_no_policy(small: Suite) -> None:
    small.policies["b.md"] = named(
        "POL-B", start="2025-01-01", end="2026-01-01", clauses=("2.1 All late-fees are due.",)
    )
    small.policies["c.md"] = named("late-fees", start="2026-01-01", clauses=("1.1 They are 5 %.",))
    assert small.findings() == []
