"""A link over the benchmark's platforms with real state: a SQLite file, one writing thread, real sealing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from benchmarks.platform import CONCURRENCY, ENTITY, BenchConnector
from syncd.clock import SystemClock
from syncd.core.crossing import Table
from syncd.core.model import Side
from syncd.core.policy import FlowPolicy, Limits, Mode
from syncd.engine.cycle import LinkEngine
from syncd.engine.gate import Gate
from syncd.engine.setup import End, link_setup
from syncd.entities import ENTITIES
from syncd.ports import Clock, Connector
from syncd.secrets.sealed import Sealer
from syncd.store.database import ThreadedDatabase, sqlite_engine
from syncd.store.migrate import current, upgrade
from syncd.store.sql import SqlStore

LINK = "bench"
_MASTER = bytes(range(32))
TABLES = {
    "terms": Table.of((("NET30", "30"),), None, None),
    "department": Table.of((("SERVICE", "20"),), None, None),
    "tax": Table.of((("IL-SANGAMON", "84"),), None, None),
}


def policy(mode: Mode) -> FlowPolicy:
    """Invoices to the ledger, each once; what existed before the first sync is posted, too."""
    kind = ENTITIES[ENTITY]
    return FlowPolicy(
        entity=ENTITY,
        mode=mode,
        fields=kind.policies(),
        match=kind.match,
        create=frozenset(side for side in Side if mode.writes(side)),
        create_only=True,
        post_existing=True,
        select={"status": frozenset({"pending_accounting"})},
        limits=Limits(),
    )


@dataclass
class Link:
    """One link, opened."""

    engine: LinkEngine
    store: SqlStore


def store_in(path: Path) -> SqlStore:
    """The state in the file ``path``, made if it is not there."""
    engine = sqlite_engine(f"sqlite:///{path}")
    if current(engine) is None:
        upgrade(engine)
    return SqlStore(ThreadedDatabase(engine), SystemClock(), Sealer(_MASTER), _MASTER)


def link_over(
    name: str,
    platforms: Mapping[Side, Connector],
    store: SqlStore,
    clock: Clock,
    concurrency: int,
    mode: Mode = Mode.LEFT_TO_RIGHT,
) -> LinkEngine:
    """A link of invoices; a second one in the same store has connections of its own."""
    prefix = "" if name == LINK else f"{name}-"
    ends = {side: End(f"{prefix}{side.value}", platform) for side, platform in platforms.items()}
    setup = link_setup(name, ends, {ENTITY: policy(mode)}, TABLES)
    gates = {end.connection: Gate(concurrency) for end in ends.values()}
    return LinkEngine(setup, store, clock, gates)


@asynccontextmanager
async def opened(
    path: Path,
    base_url: str,
    *,
    mode: Mode = Mode.LEFT_TO_RIGHT,
    incremental: bool = True,
    raw_stable: bool = True,
) -> AsyncIterator[Link]:
    """A link whose state is the file ``path``, made if it is not there."""
    clock = SystemClock()
    store = store_in(path)
    platforms = {
        side: BenchConnector(base_url, side, clock, incremental=incremental, raw_stable=raw_stable)
        for side in Side
    }
    try:
        yield Link(link_over(LINK, platforms, store, clock, CONCURRENCY, mode), store)
    finally:
        for platform in platforms.values():
            await platform.close()
        await store.close()


async def settled_pairs(link: Link, path: Path, pairs: int) -> None:
    """Lay ``pairs`` pairs in step into an empty state, by bulk SQL: rows as the engine writes them, without
    the sealed bodies, which only changed records touch."""
    setup = link.engine.setup.flows[0]
    engine = sqlite_engine(f"sqlite:///{path}")
    values = {"n": pairs, "flow": setup.fingerprint(), "entity": ENTITY, "link": LINK}
    with engine.begin() as c:
        for at, side in enumerate(Side, 1):
            prints = {"id": at, "name": side.value, "map": setup.specs[side].map.fingerprint()}
            c.execute(text(_STREAM), values | prints)
            c.execute(text(_REMOTE), values | prints)
        c.execute(text(_FLOW), values)
        c.execute(text(_PAIR), values)
    engine.dispose()


_NUMBERS = "with recursive i(k) as (select 1 union all select k + 1 from i where k < :n) "
_STREAM = """insert into stream (id, connection, entity, watermark, fingerprint, seq)
    values (:id, :name, :entity, '1', :map, :n)"""
_REMOTE = (
    "insert into remote (stream_id, key, raw_hash, content_hash, seq, gone, seen_at) "
    + _NUMBERS
    + "select :id, :id * 4000000000000000 + k, randomblob(16), randomblob(16), k, 0, 1762000000000000 from i"
)
_FLOW = """insert into flow (id, link, entity, left_offset, right_offset, first_sync_done, fingerprint)
    values (1, :link, :entity, :n, :n, 1, :flow)"""
_PAIR = (
    "insert into pair (flow_id, left_id, right_id, left_hash, right_hash, state, since) "
    + _NUMBERS
    + "select 1, k, :n + k, randomblob(16), randomblob(16), 'in_step', 1762000000000000 from i"
)
