from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.corpus import load_incidents
from harness.corpus.incidents import read_incidents, repeated_incidents
from tests.corpus.samples import incident, write_rows
from tests.places import ROOT


def test_incidents_of_a_file_come_with_their_place(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "f.jsonl", incident("i-1"), incident("i-2", amount=3))
    assert [(row.id, row.amount, at) for row, at in load_incidents(path)] == [
        ("i-1", None, f"{path}:1"),
        ("i-2", 3, f"{path}:2"),
    ]


def test_incidents_of_a_folder_come_from_every_file_below_by_path(tmp_path: Path) -> None:
    write_rows(tmp_path / "b.jsonl", incident("i-1"))
    write_rows(tmp_path / "a" / "x.jsonl", incident("i-2"))
    write_rows(tmp_path / "notes.json", incident("i-3"))
    assert [row.id for row, _ in load_incidents(tmp_path)] == ["i-2", "i-1"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labl": "x"}, "unknown key 'labl'; did you mean 'label'?"),
        ({"narrative": ""}, "narrative: string should have at least 1 character"),
        ({"id": ""}, "id: string should have at least 1 character"),
        ({"amount": -1}, "amount: input should be greater than or equal to 0 (given -1)"),
        ({"closed_at": "2026-01-01T00:00:00"}, "closed_at: input should have timezone info"),
        (
            {"occurred_at": "2026-01-02T00:00:00Z", "closed_at": "2026-01-01T00:00:00Z"},
            "closed_at 2026-01-01 00:00:00+00:00 is before occurred_at 2026-01-02",
        ),
        (
            {"closed_at": "2026-01-03T00:00:00Z", "overturned_on": "2026-01-02"},
            "overturned_on 2026-01-02 is before closed_at 2026-01-03",
        ),
        ({"overturned_on": "soon"}, "overturned_on: input should be a valid date"),
        ({"true_label": "pets"}, "true_label 'pets' is the label itself; leave it out"),
    ],
)
def test_a_wrong_incident_is_named_with_its_line(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = write_rows(tmp_path / "f.jsonl", incident(), incident("i-2", **change))
    with pytest.raises(UsageError) as caught:
        load_incidents(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert words in str(caught.value)


def test_an_incident_may_close_when_it_occurs_and_either_date_may_be_unknown(tmp_path: Path) -> None:
    now = "2026-01-01T00:00:00Z"
    dates = [{"occurred_at": now, "closed_at": now}, {"occurred_at": now}, {"closed_at": now}, {}]
    rows = [incident(f"i-{n}", **row) for n, row in enumerate(dates)]
    assert len(load_incidents(write_rows(tmp_path / "f.jsonl", *rows))) == 4


def test_a_decision_may_be_reversed_from_the_day_it_was_made_and_a_label_be_known_to_be_wrong(tmp_path: Path) -> None:
    rows = [
        incident("i-1", closed_at="2026-01-03T23:00:00Z", overturned_on="2026-01-03"),
        incident("i-2", overturned_on="2026-01-03", true_label="noise"),
        incident("i-3"),
    ]
    loaded = [row for row, _ in load_incidents(write_rows(tmp_path / "f.jsonl", *rows))]
    day = date(2026, 1, 3)
    assert [(row.overturned_on, row.true_label) for row in loaded] == [(day, None), (day, "noise"), (None, None)]


def test_a_reader_that_goes_on_gets_every_good_row(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "f.jsonl", incident("i-1"), [], incident("i-2", x=1), incident("i-3"))
    errors: list[UsageError] = []
    assert [row.id for row, _ in read_incidents(path, on_error=errors.append)] == ["i-1", "i-3"]
    assert [str(error.where) for error in errors] == [f"{path}:2", f"{path}:3"]


def test_an_id_that_stands_thrice_is_wrong_at_its_second_and_third_place(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "f.jsonl", *[incident("i-1")] * 3, incident("i-2"))
    errors = list(repeated_incidents(tuple(read_incidents(path))))
    assert [str(error) for error in errors] == [
        f"{path}:{line}: incident 'i-1' is also at {path}:1; rename one" for line in (2, 3)
    ]
    with pytest.raises(UsageError, match=f"{path}:2: incident 'i-1'"):
        load_incidents(path)


def test_incidents_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such incidents"):
        load_incidents(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="no incident in it"):
        load_incidents(tmp_path)
    with pytest.raises(UsageError, match="no incident in it"):
        load_incidents(write_rows(tmp_path / "f.jsonl"))


def test_the_shipped_incidents_load_and_are_all_dated() -> None:
    rows = load_incidents(ROOT / "corpora" / "incidents")
    assert len(rows) > 50
    assert all(row.closed_at for row, _ in rows)
