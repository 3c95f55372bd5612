"""What the shipped agents read: a ticket, or a plain text, as one list of fields that are trusted or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from harness.core.files import Strict

Scalar = bool | int | float | str | None
Amount = Annotated[float, Field(ge=0)]
InputKind = Literal["ticket", "text", "any"]


class Reservation(Strict):
    """Booking metadata from the platform's own records."""

    id: str
    status: Literal["pending", "confirmed", "active", "completed", "cancelled"]
    check_in: date
    nights: int = Field(ge=0)
    guests: int | None = Field(default=None, ge=0)
    amount: Amount
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    payment_country: str | None = None


class Account(Strict):
    """Account metadata from the platform's own records."""

    id: str
    age_days: int = Field(ge=0)
    verified: bool | None = None
    prior_reports: int = Field(default=0, ge=0)


class Accounts(Strict):
    """The two sides of a ticket; either may be unknown."""

    guest: Account | None = None
    host: Account | None = None


class Ticket(Strict):
    """A trust-operations ticket. The four text fields are untrusted; reservation, accounts and signals are trusted."""

    id: str = Field(min_length=1)
    created_at: AwareDatetime
    locale: str = "en"
    channel: Literal["app", "web", "email", "chat", "phone"] = "app"
    guest_message: str = ""
    host_messages: tuple[str, ...] = ()
    listing_text: str = ""
    attachments: tuple[str, ...] = ()
    reservation: Reservation | None = None
    accounts: Accounts = Accounts()
    signals: Mapping[str, Scalar] = {}

    def to_case(self) -> "Case":
        """The ticket as a Case. Empty texts are left out."""
        texts = [("guest_message", self.guest_message)]
        texts += [(f"host_messages.{n}", text) for n, text in enumerate(self.host_messages)]
        texts += [("listing_text", self.listing_text)]
        texts += [(f"attachments.{n}", text) for n, text in enumerate(self.attachments)]
        records: dict[str, Any] = self.model_dump(mode="json", include={"reservation", "accounts", "signals"})
        return Case(
            id=self.id,
            created_at=self.created_at,
            locale=self.locale,
            channel=self.channel,
            untrusted=tuple((path, text) for path, text in texts if text),
            trusted=tuple(_flatten(records)),
        )


class TextInput(Strict):
    """A plain text to label: all of it untrusted, no date, no records."""

    text: str

    def to_case(self, sample_id: str) -> "Case":
        """The text as a Case with the single field `text`."""
        return Case(id=sample_id, untrusted=(("text", self.text),) if self.text else ())


@dataclass(frozen=True)
class Case:
    """A ticket as the agent works with it: (path, text) of untrusted and (path, value) of trusted fields."""

    id: str
    created_at: datetime | None = None
    locale: str = "en"
    channel: str = "app"
    untrusted: tuple[tuple[str, str], ...] = ()
    trusted: tuple[tuple[str, Scalar], ...] = ()

    @cached_property
    def fields(self) -> dict[str, str]:
        """Every field by path, as text; what `ticket:<path>` cites."""
        return {**{path: text for path, text in self.untrusted}, **{path: show(value) for path, value in self.trusted}}

    def records(self, group: str) -> dict[str, Scalar]:
        """Trusted values below `group` (e.g. `reservation`), by the rest of their path."""
        prefix = f"{group}."
        return {path.removeprefix(prefix): value for path, value in self.trusted if path.startswith(prefix)}


def show(value: Scalar) -> str:
    """A trusted value as text: true and false in JSON's spelling, whole amounts without their zeros."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _flatten(value: Any, path: str = "") -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flatten(inner, f"{path}.{key}" if path else key)
    elif value is not None:
        yield path, value
