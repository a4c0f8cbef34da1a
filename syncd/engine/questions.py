"""What only a person can say: which record of the other side this is, and what became of a held write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from syncd.api.models import Done, HeldItem, LifeField, MatchCandidate, MatchItem
from syncd.core.errors import FixInput, NothingMatched, SyncdError
from syncd.core.model import Operation, Record, Side
from syncd.core.outcome import Confirmed
from syncd.engine import decide as deciding
from syncd.engine.apply import Tally
from syncd.engine.cycle import LinkEngine
from syncd.engine.observe import Read, observe_keys, store_seen
from syncd.engine.pairing import Candidate, Pairing
from syncd.engine.setup import FlowSetup
from syncd.engine.views import text
from syncd.ports import Asking, HeldRow, IntentRow, PairRow, Records, Seen, Store

_SHOWN_MAX = 10
"""Candidates shown of one record; the rest is less alike than these."""


class AskingStore(Store, Records, Asking, Protocol):
    """All faces of the store."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One open question: a lone record, and who it may be."""

    engine: LinkEngine
    setup: FlowSetup
    pairing: Pairing
    one: deciding.Sides
    side: Side
    candidates: Sequence[Candidate]


class Matching:
    """``syncd match``: lone records that look like one of the other side."""

    def __init__(self, links: Mapping[str, LinkEngine], store: AskingStore) -> None:
        self._links = links
        self._store = store

    async def open(self, engines: Sequence[LinkEngine], flow: str | None, limit: int) -> list[MatchItem]:
        """Every open question, each from one side only where both sides ask it."""
        items: list[MatchItem] = []
        for engine in engines:
            for setup in engine.setup.flows:
                if flow is None or setup.entity == flow:
                    row = await self._store.flow(setup.link, setup.entity)
                    rows = await self._store.unmatched(row, limit - len(items))
                    items += _once([_item(a) for a in await self._asked(engine, setup, rows)])
        return items[:limit]

    async def _asked(self, engine: LinkEngine, setup: FlowSetup, rows: Sequence[PairRow]) -> list[Asked]:
        pairing = await pairing_of(self._store, setup)
        asked: list[Asked] = []
        for side in Side:
            lone = [deciding.parse(setup, row) for row in rows if row.living == {side}]
            readable = [one for one in lone if side in one.records]
            found = await pairing.candidates(readable, side, exact=True)
            asked += [
                Asked(engine, setup, pairing, one, side, found.get(one.row.id, [])[:_SHOWN_MAX])
                for one in readable
            ]
        return asked

    async def accept(self, choices: Sequence[tuple[int, str]], actor: str) -> Done:
        """ "It is this one", of each (pair, key on the other side)."""
        done: list[int] = []
        for one, key in [(await self._find(pair), key) for pair, key in choices]:
            candidate = next((c for c in one.candidates if c.key == key), None)
            if candidate is None:
                keys = ", ".join(c.key for c in one.candidates) or "none is left"
                raise NothingMatched(f"{one.one.row.id} is not asked about {key!r}; candidates: {keys}")
            if candidate.held is not None:
                mine = one.one.row.keys[one.side]
                raise FixInput(
                    f"whether {key} was created already is itself a question (held write {candidate.held})",
                    remedy=f"syncd held settle {candidate.held} --is {mine}",
                )
            async with one.engine.turn:
                done += await self._store.accept_match(
                    one.pairing.flow,
                    one.side.other,
                    one.pairing.streams[one.side.other],
                    [(one.one.row.id, key)],
                    actor,
                )
        left = len(choices) - len(done)
        more = f"; {left} had found a partner meanwhile" if left else ""
        return Done(count=len(done), message=f"{len(done)} matched{more}", ids=done)

    async def reject(self, choices: Sequence[tuple[int, str]], actor: str) -> Done:
        """ "These two are not the same"; an empty key: none of its candidates is, make a new one."""
        count = 0
        for pair, key in choices:
            one = await self._find(pair)
            keys = [key] if key else [c.key for c in one.candidates]
            if key and key not in {c.key for c in one.candidates}:
                raise NothingMatched(f"{pair} is not asked about {key!r}", remedy=f"syncd match show {pair}")
            async with one.engine.turn:
                count += await told_apart(self._store, one.pairing, one.side.other, pair, keys, actor)
        message = f"{count} told apart; what is nobody's double is created in the next cycle"
        return Done(count=count, message=message, ids=list(dict.fromkeys(pair for pair, _ in choices)))

    async def _find(self, pair: int) -> Asked:
        life = await self._store.life(pair)
        engine = self._links.get(life.link) if life is not None else None
        setup = engine.setup.flow(life.entity) if engine is not None and life is not None else None
        if life is not None and engine is not None and setup is not None and len(life.row.living) == 1:
            asked = await self._asked(engine, setup, [life.row])
            if asked:
                return asked[0]
        raise NothingMatched(f"no record with the number {pair} is to be matched", remedy="syncd match list")


async def pairing_of(store: Store, setup: FlowSetup) -> Pairing:
    """Matching within one flow, as its streams stand."""
    flow = await store.flow(setup.link, setup.entity)
    ids = {side: (await store.stream(setup.ends[side].connection, setup.entity)).id for side in setup.specs}
    return Pairing(store, setup, flow, ids)


async def told_apart(
    store: AskingStore, pairing: Pairing, side: Side, pair: int, keys: Sequence[str], actor: str
) -> int:
    """A person said that a lone pair is none of these records of ``side``. Returns how many were new."""
    apart = [(pair, key) for key in keys]
    return await store.reject_match(pairing.flow, side, pairing.streams[side], apart, actor)


def _item(asked: Asked) -> MatchItem:
    row = asked.one.row
    return MatchItem(
        id=row.id,
        link=asked.setup.link,
        flow=asked.setup.entity,
        side=asked.side.value,
        key=row.keys[asked.side],
        label=deciding.label(asked.setup, asked.one),
        reason=row.reason,
        candidates=[candidate_view(asked.setup, asked.one, asked.side, c) for c in asked.candidates],
    )


def _once(items: Sequence[MatchItem]) -> list[MatchItem]:
    """Where two records look like each other and both are asked about, it is one question."""
    left = {(i.key, c.key) for i in items if i.side == Side.LEFT.value for c in i.candidates}
    return [
        i for i in items if i.side == Side.LEFT.value or not any((c.key, i.key) in left for c in i.candidates)
    ]


def candidate_view(setup: FlowSetup, one: deciding.Sides, side: Side, candidate: Candidate) -> MatchCandidate:
    mine, other = one.records[side], candidate.record
    left, right = (mine, other) if side is Side.LEFT else (other, mine)
    return MatchCandidate(
        key=candidate.key,
        label=_named(setup, other) or candidate.key,
        score=candidate.likeness.score,
        evidence=[f"{e.says} ({e.points:+d})" for e in candidate.likeness.evidence if e.points],
        held=candidate.held,
        fields=_beside(setup, left, right),
    )


def _named(setup: FlowSetup, record: Record) -> str:
    return next((str(v) for name in setup.kind.label if (v := record.get(name)) not in (None, "")), "")


def _beside(setup: FlowSetup, left: Record, right: Record) -> list[LifeField]:
    names = [f.name for f in setup.policy.fields if left.get(f.name) or right.get(f.name)]
    return [
        LifeField(
            name=n, left=text(left.get(n)), right=text(right.get(n)), differs=left.get(n) != right.get(n)
        )
        for n in names
    ]


class Doubts:
    """``syncd held``: writes of which nothing but a person can say whether they were carried out."""

    def __init__(self, links: Mapping[str, LinkEngine], store: AskingStore) -> None:
        self._links = links
        self._store = store

    async def open(self, link: str | None) -> list[HeldItem]:
        """Without candidates: those cost requests to the platform, see ``show``."""
        return [
            self._item(setup, row, [])
            for row in await self._store.held_intents(link)
            if (setup := self._setup(row.intent)) is not None
        ]

    async def show(self, ident: int) -> HeldItem:
        """One, beside what the platform shows that it may have become."""
        row, setup = await self._find(ident)
        if row.intent.request.operation is not Operation.CREATE:
            return self._item(setup, row, [])
        one = await self._source(setup, row.intent)
        if one is None:
            return self._item(setup, row, [])
        async with self._links[row.intent.link].turn:
            await self._look(setup, row.intent, deciding.label(setup, one))
        pairing = await pairing_of(self._store, setup)
        side = row.intent.side.other
        found = await pairing.candidates([one], side, exact=True)
        views = [candidate_view(setup, one, side, c) for c in found.get(one.row.id, [])[:_SHOWN_MAX]]
        return self._item(setup, row, views)

    async def _look(self, setup: FlowSetup, intent: IntentRow, label: str) -> None:
        """Read what may be it, as far as the platform lets us: by our reference, and by its name."""
        end = setup.ends[intent.side]
        found: list[Seen] = []
        for asked in (
            end.connector.evidence(intent.request),
            end.connector.search(setup.entity, label),
        ):
            try:
                found += await asked
            except SyncdError:
                continue  # what was read before is shown all the same
        stream = await self._store.stream(end.connection, setup.entity)
        shown = {seen.key: seen for seen in found if seen.raw}
        await store_seen(self._store, end, stream, list(shown.values()), Read())
        flow = await self._store.flow(setup.link, setup.entity)
        streams = {s: await self._store.stream(e.connection, setup.entity) for s, e in setup.ends.items()}
        await self._store.consume(flow, streams, historical=not flow.first_sync_done)

    async def settle(self, ident: int, key: str | None, actor: str) -> Done:
        """``key``: "it is this one"; None: "it was not carried out, send it again"."""
        row, setup = await self._find(ident)
        engine = self._links[row.intent.link]
        async with engine.turn:
            row, setup = await self._find(ident)
            said = f"it is {key}" if key is not None else "send it again"
            await self._store.settled_by(row.intent, said, actor)
            if row.intent.request.operation in (Operation.UPDATE, Operation.DELETE):
                await self._decide_anew(setup, row.intent)
                message = "its record is read, and what is still to be written is decided anew"
            elif key is not None:
                message = await self._is(engine, setup, row.intent, key)
            else:
                message = await self._again(setup, row.intent, actor)
        return Done(count=1, message=message, ids=[ident])

    async def _is(self, engine: LinkEngine, setup: FlowSetup, intent: IntentRow, key: str) -> str:
        raw = None
        if intent.request.operation is Operation.CREATE:
            seen = await setup.ends[intent.side].connector.fetch(setup.entity, key)
            if seen is None:
                raise NothingMatched(f"{setup.entity} {key} does not exist on the {intent.side.value}")
            key, raw = seen.key, seen.raw
        tally = Tally()
        following = await engine.applier.conclude(intent, Confirmed(key, raw), tally)
        if await self._store.held_intent(intent.id) is not None:
            raise FixInput(f"{setup.entity} {key} is bound to another record already")
        await engine.applier.apply([following] if following else [], tally)
        return f"settled: it is {key}" if intent.request.operation is Operation.CREATE else "settled: done"

    async def _again(self, setup: FlowSetup, intent: IntentRow, actor: str) -> str:
        if intent.request.operation is Operation.ACTION:
            await self._store.resend(intent)
            return "sent again in the next cycle"
        one = await self._source(setup, intent)
        if one is not None:
            # whoever says "again" has seen what looks like it: that is not asked once more
            pairing = await pairing_of(self._store, setup)
            found = await pairing.candidates([one], intent.side.other, exact=True)
            alike = [c.key for c in found.get(one.row.id, ()) if c.likeness.probable]
            await told_apart(self._store, pairing, intent.side, one.row.id, alike, actor)
        await self._store.drop(intent, "a person says that it was not carried out", due_in_s=0.0)
        return "planned anew from its source, and sent in the next cycle"

    async def _decide_anew(self, setup: FlowSetup, intent: IntentRow) -> None:
        """Equal content settles these by itself: read what is there, and see what is left to write."""
        read = await observe_keys(
            self._store, setup.ends[intent.side], setup.entity, [intent.request.key or ""]
        )
        if read.error:
            raise SyncdError(f"it cannot be read just now: {read.error}", remedy="try again later")
        await self._store.drop(intent, "settled by a person: decided anew", due_in_s=0.0)

    async def _source(self, setup: FlowSetup, intent: IntentRow) -> deciding.Sides | None:
        life = await self._store.life(intent.pair)
        if life is None:
            return None
        one = deciding.parse(setup, life.row)
        return one if intent.side.other in one.records and intent.side not in one.row.keys else None

    async def _find(self, ident: int) -> tuple[HeldRow, FlowSetup]:
        row = await self._store.held_intent(ident)
        setup = self._setup(row.intent) if row is not None else None
        if row is None or setup is None:
            raise NothingMatched(f"no held write has the number {ident}", remedy="syncd held list")
        return row, setup

    def _setup(self, intent: IntentRow) -> FlowSetup | None:
        engine = self._links.get(intent.link)
        return engine.setup.flow(intent.request.entity) if engine is not None else None

    @staticmethod
    def _item(setup: FlowSetup, row: HeldRow, candidates: Sequence[MatchCandidate]) -> HeldItem:
        intent = row.intent
        one = deciding.parse(setup, row.pair)
        return HeldItem(
            id=intent.id,
            link=intent.link,
            flow=setup.entity,
            operation=intent.request.name,
            side=intent.side.value,
            key=intent.remote_key,
            source_key=intent.request.source_key,
            label=deciding.label(setup, one),
            reason=row.words,
            sent_at=intent.sent_at,
            pair=intent.pair,
            candidates=list(candidates),
        )
