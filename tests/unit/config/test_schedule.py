"""When a link runs: intervals, cron lines, and what happens where clocks are moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from syncd.config.models import Schedule

ZONES = {
    "America/Chicago": (datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 11, 1, 4, 30, tzinfo=UTC)),
    "Australia/Sydney": (datetime(2026, 10, 3, 13, tzinfo=UTC), datetime(2026, 4, 4, 12, 30, tzinfo=UTC)),
}
"""Zone -> shortly before its clocks go forward, and back."""
DST = [
    # the hour that is named is skipped: it runs once, at its end
    ("America/Chicago", "forward", "30 2 * * *", ["08 03:00", "09 02:30"]),
    ("Australia/Sydney", "forward", "30 2 * * *", ["04 03:00", "05 02:30"]),
    # the hour that is named comes twice: it runs once
    ("America/Chicago", "back", "30 1 * * *", ["01 01:30", "02 01:30"]),
    ("Australia/Sydney", "back", "30 2 * * *", ["05 02:30", "06 02:30"]),
    # every so often goes on so, past the skipped hour and through the one that comes twice
    (
        "America/Chicago",
        "forward",
        "*/30 * * * *",
        ["07 23:30", "08 00:00", "08 00:30", "08 01:00", "08 01:30", "08 03:00"],
    ),
    ("Australia/Sydney", "forward", "0 * * * *", ["04 00:00", "04 01:00", "04 03:00"]),
    ("America/Chicago", "back", "*/30 * * * *", ["01 00:00", "01 00:30", "01 01:00", "01 01:30", "01 01:00"]),
    ("Australia/Sydney", "back", "0 * * * *", ["05 00:00", "05 01:00", "05 02:00", "05 02:00", "05 03:00"]),
]


@pytest.mark.parametrize(("zone", "way", "cron", "starts"), DST)
def test_a_cron_line_where_clocks_are_moved(zone: str, way: str, cron: str, starts: list[str]) -> None:
    schedule = Schedule.model_validate({"cron": cron, "timezone": zone})
    at = ZONES[zone][way == "back"]
    found = []
    for _ in starts:
        at = schedule.next_after(at)
        found.append(at.astimezone(ZoneInfo(zone)).strftime("%d %H:%M"))
    assert found == starts


def test_a_line_that_rests_at_night_has_a_long_interval_then() -> None:
    """Else it would be called late every night."""
    office = Schedule.model_validate({"cron": "*/5 8-17 * * 1-5", "timezone": "America/Chicago"})
    monday = datetime(2026, 11, 23, 15, 2, tzinfo=UTC)
    friday_night = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert office.interval_at(monday) == 300
    assert office.interval_at(friday_night) == timedelta(days=2, hours=14, minutes=5).total_seconds()
    assert Schedule.model_validate({"every": "1m"}).interval_at(monday) == 60


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("cron", ["30 1 * * *", "30 2 * * *", "*/7 * * * *", "59 23 * * 6"])
def test_the_next_start_is_never_in_the_past(zone: str, cron: str) -> None:
    schedule = Schedule.model_validate({"cron": cron, "timezone": zone})
    for around in ZONES[zone]:
        for minutes in range(0, 300, 5):
            now = around + timedelta(minutes=minutes)
            assert schedule.next_after(now) > now


def test_an_interval_counts_from_the_start_and_a_cron_line_in_its_own_zone() -> None:
    start = datetime(2026, 11, 21, 12, 3, 30, tzinfo=UTC)
    every = Schedule.model_validate({"every": "60s"})
    assert every.next_after(start) == datetime(2026, 11, 21, 12, 4, 30, tzinfo=UTC)
    cron = Schedule.model_validate({"cron": "0 7 * * *", "timezone": "America/Chicago"})
    assert cron.next_after(start) == datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
    # the night the clocks go forward: seven o'clock there is an hour earlier here
    march = datetime(2026, 3, 8, 3, 0, tzinfo=UTC)
    assert cron.next_after(march) == datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
