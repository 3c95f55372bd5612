"""Days and times as they are written."""

from datetime import UTC, date, datetime

import pytest

from harness.core.moments import moment_of, start_of


def test_a_day_is_its_midnight_in_utc() -> None:
    assert moment_of("2026-05-17") == start_of(date(2026, 5, 17)) == datetime(2026, 5, 17, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-05-17T21:04:00Z", "2026-05-17T23:04:00+02:00"])
def test_a_time_is_itself_in_its_zone(text: str) -> None:
    assert moment_of(text) == datetime(2026, 5, 17, 21, 4, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-05-17T21:04:00", "2026-05-17 21:04", "20.5.2026"])
def test_what_is_no_day_or_has_no_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        moment_of(text)
