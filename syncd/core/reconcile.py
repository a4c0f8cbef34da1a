"""The one place that decides. Pure: two sides, their bases, a policy -> what must be done.

Each side is compared with *its own* base, so that an ERP which trims a name has not "changed" it.
Fields of a group are one unit: they change, win and conflict together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from syncd.core.crossing import Crossing
from syncd.core.errors import AwaitReference, RefuseRecord
from syncd.core.model import Operation, Record, Side, SideState, Tombstone, Value
from syncd.core.policy import Deletes, FieldPolicy, FlowPolicy, Kind, Rule


class Verb(StrEnum):
    """What a decision comes to, for one pair."""

    NOOP = "noop"
    ADOPT = "adopt"
    """Equal enough: take both sides as they are for the new bases, write nothing."""
    WRITE = "write"
    CONFLICT = "conflict"
    WAIT = "wait"
    HOLD = "hold"
    QUARANTINE = "quarantine"
    OUT_OF_SCOPE = "out_of_scope"
    GONE = "gone"


class Why(StrEnum):
    """The reason behind a field's fate; each is one row of the decision table in the docs."""

    CHANGED_LEFT = "changed on the left only"
    CHANGED_RIGHT = "changed on the right only"
    OWNER = "its owner's value stands"
    NEWEST = "the newer change stands"
    LARGEST = "the larger value stands"
    SMALLEST = "the smaller value stands"
    FILL = "one side had nothing"
    NEW = "the record is new"
    IMMUTABLE = "it may not change once set"
    BOTH_CHANGED = "both sides changed it differently"
    FIRST_DIFFERENCE = "the sides differed when they were first matched"
    POSTED = "a posted document changed at its source"
    UNWRITABLE = "the platform cannot change it"
    AMOUNT = "the ledger confirmed another amount than was sent"


@dataclass(frozen=True, slots=True)
class PairView:
    """One pair as it stands. ``None`` bases: the two sides never agreed yet."""

    left: SideState
    right: SideState
    base_left: Record | None = None
    base_right: Record | None = None
    left_modified: datetime | None = None
    right_modified: datetime | None = None
    historical: bool = False
    """It met the flow's selection before the first sync and was left alone then."""
    forced: bool = False
    """A person ordered this record to be sent, whatever its status."""

    def state(self, side: Side) -> SideState:
        return self.left if side is Side.LEFT else self.right

    def base(self, side: Side) -> Record | None:
        return self.base_left if side is Side.LEFT else self.base_right


@dataclass(frozen=True, slots=True)
class Write:
    """One remote write. ``fields`` are in the target side's own values."""

    side: Side
    operation: Operation
    fields: Record = field(default_factory=dict)
    because: Mapping[str, Why] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One unit that no rule settles; every version is kept."""

    unit: str
    fields: tuple[str, ...]
    why: Why


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one pair. ``bases`` is what each side's base becomes once ``write`` is confirmed."""

    verb: Verb
    reason: str = ""
    write: Write | None = None
    """At most one at a time: a pair whose sides both need writing is decided again after the first."""
    again: bool = False
    """More is to be decided as soon as ``write`` is settled."""
    conflicts: tuple[Conflict, ...] = ()
    bases: Mapping[Side, Record] = field(default_factory=dict)
    code: str = ""
    """For ``QUARANTINE``: an ``ErrorClass`` word."""
    field: str = ""
    waits: tuple[Side, str, str] | None = None
    """For ``WAIT``: (side, entity, key) of the record that must be paired first."""


def reconcile(pair: PairView, policy: FlowPolicy, crossing: Crossing) -> Decision:
    """Decide about one pair. Raises nothing about the record: a refusal is a decision too."""
    try:
        return _reconcile(pair, policy, crossing)
    except RefuseRecord as refused:
        return Decision(Verb.QUARANTINE, refused.message, code=refused.code, field=refused.field or "")


def _reconcile(pair: PairView, policy: FlowPolicy, crossing: Crossing) -> Decision:
    # what is known here: nothing, except that at most one state may be a tombstone we act on
    left, right = pair.left, pair.right
    if isinstance(left, Tombstone) or isinstance(right, Tombstone):
        return _after_removal(pair, policy, crossing)
    if left is None and right is None:
        return Decision(Verb.NOOP, "nothing is known of either side")
    if left is None or right is None:
        return _one_sided(pair, policy, crossing)
    return _both_sided(pair, left, right, policy, crossing)


# -- one side only: create it on the other, or leave it ---------------------------------------


def _one_sided(pair: PairView, policy: FlowPolicy, crossing: Crossing) -> Decision:
    source = Side.LEFT if pair.left is not None else Side.RIGHT
    target = source.other
    record = pair.state(source)
    assert isinstance(record, Mapping)
    if not policy.mode.writes(target) or target not in policy.create:
        return Decision(Verb.OUT_OF_SCOPE, f"the flow creates nothing on the {target.value}")
    if not pair.forced:
        if not selected(record, policy):
            return Decision(Verb.OUT_OF_SCOPE, "its status does not send it on yet")
        if policy.select and pair.historical and not policy.post_existing:
            return Decision(Verb.OUT_OF_SCOPE, "it was there before the first sync")
    try:
        fields = crossing.cross_fields(policy.fields, record, target)
    except AwaitReference as waiting:
        return _wait(waiting)
    for needed in policy.fields:
        if needed.required and fields.get(needed.name) in (None, "", ()):
            raise RefuseRecord(
                f"{policy.entity}.{needed.name} is empty and the {target.value} side needs it",
                code="validation",
                field=needed.name,
            )
    write = Write(target, Operation.CREATE, fields, dict.fromkeys(fields, Why.NEW))
    return Decision(Verb.WRITE, write=write, bases={source: _complete(record, None, policy)})


def _wait(waiting: AwaitReference) -> Decision:
    return Decision(Verb.WAIT, waiting.message, waits=(Side(waiting.side), waiting.entity, waiting.key))


def selected(record: Record, policy: FlowPolicy) -> bool:
    """Whether a record's own workflow sends it on (a trigger status)."""
    return all(str(record.get(name)) in wanted for name, wanted in policy.select.items())


# -- removals: never without positive evidence, and an edit wins ---------------------------------


def _after_removal(pair: PairView, policy: FlowPolicy, crossing: Crossing) -> Decision:
    gone = Side.LEFT if isinstance(pair.left, Tombstone) else Side.RIGHT
    tomb, living = pair.state(gone), pair.state(gone.other)
    assert isinstance(tomb, Tombstone)
    if not isinstance(living, Mapping):
        return Decision(Verb.GONE, tomb.evidence)
    base = pair.base(gone.other)
    whole = _complete(living, base, policy)
    edited = base is not None and any(_changed(base, whole, f.name) for f in policy.fields)
    if edited and gone in policy.create:
        # the surviving side was edited after both last agreed: the edit wins over the removal
        lone = PairView(
            left=None if gone is Side.LEFT else living, right=None if gone is Side.RIGHT else living
        )
        return _one_sided(lone, policy, crossing)
    if edited:
        return Decision(Verb.HOLD, f"removed on the {gone.value} ({tomb.evidence}), edited on the other side")
    if policy.deletes is Deletes.PROPAGATE and policy.mode.writes(gone.other) and not policy.create_only:
        return Decision(Verb.WRITE, tomb.evidence, write=Write(gone.other, Operation.DELETE))
    return Decision(Verb.HOLD, f"removed on the {gone.value} ({tomb.evidence}); the flow holds removals")


# -- both sides: merge unit by unit -----------------------------------------------------------


@dataclass(slots=True)
class _Merge:
    """What the units of one pair add up to."""

    writes: dict[Side, dict[str, Value]] = field(default_factory=lambda: {Side.LEFT: {}, Side.RIGHT: {}})
    because: dict[Side, dict[str, Why]] = field(default_factory=lambda: {Side.LEFT: {}, Side.RIGHT: {}})
    conflicts: list[Conflict] = field(default_factory=list)
    moved: bool = False
    """Some base must move, even if nothing is written."""


def _both_sided(
    pair: PairView, left: Record, right: Record, policy: FlowPolicy, crossing: Crossing
) -> Decision:
    merge = _Merge()
    sides = {
        Side.LEFT: _complete(left, pair.base_left, policy),
        Side.RIGHT: _complete(right, pair.base_right, policy),
    }
    try:
        for unit in units(policy):
            _merge_unit(unit, pair, sides, policy, crossing, merge)
    except AwaitReference as waiting:
        return _wait(waiting)
    writes = [
        Write(side, Operation.UPDATE, fields, merge.because[side])
        for side, fields in merge.writes.items()
        if fields
    ]
    # what is in conflict, or is written later, keeps its old base: it is still a change
    open_fields = {name for conflict in merge.conflicts for name in conflict.fields}
    open_fields.update(name for later in writes[1:] for name in later.fields)
    bases = {side: _next_base(record, pair.base(side), open_fields) for side, record in sides.items()}
    conflicts = tuple(merge.conflicts)
    if writes:
        again = len(writes) > 1
        return Decision(Verb.WRITE, write=writes[0], again=again, conflicts=conflicts, bases=bases)
    if conflicts:
        return Decision(Verb.CONFLICT, conflicts[0].why.value, conflicts=conflicts, bases=bases)
    fresh = pair.base_left is None or pair.base_right is None
    verb = Verb.ADOPT if fresh or merge.moved else Verb.NOOP
    return Decision(verb, bases=bases)


def _complete(record: Record, base: Record | None, policy: FlowPolicy) -> dict[str, Value]:
    """The record with every field of the policy. ABSENT is no news: the base's value stands, and where
    there is none either, the side has nothing."""
    known = base or {}
    return {f.name: record[f.name] if f.name in record else known.get(f.name) for f in policy.fields}


def units(policy: FlowPolicy) -> list[tuple[FieldPolicy, ...]]:
    """The fields of a policy as merge units: groups together, everything else alone."""
    grouped: dict[str, list[FieldPolicy]] = {}
    for rule in policy.fields:
        grouped.setdefault(rule.group or f"={rule.name}", []).append(rule)
    return [tuple(members) for members in grouped.values()]


def _next_base(shown: Record, base: Record | None, open_fields: set[str]) -> dict[str, Value]:
    """What the side shows now, but what is in conflict keeps its old base until a person decides.

    A field that is missing from a base was never agreed on.
    """
    settled = {name: value for name, value in shown.items() if name not in open_fields}
    kept = {name: value for name, value in (base or {}).items() if name in open_fields}
    return {**kept, **settled}


def _changed(base: Record, now: Record, name: str) -> bool:
    """Exactly, against the side's own base."""
    return now.get(name) != base.get(name)


def _merge_unit(
    unit: tuple[FieldPolicy, ...],
    pair: PairView,
    sides: Mapping[Side, Record],
    policy: FlowPolicy,
    crossing: Crossing,
    merge: _Merge,
) -> None:
    agreed = all((base := pair.base(side)) is not None and f.name in base for f in unit for side in Side)
    equal = all(crossing.same(f, sides[Side.LEFT][f.name], sides[Side.RIGHT][f.name]) for f in unit)
    if not agreed:
        merge.moved = True
        if not equal:
            _first_difference(unit, sides, policy, crossing, merge)
        return
    changed = {side: any(_changed(pair.base(side) or {}, sides[side], f.name) for f in unit) for side in Side}
    if not any(changed.values()):
        return  # unchanged on both sides; if they differ, they agreed to
    merge.moved = True
    if equal:
        return
    _settle_unit(unit, changed, pair, sides, policy, crossing, merge)


def _first_difference(
    unit: tuple[FieldPolicy, ...],
    sides: Mapping[Side, Record],
    policy: FlowPolicy,
    crossing: Crossing,
    merge: _Merge,
) -> None:
    """The sides were matched and differ here, with no common past to say who changed."""
    if policy.create_only:
        # a document that already stands in the ledger is adopted as it stands there; only money must agree
        amounts = [{side: sides[side][f.name] for side in Side} for f in unit]
        money = [a for a in amounts if any(isinstance(amount, Decimal) for amount in a.values())]
        if any((a[Side.LEFT] or 0) != (a[Side.RIGHT] or 0) for a in money):  # no amount is none: 0
            merge.conflicts.append(_conflict(unit, Why.FIRST_DIFFERENCE))
        return
    for side in Side:
        if all(sides[side][f.name] in (None, "", ()) for f in unit) and policy.mode.writes(side):
            _write(unit, side, Why.FILL, sides, crossing, merge)
            return
    winner = {Rule.LEFT: Side.LEFT, Rule.RIGHT: Side.RIGHT}.get(_rule(unit))
    if winner is not None and policy.mode.writes(winner.other):
        _write(unit, winner.other, Why.OWNER, sides, crossing, merge)
    elif policy.mode.writes(Side.LEFT) or policy.mode.writes(Side.RIGHT):
        for f in unit:
            if f.kind is Kind.REFERENCE:
                _check_paired(f, sides, crossing)
        merge.conflicts.append(_conflict(unit, Why.FIRST_DIFFERENCE))


def _check_paired(f: FieldPolicy, sides: Mapping[Side, Record], crossing: Crossing) -> None:
    """Raise ``AwaitReference`` while it cannot be known whether two references differ: neither is paired."""
    waiting = None
    for side in Side:
        try:
            crossing.cross(f, sides[side][f.name], side.other)
        except AwaitReference as unpaired:
            waiting = waiting or unpaired
        else:
            return
    if waiting is not None:
        raise waiting


def _settle_unit(
    unit: tuple[FieldPolicy, ...],
    changed: Mapping[Side, bool],
    pair: PairView,
    sides: Mapping[Side, Record],
    policy: FlowPolicy,
    crossing: Crossing,
    merge: _Merge,
) -> None:
    """At least one side changed, and the sides now differ."""
    rule = _rule(unit)
    if policy.create_only:
        # the ledger owns a posted document: its edits are taken note of, the source's need a person
        if any(changed[side] and policy.mode.writes(side.other) for side in Side):
            merge.conflicts.append(_conflict(unit, Why.POSTED))
        return
    if rule is Rule.IMMUTABLE:
        merge.conflicts.append(_conflict(unit, Why.IMMUTABLE))
        return
    owner = {Rule.LEFT: Side.LEFT, Rule.RIGHT: Side.RIGHT}.get(rule)
    if owner is not None:
        winner, why = owner, Why.OWNER
    elif all(changed.values()):
        found = _winner(rule, unit, pair, sides, policy)
        if found is None:
            merge.conflicts.append(_conflict(unit, Why.BOTH_CHANGED))
            return
        winner, why = found
    else:
        winner = Side.LEFT if changed[Side.LEFT] else Side.RIGHT
        why = Why.CHANGED_LEFT if winner is Side.LEFT else Why.CHANGED_RIGHT
    if policy.mode.writes(winner.other):
        _write(unit, winner.other, why, sides, crossing, merge)
    # else: the flow does not write that way; the bases move and the difference stands, agreed


def _winner(
    rule: Rule,
    unit: tuple[FieldPolicy, ...],
    pair: PairView,
    sides: Mapping[Side, Record],
    policy: FlowPolicy,
) -> tuple[Side, Why] | None:
    """Who wins where both changed. None where the rule lacks its input: a person decides, never a guess."""
    if rule is Rule.NEWEST and pair.left_modified and pair.right_modified:
        apart = (pair.left_modified - pair.right_modified).total_seconds()
        if abs(apart) > policy.skew_margin_s:
            return (Side.LEFT if apart > 0 else Side.RIGHT), Why.NEWEST
    if rule in (Rule.MAX, Rule.MIN) and len(unit) == 1:
        left, right = sides[Side.LEFT][unit[0].name], sides[Side.RIGHT][unit[0].name]
        larger = _larger(left, right)
        if larger is not None:
            return (larger, Why.LARGEST) if rule is Rule.MAX else (larger.other, Why.SMALLEST)
    return None


def _larger(left: Value, right: Value) -> Side | None:
    if isinstance(left, Decimal | int) and isinstance(right, Decimal | int):
        return Side.LEFT if left > right else Side.RIGHT
    if type(left) is type(right) and isinstance(left, date) and isinstance(right, date):
        return Side.LEFT if left > right else Side.RIGHT
    return None


def _rule(unit: tuple[FieldPolicy, ...]) -> Rule:
    """A unit's rule: that of its members if they agree, else ``MANUAL``."""
    rules = {f.rule for f in unit}
    return rules.pop() if len(rules) == 1 else Rule.MANUAL


def _conflict(unit: tuple[FieldPolicy, ...], why: Why) -> Conflict:
    names = tuple(f.name for f in unit)
    return Conflict(unit[0].group or unit[0].name, names, why)


def _write(
    unit: tuple[FieldPolicy, ...],
    side: Side,
    why: Why,
    sides: Mapping[Side, Record],
    crossing: Crossing,
    merge: _Merge,
) -> None:
    source = sides[side.other]
    for rule in unit:
        if crossing.same(rule, sides[Side.LEFT][rule.name], sides[Side.RIGHT][rule.name]):
            continue  # says the same already, in its own words: keep it
        merge.writes[side][rule.name] = crossing.cross(rule, source[rule.name], side)
        merge.because[side][rule.name] = why


def confirmed_bases(
    decided: Mapping[Side, Record], side: Side, operation: Operation, fields: Collection[str], shown: Record
) -> dict[Side, Record]:
    """The bases after one confirmed write; ``shown`` is what the target showed when it was read back.

    Written fields take what was confirmed, never what was sent. Fields we did not write keep what
    was seen when deciding: a change somebody made in between is then still a change.
    """
    bases = dict(decided)
    if operation is Operation.CREATE:
        bases[side] = dict(shown)
    else:
        bases[side] = {**bases.get(side, {}), **{n: shown[n] for n in fields if n in shown}}
    return bases


def other_amounts(sent: Record, shown: Record, policy: FlowPolicy) -> Conflict | None:
    """Money the ledger confirmed differently from what its source says: never in step, a person decides."""
    wrong = [
        f.name
        for f in policy.fields
        if isinstance(sent.get(f.name), Decimal) and isinstance(shown.get(f.name), Decimal)
        if sent[f.name] != shown[f.name]
    ]
    return Conflict("amounts", tuple(wrong), Why.AMOUNT) if wrong else None
