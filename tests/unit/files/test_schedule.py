"""When a batch is due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from syncd.files.settings import ExportSchedule


def schedule(**said: str) -> ExportSchedule:
    return ExportSchedule.model_validate(said)


def test_daily_it_is_due_at_its_time() -> None:
    daily = schedule(at="18:00")
    assert daily.last_before(datetime(2026, 11, 20, 18, 0, tzinfo=UTC)).day == 20
    assert daily.last_before(datetime(2026, 11, 20, 17, 59, tzinfo=UTC)).day == 19


def test_weekly_it_is_due_on_its_day() -> None:
    weekly = schedule(at="18:00", on="friday")
    assert weekly.last_before(datetime(2026, 11, 20, 18, 1, tzinfo=UTC)).day == 20
    assert weekly.last_before(datetime(2026, 11, 20, 17, 0, tzinfo=UTC)).day == 13
    assert weekly.last_before(datetime(2026, 11, 26, 9, 0, tzinfo=UTC)).day == 20


def test_the_time_is_the_zones_own_across_a_clock_change() -> None:
    daily = schedule(at="18:00", timezone="America/Chicago")
    assert daily.last_before(datetime(2026, 10, 31, 23, 30, tzinfo=UTC)).hour == 23
    assert daily.last_before(datetime(2026, 11, 2, 0, 30, tzinfo=UTC)).hour == 0


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="unknown time zone"):
        schedule(at="18:00", timezone="Chicago")
