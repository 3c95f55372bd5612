"""Past incidents: closed cases, one JSON object a line."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, Field, model_validator

from harness.core.errors import OnError, UsageError, stop
from harness.core.files import Strict, read_jsonl, validate


class Incident(Strict):
    """One closed case. Undated ones (imported rows) are visible at every date.

    `note` is the investigator's own and is never retrieved or shown to a model. Nor are `overturned_on`, the day on
    which the decision was reversed on appeal, and `true_label`, the right label of a case that is filed under a wrong
    one: they are there to measure how an agent bears a memory with errors in it.
    """

    id: str = Field(min_length=1)
    title: str = ""
    narrative: str = Field(min_length=1)
    label: str
    action: str = ""
    clauses: tuple[str, ...] = ()
    amount: Annotated[float, Field(ge=0)] | None = None
    currency: str | None = None
    occurred_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    note: str = ""
    region: str = "all"
    overturned_on: date | None = None
    true_label: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Incident":
        if self.occurred_at and self.closed_at and self.closed_at < self.occurred_at:
            raise ValueError(f"closed_at {self.closed_at} is before occurred_at {self.occurred_at}")
        if self.overturned_on and self.closed_at and self.overturned_on < self.closed_at.date():
            raise ValueError(f"overturned_on {self.overturned_on} is before closed_at {self.closed_at}")
        if self.true_label is not None and self.true_label == self.label:
            raise ValueError(f"true_label {self.true_label!r} is the label itself; leave it out")
        return self


Located = tuple[Incident, str]
"""An incident and its file:line."""


def load_incidents(source: Path) -> tuple[Located, ...]:
    """Every incident of a JSON Lines file or of every `*.jsonl` below a folder; ids must be unique."""
    rows = tuple(read_incidents(source))
    for error in repeated_incidents(rows):
        raise error
    if not rows:
        raise UsageError("no incident in it", where=source, fix="add some, or leave `incidents` out of the suite")
    return rows


def read_incidents(source: Path, *, on_error: OnError = stop) -> Iterator[Located]:
    """Yield the valid rows of a file or folder; each other one goes to `on_error`."""
    if not source.exists():
        raise UsageError("no such incidents", where=source, fix="check `corpora.incidents` in the suite")
    for path in sorted(source.rglob("*.jsonl")) if source.is_dir() else [source]:
        for line, value in read_jsonl(path, what="incident file", on_error=on_error):
            at = f"{path}:{line}"
            try:
                incident = validate(Incident, value, where=Path(at))
            except UsageError as error:
                on_error(error)
            else:
                yield incident, at


def repeated_incidents(rows: Sequence[Located]) -> Iterator[UsageError]:
    """An error for each incident whose id stands above it already."""
    seen: dict[str, str] = {}
    for incident, at in rows:
        if incident.id in seen:
            yield UsageError(f"incident {incident.id!r} is also at {seen[incident.id]}", where=at, fix="rename one")
        seen.setdefault(incident.id, at)
