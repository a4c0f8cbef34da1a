"""A customer who has left: nothing of theirs is in the files any more, and the audit still holds."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from syncd.core.errors import FixInput, NothingMatched
from syncd.ports.desk import Action
from syncd.service.erasing import Eraser
from syncd.store import chain, erasing, keys
from syncd.store.chain import SITE, Verified
from syncd.store.database import sqlite_engine
from syncd.store.opening import open_database, open_engine
from syncd.store.schema import metadata
from syncd.store.sql import SqlStore
from syncd.store.tables import flow, journal, stream
from tests.integration.engine.world import OpenSeal, World
from tests.integration.store.rows import LEFT, Bench
from tests.integration.store.test_sealing import (
    CANARIES,
    KEY,
    NAME,
    live_through_it,
    lying_open,
    sealed_world,
)

ALL = ("acme", "field", "ledger")


@pytest.fixture
async def world(tmp_path: Path, empty: Path) -> AsyncIterator[World]:
    """A life that left every kind of row, with texts that can be searched for."""
    path = tmp_path / "state.db"
    shutil.copy(empty, path)
    made = sealed_world(path)
    made.store = SqlStore(made.store.database, made.clock, OpenSeal(), KEY)
    made.start()
    await live_through_it(made)
    typed = Action("ann", "conflicts_resolve", "", "asked", f'{{"choices": [{{"value": "{NAME}"}}]}}')
    for action in (typed, Action("ann", "hold", "", "asked", '{"scope": "record:acme/customer/7"}')):
        await made.store.database.write(partial(keys.note, k=made.store.keeper(), one=action))
    yield made
    await made.store.database.close()


def eraser(world: World, *configured: str) -> Eraser:
    url = world.store.database._engine.url  # type: ignore[attr-defined]
    engine = partial(sqlite_engine, url.render_as_string())
    return Eraser(world.store.database, world.store.keeper, engine, configured, configured)


async def verified(world: World) -> Verified:
    k = world.store.keeper()
    return await world.store.database.read(lambda c: chain.verify(c, k))


async def test_nothing_of_theirs_is_left_in_any_file(world: World, tmp_path: Path) -> None:
    assert len(lying_open(tmp_path, CANARIES)) > len(CANARIES) / 2, "the search finds what is there"
    done = await eraser(world).erase(["acme"], abandon_writes=True, actor="ann")
    assert (done.links, done.connections, done.done) == (["acme"], ["field", "ledger"], True)
    assert done.records > 5
    assert done.pairs > 5
    (tmp_path / "state.db-wal").touch()
    assert lying_open(tmp_path, CANARIES) == []
    assert await world.store.load("field", "refresh") is None
    rows = await world.store.database.read(
        lambda c: [c.execute(select(table)).all() for table in (flow, stream)]
    )
    assert rows == [[], []]


async def test_the_audit_keeps_its_lines_and_its_chains_hold(world: World) -> None:
    before = await verified(world)
    done = await eraser(world).erase(["acme"], abandon_writes=True, actor="ann")
    after = await verified(world)
    assert (before.breaks, after.breaks) == ([], [])
    assert done.audit_lines > 10
    assert after.lines == before.lines + 2, "each chain says that it was done"
    lines = await world.store.database.read(lambda c: list(chain.lines(c, "acme")))
    assert {"planned", "sent", "posted"} <= {row.kind for table, row in lines if table == "journal"}
    k = world.store.keeper()
    texts = [k.open_text(table, "text", row.text) for table, row in lines if row.text is not None]
    assert [text for text in texts if text] == texts[-1:]
    assert (lines[-1][1].kind, lines[-1][1].actor) == ("erased", "ann")


def _rewritten(c: Connection) -> None:
    """Somebody changes who did it, on a line whose text is gone."""
    first = c.execute(select(journal.c.id).where(journal.c.link == "acme").order_by(journal.c.seq)).first()
    assert first is not None
    c.execute(update(journal).where(journal.c.id == first.id).values(actor="somebody else"))


def _other_proof(c: Connection) -> None:
    """A proof of another line is put in the place of its own."""
    rows = [row for _, row in chain.lines(c, "acme") if row.text is not None]
    c.execute(update(journal).where(journal.c.id == rows[0].id).values(text=rows[1].text))


def _no_word(c: Connection) -> None:
    """The line that says so is taken for another kind."""
    c.execute(update(journal).where(journal.c.kind == "erased").values(kind="note"))


@pytest.mark.parametrize("harm", [_rewritten, _other_proof, _no_word])
async def test_behind_an_erased_text_nothing_can_be_changed(world: World, harm: Any) -> None:
    await eraser(world).erase(["acme"], abandon_writes=True)
    await world.store.database.write(harm)
    assert {one.link for one in (await verified(world)).breaks} >= {"acme"}


@pytest.fixture(params=["sqlite", "postgresql"])
async def anywhere(request: pytest.FixtureRequest, tmp_path: Path, empty: Path) -> AsyncIterator[Bench]:
    """Without a look at its plans: this happens once a customer, and may read whole tables."""
    if request.param == "sqlite":
        shutil.copy(empty, tmp_path / "state.db")
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    database = open_database(open_engine(url or f"sqlite:///{tmp_path / 'state.db'}"))
    yield await Bench.set_up(database)
    await database.close()


async def test_on_every_kind_of_database(anywhere: Bench) -> None:
    bench = anywhere
    await bench.posted(await bench.lone(LEFT, "F1", "Canaryname"))
    await bench.sent(await bench.lone(LEFT, "F2"))
    await bench.store.save("field", "refresh", b"canary")
    k = bench.store.keeper()
    found = await bench.store.database.read(lambda c: erasing.find(c, ["acme"], []))
    assert (found.links, found.connections) == (("acme",), ("field", "ledger"))
    assert found.open_writes == {"sent": 1}
    assert await bench.store.database.write(lambda c: erasing.erase(c, k, found, "ann")) > 0
    left = await bench.store.database.read(lambda c: (erasing.connections(c), chain.verify(c, k).breaks))
    assert left == (set(), [])
    await asyncio.to_thread(erasing.rewrite, bench.store.database._engine)  # type: ignore[attr-defined]


def test_every_table_of_a_link_or_connection_is_known() -> None:
    """A new one is erased with the others, or stands here with its reason."""
    of_the_audit = {"journal", "action", "chain"}
    by_its_flow = {"flow", "intent"}
    known = {table.name for table in (*erasing._OF_LINKS, *erasing._OF_CONNECTIONS)}
    named = {table.name for table in metadata.tables.values() if {"link", "connection"} & set(table.c.keys())}
    assert named == known | of_the_audit | by_its_flow


async def test_looking_changes_nothing(world: World, tmp_path: Path) -> None:
    before = await verified(world)
    found = await eraser(world).erase(["acme"], dry_run=True)
    assert (found.done, found.audit_lines) == (False, 0)
    assert found.open_writes.keys() <= {"planned", "sent", "uncertain", "accepted", "held"}
    assert sum(found.open_writes.values()) > 0
    assert (await verified(world)).lines == before.lines
    assert lying_open(tmp_path, (NAME,))


async def test_writes_that_are_not_at_their_end_are_not_forgotten_by_the_way(world: World) -> None:
    with pytest.raises(FixInput, match="writes are not at their end") as refused:
        await eraser(world).erase(["acme"])
    assert "--abandon-writes" in refused.value.remedy


async def test_what_is_still_in_use_stays(world: World) -> None:
    with pytest.raises(FixInput, match="acme is still configured"):
        await eraser(world, "acme").erase(["acme"], abandon_writes=True)
    with pytest.raises(FixInput, match="field is still used by acme"):
        await eraser(world).erase(["field"], abandon_writes=True)
    with pytest.raises(NothingMatched, match="nothing is kept of 'orchard'"):
        await eraser(world).erase(["acme", "orchard"], abandon_writes=True)
    found = await eraser(world, "ledger").erase(["acme"], dry_run=True)
    assert (found.connections, found.shared) == (["field"], {"ledger": "the configuration"})


async def test_lines_of_others_in_the_sites_chain_keep_their_words(world: World) -> None:
    k = world.store.keeper()
    for name in ("acmelike", "acme-two"):
        action = Action("ann", "hold", "", "asked", f'{{"scope": "link:{name}"}}')
        await world.store.database.write(partial(keys.note, k=k, one=action))
    await eraser(world).erase(["acme"], abandon_writes=True)
    lines = await world.store.database.read(lambda c: list(chain.lines(c, SITE)))
    kept = [k.open_text(table, "text", row.text) for table, row in lines if table == "action"]
    assert [text for text in kept if text] == ['{"scope": "link:acmelike"}', '{"scope": "link:acme-two"}']
    assert erasing._scope_of("record:acme/customer/7") == "acme"
