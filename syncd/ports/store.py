"""The engine's memory: rows it reads, and the few transactions that change them.

Every method is one transaction: it happened whole, or not at all. Methods that write are grouped
by the store into few commits (one fsync, many of them), so they may be awaited one record at a time.

A load makes a dozen rows a record: they are structs, as frozen as a dataclass, made in a tenth of its time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Protocol

from msgspec import Struct
from msgspec import field as made

from syncd.core.brakes import Trip
from syncd.core.crossing import PairKey
from syncd.core.decision import Conflict, Resolution
from syncd.core.model import IntentState, PairState, Record, Side
from syncd.core.outcome import ErrorClass
from syncd.ports.connector import WriteRequest
from syncd.ports.streams import Known, Observation, StreamRow


class FlowRow(Struct, frozen=True):
    """One entity of one link."""

    id: int
    link: str
    entity: str
    first_sync_done: bool
    fingerprint: str
    """Of maps, policy and crosswalks at the last finished cycle."""
    ceiling: int = 0
    """Writes that releasing a brake has let through for the next plan."""
    offsets: Mapping[Side, int] = made(default_factory=dict)
    """How much of each side's stream it has consumed."""


class FlowState(Struct, frozen=True):
    """One flow as a cycle finds it: its row, what it reads from, and what waits in it."""

    flow: FlowRow
    streams: Mapping[Side, StreamRow]
    due: bool
    """Whether there are pairs to decide now."""
    doubtful: bool
    """Whether there are writes to look at now: in doubt, taken in, or to be tried again."""
    merged: bool
    """Whether any record was ever merged into another, so that a pair may have to follow it."""

    @property
    def news(self) -> int:
        """Changes not consumed yet."""
        return sum(stream.seq - self.flow.offsets[side] for side, stream in self.streams.items())


class Lone(Struct, frozen=True):
    """A record that has no partner in its flow, as a candidate to become one."""

    key: str
    raw: bytes
    held: int | None = None
    """The held create (intent) of its pair: its partner may have been made already."""


class PairRow(Struct, frozen=True):
    """One pair to decide about, with what each side shows. ``None`` side: not known there."""

    id: int
    state: PairState
    keys: Mapping[Side, str]
    raw: Mapping[Side, bytes]
    gone: Mapping[Side, bool]
    bases: Mapping[Side, Record]
    hashes: Mapping[Side, bytes]
    """Content hashes of what is shown here; a decision is stored beside them."""
    historical: bool
    forced: bool
    attempts: int
    waits: tuple[Side, str, str] | None = None
    """(side, entity, key) of the record it waits for."""
    removals: Mapping[Side, tuple[str, str]] = made(default_factory=dict)
    """Of a side whose record is gone: (how that is known, the key it was merged into or nothing)."""
    resolutions: tuple[Resolution, ...] = ()
    """What people said about its conflicts, not carried out yet."""
    code: str = ""
    reason: str = ""
    field: str = ""
    """Why it stands as it does: of a quarantined one, the refusal in the platform's own words."""

    @property
    def living(self) -> frozenset[Side]:
        """The sides on which its record still is."""
        return frozenset(side for side in self.keys if not self.gone[side])


class Merge(Struct, frozen=True):
    """A pair whose record was merged into another of its side, which has no partner."""

    pair: int
    side: Side
    heir: str
    """The key of that other one."""
    lone: PairRow | None
    """The pair in which that one stands alone, where it has been consumed by now."""


class Verdict(Struct, frozen=True):
    """A decision that writes nothing, to be stored on its pair."""

    pair: int
    state: PairState
    hashes: Mapping[Side, bytes]
    bases: Mapping[Side, Record] | None = None
    """New bases (adopt); None leaves them."""
    code: str = ""
    reason: str = ""
    field: str = ""
    conflicts: Sequence[Conflict] = ()
    waits: tuple[Side, str, str] | None = None
    due_in_s: float | None = None
    """Decide again after this long; None: when something changes."""
    historical: bool = False
    attempts: int = 0
    refused: Sequence[str] = ()
    """Units whose resolution was given for values that have changed since."""


class NewIntent(Struct, frozen=True):
    """A write to be put on disk before it is sent."""

    pair: int
    side: Side
    connection: str
    request: WriteRequest
    bases: Mapping[Side, Record]
    """The pair's bases once this and its siblings are confirmed (before what was confirmed is laid in)."""
    hashes: Mapping[Side, bytes]
    fields: Sequence[str] = ()
    """Canonical names of what is written: the bases of these follow what is confirmed."""
    again: bool = False
    """Decide the pair again once this one is settled."""
    natural: str | None = None
    """For a create: the natural key; at most one create of it per connection is open at a time."""
    conflicts: Sequence[Conflict] = ()
    then: Sequence[WriteRequest] = ()
    """Actions that follow once this one is posted, one after the other (each an intent of its own)."""
    then_if_rejected: Sequence[WriteRequest] = ()
    actor: str = ""
    refused: Sequence[str] = ()
    """As of a verdict."""
    amount: Decimal = Decimal(0)
    """The money it moves, for the link's budget; without a sign."""


class IntentRow(Struct, frozen=True):
    """An intent as it stands on disk."""

    id: int
    flow: int
    link: str
    pair: int
    side: Side
    connection: str
    state: IntentState
    request: WriteRequest
    bases: Mapping[Side, Record]
    fields: Sequence[str]
    again: bool
    then: Sequence[WriteRequest]
    then_if_rejected: Sequence[WriteRequest]
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    actor: str
    amount: Decimal = Decimal(0)
    remote_key: str = ""
    """Its record on the remote, as far as the platform has named it."""


class Acknowledgement(Struct, frozen=True):
    """The action that follows a settled intent, and those after it."""

    side: Side
    connection: str
    request: WriteRequest
    then: Sequence[WriteRequest]


class Settlement(Struct, frozen=True):
    """How one intent ended well: what the platform showed when it was read back."""

    intent: IntentRow
    observed: Observation | None
    """The record on the written side; None for an action, which leaves the pair's bases alone."""
    bases: Mapping[Side, Record] | None
    conflicts: Sequence[Conflict] = ()
    """Found while confirming (the ledger shows another amount); added to those already open."""
    next: Acknowledgement | None = None
    cut: Sequence[str] = ()
    """Texts that were read back shorter than they were sent, beyond what the platform is known to hold."""


EVERYTHING: Final = "everything"
"""The hold scope of the kill switch."""


class HoldRow(Struct, frozen=True):
    """No writes here until released."""

    id: int
    scope: str
    reason: str
    by: str
    since: datetime
    under_way: int = 0
    """Writes within it that were sent before it was placed, and have no answer yet."""


class Counts(Struct, frozen=True):
    """Pairs of one flow by state, and what is under way."""

    states: Mapping[PairState, int] = made(default_factory=dict)
    intents: Mapping[IntentState, int] = made(default_factory=dict)
    bound: int = 0
    due: int = 0
    oldest_due_at: datetime | None = None
    held_writes: int = 0
    """Intents that only a person can settle."""


class Store(Protocol):
    """What the engine asks of its memory."""

    # -- observing
    async def stream(self, connection: str, entity: str) -> StreamRow: ...
    async def known(self, stream: int, keys: Sequence[str]) -> Mapping[str, Known]: ...
    async def news_of(self, stream: int, keys: Sequence[str], within_s: float) -> frozenset[str]:
        """Which of these records changed here, or were written to by us, within the last ``within_s``
        seconds."""
        ...

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
        """Store a page and the progress of its walk together. The watermark moves only when ``finished``."""
        ...

    async def records_seen(
        self, stream: StreamRow, observations: Sequence[Observation], answered: Sequence[int] = ()
    ) -> None:
        """Store records that were fetched by their keys; the progress of the stream's walk stays. What
        announced them (``answered``, by id) is done with in the same transaction."""
        ...

    async def walk_incomplete(self, stream: StreamRow, fingerprint: str, error: str) -> None:
        """A walk came to its end and left something out: the watermark stays."""
        ...

    async def stream_failed(self, stream: int, error: str) -> None: ...
    async def swept(
        self, stream: int, seen: Collection[str], started: datetime, apart_s: float
    ) -> Sequence[str]:
        """A complete full listing that began at ``started`` showed these keys. Returns those of living
        records that it did not show, and that one of at least ``apart_s`` before it did not show either."""
        ...

    async def found_again(self, stream: int, keys: Sequence[str]) -> None:
        """Not missing: the platform shows them when asked for them one by one."""
        ...

    async def merges(self, flow: FlowRow, streams: Mapping[Side, int]) -> Sequence[Merge]:
        """Pairs whose record was merged into another that has no partner, and that no write is under way
        for."""
        ...

    async def follow_merges(
        self,
        flow: FlowRow,
        streams: Mapping[Side, int],
        merges: Sequence[Merge],
        says: Callable[[Side, bytes], Collection[str]],
    ) -> int:
        """These of them, so far as they still are, get the record theirs was merged into. Returns how many.

        ``says``: the fields that a raw record of a side says anything of.
        """
        ...

    # -- consuming and deciding
    async def flow(self, link: str, entity: str) -> FlowRow: ...
    async def states(
        self, link: str, ends: Mapping[Side, str], wanted: Mapping[str, Collection[Side]]
    ) -> Mapping[str, FlowState]:
        """How flows stand now (made on first sight). ``wanted``: entity -> the sides that have it."""
        ...

    async def consume(self, flow: FlowRow, streams: Mapping[Side, StreamRow], *, historical: bool) -> int:
        """Make pairs due whose records changed between what this flow has consumed and what these streams
        had shown, each as of its row. Returns how many changed."""
        ...

    async def due_pairs(
        self, flow: FlowRow, limit: int, only: Sequence[int] | None = None, after: int = 0
    ) -> Sequence[PairRow]:
        """Pairs to decide now, by id from ``after`` on; never one with a write under way."""
        ...

    async def counterparts(self, link: str, asked: Sequence[PairKey]) -> Mapping[PairKey, str]:
        """The other side's keys of records paired within ``link``."""
        ...

    async def candidates(
        self, flow: FlowRow, stream: int, side: Side, natural: Sequence[tuple[int, tuple[str | None, ...]]]
    ) -> Mapping[int, Sequence[Sequence[str]]]:
        """For unpaired records (pair id, natural keys): by rank, keys of living, unbound records of
        ``side``'s stream with the same natural key."""
        ...

    async def near(
        self,
        flow: FlowRow,
        stream: int,
        side: Side,
        blocks: Mapping[int, frozenset[str]],
        also: Mapping[int, Collection[str]] = MappingProxyType({}),
    ) -> Mapping[int, Sequence[Lone]]:
        """For unpaired records (pair id -> block keys): living records of ``side``'s stream without a
        partner that share one, but for those a person said are not the same. ``also``: these keys, too."""
        ...

    async def bind(self, flow: FlowRow, side: Side, stream: int, matches: Sequence[tuple[int, str]]) -> None:
        """Pairs (id) get their record on ``side`` (key); the lone pair of that record is merged in."""
        ...

    async def open_creates(self, flow: FlowRow) -> frozenset[Side]:
        """Sides on which a create of this flow is under way or in doubt; one held for a person is not: what
        looks like it is found by ``near``."""
        ...

    async def refusals(self, pairs: Sequence[int]) -> Mapping[int, tuple[str, str]]:
        """(error class, words) of the last write of a record that was refused, by pair (id)."""
        ...

    async def counts(self, flow: FlowRow) -> Counts: ...
    async def busiest(self, which: Sequence[int], within_s: float) -> int:
        """Most writes any of these pairs had within the last ``within_s`` seconds."""
        ...

    async def write_down(
        self, flow: FlowRow, verdicts: Sequence[Verdict], new: Sequence[NewIntent]
    ) -> Sequence[IntentRow]:
        """Verdicts and intents of one batch, in one transaction. A create whose natural key is already
        being created waits (its pair is due again shortly) and is not among the returned."""
        ...

    async def decide_by(self, flow: FlowRow, fingerprint: str) -> None:
        """From now on these rules decide, not those of the last cycle that came to its end. If there was one,
        every pair is due, but for those that a person told us to leave alone; and until the next has come to
        its end the rules count as changed, whatever they are by then: what these have decided stands."""
        ...

    async def cycle_done(
        self,
        flow: FlowRow,
        *,
        fingerprint: str,
        first_sync_done: bool,
        error: str = "",
        quiet: bool = True,
    ) -> None:
        """``quiet``: nothing was written, so what a released brake let through is used up."""
        ...

    # -- applying and settling
    async def mark_sent(self, intent: IntentRow) -> bool:
        """Hold check and ``planned -> sent`` as one transaction. False: a hold covers it; the intent is
        dropped and its pair is held, to be planned anew on release."""
        ...

    async def may_go_out(self, intent: IntentRow) -> bool:
        """Whether no hold covers it by now: it was marked, and has waited for its turn since."""
        ...

    async def settle(self, settlement: Settlement) -> IntentRow | None:
        """Base, binding, journal and the next intent together. Returns the next intent, if any."""
        ...

    async def accepted(self, intent: IntentRow, key: str, look_after_s: float) -> None:
        """``key`` empty: the one that is known stays."""
        ...

    async def rejected(
        self, intent: IntentRow, error: ErrorClass, words: str, field: str, next_: Acknowledgement | None
    ) -> IntentRow | None: ...
    async def retry_later(self, intent: IntentRow, error: ErrorClass, words: str, after_s: float) -> None: ...
    async def uncertain(
        self, intent: IntentRow, words: str, look_after_s: float | None, key: str = ""
    ) -> None:
        """``look_after_s`` None: nothing bounds the wait, a person decides (held). ``key``: the record that
        the platform has named already."""
        ...

    async def hold_intent(self, intent: IntentRow, words: str) -> None: ...
    async def resend(self, intent: IntentRow) -> None:
        """It was looked up and is proven absent: planned again under the same reference."""
        ...

    async def outdated(self, intents: Sequence[IntentRow]) -> frozenset[int]:
        """Those (by id) whose pair shows other content by now than they were decided on."""
        ...

    async def drop(self, intent: IntentRow, words: str, *, due_in_s: float) -> None:
        """It was never carried out and is out of date: forget it and decide its pair anew."""
        ...

    # -- recovery
    async def recover(self, link: str, settle_s: Mapping[str, float | None]) -> int:
        """After a start: what was ``sent`` is uncertain, what was ``planned`` is planned anew.
        ``settle_s``: per connection. Returns how many writes were in doubt."""
        ...

    async def due_intents(self, link: str, limit: int) -> Sequence[IntentRow]:
        """Planned ones whose retry time has come, and uncertain or accepted ones to look up now."""
        ...

    async def next_due_at(self, link: str) -> datetime | None:
        """When something of the link falls due that is not due yet."""
        ...

    async def prune(self, older_than: timedelta) -> int:
        """Forget journal lines and settled intents of before; returns how many. What is open stays."""
        ...

    # -- holds and hints
    async def holds(self, scopes: Sequence[str] | None = None) -> Sequence[HoldRow]: ...
    async def hold(self, scope: str, reason: str, by: str) -> HoldRow: ...
    async def trip(self, flow: FlowRow, trips: Sequence[Trip]) -> Sequence[HoldRow]:
        """Each brake becomes a hold of the flow, once."""
        ...

    async def release(self, ids: Sequence[int], by: str) -> int: ...
    async def hints(self, connection: str, limit: int) -> Sequence[tuple[int, str, str]]:
        """(id, entity, key) of announced changes not read yet."""
        ...

    async def add_hints(self, connection: str, new: Sequence[tuple[str, str]], delivery: str) -> bool:
        """False: this delivery was stored before."""
        ...

    async def hints_done(self, ids: Sequence[int]) -> None: ...
    async def restored(self) -> bool:
        """Whether this state was ever put back from a backup: then it may have forgotten writes."""
        ...

    async def force(self, flow: FlowRow, side: Side, stream: int, key: str) -> int:
        """A person ordered this record: its pair (made if need be) is due now. Returns the pair."""
        ...
