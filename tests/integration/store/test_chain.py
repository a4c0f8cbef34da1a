"""The audit's hash chains: whole as written, and whatever is done to them behind its back is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from syncd.store import chain, journal
from syncd.store.chain import SITE, Verified
from syncd.store.tables import action
from syncd.store.tables import chain as chain_table
from syncd.store.tables import journal as journal_table
from tests.integration.store.rows import LEFT, Bench

Harm = Callable[[Connection], Any]


async def lived(bench: Bench) -> None:
    """A morning: a record posted, a hold and its release, an action of a person, then an anchor."""
    await bench.posted(await bench.lone(LEFT, "F1"))
    held = await bench.store.hold("link:acme", "month end", "ann")
    await bench.store.release([held.id], "ann")
    k = bench.store.keeper()
    asked = {"at": k.now, "actor": "ann", "name": "sync", "link": "acme", "outcome": "asked", "text": None}
    await bench.store.database.write(lambda c: chain.extend(c, k, action, [asked]))
    await anchored(bench)
    await bench.posted(await bench.lone(LEFT, "F2"), key="18")


async def anchored(bench: Bench) -> tuple[int, tuple[int, bytes]]:
    k = bench.store.keeper()
    return await bench.store.database.write(lambda c: journal.anchor(c, k))


async def verified(bench: Bench, expected: tuple[int, bytes] | None = None) -> Verified:
    k = bench.store.keeper()
    return await bench.store.database.read(lambda c: chain.verify(c, k, None, expected))


async def told(bench: Bench) -> list[tuple[str, str]]:
    rows = await bench.store.database.read(
        lambda c: [
            (name, row.kind if name == "journal" else row.name) for name, row in chain.lines(c, "acme")
        ]
    )
    return list(rows)


def said(found: Verified) -> Sequence[str]:
    return [f"{b.link or 'site'} {b.seq}: {b.what}" for b in found.breaks]


async def test_every_write_and_every_action_stands_in_its_links_chain(bench: Bench) -> None:
    await lived(bench)
    assert await told(bench) == [
        ("journal", "planned"),
        ("journal", "sent"),
        ("journal", "posted"),
        ("journal", "hold"),
        ("journal", "release"),
        ("action", "sync"),
        ("journal", "planned"),
        ("journal", "sent"),
        ("journal", "posted"),
    ]
    found = await verified(bench)
    assert (found.breaks, found.lines, found.chains, found.anchors) == ([], 10, 2, 1)


def _line(kind: str) -> Any:
    return select(journal_table.c.id).where(journal_table.c.kind == kind).order_by(journal_table.c.id)


def _edit(c: Connection) -> None:
    one = c.execute(_line("posted")).scalars().first()
    c.execute(update(journal_table).where(journal_table.c.id == one).values(actor="somebody else"))


def _backdate(c: Connection) -> None:
    c.execute(update(action).values(at=datetime(2020, 1, 1, tzinfo=UTC)))


def _remove(c: Connection) -> None:
    one = c.execute(_line("hold")).scalars().first()
    c.execute(delete(journal_table).where(journal_table.c.id == one))


def _swap(c: Connection) -> None:
    for seq, to in ((4, -5), (5, 4), (-5, 5)):
        c.execute(update(journal_table).where(journal_table.c.seq == seq).values(seq=to))


def _insert(c: Connection) -> None:
    row = c.execute(select(journal_table).where(journal_table.c.seq == 3)).one()
    copied = {name: value for name, value in row._mapping.items() if name != "id"}
    c.execute(insert(journal_table).values(**copied))


def _cut(c: Connection) -> None:
    c.execute(delete(journal_table).where(journal_table.c.link == "acme", journal_table.c.seq > 7))


def _cut_and_hide(c: Connection) -> None:
    """Everything after the second line goes, and the noted end is moved to match."""
    for table in (journal_table, action):
        c.execute(delete(table).where(table.c.link == "acme", table.c.seq > 2))
    last = c.execute(
        select(journal_table).where(journal_table.c.link == "acme", journal_table.c.seq == 2)
    ).one()
    c.execute(update(chain_table).where(chain_table.c.link == "acme").values(seq=2, hash=last.hash))


def _cut_the_head(c: Connection) -> None:
    third = c.execute(
        select(journal_table).where(journal_table.c.link == "acme", journal_table.c.seq == 3)
    ).one()
    c.execute(delete(journal_table).where(journal_table.c.link == "acme", journal_table.c.seq <= 3))
    noted = {"floor_seq": 3, "floor_hash": third.hash}
    c.execute(update(chain_table).where(chain_table.c.link == "acme").values(**noted))


def _change_the_anchor(c: Connection) -> None:
    c.execute(update(journal_table).where(journal_table.c.kind == "anchored").values(text=b"no such text"))


HARMS: dict[str, tuple[Harm, str]] = {
    "edited": (_edit, "acme 3: this line of the journal is not what was written"),
    "backdated": (_backdate, "acme 6: this line of the action is not what was written"),
    "removed": (_remove, "acme 4: 1 lines are missing"),
    "reordered": (_swap, "acme 4: this line of the journal is not what was written"),
    "inserted": (_insert, "acme 4: this line stands twice"),
    "cut short": (_cut, "acme 8: the chain went on to line 9: its end is missing"),
    "cut short, the end moved": (_cut_and_hide, "acme 3: the chain went on to line 6: its end is missing"),
    "beginning removed": (_cut_the_head, "acme 3: no line says that older ones were forgotten up to here"),
    "anchor changed": (_change_the_anchor, "site 1: this line of the journal is not what was written"),
}


@pytest.mark.parametrize("harm", HARMS)
async def test_what_is_done_behind_its_back_is_found_where_it_was_done(bench: Bench, harm: str) -> None:
    await lived(bench)
    do, says = HARMS[harm]
    await bench.store.database.write(do)
    assert said(await verified(bench)) == [says]


async def test_a_site_chain_cut_short_shows_against_the_end_that_was_kept_elsewhere(bench: Bench) -> None:
    await lived(bench)
    _, end = await anchored(bench)

    def cut(c: Connection) -> None:
        c.execute(delete(journal_table).where(journal_table.c.link == SITE, journal_table.c.seq == end[0]))
        last = c.execute(select(journal_table).where(journal_table.c.link == SITE)).one()
        noted = {"seq": last.seq, "hash": last.hash}
        c.execute(update(chain_table).where(chain_table.c.link == SITE).values(**noted))

    assert (await verified(bench, expected=end)).breaks == []
    await bench.store.database.write(cut)
    assert (await verified(bench)).breaks == []
    assert said(await verified(bench, expected=end)) == [
        f"site {end[0]}: the chain went on to line {end[0]}: its end is missing"
    ]


async def test_another_master_key_makes_another_chain(bench: Bench) -> None:
    await lived(bench)
    forger = bench.store.keeper().__class__(bench.store.keeper().seal, b"x" * 32, bench.clock.now())
    found = await bench.store.database.read(lambda c: chain.verify(c, forger))
    assert {b.link for b in found.breaks} == {"acme", SITE}


async def test_what_is_forgotten_in_time_leaves_a_chain_that_holds(bench: Bench) -> None:
    await lived(bench)
    bench.wait(100)
    await bench.posted(await bench.lone(LEFT, "F3"), key="19")
    assert await bench.store.prune(timedelta(seconds=50)) == 2 + 10
    assert [kind for _, kind in await told(bench)] == ["planned", "sent", "posted", "forgotten"]
    found = await verified(bench)
    assert (found.breaks, found.lines) == ([], 5)
    bench.wait(100)
    await bench.store.prune(timedelta(seconds=50))
    assert (await verified(bench)).breaks == []


async def test_anchoring_again_writes_only_chains_that_grew(bench: Bench) -> None:
    await lived(bench)
    assert (await anchored(bench))[0] == 1
    assert (await anchored(bench))[0] == 0
