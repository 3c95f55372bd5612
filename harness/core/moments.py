"""Days and times as they are written: one meaning of a day, everywhere."""

from datetime import UTC, date, datetime, time


def start_of(day: date) -> datetime:
    """The moment that a day stands for: its midnight in UTC, so that incidents count that were closed before it."""
    return datetime.combine(day, time(), tzinfo=UTC)


def moment_of(text: str) -> datetime:
    """A day (`2026-05-17`, its midnight in UTC) or a time with its zone; ValueError for anything else."""
    try:
        return start_of(date.fromisoformat(text))
    except ValueError:
        moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment
