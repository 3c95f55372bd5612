from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.corpus import load_policies
from harness.corpus.policies import Policy, PolicyHead, overlaps, parse_policy, read_policies, successions
from tests.corpus.samples import policy_text, write_policy
from tests.places import ROOT

CLAUSE_WORDS = st.text(alphabet="abcXYZ ,;()é%#", min_size=1, max_size=20).map(str.strip).filter(bool)
NUMBER = st.lists(st.integers(0, 30), min_size=2, max_size=4).map(lambda parts: ".".join(map(str, parts)))


def error_of(path: Path) -> str:
    """The error of a policy file, with the folder's name taken out."""
    with pytest.raises(UsageError) as caught:
        parse_policy(path)
    return str(caught.value).replace(str(path), path.name)


def test_a_clause_has_id_heading_text_and_the_line_it_begins_on(tmp_path: Path) -> None:
    body = "\nAn opening that is no clause.\n## 1 Scope \n1.1 Dogs \n\n  and cats.\n## 2 Fees\nNot numbered.\n2.1.3 Ten euros.\n"
    path = write_policy(tmp_path, body=body, version=3)
    policy = parse_policy(path)
    assert policy.key == "POL-A@3"
    assert [(c.id, c.number, c.heading, c.text, c.at) for c in policy.clauses] == [
        ("POL-A@3#1.1", "1.1", "1 Scope", "Dogs and cats.", f"{path}:11"),
        ("POL-A@3#2.1.3", "2.1.3", "2 Fees", "Ten euros.", f"{path}:16"),
    ]
    rows = path.read_text().splitlines()
    assert [rows[int(c.at.rpartition(":")[2]) - 1].partition(" ")[0] for c in policy.clauses] == ["1.1", "2.1.3"]


@given(
    st.dictionaries(NUMBER, st.lists(CLAUSE_WORDS, min_size=1, max_size=3), min_size=1, max_size=5),
    st.lists(CLAUSE_WORDS, max_size=2),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_numbered_clause_is_read_with_all_its_lines(
    tmp_path_factory: pytest.TempPathFactory, clauses: dict[str, list[str]], headings: list[str], end: str
) -> None:
    body = "".join(f"## {heading}\n" for heading in headings)
    body += "".join(f"{number} " + "\n\n  ".join(lines) + "\n" for number, lines in clauses.items())
    path = tmp_path_factory.mktemp("policy") / "p.md"
    path.write_bytes(policy_text(body).replace("\n", end).encode())
    found = parse_policy(path).clauses
    assert [(c.number, c.text) for c in found] == [(number, " ".join(lines)) for number, lines in clauses.items()]
    assert {c.heading for c in found} == {headings[-1] if headings else ""}
    rows = path.read_text().splitlines()
    assert all(rows[int(c.at.rpartition(":")[2]) - 1].startswith(f"{c.number} ") for c in found)


def test_years_prices_and_plain_numbers_at_a_line_s_start_begin_no_clause(tmp_path: Path) -> None:
    path = write_policy(tmp_path, body="1.1 Within\n30 days, or\n1. one week, or\n2.5\n### 1.2 deep\n")
    (clause,) = parse_policy(path).clauses
    assert clause.text == "Within 30 days, or 1. one week, or 2.5 ### 1.2 deep"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.1 Dogs.\n", "p.md:1: no front matter; begin with ---"),
        ("", "p.md:1: no front matter"),
        ("---\nid: a\n", "p.md:1: no front matter"),
        (policy_text(version=0), "p.md:4: version: input should be greater than or equal to 1 (given 0)"),
        (policy_text(id="has space"), "p.md:2: id: string should match pattern"),
        (policy_text(titel="x"), "p.md:7: unknown key 'titel'; did you mean 'title'?"),
        (policy_text(title=None), "p.md:2: missing key 'title'; add it there"),
        (policy_text(effective_from="May"), "p.md:5: effective_from: input should be a valid date"),
        (policy_text(effective_to="2026-01-01"), "effective_to 2026-01-01 is not after effective_from 2026-01-01"),
        (policy_text(labels="[a"), "p.md:6: not valid YAML"),
        (policy_text(id="POL-B\nid: POL-A"), "p.md:3: not valid YAML: the key 'id' stands twice"),
        (policy_text("## Only a heading\n"), "p.md: no numbered clause; begin each clause with its number"),
        (policy_text("1.1 a\n1.2 b\n1.1 c\n"), "p.md:10: clause 1.1 stands twice; renumber one of them"),
        ("---\n- a\n---\n1.1 a\n", "p.md: expected a mapping, found list"),
    ],
)
def test_a_wrong_policy_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "p.md"
    path.write_text(text)
    assert words in error_of(path)


@given(st.text(alphabet="-\n\r:#ab1. []") | st.text())
def test_any_text_is_a_policy_or_a_mistake_that_names_the_file(
    tmp_path_factory: pytest.TempPathFactory, body: str
) -> None:
    path = tmp_path_factory.mktemp("policy") / "p.md"
    for text in (body, policy_text(body)):
        path.write_bytes(text.encode("utf-8", "replace"))
        try:
            numbers = [clause.number for clause in parse_policy(path).clauses]
        except UsageError as error:
            assert str(error).startswith(str(path))
        else:
            assert len(numbers) == len(set(numbers)) > 0


def test_a_version_holds_from_its_first_day_up_to_its_last_exclusive(tmp_path: Path) -> None:
    ended = parse_policy(write_policy(tmp_path, effective_to="2026-03-01"))
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 28), date(2026, 3, 1)]
    assert [ended.in_force(day) for day in days] == [False, True, True, False]
    assert parse_policy(write_policy(tmp_path)).in_force(date(2999, 1, 1))


def test_keys_of_the_head_know_their_line_and_others_are_at_the_head(tmp_path: Path) -> None:
    path = write_policy(tmp_path)
    policy = parse_policy(path)
    assert policy.at("id") == f"{path}:2"
    assert policy.at("labels") == f"{path}:6"
    assert policy.at("effective_to") == f"{path}:1"


def test_policies_come_by_id_and_version_from_anywhere_below_the_folder(tmp_path: Path) -> None:
    write_policy(tmp_path, "x/1.md", version=10, effective_from="2026-03-01")
    write_policy(tmp_path, "y/2.md", version=2, effective_to="2026-03-01")
    write_policy(tmp_path, "z.md", id="A")
    (tmp_path / "notes.txt").write_text("no policy")
    assert [policy.key for policy in load_policies(tmp_path)] == ["A@1", "POL-A@2", "POL-A@10"]


def test_a_folder_that_is_none_or_has_no_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder of policies"):
        load_policies(tmp_path / "none")
    with pytest.raises(UsageError, match="this folder has no policy"):
        load_policies(tmp_path)


def test_a_reader_that_goes_on_gets_every_good_policy(tmp_path: Path) -> None:
    write_policy(tmp_path, "a.md", version="x")
    write_policy(tmp_path, "b.md")
    (tmp_path / "c.md").write_text("nothing")
    errors: list[UsageError] = []
    assert [policy.path.name for policy in read_policies(tmp_path, on_error=errors.append)] == ["b.md"]
    assert [Path(str(error.where)).name for error in errors] == ["a.md:4", "c.md:1"]
    with pytest.raises(UsageError, match=r"a\.md:4"):
        load_policies(tmp_path)


def test_one_version_in_two_files_is_refused_at_the_second(tmp_path: Path) -> None:
    write_policy(tmp_path, "a.md")
    write_policy(tmp_path, "b.md")
    with pytest.raises(UsageError, match=r"b\.md:4: POL-A@1 is also in .*a\.md; give one another version"):
        load_policies(tmp_path)


@pytest.mark.parametrize(("end", "shown"), [(None, "open"), ("2026-04-02", "2026-04-02")])
def test_a_version_that_begins_before_the_last_one_ends_is_refused(tmp_path: Path, end: str | None, shown: str) -> None:
    write_policy(tmp_path, "1.md", effective_to=end)
    write_policy(tmp_path, "2.md", version=2, effective_from="2026-04-01")
    with pytest.raises(UsageError) as caught:
        load_policies(tmp_path)
    assert str(caught.value).replace(f"{tmp_path}/", "") == (
        f"2.md:5: POL-A@2 begins 2026-04-01 while POL-A@1 still holds (to {shown}); end POL-A@1 no later than 2026-04-01"
    )


def test_versions_of_two_regions_may_hold_side_by_side(tmp_path: Path) -> None:
    write_policy(tmp_path, "1.md", region="eu")
    write_policy(tmp_path, "2.md", version=2, region="us")
    assert len(load_policies(tmp_path)) == 2


def test_successions_skip_other_policies_regions_and_repeated_versions(tmp_path: Path) -> None:
    write_policy(tmp_path, "1.md", region="eu", effective_to="2026-02-01")
    write_policy(tmp_path, "2.md", region="us", version=2)
    write_policy(tmp_path, "3.md", region="eu", version=3, effective_from="2026-02-01")
    write_policy(tmp_path, "4.md", region="eu", version=3, effective_from="2026-02-01")
    write_policy(tmp_path, "5.md", id="POL-B", region="eu", version=4)
    pairs = [(one.head.version, two.head.version) for one, two in successions(read_policies(tmp_path))]
    assert pairs == [(1, 3)]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20) | st.none()), min_size=1, max_size=5))
def test_without_an_overlap_at_most_one_version_holds_on_any_day(spans: list[tuple[int, int | None]]) -> None:
    start = date(2026, 1, 1)
    heads = [
        PolicyHead(
            id="P",
            title="P",
            version=version,
            effective_from=start + timedelta(first),
            effective_to=None if length is None else start + timedelta(first + length),
        )
        for version, (first, length) in enumerate(spans, 1)
    ]
    policies = [Policy(head=head, clauses=(), path=Path("p.md")) for head in heads]
    if not list(overlaps(policies)):
        for day in range(45):
            assert sum(policy.in_force(start + timedelta(day)) for policy in policies) <= 1


def test_the_shipped_policies_load() -> None:
    policies = load_policies(ROOT / "corpora" / "policies")
    assert len({policy.head.id for policy in policies}) == 33
    assert any(policy.head.version > 1 for policy in policies)
    for policy in policies:
        for clause in policy.clauses:
            line = int(clause.at.rpartition(":")[2])
            assert policy.path.read_text().splitlines()[line - 1].startswith(f"{clause.number} ")
