"""When it is a link's turn: each start of a schedule once, and nothing wanted is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import ColumnElement, Connection, insert, literal, true, update

from syncd.ports.turns import Begun, Ended, Tick
from syncd.store.database import Database
from syncd.store.dialects import database_now
from syncd.store.table_parts import Instant
from syncd.store.tables import generation
from syncd.store.turns import SqlTurns, following

BEGIN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def every(seconds: float) -> Callable[[datetime], datetime]:
    return lambda at: at + timedelta(seconds=seconds)


class Turns(SqlTurns):
    """At a time that the test moves by hand."""

    def __init__(self, database: Database, unheld: Callable[[], ColumnElement[bool]] = true) -> None:
        self.at = BEGIN
        super().__init__(database, unheld, now=lambda: literal(self.at, Instant))

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


LINKS = {"acme": every(60), "bolt": every(3600)}


@pytest.fixture
async def turns(database: Database) -> Turns:
    made = Turns(database)
    await made.know(LINKS)
    return made


async def test_a_new_link_is_due_at_once_and_then_by_its_schedule(turns: Turns) -> None:
    assert sorted(t.link for t in await turns.tick(LINKS, 10)) == ["acme", "bolt"]
    assert await turns.tick(LINKS, 10) == []
    turns.move(60)
    assert await turns.tick(LINKS, 10) == [Tick("acme", BEGIN + MINUTE)]


async def test_starts_that_nobody_looked_at_are_one(turns: Turns) -> None:
    await turns.tick(LINKS, 10)
    turns.move(1000)
    assert [t.at for t in await turns.tick({"acme": LINKS["acme"]}, 10)] == [BEGIN + MINUTE]
    assert await turns.tick({"acme": LINKS["acme"]}, 10) == []


async def test_a_run_serves_what_was_wanted_before_it_began(turns: Turns) -> None:
    await turns.tick(LINKS, 10)
    turns.move(2)
    run = await turns.begin("acme")
    assert run == Begun("acme", 1, scheduled=True, waited_s=2.0)
    await turns.end(run, Ended())
    assert not await turns.wanted("acme")
    assert await turns.begin("acme") is None


async def test_what_is_wanted_during_a_run_stands(turns: Turns) -> None:
    await turns.tick(LINKS, 10)
    run = await turns.begin("acme")
    assert run is not None
    await turns.wake(["acme"])
    await turns.wake(["acme", "bolt"])
    turns.move(5)
    await turns.end(run, Ended())
    again = await turns.begin("acme")
    assert again is not None
    assert not again.scheduled, "nothing says that its schedule came round once more"


async def test_a_run_that_never_ends_leaves_it_wanted(turns: Turns) -> None:
    await turns.tick(LINKS, 10)
    assert await turns.begin("acme") is not None
    turns.move(30)
    assert set(await turns.forgotten(10, 10)) == {"acme", "bolt"}
    assert set(await turns.forgotten(31, 10)) == set()


async def test_what_somebody_holds_is_not_forgotten(database: Database) -> None:
    from sqlalchemy import false  # noqa: PLC0415

    turns = Turns(database, false)
    await turns.know(LINKS)
    await turns.tick(LINKS, 10)
    turns.move(30)
    assert await turns.forgotten(10, 10) == []


async def test_what_falls_due_by_itself_is_no_start_of_the_schedule(turns: Turns) -> None:
    await turns.tick(LINKS, 10)
    run = await turns.begin("acme")
    assert run is not None
    await turns.end(run, Ended(due_at=BEGIN + timedelta(seconds=20)))
    turns.move(20)
    assert await turns.tick(LINKS, 10) == [Tick("acme", None)]
    again = await turns.begin("acme")
    assert again is not None
    assert not again.scheduled
    turns.move(40)
    assert await turns.tick(LINKS, 10) == [Tick("acme", BEGIN + MINUTE)]


async def test_a_failed_run_is_left_alone_and_then_done_as_it_was_asked(turns: Turns) -> None:
    await turns.tick(LINKS, 10)
    run = await turns.begin("acme")
    assert run is not None
    await turns.end(run, Ended(pause_s=4))
    assert await turns.failures("acme") == 1
    assert not await turns.wanted("acme")
    turns.move(4)
    (tick,) = await turns.tick(LINKS, 10)
    assert tick.at == BEGIN + timedelta(seconds=4)
    again = await turns.begin("acme")
    assert again is not None
    assert again.scheduled
    await turns.end(again, Ended())
    assert await turns.failures("acme") == 0


async def test_a_schedule_made_shorter_counts_at_once(turns: Turns) -> None:
    await turns.tick(LINKS, 10)
    await turns.know({"acme": every(60), "bolt": every(10)})
    turns.move(10)
    assert [t.link for t in await turns.tick(LINKS, 10)] == ["bolt"]


async def test_links_that_are_gone_are_forgotten(turns: Turns) -> None:
    assert await turns.forget_others(["acme"]) == 1
    assert [t.link for t in await turns.tick(LINKS, 10)] == ["acme"]


async def test_how_it_stands(turns: Turns) -> None:
    assert (await turns.standing()).wanted == 0
    await turns.tick(LINKS, 10)
    turns.move(7)
    standing = await turns.standing()
    assert (standing.wanted, standing.oldest_wanted_s) == (2, 7.0)


async def test_the_database_s_clock_is_about_this_machine_s(database: Database) -> None:
    """They are the same one here."""

    def script(c: Connection) -> float:
        c.execute(insert(generation).values(at=datetime.now(UTC)))
        c.execute(update(generation).values(backup_at=database_now()))
        row = c.execute(generation.select()).one()
        return float(abs((row.backup_at - row.at).total_seconds()))

    assert await database.write(script) < 60


def test_no_start_is_made_up_for() -> None:
    assert following(every(60), BEGIN, BEGIN + 30 * MINUTE) == BEGIN + 31 * MINUTE
    assert following(every(60), BEGIN, BEGIN) == BEGIN + MINUTE
