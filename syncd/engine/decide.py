"""From stored pairs to verdicts and intents. Pure: everything looked up is handed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import orjson
from msgspec import Struct

from syncd.core.crossing import Crossing, PairKey
from syncd.core.decision import ARCHIVE, Conflict, Decision, PairView, Verb, Why, Write
from syncd.core.errors import RefuseRecord
from syncd.core.matching import natural_keys
from syncd.core.merge import unit_name, units
from syncd.core.model import Operation, PairState, Record, Side, SideState, Tombstone
from syncd.core.outcome import ErrorClass
from syncd.core.policy import FieldPolicy, Kind
from syncd.core.reconcile import reconcile, selected
from syncd.engine.setup import FlowSetup
from syncd.ports import NewIntent, PairRow, Verdict, WriteRequest

SETTLING_S = 5.0
"""When a record is looked at again that may turn out to be a create of ours still under way."""
_SETTLING = "a create on its own side is not settled yet"
_ASK_AGAIN_S = 3600.0
"""An open question may have answered itself: what it looked like is gone, or has found its partner."""
_WAIT_S = 300.0
"""A waiting record is woken by what it waits for; this only bounds how wrong a missed wake can be."""


class Sides(Struct, frozen=True):
    """A pair's records, parsed. ``refused`` replaces them where one of them cannot be read."""

    row: PairRow
    wire: Mapping[Side, Mapping[str, Any]]
    records: Mapping[Side, Record]
    refused: RefuseRecord | None = None


class Decided(Struct, frozen=True):
    """One pair, its decision, and how it goes to disk: a verdict or an intent."""

    row: PairRow
    label: str
    decision: Decision
    verdict: Verdict | None = None
    intent: NewIntent | None = None


def before_the_plan_is_whole(batch: Sequence[Decided]) -> tuple[list[Decided], list[Decided]]:
    """(What may be written down at once, what waits for the brakes to weigh the whole plan).

    New records overwrite nothing, so a first load need not wait until the last of it is decided.
    """
    now, later = list[Decided](), list[Decided]()
    for one in batch:
        writes = one.intent is not None and one.intent.request.operation is not Operation.CREATE
        waits = writes or one.decision.removed
        (later if waits else now).append(one)
    return now, later


def parse(setup: FlowSetup, row: PairRow) -> Sides:
    """Read both sides into canonical records and check their types."""
    wire: dict[Side, Mapping[str, Any]] = {}
    records: dict[Side, Record] = {}
    try:
        for side, raw in row.raw.items():
            if side in setup.specs and not row.gone[side]:
                wire[side] = orjson.loads(raw)
                records[side] = setup.specs[side].map.get(wire[side])
                setup.kind.guard(records[side])
    except RefuseRecord as refused:
        return Sides(row, wire, records, refused)
    except orjson.JSONDecodeError:
        return Sides(row, wire, records, RefuseRecord("the record is not JSON", code="parse"))
    return Sides(row, wire, records)


def guarded(setup: FlowSetup, row: PairRow) -> Sides:
    """The same, and each side's guard asked: its objection says more than a value that cannot be read."""
    sides = parse(setup, row)
    for side, wire in sides.wire.items():
        end = setup.ends[side]
        objection = end.guard.objection(end.connection, setup.entity, row.keys[side], wire)
        if objection is not None:
            return Sides(sides.row, sides.wire, sides.records, objection)
    return sides


def references(setup: FlowSetup, sides: Sequence[Sides]) -> list[PairKey]:
    """Every record that these refer to, to be looked up in one go."""
    fields = [f for f in setup.policy.fields if _refers(f)]
    asked: dict[PairKey, None] = {}
    for one in sides:
        for side, record in one.records.items():
            asked |= {(side, entity, key): None for entity, key in _referred(fields, record)}
    return list(asked)


def _refers(field: FieldPolicy) -> bool:
    return field.kind is Kind.REFERENCE or any(_refers(line) for line in field.lines)


def _referred(fields: Sequence[FieldPolicy], record: Record) -> Iterator[tuple[str, str]]:
    """(entity, key) of every record that this one or one of its lines refers to."""
    for field in fields:
        value = record.get(field.name)
        if field.kind is Kind.REFERENCE and value is not None:
            yield field.target, str(value)
        elif field.kind is Kind.LINES and isinstance(value, tuple):
            for line in value:
                yield from _referred(field.lines, line)


def crossing_of(setup: FlowSetup, pairs: Mapping[PairKey, str]) -> Crossing:
    """How values cross in this flow, with these pairs looked up."""
    return Crossing(setup.tables, pairs, setup.widths())


def label(setup: FlowSetup, one: Sides) -> str:
    """What a person calls the record: number or name, else its key."""
    for record in one.records.values():
        for name in setup.kind.label:
            value = record.get(name)
            if value not in (None, ""):
                return str(value)
    return next(iter(one.row.keys.values()), "")


def decide(
    setup: FlowSetup,
    one: Sides,
    crossing: Crossing,
    *,
    ambiguous: Sequence[str] = (),
    open_creates: frozenset[Side] = frozenset(),
    incomplete: frozenset[Side] = frozenset(),
    refusal: tuple[str, str] | None = None,
    actor: str = "",
) -> Decided:
    """Decide about one pair and say what goes to disk for it.

    ``open_creates``: sides on which a create is not settled; ``incomplete``: whose listing is not whole;
    ``refusal``: (error class, words) of its last write that was refused, where ``tells_of_refusal``.
    """
    decision = _as_able(setup, _decision(setup, one, crossing, ambiguous, open_creates))
    if decision.verb is Verb.OUT_OF_SCOPE and tells_of_refusal(setup, one):
        decision = _still_refused(one, refusal) or decision
    decision = _if_absent(decision, incomplete)
    named = label(setup, one)
    if decision.verb is Verb.WRITE:
        try:
            return _with_intent(setup, one, decision, named, actor)
        except RefuseRecord as refused:
            decision = Decision(
                Verb.QUARANTINE, refused.message, code=refused.code, field=refused.field or ""
            )
    return Decided(one.row, named, decision, verdict=_verdict(setup, one, decision))


def ask(setup: FlowSetup, one: Sides, question: str) -> Decided:
    """A person says which record it is before one is made."""
    decision = Decision(Verb.MATCH, question, code=ErrorClass.DUPLICATE.value)
    return Decided(one.row, label(setup, one), decision, verdict=_verdict(setup, one, decision))


def _decision(
    setup: FlowSetup,
    one: Sides,
    crossing: Crossing,
    ambiguous: Sequence[str],
    open_creates: frozenset[Side],
) -> Decision:
    if one.refused is not None:
        refused = one.refused
        return Decision(Verb.QUARANTINE, refused.message, code=refused.code, field=refused.field or "")
    if ambiguous:
        several = f"any of {len(ambiguous)} records" if len(ambiguous) > 1 else "one that differs in the rest"
        return Decision(
            Verb.MATCH,
            f"it could be {several}: {', '.join(ambiguous[:5])}",
            code=ErrorClass.DUPLICATE.value,
        )
    if len(setup.specs) < len(Side):
        return Decision(Verb.OUT_OF_SCOPE, "only one side has this kind of record")
    decision = reconcile(_view(setup, one), setup.policy, crossing)
    write = decision.write
    if write is not None and write.operation is Operation.CREATE and write.side.other in open_creates:
        # this lone record may be the very one a create of ours has just made: wait until that is settled
        return Decision(Verb.WAIT, _SETTLING)
    return decision


def tells_of_refusal(setup: FlowSetup, one: Sides) -> bool:
    """Whether a record shows the status that its people are told a refusal by; not where it was out of scope
    already, as a person said that it be skipped. Pure."""
    if one.row.state is PairState.OUT_OF_SCOPE:
        return False
    told = {argument for _, argument in setup.policy.acknowledge.rejected}
    return bool(told) and any(
        record.get(name) in told for record in one.records.values() for name in setup.policy.select
    )


def _still_refused(one: Sides, refusal: tuple[str, str] | None) -> Decision | None:
    """A refused record left its trigger status because we wrote the refusal there: it stays in quarantine
    until its people move it on, or it is sent again, also where a further try was called off."""
    if one.row.state is PairState.QUARANTINED:
        return Decision(Verb.QUARANTINE, one.row.reason, code=one.row.code, field=one.row.field)
    if refusal is None:
        return None
    code, words = refusal
    return Decision(Verb.QUARANTINE, words, code=code)


def _view(setup: FlowSetup, one: Sides) -> PairView:
    return PairView(
        left=_state(one, Side.LEFT),
        right=_state(one, Side.RIGHT),
        base_left=one.row.bases.get(Side.LEFT),
        base_right=one.row.bases.get(Side.RIGHT),
        left_modified=_modified(setup, one, Side.LEFT),
        right_modified=_modified(setup, one, Side.RIGHT),
        historical=one.row.historical,
        forced=one.row.forced,
        resolutions=one.row.resolutions,
    )


def _state(one: Sides, side: Side) -> SideState:
    if one.row.gone.get(side):
        evidence, into = one.row.removals.get(side, ("", ""))
        return Tombstone(evidence or "its platform says it was deleted", into)
    return one.records.get(side)


def _modified(setup: FlowSetup, one: Sides, side: Side) -> datetime | None:
    spec = setup.specs[side]
    return spec.map.modified_at(one.wire[side]) if spec.trusted_modified and side in one.wire else None


_STATES: Mapping[Verb, PairState] = {
    Verb.NOOP: PairState.IN_STEP,
    Verb.ADOPT: PairState.IN_STEP,
    Verb.MATCH: PairState.UNMATCHED,
    Verb.CONFLICT: PairState.CONFLICT,
    Verb.WAIT: PairState.WAITING,
    Verb.HOLD: PairState.HELD,
    Verb.QUARANTINE: PairState.QUARANTINED,
    Verb.OUT_OF_SCOPE: PairState.OUT_OF_SCOPE,
    Verb.GONE: PairState.GONE,
}


def _verdict(setup: FlowSetup, one: Sides, decision: Decision) -> Verdict:
    waiting = decision.verb is Verb.WAIT
    retry_s = _ASK_AGAIN_S if decision.verb is Verb.MATCH else None
    if waiting:
        retry_s = SETTLING_S if decision.reason == _SETTLING else _WAIT_S
    source = next(iter(one.records.values()), None)
    return Verdict(
        pair=one.row.id,
        state=_STATES[decision.verb],
        hashes=one.row.hashes,
        bases=decision.bases or None,
        code=decision.code,
        reason=decision.reason,
        field=decision.field,
        conflicts=decision.conflicts,
        waits=decision.waits,
        due_in_s=retry_s,
        # it stays historical only while it is still in the state it was found in
        historical=one.row.historical and source is not None and selected(source, setup.policy),
        attempts=one.row.attempts,
        refused=decision.refused,
    )


def _if_absent(decision: Decision, incomplete: frozenset[Side]) -> Decision:
    """A record may only be created where it is known not to be; the rest needs no such evidence."""
    write = decision.write
    if write is None or write.operation is not Operation.CREATE or write.side not in incomplete:
        return decision
    return Decision(
        Verb.WAIT, f"the listing of the {write.side.value} side left something out: it may be there already"
    )


def _as_able(setup: FlowSetup, decision: Decision) -> Decision:
    """The same as the target's platform can carry it out; held where it cannot."""
    write = decision.write
    if write is None or write.operation in (Operation.CREATE, Operation.UPDATE):
        return decision
    spec, wanted = setup.specs[write.side], write.action or write.operation.value
    if write.action == ARCHIVE and spec.archive is not None:
        put_away = spec.archive
        if put_away.fields and not spec.map.unwritable(frozenset(put_away.fields)):
            update = Write(write.side, Operation.UPDATE, put_away.fields, owed=frozenset(put_away.fields))
            return replace(decision, write=update)
        write = replace(write, action=put_away.action, argument=put_away.argument)
    if (write.action or write.operation.value) in spec.operations:
        return replace(decision, write=write)
    said = f"{decision.reason}; the {write.side.value} side's platform offers no {wanted} of a {setup.entity}"
    return Decision(Verb.HOLD, said, removed=decision.removed)


def _with_intent(setup: FlowSetup, one: Sides, decision: Decision, named: str, actor: str) -> Decided:
    write = decision.write
    assert write is not None
    target = write.side
    spec = setup.specs[target]
    wire = one.wire.get(target) if write.operation is Operation.UPDATE else None
    if wire is not None and (stuck := _unwritable(setup, write)):
        # a change that cannot be carried over must not look settled: its base stays where it was
        barred = frozenset(name for conflict in stuck for name in conflict.fields)
        bases = _kept(decision.bases, one.row.bases, barred)
        decision = replace(decision, bases=bases, conflicts=(*decision.conflicts, *stuck))
        write = replace(write, fields={n: v for n, v in write.fields.items() if n not in barred})
    body = spec.map.put(write.fields, wire)
    if write.operation is Operation.UPDATE and not body:
        plain = replace(decision, verb=Verb.CONFLICT if decision.conflicts else Verb.ADOPT, write=None)
        return Decided(one.row, named, plain, verdict=_verdict(setup, one, plain))
    new = NewIntent(
        pair=one.row.id,
        side=target,
        connection=setup.ends[target].connection,
        request=_request(setup, one, write, body),
        bases=decision.bases,
        hashes=one.row.hashes,
        fields=write.settles,
        again=decision.again,
        natural=_natural(setup, write),
        conflicts=decision.conflicts,
        then=_actions(setup, one, write, setup.policy.acknowledge.posted),
        then_if_rejected=_actions(setup, one, write, setup.policy.acknowledge.rejected),
        actor=_who(one, write) or actor,
        refused=decision.refused,
        amount=_amount(one, write),
    )
    return Decided(one.row, named, decision, intent=new)


def _who(one: Sides, write: Write) -> str:
    """Who decided what is written, where a person did."""
    if Why.RESOLVED not in write.because.values():
        return ""
    return ", ".join(dict.fromkeys(said.actor for said in one.row.resolutions))


def _unwritable(setup: FlowSetup, write: Write) -> list[Conflict]:
    """Units of which a platform cannot change a field that was to be written: whole, as a group is."""
    barred = setup.specs[write.side].map.unwritable(frozenset(write.fields))
    return [
        Conflict(unit_name(unit), tuple(f.name for f in unit), Why.UNWRITABLE)
        for unit in units(setup.policy)
        if any(f.name in barred for f in unit)
    ]


def _amount(one: Sides, write: Write) -> Decimal:
    """The money a write moves, as its source says it; nothing where it touches none."""
    source = one.records.get(write.side.other, {})
    for name in ("total", "amount"):
        if name in write.fields and isinstance(value := source.get(name), Decimal):
            return abs(value)
    return Decimal(0)


def _kept(
    bases: Mapping[Side, Record], old: Mapping[Side, Record], names: frozenset[str]
) -> dict[Side, Record]:
    return {
        side: {
            **{n: v for n, v in record.items() if n not in names},
            **{n: v for n, v in old.get(side, {}).items() if n in names},
        }
        for side, record in bases.items()
    }


def _request(setup: FlowSetup, one: Sides, write: Write, body: Mapping[str, Any]) -> WriteRequest:
    source_key = one.row.keys.get(write.side.other, "")
    return WriteRequest(
        entity=setup.entity,
        operation=write.operation,
        reference=reference(
            setup, one.row.id, source_key or one.row.keys[write.side], write.action or write.operation
        ),
        key=one.row.keys.get(write.side) if write.operation is not Operation.CREATE else None,
        body=body,
        action=write.action,
        argument=write.argument,
        expected=one.row.raw.get(write.side) if write.operation is not Operation.CREATE else None,
        source_key=source_key,
    )


def reference(setup: FlowSetup, pair: int, key: str, what: str) -> str:
    """Ours, short (the store adds a number): what is searched for when an answer was lost. Of the pair, too:
    a record that was deleted and comes back is another one, and must not be found by its former writes."""
    named = f"{setup.link}\x1f{setup.entity}\x1f{pair}\x1f{key}\x1f{what}"
    return f"sy-{blake2b(named.encode(), digest_size=8).hexdigest()}"


def _natural(setup: FlowSetup, write: Write) -> str | None:
    """The first natural key a new record has: creates of it go one after the other."""
    if write.operation is not Operation.CREATE:
        return None
    fields = {f.name: f for f in setup.policy.fields}
    # as the target says it: sources on two links may refer to one record by different keys
    keys = natural_keys(write.fields, setup.policy.match, fields)
    return next((f"{rank}:{key}" for rank, key in enumerate(keys) if key is not None), None)


def _actions(
    setup: FlowSetup, one: Sides, write: Write, steps: Sequence[tuple[str, str]]
) -> tuple[WriteRequest, ...]:
    """What is told to the source afterwards; ``{key}`` and ``{reason}`` are filled in when known."""
    if write.operation is not Operation.CREATE or not steps:
        return ()
    source_key = one.row.keys[write.side.other]
    source = one.records.get(write.side.other, {})
    # what sends a document on is what its telling changes; the first such step finds it as it was
    shown = {f"set_{name}": {name: str(source.get(name) or "")} for name in setup.policy.select}
    return tuple(
        WriteRequest(
            entity=setup.entity,
            operation=Operation.ACTION,
            reference=reference(setup, one.row.id, source_key, action),
            key=source_key,
            action=action,
            argument=argument,
            source_key=source_key,
            was=shown.pop(action, {}),
        )
        for action, argument in steps
    )
