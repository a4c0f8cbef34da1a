"""SCALE: a state of many links and many pairs: how large it is, and what the store's own look-ups take in it.

It is the store's methods that are called, and a whole first load beside all that is there; every statement
they send is planned where it ran. A table that is read from end to end, and is not small, is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from time import perf_counter
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, event, insert

from benchmarks.platform import ENTITY, BenchConnector
from benchmarks.report import Line, percentile
from benchmarks.state import link_over
from syncd.clock import SystemClock
from syncd.core.model import Side
from syncd.secrets.sealed import Sealer
from syncd.store.database import Database
from syncd.store.leases import SqlLeases, unheld
from syncd.store.metering import Meter
from syncd.store.opening import open_database, open_engine
from syncd.store.sql import SqlStore
from syncd.store.tables import hold
from syncd.store.turns import SqlTurns
from tests.postgres import Postgres

_MASTER: Final = bytes(range(32))
_SMALL: Final = 1_000
"""A table of so few rows may be read from end to end: that is what the planner should do."""
_TIMES: Final = 200
_SERVER: Final = ("shared_buffers=512MB", "max_wal_size=8GB", "maintenance_work_mem=512MB")
_LARGEST: Final = 8

Ask = Callable[[int], Awaitable[object]]
"""Ask something of the link, or flow, of that number."""


async def carried(base_url: str, links: int, pairs: int, records: int) -> list[Line]:
    """``records``: of a first load on a link new to a state of ``links`` links and ``pairs`` pairs."""
    with Postgres.begin(*_SERVER, durable=True) as server:
        empty = server.set_up()
        before = await _loaded(empty, base_url, records, lambda _engine: None)
        url = server.set_up()
        began = perf_counter()
        _fill(url, links, pairs // links)
        lines = _sized(url, links, pairs, perf_counter() - began)
        plans = _Plans()
        lines += await _asked(url, links, pairs // links, plans)
        after = await _loaded(url, base_url, records, plans.watch)
        lines.append(
            _line(
                f"first load of {records:,} beside {pairs:,} pairs, and in an empty state",
                f"{after:,.0f} pairs/s",
                f"{before:,.0f} pairs/s",
                f"{after / before:.2f} x",
            )
        )
        return [*lines, *plans.told(url)]


def _line(what: str, ours: str, bare: str = "", ratio: str = "") -> Line:
    return Line("SCALE", what, ours, bare, ratio, "", "", None)


def _sized(url: str, links: int, pairs: int, seconds: float) -> list[Line]:
    with psycopg.connect(url) as state:
        ((size,),) = state.execute("select pg_database_size(current_database())").fetchall()
        tables = state.execute(_BY_TABLE, [_LARGEST]).fetchall()
    what = f"a state of {links:,} links, {pairs:,} pairs, each written once (filled in {seconds:,.0f} s)"
    return [
        _line(what, f"{size / 2**30:.2f} GiB", f"{size / pairs:,.0f} B/pair"),
        *(
            _line(
                f"table {name}: {rows:,} rows",
                f"{(heap + indexes) / 2**20:,.0f} MiB",
                f"indexes {indexes / 2**20:,.0f}",
            )
            for name, rows, heap, indexes in tables
        ),
    ]


async def _asked(url: str, links: int, each: int, plans: _Plans) -> list[Line]:
    engine = open_engine(url)
    plans.watch(engine)
    database = open_database(engine)
    store = SqlStore(database, SystemClock(), Sealer(_MASTER), _MASTER)
    lines = []
    try:
        for what, ask in _look_ups(store, database, links, each).items():
            times = []
            for number in range(_TIMES):
                began = perf_counter()
                await ask(1 + number * 37 % links)
                times.append((perf_counter() - began) * 1_000)
            half, most = percentile(times, 50), percentile(times, 99)
            lines.append(_line(what, f"p50 {half:.2f} ms", f"p99 {most:.2f} ms"))
        for what, once in _seldom(store, database, 2 * links * each).items():
            began = perf_counter()
            await once()
            lines.append(_line(what, f"{(perf_counter() - began) * 1_000:.0f} ms"))
    finally:
        await store.close()
    return lines


def _look_ups(store: SqlStore, database: Database, links: int, each: int) -> dict[str, Ask]:
    """What a link's run, or a worker, asks again and again."""
    turns = SqlTurns(database, unheld)
    leases = SqlLeases(database)
    keys = [f"k{1 + number * 7 % each}" for number in range(100)]

    async def at_the_start(number: int) -> None:
        ends = {Side.LEFT: f"c{number}", Side.RIGHT: f"c{links + number}"}
        state = (await store.states(f"link{number}", ends, {ENTITY: ends}))[ENTITY]
        flow, streams = state.flow, {side: stream.id for side, stream in state.streams.items()}
        await store.consume(flow, state.streams, historical=False)
        if state.merged:
            await store.merges(flow, streams)
        await store.open_creates(flow)
        await store.due_pairs(flow, 200)

    async def at_its_end(number: int) -> None:
        await store.due_intents(f"link{number}", 200)
        await store.next_due_at(f"link{number}")

    async def leased(number: int) -> None:
        lease = await leases.acquire(f"link{number}", "bench", 15.0)
        assert lease is not None
        await leases.release(lease)

    async def matched(number: int) -> None:
        flow = await store.flow(f"link{number}", ENTITY)
        wanted = [(rank, (f"S-{rank}",)) for rank in range(100)]
        await store.candidates(flow, links + number, Side.RIGHT, wanted)

    return {
        "what is new and due of a link (four look-ups)": at_the_start,
        "what is in doubt, and when the next falls due": at_its_end,
        "a page's hundred records by key": lambda number: store.known(number, keys),
        "a hundred references to a link's other records": lambda number: store.counterparts(
            f"link{number}", [(Side.LEFT, ENTITY, key) for key in keys]
        ),
        "a hundred records' partners by natural key": matched,
        "how often the busiest of a hundred was written": lambda number: store.busiest(
            range(number, number + 100), 3_600.0
        ),
        "holds, of all that ever were": lambda _number: store.holds(),
        "announcements of a connection": lambda number: store.hints(f"c{number}", 500),
        "a lease taken and given back": leased,
        "whose time has come (tick)": lambda _number: turns.tick({}, 500),
        "what the queue forgot (sweep)": lambda _number: turns.forgotten(3.0, 500),
    }


def _seldom(store: SqlStore, database: Database, lines: int) -> dict[str, Callable[[], Awaitable[object]]]:
    """What a person or a scrape asks of all links together. ``lines``: of the journal."""
    meter = Meter(database, shared=True)

    def new(c: Connection) -> int:
        values = {"scope": "link:link7", "reason": "bench", "by": "bench", "since": SystemClock().now()}
        made: int = c.execute(insert(hold).values(**values).returning(hold.c.id)).scalar_one()
        return made

    async def released() -> None:
        await store.release([await database.write(new)], "bench")

    return {
        "a hold released": released,
        "a hold placed, what is under way counted": lambda: store.hold("link:link9", "bench", "bench"),
        "the state for a scrape, everything": meter.standing,
        "the same, what a thousand lines of the journal tell": lambda: meter.news(lines - 1_000),
    }


async def _loaded(url: str, base_url: str, records: int, watch: Callable[[Engine], None]) -> float:
    """Pairs a second of a first load on a link of its own; the platform answers at once."""
    engine, clock = open_engine(url), SystemClock()
    watch(engine)
    async with AsyncExitStack() as stack:
        store = SqlStore(open_database(engine), clock, Sealer(_MASTER), _MASTER)
        stack.push_async_callback(store.close)
        platforms = {side: BenchConnector(base_url, side, clock) for side in Side}
        for platform in platforms.values():
            stack.push_async_callback(platform.close)
        link = link_over("fresh", platforms, store, clock, 32)
        began, written = perf_counter(), 0
        while written < records:
            written += (await link.cycle()).writes
        return records / (perf_counter() - began)


# -- plans ---------------------------------------------------------------------------------------------


class _Plans:
    """Every statement that is sent, with the values it was sent with first."""

    def __init__(self) -> None:
        self._met: dict[str, Any] = {}

    def watch(self, engine: Engine) -> None:
        def keep(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
            self._met.setdefault(statement, values[0] if isinstance(values, list) else values)

        event.listen(engine, "before_cursor_execute", keep)

    def told(self, url: str) -> list[Line]:
        """How many there were, and which read a table from end to end."""
        engine, planned, wrong = open_engine(url), 0, list[Line]()
        with engine.connect() as c:
            found = c.exec_driver_sql("select relname::text, reltuples from pg_class")
            rows: dict[str, float] = dict(found.tuples().all())
            for statement, values in self._met.items():
                told = " ".join(statement.split())
                if told.split(" ")[0].lower() not in _PLANNED or " pg_" in told:
                    continue
                planned += 1
                (plan,) = c.exec_driver_sql(f"explain (format json) {statement}", values).scalar_one()
                for table in _read_whole(plan["Plan"]):
                    if rows[table] > _SMALL:
                        wrong.append(_line(f"reads {table} from end to end: {told[:90]}", "Seq Scan"))
        engine.dispose()
        return [_line(f"statements planned over it: {planned}", f"{len(wrong)} read a table whole"), *wrong]


_PLANNED: Final = frozenset({"select", "insert", "update", "delete", "with"})


def _read_whole(node: dict[str, Any]) -> list[str]:
    found = [str(node["Relation Name"])] if node["Node Type"] == "Seq Scan" else []
    return found + [table for below in node.get("Plans", ()) for table in _read_whole(below)]


# -- rows as the engine leaves them ----------------------------------------------------------------------


def _fill(url: str, links: int, each: int) -> None:
    with psycopg.connect(url, autocommit=True) as state:
        state.execute("set synchronous_commit = off")
        state.execute(_NOISE)
        for statement in _ROWS:
            state.execute((statement % {"links": links, "each": each}).encode())
        for table, column in _NUMBERED:
            last = f"(select max({column}) from {table})"
            state.execute(f"select setval(pg_get_serial_sequence('{table}', '{column}'), {last})".encode())
        state.execute("vacuum analyze")


def _noise(size: int, row: str = "g") -> str:
    """Sealed bytes for each row: as good as random, so they do not compress."""
    return f"(select substr(said, 1 + (random() * 65000)::int + (0 * {row})::int, {size}) from noise)"


_NOISE: Final = (
    "create temporary table noise as select string_agg(uuid_send(gen_random_uuid()), '') said "
    "from generate_series(1, 4200)"
)
_HASH: Final = "uuid_send(gen_random_uuid())"
_NOW: Final = "1762000000000000 + g"
_LINKS: Final = "from generate_series(1, %(links)d) g"
_STREAMS: Final = "from generate_series(1, 2 * %(links)d) s, generate_series(1, %(each)d) g"
_FLOWS: Final = "from generate_series(1, %(links)d) f, generate_series(1, %(each)d) g"
_PAIR: Final = "(f - 1) * %(each)d + g"
_ROWS: Final = (
    f"insert into turn (link, next_start, due_at) select 'link' || g, 9e15, 9e15 {_LINKS}",
    f"insert into lease (link, owner, epoch) select 'link' || g, '', 1 {_LINKS}",
    f"""insert into link_line (link, customer, "left", "right", health, rank, since, updated_at)
        select 'link' || g, 'customer' || g, 'c' || g, 'c' || (%(links)d + g), 'ok', 0, {_NOW}, {_NOW}
        {_LINKS}""",
    f"""insert into hold (scope, reason, by, since, released_at, released_by)
        select 'link:link' || g, 'why', 'somebody', {_NOW}, {_NOW}, 'somebody' {_LINKS}""",
    f"""insert into cycle (link, started_at, seconds, trigger, counts)
        select 'link' || g, {_NOW} + n, 0.5, 'schedule', '{{}}' {_LINKS}, generate_series(1, 10) n""",
    f"""insert into stream (id, connection, entity, watermark, fingerprint, seq, last_ok_at)
        select g, 'c' || g, 'invoice', '1', 'x', %(each)d, {_NOW} {_LINKS.replace("(1, ", "(1, 2 * ")}""",
    f"""insert into flow (id, link, entity, first_sync_done, left_offset, right_offset, fingerprint)
        select g, 'link' || g, 'invoice', true, %(each)d, %(each)d, 'x' {_LINKS}""",
    f"""insert into remote (id, stream_id, key, raw_hash, content_hash, seq, seen_at)
        select (s - 1) * %(each)d + g, s, 'k' || g, {_HASH}, {_HASH}, g, {_NOW} {_STREAMS}""",
    f"insert into remote_body (remote_id, body) select id, {_noise(628, 'id')} from remote",
    f"""insert into remote_natural (remote_id, rank, stream_id, digest)
        select id, 0, stream_id, {_HASH} from remote""",
    f"""insert into pair (id, flow_id, left_id, right_id, left_hash, right_hash, state, since, intents)
        select {_PAIR}, f, {_PAIR}, (%(links)d + f - 1) * %(each)d + g, {_HASH}, {_HASH},
        (array['held', 'quarantined', 'conflict', 'in_step'])[least(1 + ({_PAIR}) %% 1000, 4)], 1, 1
        {_FLOWS}""",
    f"""insert into pair_base (pair_id, side, base)
        select id, side, {_noise(328, "id")} from pair, (values ('left'), ('right')) s(side)""",
    f"""insert into intent (id, flow_id, pair_id, side, connection, entity, operation, reference, state, body,
        remote_key, attempts, created_at, sent_at, settled_at)
        select {_PAIR}, f, {_PAIR}, 'right', 'c' || (%(links)d + f), 'invoice', 'create',
        'sy-' || f || '-' || g, 'posted', {_noise(628)}, 'k' || g, 1, {_NOW}, {_NOW}, {_NOW} {_FLOWS}""",
    f"""insert into journal (at, flow_id, pair_id, intent_id, kind, text, link, seq, hash)
        select {_NOW}, f, {_PAIR}, {_PAIR}, kind, {_noise(44)}, 'link' || f, 2 * g + n, {_HASH} || {_HASH}
        {_FLOWS}, (values (0, 'sent'), (1, 'posted')) as w(n, kind)""",
    f"insert into chain (link, seq, hash) select 'link' || g, 2 * %(each)d + 1, {_HASH} || {_HASH} {_LINKS}",
)
"""A state as the engine leaves it: every pair written once, and one in three hundred stands still."""
_NUMBERED: Final = tuple((name, "id") for name in ("stream", "flow", "remote", "pair", "intent"))
_BY_TABLE: Final = b"""
    select relname, reltuples::bigint, pg_table_size(oid), pg_indexes_size(oid) from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace
    order by pg_total_relation_size(oid) desc limit %s
"""
