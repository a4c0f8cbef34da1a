"""``ports.Store`` over SQL: each method names its transaction and hands it to the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, delete, insert, select

from syncd.core.brakes import Budget, Trip
from syncd.core.crossing import PairKey
from syncd.core.model import Side
from syncd.core.outcome import ErrorClass
from syncd.ports.connector import Clock
from syncd.ports.leases import Lease
from syncd.ports.store import (
    Acknowledgement,
    Counts,
    FlowRow,
    FlowState,
    HoldRow,
    IntentRow,
    Lone,
    Merge,
    NewIntent,
    PairRow,
    Settlement,
    Store,
    Verdict,
)
from syncd.ports.streams import Known, Observation, StreamRow
from syncd.store import (
    counting,
    flows,
    hints,
    holds,
    intents,
    matching,
    pairs,
    recovery,
    removals,
    settling,
    streams,
    upkeep,
)
from syncd.store.database import Database
from syncd.store.leases import FencedDatabase
from syncd.store.outgoing import BRIEF, Outgoing
from syncd.store.sealing import Seal
from syncd.store.sql_records import SqlRecords
from syncd.store.tables import token


class SqlStore(SqlRecords):
    """The engine's memory."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        seal: Seal,
        digest_key: bytes,
        budgets: Mapping[str, Budget] = MappingProxyType({}),
    ) -> None:
        super().__init__(database, clock, seal, digest_key, budgets)
        self._restored: bool | None = None
        self._lease: Callable[[], Lease | None] = lambda: None
        self._outgoing = Outgoing(database, self.keeper, budgets)

    def on(self, database: Database) -> SqlStore:
        """The same memory through another door."""
        return SqlStore(database, self._clock, self._seal, self._digest_key, self._budgets)

    def under(self, lease: Callable[[], Lease]) -> SqlStore:
        """The same memory for whoever holds a link; what it sends and settles goes with what others do."""
        mine = self.on(FencedDatabase(self.database, lease))
        mine._lease, mine._outgoing = lease, self._outgoing
        return mine

    # -- observing

    async def stream(self, connection: str, entity: str) -> StreamRow:
        if (found := await self.database.read(lambda c: streams.look_up(c, connection, entity))) is not None:
            return found
        return await self.database.write(lambda c: streams.find_stream(c, connection, entity))

    async def known(self, stream: int, keys: Sequence[str]) -> Mapping[str, Known]:
        return await self.database.read(lambda c: streams.known(c, stream, keys))

    async def news_of(self, stream: int, keys: Sequence[str], within_s: float) -> frozenset[str]:
        since = self._clock.now() - timedelta(seconds=within_s)
        return await self.database.read(lambda c: streams.news_of(c, stream, keys, since))

    async def page_seen(
        self,
        stream: StreamRow,
        observations: Sequence[Observation],
        *,
        resume: str | None,
        walk_since: str | None,
        finished: bool = False,
        watermark: str | None = None,
        fingerprint: str = "",
    ) -> None:
        k = self.keeper()
        progress: dict[str, Any] = {"resume": resume, "walk_since": walk_since}
        if finished:
            progress |= {"last_ok_at": k.now, "fingerprint": fingerprint, "incomplete": False}
            if watermark is not None:
                progress["watermark"] = watermark
        await self.database.note(
            lambda c: streams.page_seen(c, k, stream, observations, progress),
            brief=len(observations) <= BRIEF,
        )

    async def records_seen(
        self, stream: StreamRow, observations: Sequence[Observation], answered: Sequence[int] = ()
    ) -> None:
        k = self.keeper()
        await self.database.note(
            lambda c: streams.records_seen(c, k, stream, observations, answered),
            brief=len(observations) + len(answered) <= 2 * BRIEF,
        )

    async def stream_failed(self, stream: int, error: str) -> None:
        await self.database.note(lambda c: streams.stream_failed(c, stream, error))

    async def walk_incomplete(self, stream: StreamRow, fingerprint: str, error: str) -> None:
        await self.database.note(lambda c: streams.walk_incomplete(c, stream, fingerprint, error))

    async def swept(
        self, stream: int, seen: Collection[str], started: datetime, apart_s: float
    ) -> Sequence[str]:
        back, lost = await self.database.scan(lambda c: removals.missing(c, stream, seen, started))
        if not back and not lost:
            return []
        return await self.database.write(lambda c: removals.swept(c, back, lost, started, apart_s))

    async def found_again(self, stream: int, keys: Sequence[str]) -> None:
        await self.database.write(lambda c: removals.found_again(c, stream, keys))

    async def merges(self, flow: FlowRow, streams: Mapping[Side, int]) -> Sequence[Merge]:
        k = self.keeper()
        return await self.database.read(lambda c: removals.merges(c, k, flow, streams))

    async def follow_merges(
        self, flow: FlowRow, streams: Mapping[Side, int], merges: Sequence[Merge], says: removals.Says
    ) -> int:
        k, wanted = self.keeper(), {(merge.pair, merge.heir) for merge in merges}
        return await self.database.write(lambda c: removals.follow(c, k, flow, streams, wanted, says))

    # -- consuming and deciding

    async def flow(self, link: str, entity: str) -> FlowRow:
        if (found := await self.database.read(lambda c: flows.look_up(c, link, entity))) is not None:
            return found
        return await self.database.write(lambda c: flows.find_flow(c, link, entity))

    async def states(
        self, link: str, ends: Mapping[Side, str], wanted: Mapping[str, Collection[Side]]
    ) -> Mapping[str, FlowState]:
        k = self.keeper()
        found = await self.database.read(lambda c: flows.states(c, k, link, ends, wanted))
        if len(found) == len(wanted):
            return found
        return await self.database.write(lambda c: flows.find_states(c, k, link, ends, wanted))

    async def consume(self, flow: FlowRow, streams: Mapping[Side, StreamRow], *, historical: bool) -> int:
        news = sum(max(stream.seq - flow.offsets[side], 0) for side, stream in streams.items())
        if not news:
            return 0
        k = self.keeper()
        return await self.database.note(
            lambda c: pairs.consume(c, k, flow, streams, historical), brief=news <= BRIEF
        )

    async def due_pairs(
        self, flow: FlowRow, limit: int, only: Sequence[int] | None = None, after: int = 0
    ) -> Sequence[PairRow]:
        k = self.keeper()
        return await self.database.read(lambda c: pairs.due_pairs(c, k, flow, limit, only, after))

    async def counterparts(self, link: str, asked: Sequence[PairKey]) -> Mapping[PairKey, str]:
        if not asked:
            return {}
        return await self.database.read(lambda c: pairs.counterparts(c, link, asked))

    async def candidates(
        self, flow: FlowRow, stream: int, side: Side, natural: Sequence[tuple[int, tuple[str | None, ...]]]
    ) -> Mapping[int, Sequence[Sequence[str]]]:
        k = self.keeper()
        return await self.database.read(lambda c: matching.candidates(c, k, flow, stream, side, natural))

    async def near(
        self,
        flow: FlowRow,
        stream: int,
        side: Side,
        blocks: Mapping[int, frozenset[str]],
        also: Mapping[int, Collection[str]] = MappingProxyType({}),
    ) -> Mapping[int, Sequence[Lone]]:
        k = self.keeper()
        return await self.database.read(lambda c: matching.near(c, k, flow, stream, side, blocks, also))

    async def unmatched(self, flow: FlowRow, limit: int) -> Sequence[PairRow]:
        k = self.keeper()
        return await self.database.scan(lambda c: matching.unmatched(c, k, flow, limit))

    async def accept_match(
        self, flow: FlowRow, side: Side, stream: int, matches: Sequence[tuple[int, str]], actor: str
    ) -> Sequence[int]:
        k = self.keeper()
        return await self.database.write(lambda c: matching.accept(c, k, flow, side, stream, matches, actor))

    async def reject_match(
        self, flow: FlowRow, side: Side, stream: int, apart: Sequence[tuple[int, str]], actor: str
    ) -> int:
        k = self.keeper()
        return await self.database.write(lambda c: matching.reject(c, k, flow, side, stream, apart, actor))

    async def bind(self, flow: FlowRow, side: Side, stream: int, matches: Sequence[tuple[int, str]]) -> None:
        k = self.keeper()
        await self.database.write(lambda c: matching.bind(c, k, flow, side, stream, matches))

    async def open_creates(self, flow: FlowRow) -> frozenset[Side]:
        return await self.database.read(lambda c: counting.open_creates(c, flow))

    async def refusals(self, pairs: Sequence[int]) -> Mapping[int, tuple[str, str]]:
        k = self.keeper()
        return await self.database.read(lambda c: intents.refusals(c, k, pairs))

    async def counts(self, flow: FlowRow) -> Counts:
        return await self.database.scan(lambda c: counting.counts(c, flow))

    async def busiest(self, which: Sequence[int], within_s: float) -> int:
        k = self.keeper()
        return await self.database.read(lambda c: counting.busiest(c, k, which, within_s))

    async def write_down(
        self, flow: FlowRow, verdicts: Sequence[Verdict], new: Sequence[NewIntent]
    ) -> Sequence[IntentRow]:
        if not verdicts and not new:
            return []
        k = self.keeper()
        return await self.database.note(
            lambda c: intents.write_down(c, k, flow, verdicts, new),
            brief=len(verdicts) + len(new) <= BRIEF,
        )

    async def decide_by(self, flow: FlowRow, fingerprint: str) -> None:
        k = self.keeper()
        await self.database.write(lambda c: flows.decide_by(c, k, flow, fingerprint))

    async def cycle_done(
        self, flow: FlowRow, *, fingerprint: str, first_sync_done: bool, error: str = "", quiet: bool = True
    ) -> None:
        k = self.keeper()
        done = partial(flows.cycle_done, first=first_sync_done, error=error, quiet=quiet)
        # that, say, the first sync is over must not be forgotten; when a cycle ran last may be
        same = (flow.fingerprint, flow.first_sync_done, flow.ceiling) == (fingerprint, first_sync_done, 0)
        if same and not error:
            await self.database.note(lambda c: done(c, k, flow, fingerprint), brief=True)
        else:
            await self.database.write(lambda c: done(c, k, flow, fingerprint))

    # -- applying and settling

    async def mark_sent(self, intent: IntentRow) -> bool:
        return await self._outgoing.mark_sent(self._lease(), intent)

    async def may_go_out(self, intent: IntentRow) -> bool:
        return await self.database.read(lambda c: not settling.covered(c, intent))

    async def settle(self, settlement: Settlement) -> IntentRow | None:
        return await self._outgoing.settle(self._lease(), settlement)

    async def accepted(self, intent: IntentRow, key: str, look_after_s: float) -> None:
        k = self.keeper()
        await self.database.write(lambda c: settling.accepted(c, k, intent, key, look_after_s))

    async def rejected(
        self, intent: IntentRow, error: ErrorClass, words: str, field: str, next_: Acknowledgement | None
    ) -> IntentRow | None:
        k = self.keeper()
        return await self.database.write(
            lambda c: settling.rejected(c, k, intent, error, words, field, next_)
        )

    async def retry_later(self, intent: IntentRow, error: ErrorClass, words: str, after_s: float) -> None:
        k = self.keeper()
        await self.database.write(lambda c: settling.retry_later(c, k, intent, error, words, after_s))

    async def uncertain(
        self, intent: IntentRow, words: str, look_after_s: float | None, key: str = ""
    ) -> None:
        k = self.keeper()
        await self.database.write(lambda c: settling.uncertain(c, k, intent, words, look_after_s, key))

    async def hold_intent(self, intent: IntentRow, words: str) -> None:
        k = self.keeper()
        await self.database.write(lambda c: settling.hold_intent(c, k, intent, words))

    async def settled_by(self, intent: IntentRow, said: str, actor: str) -> None:
        k = self.keeper()
        await self.database.write(lambda c: settling.settled_by(c, k, intent, said, actor))

    async def resend(self, intent: IntentRow) -> None:
        k = self.keeper()
        await self.database.write(lambda c: settling.resend(c, k, intent))

    async def outdated(self, intents: Sequence[IntentRow]) -> frozenset[int]:
        ids = [intent.id for intent in intents]
        return await self.database.read(lambda c: settling.outdated(c, ids)) if ids else frozenset()

    async def drop(self, intent: IntentRow, words: str, *, due_in_s: float) -> None:
        k = self.keeper()
        await self.database.write(lambda c: settling.drop(c, k, intent, words, due_in_s))

    # -- recovery

    async def recover(self, link: str, settle_s: Mapping[str, float | None]) -> int:
        k = self.keeper()
        return await self.database.write(lambda c: recovery.recover(c, k, link, settle_s))

    async def due_intents(self, link: str, limit: int) -> Sequence[IntentRow]:
        k = self.keeper()
        return await self.database.read(lambda c: recovery.due_intents(c, k, link, limit))

    async def next_due_at(self, link: str) -> datetime | None:
        k = self.keeper()
        return await self.database.scan(lambda c: recovery.next_due_at(c, k, link))

    async def prune(self, older_than: timedelta) -> int:
        k = self.keeper()
        return await self.database.write(lambda c: recovery.prune(c, k, k.now - older_than))

    # -- holds and hints

    async def holds(self, scopes: Sequence[str] | None = None) -> Sequence[HoldRow]:
        return await self.database.read(lambda c: holds.active(c, scopes))

    async def hold(self, scope: str, reason: str, by: str) -> HoldRow:
        k = self.keeper()

        def script(c: Connection) -> HoldRow:
            placed = holds.place(c, k, scope, reason, by)
            return replace(placed, under_way=holds.under_way(c, scope))

        return await self.database.write(script)

    async def trip(self, flow: FlowRow, trips: Sequence[Trip]) -> Sequence[HoldRow]:
        k = self.keeper()
        scope = f"flow:{flow.link}/{flow.entity}"
        return await self.database.write(
            lambda c: [holds.place(c, k, scope, t.message, f"brake:{t.brake.value}", t.size) for t in trips]
        )

    async def release(self, ids: Sequence[int], by: str) -> int:
        k = self.keeper()
        return await self.database.write(lambda c: holds.release(c, k, ids, by))

    async def hints(self, connection: str, limit: int) -> Sequence[tuple[int, str, str]]:
        return await self.database.read(lambda c: hints.pending(c, connection, limit))

    async def add_hints(self, connection: str, new: Sequence[tuple[str, str]], delivery: str) -> bool:
        k = self.keeper()
        return await self.database.write(lambda c: hints.add(c, k, connection, new, delivery))

    async def hints_done(self, ids: Sequence[int]) -> None:
        if ids:
            await self.database.note(lambda c: hints.done(c, ids), brief=len(ids) <= BRIEF)

    async def restored(self) -> bool:
        if self._restored is None:  # it cannot come to be while somebody has the state open
            self._restored = await self.database.read(upkeep.was_restored)
        return self._restored

    async def force(self, flow: FlowRow, side: Side, stream: int, key: str) -> int:
        k = self.keeper()
        return await self.database.write(lambda c: pairs.force(c, k, flow, side, stream, key))

    # -- as a whole

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[Store]:
        copy = await self.database.copy()
        try:
            yield self.on(copy)
        finally:
            await copy.close()

    # -- the vault of rotating credentials (``ports.Vault``)

    async def load(self, connection: str, name: str) -> bytes | None:
        wanted = select(token.c.value).where(token.c.connection == connection, token.c.name == name)
        sealed: bytes | None = await self.database.read(lambda c: c.execute(wanted).scalar_one_or_none())
        return None if sealed is None else self._seal.open(connection, f"token:{name}", sealed)

    async def save(self, connection: str, name: str, value: bytes) -> None:
        sealed = self._seal.seal(connection, f"token:{name}", value)
        at = self._clock.now()

        def script(c: Any) -> None:
            c.execute(delete(token).where(token.c.connection == connection, token.c.name == name))
            c.execute(insert(token).values(connection=connection, name=name, value=sealed, saved_at=at))

        await self.database.write(script)

    async def close(self) -> None:
        await self.database.close()
