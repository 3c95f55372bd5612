"""Ids and titles of labels from outside."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.core.taxonomy import Label
from harness.workflows.importers.labels import LabelIds, label_id, label_title


@pytest.mark.parametrize(
    ("name", "id", "title"),
    [
        ("Card arrival?", "card_arrival", "Card arrival?"),
        ("Refund_not_showing_up", "refund_not_showing_up", "Refund not showing up"),
        ("naïve Café", "naive_cafe", "Naïve Café"),
        ("  7 ", "7", "7"),
        ("null", "null", "Null"),
        ("</label> & <b>", "label_b", "</label> & <b>"),
    ],
)
def test_a_name_becomes_a_readable_id_and_title(name: str, id: str, title: str) -> None:
    assert (label_id(name), label_title(name)) == (id, title)


def test_what_an_id_cant_hold_is_told_apart_by_a_hash() -> None:
    names = ["カード", "卡", "😀", "😎", "___", "a" * 300, "a" * 301, "Straße 1", "Strase 1"]
    ids = [label_id(name) for name in names]
    assert len(set(ids)) == len(ids)
    assert re.fullmatch(r"label_[0-9a-f]{8}", ids[0]) and re.fullmatch(r"a{71}_[0-9a-f]{8}", ids[5])
    assert label_title("___")


@given(st.text(min_size=1))
def test_any_name_gives_what_a_taxonomy_takes(name: str) -> None:
    label = Label(id=label_id(name), title=label_title(name), definition=label_title(name), queue=name)
    assert label.id == label_id(name)


def test_two_names_of_one_id_are_refused_where_the_second_stands() -> None:
    ids = LabelIds()
    assert ids.of("Refund", at="a:1") == ids.of("Refund", at="a:2") == "refund"
    with pytest.raises(UsageError) as caught:
        ids.of("refund?", at="a:3")
    assert (
        str(caught.value)
        == "a:3: the labels 'refund?' here and 'Refund' at a:1 would both get the id 'refund'; rename one of them"
    )
    assert ids.names() == {"refund": "Refund"}
