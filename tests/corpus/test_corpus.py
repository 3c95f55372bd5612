from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.core.taxonomy import Taxonomy, load_taxonomy
from harness.corpus import Corpus, load_corpus
from harness.corpus.store import unknown_labels
from tests.corpus.samples import incident, write_policy, write_rows
from tests.places import ROOT, TAXONOMY

PETS = Taxonomy.model_validate(
    {
        "name": "t",
        "labels": [{"id": name, "title": name, "definition": name, "queue": name} for name in ("pets", "noise")],
    }
)


def corpus(folder: Path, *rows: dict[str, Any], body: str = "1.1 Dogs.\n## 2 Cats\n2.1 Cats.\n", **head: Any) -> Corpus:
    write_policy(folder / "policies", body=body, **head)
    incidents = write_rows(folder / "i.jsonl", *rows) if rows else None
    return load_corpus(policies=folder / "policies", incidents=incidents)


def test_a_citation_resolves_to_its_clause_or_incident_or_to_nothing(tmp_path: Path) -> None:
    made = corpus(tmp_path, incident("i-1"))
    found = made.clause("POL-A@1#2.1")
    assert found is not None
    assert (found[0].key, found[1].text) == ("POL-A@1", "Cats.")
    assert made.clause("POL-A@2#2.1") is made.clause("POL-A@1#3.1") is made.clause("i-1") is None
    case = made.incident("i-1")
    assert case is not None
    assert case.narrative == "A dog bit the host."
    assert made.incident("POL-A@1#2.1") is made.incident("i-2") is None


def test_a_citation_is_described_by_title_and_all_that_a_claim_may_rest_on(tmp_path: Path) -> None:
    made = corpus(
        tmp_path,
        incident("i-1", action="fine", amount=40.0, currency="EUR", note="secret"),
        incident("i-2", amount=2.5),
        incident("i-3"),
    )
    assert made.describe("POL-A@1#1.1") == ("Pets", "Dogs.")
    assert made.describe("POL-A@1#2.1") == ("Pets: 2 Cats", "Cats.")
    assert made.describe("i-1") == ("A dog", "A dog bit the host. Action taken: fine. Amount: 40 EUR.")
    assert made.describe("i-2") == ("A dog", "A dog bit the host. Amount: 2.5.")
    assert made.describe("i-3") == ("A dog", "A dog bit the host.")
    assert made.describe("i-4") is None


def test_versions_of_a_policy_are_its_own_oldest_first(tmp_path: Path) -> None:
    write_policy(tmp_path, "1.md", version=2, effective_from="2026-05-01")
    write_policy(tmp_path, "2.md", effective_to="2026-05-01")
    write_policy(tmp_path, "3.md", id="POL-B")
    made = load_corpus(policies=tmp_path, incidents=None)
    assert [policy.key for policy in made.versions("POL-A")] == ["POL-A@1", "POL-A@2"]
    assert made.versions("POL-C") == ()


def test_passages_carry_when_they_may_be_seen_and_the_label_where_there_is_one(tmp_path: Path) -> None:
    closed = "2026-02-03T04:05:06Z"
    made = corpus(tmp_path, incident("i-1", closed_at=closed), incident("i-2"), effective_to="2026-03-01")
    assert [(p.id, p.kind, p.title, p.label, p.visible_from, p.visible_to) for p in made.passages()] == [
        ("POL-A@1#1.1", "policy", "Pets", "pets", date(2026, 1, 1), date(2026, 3, 1)),
        ("POL-A@1#2.1", "policy", "Pets: 2 Cats", "pets", date(2026, 1, 1), date(2026, 3, 1)),
        ("i-1", "incident", "A dog", "pets", datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC), None),
        ("i-2", "incident", "A dog", "pets", None, None),
    ]


@pytest.mark.parametrize("labels", ["[]", "[pets, noise]"])
def test_a_clause_of_no_label_or_of_many_has_none_in_its_passage(tmp_path: Path, labels: str) -> None:
    assert {passage.label for passage in corpus(tmp_path, labels=labels).passages()} == {None}


def test_an_investigators_note_is_never_retrieved_or_described() -> None:
    made = load_corpus(policies=None, incidents=ROOT / "corpora" / "incidents")
    noted = [row for row, _ in made.incidents if row.note]
    shown = {passage.id: f"{passage.title} {passage.text}" for passage in made.passages()}
    for row in noted:
        assert row.note not in shown[row.id]
        assert row.note not in " ".join(made.describe(row.id) or ())


WRONG = {"overturned_on": "2031-04-05", "true_label": "noise"}
"""An incident's errors, as they were found out later."""


def test_that_a_decision_was_wrong_changes_nothing_that_is_retrieved_or_described(tmp_path: Path) -> None:
    plain = corpus(tmp_path / "plain", incident("i-1", closed_at="2026-01-01T00:00:00Z"))
    wrong = corpus(tmp_path / "wrong", incident("i-1", closed_at="2026-01-01T00:00:00Z", **WRONG))
    assert list(wrong.passages()) == list(plain.passages())
    assert wrong.describe("i-1") == plain.describe("i-1")
    assert [passage.label for passage in wrong.passages()][-1] == "pets"


def test_the_hash_is_that_of_the_content_wherever_it_lies(tmp_path: Path) -> None:
    one = corpus(tmp_path / "one", incident("i-1"))
    assert corpus(tmp_path / "two", incident("i-1")).hash == one.hash
    others = [
        corpus(tmp_path / "a", incident("i-1", label="noise")),
        corpus(tmp_path / "b", incident("i-2")),
        corpus(tmp_path / "c"),
        corpus(tmp_path / "d", incident("i-1"), version=2),
        corpus(tmp_path / "e", incident("i-1"), effective_to="2026-09-01"),
        corpus(tmp_path / "f", incident("i-1"), body="1.1 Dogs.\n## 2 Cats\n2.1 Cats!\n"),
        corpus(tmp_path / "g", incident("i-1"), body="1.1 Dogs.\n## 3 Cats\n2.1 Cats.\n"),
        Corpus(),
    ]
    assert len({made.hash for made in (one, *others)}) == len(others) + 1


def test_either_part_may_be_left_out(tmp_path: Path) -> None:
    assert load_corpus(policies=None, incidents=None) == Corpus()
    assert list(Corpus().passages()) == []


def test_a_label_that_the_taxonomy_lacks_is_named_where_it_stands(tmp_path: Path) -> None:
    policy = write_policy(tmp_path / "policies", labels="[noise, pet]")
    rows = write_rows(tmp_path / "i.jsonl", incident("i-1"), incident("i-2", label="zzz"))
    made = load_corpus(policies=policy.parent, incidents=rows)
    assert [str(error) for error in unknown_labels(made, PETS)] == [
        f"{policy}:6: label 'pet' is not in the taxonomy; did you mean 'pets'?",
        f"{rows}:2: label 'zzz' is not in the taxonomy; known are noise, pets",
    ]
    with pytest.raises(UsageError, match="label 'pet' is not in the taxonomy"):
        load_corpus(policies=policy.parent, incidents=rows, taxonomy=PETS)


def test_a_right_label_that_the_taxonomy_lacks_is_named_as_a_filed_one_is(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "i.jsonl", incident("i-1", true_label="noise"), incident("i-2", true_label="noize"))
    made = load_corpus(policies=None, incidents=rows)
    text = f"{rows}:2: label 'noize' is not in the taxonomy; did you mean 'noise'?"
    assert [str(error) for error in unknown_labels(made, PETS)] == [text]
    with pytest.raises(UsageError, match="label 'noize'"):
        load_corpus(policies=None, incidents=rows, taxonomy=PETS)


def test_the_shipped_corpora_agree_with_the_shipped_taxonomy() -> None:
    made = load_corpus(
        policies=ROOT / "corpora" / "policies",
        incidents=ROOT / "corpora" / "incidents",
        taxonomy=load_taxonomy(TAXONOMY),
    )
    ids = [passage.id for passage in made.passages()]
    assert len(ids) == len(set(ids))
    for row, at in made.incidents:
        assert all(made.clause(citation) for citation in row.clauses), at
