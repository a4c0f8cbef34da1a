"""Sending what was written down, and putting on disk what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import orjson
from msgspec.structs import replace

from syncd.core.crossing import Crossing
from syncd.core.decision import Conflict
from syncd.core.errors import RefuseRecord, RenewCredentials, RetryLater, SyncdError
from syncd.core.model import IntentState, Operation, Record, Side
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected, Retry, Unknown
from syncd.core.policy import Kind
from syncd.core.reconcile import confirmed_bases, is_void, other_amounts
from syncd.engine import generation
from syncd.engine.gate import Gate
from syncd.engine.observe import Read, mapped_record, observe_keys, observe_record, shown_hash, store_seen
from syncd.engine.setup import FlowSetup
from syncd.ports import (
    Acknowledgement,
    Capabilities,
    IntentRow,
    Seen,
    Settlement,
    Store,
    WriteRequest,
    Written,
)
from syncd.ports.sending import sending, still_permitted

_RETRY_FIRST_S = 2.0
_RETRY_MAX_S = 900.0
"""Proven not executed: asked again after 2, 4, 8 ... seconds, at most a quarter of an hour apart."""
_TRIES_MAX = 50
"""About half a day of a platform that always says "later": then a person should look."""
_UNSEEN_MAX = 8
"""Times a write is repeated under its key because what it made cannot be seen."""
_LOOK_AGAIN_S = 30.0
"""When a look-up itself failed."""


@dataclass(slots=True)
class Tally:
    """What became of the writes of one flow in one cycle."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    actions: int = 0
    rejected: int = 0
    uncertain: int = 0
    retried: int = 0
    held: int = 0
    errors: list[str] = field(default_factory=list)


_COUNTED = {
    Operation.CREATE: "created",
    Operation.UPDATE: "updated",
    Operation.DELETE: "deleted",
    Operation.ACTION: "actions",
}


@dataclass(frozen=True, slots=True)
class _Looked:
    """What looking came to: it was carried out before, or (None) it is not to be sent now."""

    outcome: Outcome | None


class Applier:
    """Applies intents of one link; concurrency by each connection's own limit."""

    def __init__(self, store: Store, flows: Mapping[str, FlowSetup], gates: Mapping[str, Gate]):
        self._store = store
        self._flows = flows
        self._gates = gates
        self.stopping = asyncio.Event()
        """Set: what is not on the wire yet stays planned."""

    async def apply(self, intents: Sequence[IntentRow], tally: Tally) -> None:
        """Send them all, each with everything that follows from it."""
        async with asyncio.TaskGroup() as group:
            for intent in intents:
                group.create_task(self._through(intent, tally))

    async def _through(self, intent: IntentRow, tally: Tally) -> None:
        """One intent, then the actions that follow it, one after the other."""
        following: IntentRow | None = intent
        while following is not None:
            async with self._gates[following.connection].line:
                outcome = await self._send(following, tally)
            # its place on the wire is free for the next one while this one goes to disk
            following = None if outcome is None else await self.conclude(following, outcome, tally)

    async def _send(self, intent: IntentRow, tally: Tally) -> Outcome | None:
        """What became of it on the wire; None where it was not sent."""
        setup, wire = self._flows[intent.request.entity], self._gates[intent.connection].wire
        if self.stopping.is_set():
            return None
        if intent.state is IntentState.PLANNED:
            guarded = await self._as_decided(setup, intent, tally)
            if guarded is None:
                return None
            intent = guarded
        if generation.must_be_looked_up(intent) and await self._store.restored():
            async with wire:
                looked = await self._already_done(setup, intent, tally)
            if looked is not None:
                return looked.outcome
        # the last thing before the wire, and one transaction: this is where a hold takes effect
        if not await self._store.mark_sent(intent):
            tally.held += 1
            return None
        clock = asyncio.get_running_loop().time
        marked = clock()
        with sending(partial(self._store.may_go_out, intent)):
            async with wire:
                if self.stopping.is_set() or not await still_permitted(clock() - marked):
                    words = f"{intent.connection}: called off while it waited for its turn"
                    return Retry(ErrorClass.GUARD, words)
                return await self._submitted(setup, intent, tally)

    async def _submitted(self, setup: FlowSetup, intent: IntentRow, tally: Tally) -> Outcome:
        try:
            return await setup.ends[intent.side].connector.submit(intent.request)
        except (RetryLater, RenewCredentials) as refused:
            # both are proven not executed; the login or the platform needs time, not this record
            after_s = refused.after_s if isinstance(refused, RetryLater) else None
            tally.errors.append(refused.message)
            return Retry(ErrorClass.AUTH, refused.message, after_s)
        except SyncdError as error:
            return Unknown(ErrorClass.INTERNAL, error.message)

    async def _already_done(self, setup: FlowSetup, intent: IntentRow, tally: Tally) -> _Looked | None:
        """What a restored state may have forgotten; None: proven absent, to be sent."""
        operation = setup.specs[intent.side].operations.get(intent.request.name)
        if not generation.can_be_looked_up(operation):
            words = f"put back from a backup: nothing proves whether {intent.request.name} was carried out"
            await self._store.hold_intent(intent, f"{words}; a person decides")
            tally.held += 1
            return _Looked(None)
        try:
            found = await generation.carried_out(setup.ends[intent.side].connector, intent.request)
        except SyncdError as error:
            await self._store.retry_later(intent, ErrorClass.CONNECTION, error.message, _LOOK_AGAIN_S)
            tally.retried += 1
            tally.errors.append(error.message)
            return _Looked(None)
        if len(found) > 1:
            keys = ", ".join(seen.key for seen in found[:5])
            await self._store.hold_intent(intent, f"{len(found)} records may be this one: {keys}")
            tally.held += 1
            return _Looked(None)
        return _Looked(Confirmed(found[0].key, found[0].raw or None)) if found else None

    async def _as_decided(self, setup: FlowSetup, intent: IntentRow, tally: Tally) -> IntentRow | None:
        """The intent, if its record still is what was decided on, where the platform does not check that
        itself. A telling, which looks at one field alone, is guarded by the version that was looked at."""
        request, spec, end = intent.request, setup.specs[intent.side], setup.ends[intent.side]
        unguarded = request.expected is not None and not spec.conditional_write
        if request.key is None or not (request.was or unguarded):
            return intent
        try:
            async with self._gates[intent.connection].wire:
                seen = await end.connector.fetch(request.entity, request.key)
        except SyncdError as error:
            asked_s = error.after_s if isinstance(error, RetryLater) else None
            after_s = retry_delay(intent.attempts, asked_s)
            await self._store.retry_later(intent, ErrorClass.CONNECTION, error.message, after_s)
            tally.retried += 1
            tally.errors.append(error.message)
            return None
        if seen is None:
            return intent
        if not outdated(setup, intent, seen.raw):
            if not carries_version(intent, setup):
                return intent
            return replace(intent, request=replace(request, expected=seen.raw))
        stream = await self._store.stream(end.connection, request.entity)
        await store_seen(self._store, end, stream, [seen], Read())
        await self._store.drop(intent, "it changed after it was decided about", due_in_s=0.0)
        return None

    async def conclude(self, intent: IntentRow, outcome: Outcome, tally: Tally) -> IntentRow | None:
        """Put one outcome on disk. Returns the intent that follows, if any."""
        if isinstance(outcome, Confirmed):
            return await self._confirmed(intent, outcome, tally)
        if isinstance(outcome, Rejected) and told_too_late(
            intent, outcome, self._flows[intent.request.entity]
        ):
            # proven not executed: its record is looked at once more before it is told again
            outcome = Retry(outcome.error_class, outcome.words)
        if isinstance(outcome, Rejected) and stale(intent, outcome) and await self._looked_again(intent):
            tally.retried += 1
            await self._store.drop(intent, outcome.words, due_in_s=_RETRY_FIRST_S)
            return None
        if isinstance(outcome, Rejected) and intent.state is IntentState.UNCERTAIN:
            return await self._refused_repeat(intent, outcome, tally)
        if isinstance(outcome, Rejected):
            tally.rejected += 1
            self._show(intent, refused=refused_field(intent, outcome, self._flows[intent.request.entity]))
            following = rejection(intent, outcome, self._flows[intent.request.entity])
            return await self._store.rejected(
                intent, outcome.error_class, outcome.words, outcome.field or "", following
            )
        if isinstance(outcome, Retry):
            if intent.state is IntentState.UNCERTAIN:
                # only the repeat is proven not executed; what it repeats is in doubt as before
                tally.uncertain += 1
                after_s = retry_delay(intent.attempts, outcome.after_s)
                await self._store.uncertain(intent, outcome.words, after_s)
                return None
            if intent.attempts >= _TRIES_MAX:
                tally.rejected += 1
                words = f"refused {intent.attempts} times, each time to be tried later: {outcome.words}"
                return await self._store.rejected(intent, outcome.error_class, words, "", None)
            tally.retried += 1
            after_s = retry_delay(intent.attempts, outcome.after_s)
            await self._store.retry_later(intent, outcome.error_class, outcome.words, after_s)
            return None
        tally.uncertain += 1
        capabilities = self._capabilities(intent)
        await self._store.uncertain(intent, outcome.words, capabilities.settle_s)
        return None

    async def _refused_repeat(self, intent: IntentRow, outcome: Rejected, tally: Tally) -> IntentRow | None:
        """Only the repeat was refused: what it repeats may have been carried out all the same."""
        connector = self._flows[intent.request.entity].ends[intent.side].connector
        try:
            async with self._gates[intent.connection].wire:
                found = await connector.evidence(intent.request)
        except SyncdError as error:
            tally.uncertain += 1
            words = f"{outcome.words}; could not be looked up: {error.message}"
            await self._store.uncertain(intent, words, _LOOK_AGAIN_S)
            return None
        if not found:
            return await self.conclude(replace(intent, state=IntentState.SENT), outcome, tally)
        if len(found) == 1:
            return await self.conclude(intent, Confirmed(found[0].key, found[0].raw or None), tally)
        keys = ", ".join(seen.key for seen in found[:5])
        await self._store.hold_intent(intent, f"{len(found)} records carry its reference: {keys}")
        return None

    async def _looked_again(self, intent: IntentRow) -> bool:
        """The platform says that the record had changed: read it, for a decision from what it is by then.
        False: it stands as it did, and was refused for something else (a name that is taken)."""
        setup, request, key = self._flows[intent.request.entity], intent.request, intent.request.key or ""
        end = setup.ends[intent.side]
        read = await observe_keys(self._store, end, request.entity, [key])
        if read.error:
            return True
        stream = await self._store.stream(end.connection, request.entity)
        known = (await self._store.known(stream.id, [key])).get(key)
        return known is None or known.raw_hash != shown_hash(setup.specs[intent.side])(
            request.expected or b""
        )

    async def _confirmed(self, intent: IntentRow, outcome: Confirmed, tally: Tally) -> IntentRow | None:
        if not outcome.posted:
            # taken in, not posted: looked at again until it is seen posted
            await self._store.accepted(
                intent, outcome.key, self._capabilities(intent).settle_s or _LOOK_AGAIN_S
            )
            return None
        setup = self._flows[intent.request.entity]
        shown: Seen | None = None
        if intent.request.operation in (Operation.CREATE, Operation.UPDATE):
            try:
                shown = await self._read_back(setup, intent, outcome)
                settlement = settle(intent, shown, setup)
            except SyncdError as error:
                tally.uncertain += 1
                words = f"done, not read back: {error.message}"
                if intent.attempts >= _UNSEEN_MAX:
                    # answered again and again and never to be seen: somebody removed it, perhaps
                    await self._store.hold_intent(intent, f"{words}; a person decides")
                else:
                    await self._store.uncertain(intent, words, _LOOK_AGAIN_S, outcome.key)
                return None
        else:
            settlement = settle(intent, None, setup)
        self._show(intent, cut=settlement.cut)
        name = _COUNTED[intent.request.operation]
        setattr(tally, name, getattr(tally, name) + 1)
        return await self._store.settle(settlement)

    def _show(self, intent: IntentRow, *, refused: str | None = "", cut: Sequence[str] = ()) -> None:
        """Tell the tap what became of a write's fields; ``refused`` None: of something else than a field."""
        writes = intent.request.operation in (Operation.CREATE, Operation.UPDATE)
        if writes and refused is not None:
            seen = Written(intent.request.source_key or str(intent.pair), intent.fields, refused, cut)
            self._flows[intent.request.entity].ends[intent.side].tap.wrote(
                intent.connection, intent.request.entity, seen
            )

    async def _read_back(self, setup: FlowSetup, intent: IntentRow, outcome: Confirmed) -> Seen:
        """The record as the platform holds it now: what it confirmed, never what was sent."""
        if outcome.raw is not None:
            return Seen(outcome.key, outcome.raw)
        async with self._gates[intent.connection].wire:
            seen = await setup.ends[intent.side].connector.fetch(intent.request.entity, outcome.key)
        if seen is None:
            raise RetryLater(f"{intent.request.entity} {outcome.key} was confirmed but cannot be seen yet")
        return seen

    def _capabilities(self, intent: IntentRow) -> Capabilities:
        return self._flows[intent.request.entity].ends[intent.side].connector.capabilities


def settle(intent: IntentRow, shown: Seen | None, setup: FlowSetup) -> Settlement:
    """What goes to disk for a confirmed intent. Pure. Raises ``RefuseRecord`` for an unreadable record."""
    following = _next(intent, intent.then, intent.side, shown.key if shown else "", setup)
    spec = setup.specs[intent.side]
    if intent.request.operation is Operation.DELETE:
        gone = Seen(intent.request.key or "", intent.request.expected or b"{}", deleted=True)
        return Settlement(intent, observe_record(spec, gone, None), intent.bases or None, next=following)
    if shown is None:
        # an action that the record's own end asked for has bases: the mark that it was carried out
        return Settlement(intent, None, intent.bases or None, next=following)
    try:
        read = record = spec.map.get(orjson.loads(shown.raw))
    except orjson.JSONDecodeError:
        raise RefuseRecord(f"{setup.entity} {shown.key}: not JSON", code="parse") from None
    operation = intent.request.operation
    if operation is Operation.CREATE:
        # all of it is new and ours: what the answer does not carry, the ledger does not have
        record = {f.name: record.get(f.name) for f in setup.policy.fields}
    changed = _changed_meanwhile(setup, intent, record)
    if changed:
        # for these what was sent is what both agreed on, and what is shown is news
        intent = replace(intent, again=True)
    bases = confirmed_bases(intent.bases, intent.side, operation, intent.fields, {**record, **changed})
    conflicts: tuple[Conflict, ...] = ()
    sent = intent.bases.get(intent.side.other)
    if operation is Operation.CREATE and sent is not None:
        wrong = other_amounts(sent, record, setup.policy)
        if wrong is not None:
            conflicts, bases = (wrong,), _without(bases, wrong.fields)
        # what the ledger gave by itself (a number) was never agreed on: its source is told next
        given = _given(setup, sent, record, intent)
        if given:
            bases = _without(bases, given)
            intent = replace(intent, again=True)
        posting = setup.policy.posting
        if posting is not None and is_void(read, intent.side, posting):
            # voided before its creation was read back (after a lost answer: much later): that is news
            intent = replace(intent, again=True)
    elif moved(setup, intent, shown.raw, apart_from=intent.fields):
        # somebody changed it while we wrote: what was read back is no echo of ours alone
        intent = replace(intent, again=True)
    cut = tuple(name for name, value in changed.items() if _is_cut(value, record.get(name)))
    return Settlement(intent, mapped_record(spec, shown, read, None), bases, conflicts, following, cut)


def _is_cut(sent: object, shown: object) -> bool:
    if not isinstance(sent, str) or not isinstance(shown, str) or not shown:
        return False
    return len(shown) < len(sent) and sent.startswith(shown)


def refused_field(intent: IntentRow, outcome: Rejected, setup: FlowSetup) -> str | None:
    """The canonical field for which a platform refused a write; None: it was for something else. Pure."""
    if outcome.error_class is not ErrorClass.VALIDATION or not outcome.field:
        return None
    paths = {field.path: field.name for field in setup.specs[intent.side].map.fields}
    return paths.get(outcome.field, outcome.field)


def outdated(setup: FlowSetup, intent: IntentRow, raw: bytes) -> bool:
    """Whether a record shows something else than what the intent was decided on. Pure."""
    was = intent.request.was
    if not was:
        return moved(setup, intent, raw)
    shown = setup.specs[intent.side].map.readable(orjson.loads(raw))
    # what shows the action's own doing may be told once more: a person ordered it, perhaps
    return any(
        str(shown.get(name) or "") not in (value, intent.request.argument) for name, value in was.items()
    )


def moved(setup: FlowSetup, intent: IntentRow, raw: bytes, apart_from: Sequence[str] = ()) -> bool:
    """Whether a record shows other values than it did when the intent was decided. Pure."""
    lens = setup.specs[intent.side].map
    names = [f.name for f in setup.policy.fields if f.name not in apart_from]
    posting = setup.policy.posting
    if posting is not None:
        # they do not cross, and yet what may be written hangs on them
        names += [*(posting.posted if posting.ledger is intent.side else ()), *posting.ended(intent.side)]
    try:
        before = lens.get(orjson.loads(intent.request.expected or b"{}"))
        now = lens.get(orjson.loads(raw))
    except (RefuseRecord, orjson.JSONDecodeError):
        return True
    return any(before.get(name) != now.get(name) for name in names)


def _changed_meanwhile(setup: FlowSetup, intent: IntentRow, shown: Record) -> Record:
    """Written fields that were read back as something else than was sent, beyond their spelling, with what
    was sent: somebody edited them before our write was read back (after a lost answer, much later)."""
    sent = intent.bases.get(intent.side.other, {})
    crossing = Crossing(setup.tables, {}, setup.widths())
    left, right = (shown, sent) if intent.side is Side.LEFT else (sent, shown)
    return {
        f.name: sent[f.name]
        for f in setup.policy.fields
        if f.kind is Kind.PLAIN and f.name in intent.fields and f.name in sent and f.name in shown
        if not crossing.same(f, left[f.name], right[f.name])
    }


def _given(setup: FlowSetup, sent: Record, shown: Record, intent: IntentRow) -> list[str]:
    """Fields the target filled by itself, that the source lacks and this flow may write there."""
    source = intent.side.other
    if setup.policy.create_only or not setup.policy.mode.writes(source):
        return []
    able = frozenset(f.name for f in setup.policy.fields)
    able -= setup.specs[source].map.unwritable(able)
    empty = (None, "")
    return [n for n in sorted(able) if sent.get(n) in empty and shown.get(n) not in empty]


def _without(bases: Mapping[Side, Record], names: Sequence[str]) -> dict[Side, Record]:
    """Bases that never agreed on these fields: the difference stays open until a person decides."""
    return {side: {n: v for n, v in record.items() if n not in names} for side, record in bases.items()}


def stale(intent: IntentRow, outcome: Rejected) -> bool:
    """Whether a write may have been refused only because its record had changed meanwhile. Pure."""
    request = intent.request
    if outcome.error_class is not ErrorClass.CONFLICT or request.operation is Operation.CREATE:
        return False
    # a removal or an action in doubt may be what changed it; a telling is told again, not decided
    decided = request.expected is not None and not request.was and intent.state is not IntentState.UNCERTAIN
    return request.operation is Operation.UPDATE or decided


def carries_version(intent: IntentRow, setup: FlowSetup) -> bool:
    """Whether it is a telling to a platform that checks versions: with that of our last look. Pure."""
    return bool(intent.request.was) and setup.specs[intent.side].conditional_write


def told_too_late(intent: IntentRow, outcome: Rejected, setup: FlowSetup) -> bool:
    """Whether a telling was refused as its record changed between our look and its arrival. Pure."""
    in_doubt = intent.state is IntentState.UNCERTAIN
    conflict = outcome.error_class is ErrorClass.CONFLICT
    return conflict and not in_doubt and carries_version(intent, setup)


def rejection(intent: IntentRow, outcome: Rejected, setup: FlowSetup) -> Acknowledgement | None:
    """What the source is told when the other side refused its record. Pure."""
    steps = [
        replace(s, argument=s.argument.replace("{reason}", outcome.words)) for s in intent.then_if_rejected
    ]
    return _chain(steps, intent.side.other, setup)


def _next(
    intent: IntentRow, steps: Sequence[WriteRequest], side: Side, key: str, setup: FlowSetup
) -> Acknowledgement | None:
    if intent.request.operation is Operation.ACTION:
        return _chain(steps, side, setup)  # an action's followers are on the same side already
    return _chain([replace(s, argument=s.argument.replace("{key}", key)) for s in steps], side.other, setup)


def _chain(steps: Sequence[WriteRequest], side: Side, setup: FlowSetup) -> Acknowledgement | None:
    if not steps:
        return None
    return Acknowledgement(side, setup.ends[side].connection, steps[0], steps[1:])


def retry_delay(attempts: int, asked_s: float | None) -> float:
    """Seconds until the next try: what the platform asked for, else doubling. Pure."""
    if asked_s is not None:
        return min(max(asked_s, 0.0), _RETRY_MAX_S)
    return float(min(_RETRY_FIRST_S * 2 ** min(attempts, 10), _RETRY_MAX_S))
