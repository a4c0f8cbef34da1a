"""Who is whom: lone records of both sides bound by natural key, and probable duplicates put to a person.

Nothing is guessed. A record that looks like one of the other side is not made there until somebody has
said that they are not the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from rapidfuzz import fuzz

from syncd.core.canonical import empty
from syncd.core.crossing import Crossing
from syncd.core.errors import AwaitReference, RefuseRecord
from syncd.core.likeness import Likeness, block_keys, compare
from syncd.core.matching import natural_keys, pair_up
from syncd.core.model import Operation, PairState, Record, Side
from syncd.core.policy import FieldPolicy, Kind
from syncd.engine import decide as deciding
from syncd.engine.decide import Decided, Sides
from syncd.engine.setup import FlowSetup
from syncd.ports import FlowRow, Lone, Store

_AGAINST: int = -10
"""Points that speak against two records of one name, from which the name alone does not bind them."""


def similarity(left: str, right: str) -> float:
    """0 to 1, whatever the order of the words."""
    return fuzz.token_sort_ratio(left, right) / 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record of the other side, beside the one it may be."""

    key: str
    record: Record
    likeness: Likeness
    held: int | None = None
    """The held create (intent) that must be settled first."""


class Pairing:
    """Matching within one flow. ``streams``: the ids of both sides' streams."""

    def __init__(self, store: Store, setup: FlowSetup, flow: FlowRow, streams: Mapping[Side, int]) -> None:
        self._store = store
        self._setup = setup
        self.flow = flow
        self.streams = streams
        self._fields = {f.name: f for f in setup.policy.fields}

    async def match(self, sides: Sequence[Sides]) -> tuple[bool, Mapping[int, tuple[str, ...]]]:
        """Bind lone records that are the same by natural key: (whether any was bound, pairs that could be
        several records)."""
        ambiguous: dict[int, tuple[str, ...]] = {}
        bound = False
        if len(self.streams) == len(Side) and self._setup.policy.match:
            for side in Side:
                some, open_ = await self._match_side([s for s in sides if set(s.row.keys) == {side}], side)
                bound = bound or some
                ambiguous |= open_
        return bound, ambiguous

    async def _match_side(
        self, lone: Sequence[Sides], side: Side
    ) -> tuple[bool, Mapping[int, tuple[str, ...]]]:
        readable = [one for one in lone if one.refused is None and side in one.records]
        if not readable:
            return False, {}
        crossing = await self._crossing(readable) if self._crossed() else Crossing()
        keys = [(one.row.id, self._natural(one.records[side], side.other, crossing)) for one in readable]
        found = await self._store.candidates(self.flow, self.streams[side.other], side.other, keys)
        matches = pair_up(found)
        wanted = [one for one in readable if one.row.id in matches.bound]
        doubted = await self._wanted_twice(wanted, side, found) | await self._doubted(
            wanted, side, matches.bound, found
        )
        bound = [(pair, key) for pair, key in matches.bound.items() if pair not in doubted]
        if bound:
            await self._store.bind(self.flow, side.other, self.streams[side.other], bound)
        return bool(bound), {**matches.ambiguous, **{pair: (matches.bound[pair],) for pair in doubted}}

    async def _wanted_twice(
        self, wanted: Sequence[Sides], side: Side, found: Mapping[int, Sequence[Sequence[str]]]
    ) -> frozenset[int]:
        """Of these, the pairs that share the key they were found by with another lone record of their own
        side, be it in a batch that comes later: which of the two is meant nobody can tell."""
        if not wanted:
            return frozenset()
        own = [
            (o.row.id, natural_keys(o.records[side], self._setup.policy.match, self._fields)) for o in wanted
        ]
        alike = await self._store.candidates(self.flow, self.streams[side], side, own)
        return frozenset(one.row.id for one in wanted if len(alike[one.row.id][_rank(found[one.row.id])]) > 1)

    def _crossed(self) -> Sequence[FieldPolicy]:
        """Fields of natural keys that each side says in words of its own: references and codes."""
        names = {spelled.partition("~")[0] for key in self._setup.policy.match for spelled in key}
        kinds = (Kind.REFERENCE, Kind.CROSSWALK)
        return [f for f in self._setup.policy.fields if f.kind in kinds and f.name in names]

    def _natural(self, record: Record, to: Side, crossing: Crossing) -> tuple[str | None, ...]:
        """The natural keys as the other side says them: references and codes are crossed first."""
        across = {f.name: _across(f, record, to, crossing) for f in self._crossed()}
        return natural_keys({**record, **across}, self._setup.policy.match, self._fields)

    async def _doubted(
        self,
        lone: Sequence[Sides],
        side: Side,
        bound: Mapping[int, str],
        found: Mapping[int, Sequence[Sequence[str]]],
    ) -> frozenset[int]:
        """Pairs bound by nothing but a name, with something that speaks against it: a chain's two shops."""
        weak = [one for one in lone if one.row.id in bound and self._by_name_alone(_rank(found[one.row.id]))]
        beside = await self.candidates(weak, side)
        return frozenset(
            pair
            for pair, candidates in beside.items()
            for one in candidates
            if one.key == bound[pair] and _against(one.likeness) <= _AGAINST
        )

    def _by_name_alone(self, rank: int) -> bool:
        return self._setup.policy.match[rank] == ("name",)

    async def ask_first(
        self, sides: Sequence[Sides], decided: Sequence[Decided], crossing: Crossing
    ) -> list[Decided]:
        """The same decisions, but what would create a probable duplicate becomes a question."""
        asked: dict[int, Decided] = {}
        for side in Side:
            creating = [
                one
                for one, d in zip(sides, decided, strict=True)
                if (write := d.decision.write) is not None
                and write.operation is Operation.CREATE
                and write.side is side.other
            ]
            beside = await self.candidates(creating, side, crossing)
            for one in creating:
                if probable := _probable(one, beside.get(one.row.id, ())):
                    asked[one.row.id] = deciding.ask(self._setup, one, _question(side.other, probable))
        return [asked.get(d.row.id, d) for d in decided]

    async def in_question(self, lone: Sequence[Sides]) -> frozenset[int]:
        """Bind these lone records to their partners. Returns the pairs of those of whom a person has to say
        first which one that is, or that what looks like it is another."""
        _, ambiguous = await self.match(lone)
        asked = set(ambiguous)
        for side in self._setup.policy.create:  # elsewhere nothing is made beside it
            readable = [one for one in lone if side in one.records]
            beside = await self.candidates(readable, side)
            asked |= {one.row.id for one in readable if _probable(one, beside.get(one.row.id, ()))}
        return frozenset(asked)

    async def candidates(
        self, lone: Sequence[Sides], side: Side, crossing: Crossing | None = None, *, exact: bool = False
    ) -> dict[int, list[Candidate]]:
        """What each of these records of ``side`` could be on the other side, most alike first.
        ``exact``: also those with the same natural key that share no block (too many share it)."""
        if not lone or side.other not in self.streams:
            return {}
        blocks = {one.row.id: block_keys(one.records[side], self._fields) for one in lone}
        within = crossing or await self._crossing(lone)
        also: dict[int, set[str]] = {}
        if exact:
            keys = [(one.row.id, self._natural(one.records[side], side.other, within)) for one in lone]
            named = await self._store.candidates(self.flow, self.streams[side.other], side.other, keys)
            also = {pair: {key for rank in ranks for key in rank} for pair, ranks in named.items()}
        found = await self._store.near(self.flow, self.streams[side.other], side.other, blocks, also)
        by_id = {one.row.id: one for one in lone}
        return {pair: self._ranked(by_id[pair], side, rows, within) for pair, rows in found.items()}

    async def _crossing(self, lone: Sequence[Sides]) -> Crossing:
        asked = deciding.references(self._setup, lone)
        return deciding.crossing_of(self._setup, await self._store.counterparts(self._setup.link, asked))

    def _as_far_as_readable(self, row: Lone, side: Side) -> Record:
        """One in quarantine may be the very one that a create would double."""
        lens = self._setup.specs[side].map
        try:
            wire = orjson.loads(row.raw)
        except orjson.JSONDecodeError:
            return {}
        try:
            return lens.get(wire)
        except RefuseRecord:
            return lens.readable(wire) if isinstance(wire, Mapping) else {}

    def _ranked(self, one: Sides, side: Side, rows: Sequence[Lone], crossing: Crossing) -> list[Candidate]:
        mine, ranked = one.records[side], []
        for row in rows:
            record = self._as_far_as_readable(row, side.other)
            left, right = (mine, record) if side is Side.LEFT else (record, mine)
            likeness = compare(left, right, self._fields, crossing, similarity)
            ranked.append(Candidate(row.key, record, likeness, row.held))
        return sorted(ranked, key=lambda c: (-c.likeness.score, c.key))


def _rank(found: Sequence[Sequence[str]]) -> int:
    """The first rank of trust that found anything."""
    return next(rank for rank, keys in enumerate(found) if keys)


def _probable(one: Sides, beside: Sequence[Candidate]) -> list[Candidate]:
    """Those that are worth a question. What was asked once stays asked while anything still speaks for it:
    somebody who edits one of the two meanwhile has not said that they are not the same."""
    asked_before = one.row.state is PairState.UNMATCHED
    return [
        candidate
        for candidate in beside
        if candidate.likeness.probable
        or (asked_before and any(e.points > 0 for e in candidate.likeness.evidence))
    ]


def _across(field: FieldPolicy, record: Record, to: Side, crossing: Crossing) -> str | None:
    value = record.get(field.name)
    if empty(value):
        return None  # a default is written for it, and is nothing to know the record by
    try:
        crossed = crossing.cross(field, value, to)
    except AwaitReference:
        return None  # not paired yet: the record waits for it anyway
    except RefuseRecord:
        return None  # a code that the table does not have: that refuses the record where it is decided
    return None if crossed is None else str(crossed)


def _against(likeness: Likeness) -> int:
    return sum(e.points for e in likeness.evidence if e.points < 0)


def _question(side: Side, probable: Sequence[Candidate]) -> str:
    best = probable[0]
    says = ", ".join(e.says for e in best.likeness.evidence if e.points > 0)
    more = f", or one of {len(probable) - 1} more" if len(probable) > 1 else ""
    return f"it looks like {best.key} on the {side.value} ({says}){more}; a person says"
