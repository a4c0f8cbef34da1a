"""The time of many machines is the database's, whatever their own clocks say."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from syncd.store.clock import DatabaseClock
from syncd.store.database import Database
from syncd.store.dialects import database_now


class Uptime:
    """A machine's, as a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.passing = 0.0
        """While it is asked once."""

    def __call__(self) -> float:
        self.seconds += self.passing
        return self.seconds


def _now(c: Connection) -> datetime:
    found: datetime = c.execute(select(database_now())).scalar_one()
    return found


async def test_it_is_the_database_s_and_goes_on_by_uptime(database: Database) -> None:
    uptime = Uptime()
    clock = DatabaseClock(database, uptime)
    before = await database.read(_now)
    await clock.ask()
    asked = clock.now()
    assert before <= asked <= await database.read(_now)
    uptime.seconds += 600
    assert clock.now() - asked == timedelta(seconds=600), "no answer was needed, nor this machine's own clock"
    await clock.ask()
    assert clock.now() <= await database.read(_now), "asked again, it is set right"


async def test_an_answer_that_was_read_late_changes_nothing(database: Database) -> None:
    """The process was stopped between the answer and its reading."""
    uptime = Uptime()
    clock = DatabaseClock(database, uptime)
    await clock.ask()
    first, began = clock.now(), uptime.seconds
    uptime.passing = 20.0
    await clock.ask()
    uptime.passing = 0.0
    assert clock.now() - first == timedelta(seconds=uptime.seconds - began)
