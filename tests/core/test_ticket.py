import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.ticket import Case, TextInput, Ticket, show
from tests.places import TICKETS

TICKET: dict[str, Any] = {
    "id": "t-1",
    "created_at": "2026-05-17T23:04:00+02:00",
    "locale": "de",
    "channel": "email",
    "guest_message": "Hallo",
    "host_messages": ["eins", "", "drei"],
    "listing_text": "",
    "attachments": ["Foto"],
    "reservation": {
        "id": "r-1",
        "status": "active",
        "check_in": "2026-05-15",
        "nights": 4,
        "amount": 612.0,
        "currency": "EUR",
    },
    "accounts": {"guest": {"id": "g-1", "age_days": 3, "verified": False, "prior_reports": 0}, "host": None},
    "signals": {"new_device": True, "ip_country": "RO", "score": 0.5, "chargebacks": 1, "none": None},
}


def case(**changes: Any) -> Case:
    return Ticket.model_validate({**TICKET, **changes}).to_case()


def test_texts_become_untrusted_fields_by_path_and_empty_ones_are_left_out() -> None:
    assert case().untrusted == (
        ("guest_message", "Hallo"),
        ("host_messages.0", "eins"),
        ("host_messages.2", "drei"),
        ("attachments.0", "Foto"),
    )
    assert case(listing_text="schön").untrusted[3] == ("listing_text", "schön")


def test_records_become_trusted_fields_by_path_and_unknown_values_are_left_out() -> None:
    assert case().trusted == (
        ("reservation.id", "r-1"),
        ("reservation.status", "active"),
        ("reservation.check_in", "2026-05-15"),
        ("reservation.nights", 4),
        ("reservation.amount", 612.0),
        ("reservation.currency", "EUR"),
        ("accounts.guest.id", "g-1"),
        ("accounts.guest.age_days", 3),
        ("accounts.guest.verified", False),
        ("accounts.guest.prior_reports", 0),
        ("signals.new_device", True),
        ("signals.ip_country", "RO"),
        ("signals.score", 0.5),
        ("signals.chargebacks", 1),
    )
    assert case(reservation=None, accounts={}, signals={}).trusted == ()


def test_a_case_keeps_who_when_and_how() -> None:
    made = case()
    assert (made.id, made.locale, made.channel) == ("t-1", "de", "email")
    assert made.created_at == datetime(2026, 5, 17, 21, 4, tzinfo=UTC)


def test_no_text_of_a_ticket_is_ever_trusted() -> None:
    for line in TICKETS.read_text(encoding="utf-8").splitlines():
        made = Ticket.model_validate(json.loads(line)["input"]).to_case()
        assert {path.partition(".")[0] for path, _ in made.trusted} <= {"reservation", "accounts", "signals"}
        assert {path.partition(".")[0] for path, _ in made.untrusted} <= {
            "guest_message",
            "host_messages",
            "listing_text",
            "attachments",
        }


def test_fields_show_every_value_as_text_by_its_path() -> None:
    fields = case().fields
    assert fields["guest_message"] == "Hallo"
    assert fields["reservation.amount"] == "612"
    assert fields["accounts.guest.verified"] == "false"
    assert fields["signals.new_device"] == "true"
    assert fields["signals.score"] == "0.5"
    assert len(fields) == len(case().untrusted) + len(case().trusted)


def test_records_of_a_group_are_its_own_and_not_those_of_a_like_name() -> None:
    made = Case(id="x", trusted=(("signals.a", 1), ("signals.b.c", "d"), ("signals2.a", 2)))
    assert made.records("signals") == {"a": 1, "b.c": "d"}
    assert made.records("nothing") == {}


@given(st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text())
def test_a_shown_number_is_the_number(value: bool | int | float | str) -> None:
    text = show(value)
    if isinstance(value, bool):
        assert json.loads(text) is value
    elif isinstance(value, str):
        assert text == value
    else:
        assert type(value)(text) == value
        assert not text.endswith(".0")


def test_a_text_is_one_untrusted_field_and_an_empty_one_is_none() -> None:
    assert TextInput(text="hi").to_case("s-1") == Case(id="s-1", untrusted=(("text", "hi"),))
    assert TextInput(text="").to_case("s-1").untrusted == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"created_at": "2026-05-17T21:04:00"},
        {"id": ""},
        {"channel": "fax"},
        {"reservation": {**TICKET["reservation"], "currency": "eur"}},
        {"reservation": {**TICKET["reservation"], "amount": -1}},
        {"reservation": {**TICKET["reservation"], "amount": float("inf")}},
        {"accounts": {"guest": {"id": "g", "age_days": -1}}},
        {"accounts": {"cohost": None}},
        {"signals": {"nested": {"a": 1}}},
        {"guest_mesage": "x"},
    ],
)
def test_a_wrong_ticket_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        case(**wrong)
