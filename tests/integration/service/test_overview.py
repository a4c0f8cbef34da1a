"""What people look at: pages of a large fleet, one link near by, refused records by cause, the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from syncd.api import endpoints, requests
from syncd.api.models import Health
from syncd.core.errors import FixInput, NothingMatched, RetryLater
from syncd.ports.desk import Action
from syncd.ports.drift import DriftState, Fact, Sighting
from syncd.secrets.sealed import Sealer
from syncd.service.board import RANKS
from syncd.store import board
from syncd.store.database import InlineDatabase
from syncd.store.drifts import DriftStore
from tests.integration.service.daemon import READ, daemon
from tests.integration.service.office import Office


@pytest.fixture
async def office() -> Office:
    made = Office()
    await made.open()
    return made


@contextmanager
def statements(office: Office) -> Iterator[list[str]]:
    """What the database is asked while the block runs."""
    database = office.world.store.database
    assert isinstance(database, InlineDatabase)
    engine: Engine = database._engine
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def fill(office: Office, count: int) -> None:
    """So many other links: every seventh in error, every fifth with a backlog."""
    (line,) = (await office.world.store.database.scan(lambda c: board.lines(c, ["acme"]))).values()
    lines = []
    for number in range(count):
        health = Health.ERROR if number % 7 == 0 else Health.ON_TIME
        lines.append(
            replace(
                line,
                link=f"link-{number:05}",
                customer=f"Customer {number}",
                health=health.value,
                rank=RANKS[health],
                backlog=number if number % 5 == 0 else 0,
                late_at=None,
            )
        )
    await office.world.store.database.write(lambda c: board.keep(c, lines, []))


async def walk(office: Office, **asked: Any) -> list[Any]:
    found, after = [], None
    while True:
        page = await office.overview.fleet(after=after, **asked)
        found += page.lines
        if page.next is None:
            return found
        after = page.next


async def test_the_fleet_shows_open_drifts_and_what_ends_first(office: Office) -> None:
    world = office.world
    store = DriftStore(world.store.database, world.clock, Sealer(bytes(32)))
    seen = sighting("field", "totalPrice")
    drift, _ = await store.sighted(seen)
    await store.sighted(replace(seen, fingerprint="g", path="number", connection="ledger"))
    soon, later = world.clock.now() + timedelta(days=3), world.clock.now() + timedelta(days=90)
    dated = {"secret_expires_at": soon, "certificate_expires_at": later}
    now = world.clock.now()
    await store.keep_facts([Fact("ledger", name, at.isoformat(), now, now) for name, at in dated.items()])
    await fill(office, 50)

    page = await office.overview.fleet(limit=50)
    assert {(line.drifts, line.ends_at) for line in page.lines} == {(2, soon)}
    (ledger,) = await office.accounts.connections("ledger")
    assert ledger.credential is not None
    assert ledger.credential.ends_at == soon

    await store.move(drift.id, DriftState.IGNORED, by="ann")
    assert (await office.overview.link("acme")).line.drifts == 1


def sighting(connection: str, path: str) -> Sighting:
    """A field that is gone."""
    return Sighting(
        fingerprint="f",
        connection=connection,
        platform="memory",
        operation="customer",
        path=path,
        kind="field_gone",
        before={"presence": "always"},
        after={"presence": "never"},
        level="breaking",
        action="hold",
        seen_before=600,
        seen_now=7,
        hits=7,
        distance=1e-9,
    )


async def test_every_link_is_on_one_page_of_the_fleet_the_sick_ones_first(office: Office) -> None:
    await fill(office, 1_000)
    found = await walk(office, limit=99)
    assert len(found) == len({line.link for line in found}) == 1_001
    health = [line.health for line in found]
    assert health == sorted(health, key=lambda h: -RANKS[h])
    assert found[0].link == "link-00000"
    page = await office.overview.fleet(limit=1)
    assert page.census[Health.ERROR] == 143
    assert sum(page.census.values()) == 1_001


async def test_a_page_asks_a_handful_of_questions_however_many_links_there_are(office: Office) -> None:
    await fill(office, 500)
    with statements(office) as seen:
        await office.overview.fleet(limit=100)
    assert len(seen) == 5
    assert not any("pair" in statement for statement in seen), "nothing is counted"


@pytest.mark.parametrize(
    ("asked", "links"),
    [
        ({"text": "customer 17", "sort": "name"}, ["link-00017"]),
        ({"text": "LINK-0001", "sort": "name"}, [f"link-{n:05}" for n in range(10, 20)]),
        ({"text": "100%"}, []),
        ({"text": "!link-", "sort": "name"}, ["acme"]),
        ({"health": Health.ERROR}, ["link-00000", "link-00007", "link-00014"]),
        ({"sort": "backlog", "text": "link"}, ["link-00015", "link-00010", "link-00005"]),
    ],
)
async def test_filters_and_orders(office: Office, asked: dict[str, Any], links: list[str]) -> None:
    await fill(office, 20)
    found = await walk(office, limit=2, **asked)
    if asked.get("sort") == "backlog":
        found = [line for line in found if line.backlog]
    assert [line.link for line in found] == links


async def test_a_link_comes_to_be_late_though_nobody_looks_at_it(office: Office) -> None:
    await office.run_link()
    (line,) = (await office.overview.fleet()).lines
    assert line.health is Health.ON_TIME
    office.world.wait(149)
    assert (await office.overview.fleet()).lines[0].health is Health.ON_TIME
    office.world.wait(2)
    page = await office.overview.fleet(health=Health.LATE)
    assert [one.link for one in page.lines] == ["acme"]
    assert line.last_success_at is not None
    assert page.lines[0].since == line.last_success_at + timedelta(seconds=150)


@pytest.mark.parametrize("after", ["", "nonsense", "bnVsbA==", "WzEsMl0=", "é"])
async def test_a_cursor_of_somebody_else_is_refused(office: Office, after: str) -> None:
    with pytest.raises(FixInput, match="not a cursor"):
        await office.overview.fleet(after=after)


async def test_runs_are_remembered_if_they_did_something(office: Office) -> None:
    office.world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    await office.run_link()
    office.world.wait(3600)
    await office.run_link()
    office.board.ran("acme", office.world.clock.now(), "wake", RetryLater("busy"))
    await office.board.flush()
    detail = await office.overview.link("acme")
    assert [(c.trigger, c.error, [f.flow for f in c.flows]) for c in detail.cycles] == [
        ("wake", "busy", []),
        ("schedule", "", ["customer"]),
    ]
    assert (detail.line.health, detail.line.failures, detail.line.last_error) == (Health.ERROR, 1, "busy")
    assert detail.line.next_try_at == office.world.clock.now() + timedelta(seconds=1)
    assert detail.line.written[-2:] == [1, 0]
    await office.run_link()
    line = (await office.overview.link("acme")).line
    assert (line.health, line.failures, line.next_try_at) == (Health.ON_TIME, 0, None)
    with pytest.raises(NothingMatched, match="no link is called 'orchard'"):
        await office.overview.link("orchard")


async def test_what_is_done_by_hand_shows_at_once(office: Office) -> None:
    async with daemon(operator=office.answering, note=office.note) as there, there.client() as client:
        await client.hold("link:acme", "year end", actor="ann")
        await office.board.flush()
        (held,) = await client.call(endpoints.HOLDS, requests.OfLink(link="acme"))
        page = await client.call(endpoints.FLEET, requests.Fleet(health=Health.ACTION_REQUIRED))
        assert (held.reason, page.lines[0].holds) == ("year end", 1)
        _ = [line async for line in client.sync("acme", actor="ann")]
        actions = await client.call(endpoints.ACTIONS, requests.Actions(limit=1))
        assert [(a.actor, a.name, a.link) for a in actions.lines] == [("ann via ops", "sync", "acme")]
        assert actions.next is not None
        older = await client.call(endpoints.ACTIONS, requests.Actions(before=actions.next))
        assert [a.name for a in older.lines] == ["hold"]


async def test_refused_records_by_cause_and_by_page(office: Office) -> None:
    office.refuse(*(f"Orchard {n}" for n in range(7)))
    await office.run_link()
    (group,) = await office.overview.quarantine_reasons()
    assert (group.flow, group.code, group.count) == ("customer", "validation", 7)
    assert "period is closed" in group.sample
    seen, after = [], 0
    while True:
        page = await office.overview.quarantine_page(link="acme", code="validation", after=after, limit=3)
        seen += [item.label for item in page.items]
        if page.next is None:
            break
        after = page.next
    assert seen == [f"Orchard {n}" for n in range(7)]
    (item,) = (await office.overview.quarantine_page(text="orchard 3")).items
    assert item.label == "Orchard 3"
    assert (await office.overview.quarantine_page(code="auth")).items == []
    assert (await office.overview.quarantine_reasons(flow="invoice")) == []


async def test_the_end_of_the_journal_and_what_comes_after_it(office: Office) -> None:
    office.refuse("Orchard")
    await office.run_link()
    newest = await office.overview.journal(link="acme", limit=2)
    assert newest.lines[0].kind == "rejected"
    assert newest.last == newest.lines[0].id
    assert (await office.overview.journal(after=newest.last)).lines == []
    await office.operator.hold("link:acme", "wait", "ann")
    tail = await office.overview.journal(after=newest.last)
    assert [(line.kind, line.actor) for line in tail.lines] == [("hold", "ann")]
    older = await office.overview.journal(link="acme", before=newest.lines[-1].id)
    assert all(line.id < newest.lines[-1].id for line in older.lines)
    with pytest.raises(FixInput, match="one of them"):
        await office.overview.journal(after=1, before=2)


async def test_connections_say_what_their_platform_said(office: Office) -> None:
    await office.run_link()
    field, _ = await office.accounts.connections()
    assert (field.connection, field.up, field.breaker.circuit, field.links) == (
        "field",
        True,
        "closed",
        ["acme"],
    )
    tested = await office.accounts.connection_test("ledger", "ann")
    assert {found.level for found in tested.findings} == {"ok"}
    with pytest.raises(NothingMatched, match="no connection is called 'nobody'"):
        await office.accounts.connection_test("nobody")


async def test_links_that_are_configured_no_more_are_forgotten(office: Office) -> None:
    await fill(office, 3)
    await office.board.open()
    await office.board.flush()
    assert [line.link for line in await walk(office)] == ["acme"]


async def test_who_watches_sees_links_and_runs_change(office: Office) -> None:
    stream = office.feed.events(link="acme")
    await anext(stream)
    office.world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    await office.run_link()
    assert [(await anext(stream)).kind for _ in range(2)] == ["link", "cycle"]
    await stream.aclose()


async def test_reading_is_enough_to_look(office: Office) -> None:
    async with daemon(operator=office.answering) as there, there.client(READ) as client:
        detail = await client.call(endpoints.LINK, requests.OneLink(link="acme"))
        assert detail.line.customer == "Acme Fire"
        with pytest.raises(FixInput, match="scope 'operate'"):
            await client.call(endpoints.CONNECTION_TEST, requests.ConnectionTest(connection="field"))


async def test_actions_of_a_link_include_those_of_no_single_one(office: Office) -> None:
    for link in ("acme", "", "meadow"):
        await office.note(Action("ann", "hold", link, "asked", "{}"))
    found = await office.overview.actions(link="acme")
    assert [line.link for line in found.lines] == ["", "acme"]
