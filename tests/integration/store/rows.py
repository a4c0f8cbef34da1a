"""What store tests share: one flow between two streams, and short ways to make rows in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Table, func, select

from syncd.core.model import IntentState, Operation, PairState, Side
from syncd.ports import (
    Acknowledgement,
    FlowRow,
    IntentRow,
    NewIntent,
    Observation,
    PairLife,
    PairRow,
    Settlement,
    StreamRow,
    Verdict,
    WriteRequest,
)
from syncd.store.database import Database
from syncd.store.sql import SqlStore
from syncd.store.tables import intent
from tests.integration.engine.world import OpenSeal, VirtualClock

LEFT, RIGHT = Side.LEFT, Side.RIGHT
CONNECTIONS = {LEFT: "field", RIGHT: "ledger"}


@dataclass
class Bench:
    """A store with one flow ``acme/customer`` between the connections ``field`` and ``ledger``."""

    store: SqlStore
    clock: VirtualClock
    flow: FlowRow
    streams: dict[Side, StreamRow]

    @classmethod
    async def set_up(cls, database: Database) -> Bench:
        clock = VirtualClock()
        store = SqlStore(database, clock, OpenSeal(), b"k" * 32)
        streams = {side: await store.stream(name, "customer") for side, name in CONNECTIONS.items()}
        return cls(store, clock, await store.flow("acme", "customer"), streams)

    def wait(self, seconds: float) -> None:
        self.clock.at = self.clock.at.fromtimestamp(self.clock.at.timestamp() + seconds, self.clock.at.tzinfo)

    async def see(self, side: Side, key: str, content: str = "a", *, natural: str | None = None) -> None:
        """The platform of ``side`` shows a record."""
        stream = self.streams[side]
        known = await self.store.known(stream.id, [key])
        shown = replace(observation(key, content, natural), known=known.get(key))
        await self.store.page_seen(stream, [shown], resume=None, walk_since=None)

    async def consume(self, *, historical: bool = False) -> int:
        entity, ends = self.flow.entity, {side: stream.connection for side, stream in self.streams.items()}
        states = await self.store.states(self.flow.link, ends, {entity: ends})
        return await self.store.consume(states[entity].flow, states[entity].streams, historical=historical)

    async def due(self) -> Sequence[PairRow]:
        return await self.store.due_pairs(self.flow, 100)

    async def lone(self, side: Side, key: str, content: str = "a", *, natural: str | None = None) -> PairRow:
        """A record of one side, due to be decided."""
        await self.see(side, key, content, natural=natural)
        await self.consume()
        return next(row for row in await self.due() if row.keys == {side: key})

    async def planned(self, row: PairRow, **more: Any) -> IntentRow:
        """A create on the right for a lone left record, written down."""
        (made,) = await self.store.write_down(self.flow, [], [create(row, **more)])
        return made

    async def sent(self, row: PairRow, **more: Any) -> IntentRow:
        made = await self.planned(row, **more)
        assert await self.store.mark_sent(made)
        return made

    async def posted(self, row: PairRow, key: str = "17", **more: Any) -> IntentRow:
        """The create was carried out and settled."""
        made = await self.sent(row, **more)
        await self.store.settle(settlement(made, key))
        return made

    async def rest(self, row: PairRow, state: PairState = PairState.IN_STEP, **more: Any) -> None:
        """A decision that writes nothing."""
        await self.store.write_down(
            self.flow, [Verdict(pair=row.id, state=state, hashes=row.hashes, **more)], []
        )

    async def life(self, pair: int) -> PairLife:
        found = await self.store.life(pair)
        assert found is not None
        return found

    async def count(self, table: Table) -> int:
        return int(
            await self.store.database.read(
                lambda c: c.execute(select(func.count()).select_from(table)).scalar_one()
            )
        )

    async def intents(self) -> dict[int, str]:
        """Every intent on disk, with its state."""
        rows = await self.store.database.read(lambda c: c.execute(select(intent.c.id, intent.c.state)).all())
        return {row.id: IntentState(row.state).value for row in rows}


def observation(key: str, content: str = "a", natural: str | None = None) -> Observation:
    raw = f'{{"id": "{key}", "name": "{content}"}}'.encode()
    return Observation(key, raw, b"raw " + raw, content.encode(), None, (natural,))


def create(row: PairRow, **more: Any) -> NewIntent:
    key = next(iter(row.keys.values()))
    request = WriteRequest("customer", Operation.CREATE, f"sy-{key}", body={"name": "a"}, source_key=key)
    values: dict[str, Any] = {
        "pair": row.id,
        "side": RIGHT,
        "connection": "ledger",
        "request": request,
        "bases": {LEFT: {"name": "a"}},
        "hashes": row.hashes,
    }
    return NewIntent(**values | more)


def update(row: PairRow, side: Side = RIGHT, **more: Any) -> NewIntent:
    request = WriteRequest(
        "customer",
        Operation.UPDATE,
        "sy-upd",
        key=row.keys[side],
        body={"name": "b"},
        source_key=row.keys.get(side.other, ""),
    )
    values: dict[str, Any] = {"side": side, "connection": CONNECTIONS[side], "request": request}
    return create(row, **values | more)


def told(action: str = "set_status") -> Acknowledgement:
    """An action on the left that follows."""
    request = WriteRequest(
        "customer", Operation.ACTION, f"sy-{action}", key="F1", action=action, argument="done"
    )
    return Acknowledgement(LEFT, "field", request, ())


def settlement(made: IntentRow, key: str = "17", content: str = "A", **more: Any) -> Settlement:
    bases = {LEFT: {"name": "a"}, RIGHT: {"name": content}}
    return Settlement(made, observation(key, content), more.pop("bases", bases), **more)
