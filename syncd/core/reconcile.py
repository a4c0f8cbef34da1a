"""The one place that decides. Pure: two sides, their bases, a policy -> what must be done.

Each side is compared with *its own* base, so that an ERP which trims a name has not "changed" it.
What needs merging field by field is in ``merge``; the words a decision is made of are in ``decision``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

from syncd.core.canonical import Fixed, empty
from syncd.core.crossing import Crossing
from syncd.core.decision import (
    ARCHIVE,
    ENDED,
    REMOVED,
    Conflict,
    Decision,
    PairView,
    Resolution,
    Take,
    Verb,
    Why,
    Write,
)
from syncd.core.errors import AwaitReference, RefuseRecord
from syncd.core.merge import Merge, changed, unit_name, units
from syncd.core.model import Operation, Record, Side, Tombstone, Value
from syncd.core.policy import Deletes, EditedMeanwhile, FlowPolicy, Posting

__all__ = [
    "Conflict",
    "Decision",
    "PairView",
    "Resolution",
    "Take",
    "Verb",
    "Why",
    "Write",
    "complete",
    "confirmed_bases",
    "other_amounts",
    "owner",
    "reconcile",
    "selected",
    "unit_name",
    "units",
]


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
    if policy.posting is not None and (ending := _ending(pair, left, right, policy, policy.posting)):
        return ending
    return _both_sided(pair, left, right, policy, crossing)


# -- one side only: create it on the other, or leave it ---------------------------------------


def _one_sided(pair: PairView, policy: FlowPolicy, crossing: Crossing) -> Decision:
    source = Side.LEFT if pair.left is not None else Side.RIGHT
    target = source.other
    record = pair.state(source)
    assert isinstance(record, Mapping)
    if not policy.mode.writes(target) or target not in policy.create:
        return Decision(Verb.OUT_OF_SCOPE, f"the flow creates nothing on the {target.value}")
    if policy.posting is not None and is_void(record, source, policy.posting):
        # nor on a person's order, which may be older than the void
        return Decision(Verb.OUT_OF_SCOPE, "it is void")
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
        if needed.required and empty(fields.get(needed.name)):
            raise RefuseRecord(
                f"{policy.entity}.{needed.name} is empty and the {target.value} side needs it",
                code="validation",
                field=needed.name,
            )
    write = Write(target, Operation.CREATE, fields, dict.fromkeys(fields, Why.NEW))
    return Decision(Verb.WRITE, write=write, bases={source: complete(record, None, policy)})


def _wait(waiting: AwaitReference) -> Decision:
    return Decision(Verb.WAIT, waiting.message, waits=(Side(waiting.side), waiting.entity, waiting.key))


def selected(record: Record, policy: FlowPolicy) -> bool:
    """Whether a record's own workflow sends it on (a trigger status)."""
    return _shows(record, policy.select)


def _shows(record: Record, wanted: Mapping[str, frozenset[str]]) -> bool:
    return all(str(record.get(name)) in values for name, values in wanted.items())


# -- removals: never without positive evidence, and an edit wins ---------------------------------

_ENDED_HERE: Final[Mapping[Side, Record]] = {side: {ENDED: REMOVED} for side in Side}
"""The bases of a pair that is gone on both sides: the mark that its end was carried over."""


def _after_removal(pair: PairView, policy: FlowPolicy, crossing: Crossing) -> Decision:
    gone = Side.LEFT if isinstance(pair.left, Tombstone) else Side.RIGHT
    tomb, living = pair.state(gone), pair.state(gone.other)
    assert isinstance(tomb, Tombstone)
    if not isinstance(living, Mapping):
        return Decision(Verb.GONE, tomb.evidence, bases=_ENDED_HERE)
    said = f"removed on the {gone.value} ({tomb.evidence})"
    if tomb.merged_into:
        # not gone: it goes on under another name, which is or may be another's partner, else we had followed
        return Decision(
            Verb.HOLD,
            f"{said}; {tomb.merged_into} has, or may have, its own partner: merge them there as well",
            removed=True,
        )
    base = pair.base(gone.other)
    if base is not None and base.get(ENDED) == REMOVED:
        # both were gone, and this one came back: that is news, not the removal once more
        return _one_sided(_alone(living, gone.other), policy, crossing)
    if base is None:
        return Decision(Verb.HOLD, f"{said} before both sides had agreed on anything", removed=True)
    whole = complete(living, base, policy)
    edited = any(changed(base, whole, f.name) for f in policy.fields)
    if edited and policy.edited is EditedMeanwhile.EDIT_WINS and gone in policy.create:
        # the surviving side was edited after both last agreed: the edit wins over the removal
        return _one_sided(_alone(living, gone.other), policy, crossing)
    if edited and policy.edited is not EditedMeanwhile.REMOVAL_WINS:
        return Decision(Verb.HOLD, f"{said}, edited on the other side", removed=True)
    if ENDED in base:
        return Decision(Verb.GONE, f"{said}, and put away on the {gone.other.value}")
    return _carried_over(gone.other, tomb, said, whole, policy)


def _alone(record: Record, side: Side) -> PairView:
    return PairView(left=record if side is Side.LEFT else None, right=record if side is Side.RIGHT else None)


def _carried_over(side: Side, tomb: Tombstone, said: str, whole: Record, policy: FlowPolicy) -> Decision:
    """What a removal comes to on the side where the record still lives."""
    if policy.deletes is Deletes.HOLD:
        return Decision(Verb.HOLD, f"{said}; the flow holds removals", removed=True)
    if not policy.mode.writes(side) or policy.create_only or policy.posting is not None:
        return Decision(Verb.HOLD, f"{said}; the flow removes nothing on the {side.value}", removed=True)
    if policy.deletes is Deletes.PROPAGATE:
        write = Write(side, Operation.DELETE)
        return Decision(Verb.WRITE, tomb.evidence, write=write, bases=_ENDED_HERE, removed=True)
    write = Write(side, Operation.ACTION, action=ARCHIVE)
    bases = {side: {**whole, ENDED: ARCHIVE}}
    return Decision(Verb.WRITE, tomb.evidence, write=write, again=True, bases=bases, removed=True)


# -- documents: posted, voided --------------------------------------------------------------------


def _ending(
    pair: PairView, left: Record, right: Record, policy: FlowPolicy, posting: Posting
) -> Decision | None:
    """What the end of a document comes to; None while it has none."""
    sides = {Side.LEFT: left, Side.RIGHT: right}
    ledger, source = posting.ledger, posting.ledger.other
    void, voided = is_void(sides[source], source, posting), is_void(sides[ledger], ledger, posting)
    if not void and not voided:
        return None
    if voided and not void:
        return Decision(Verb.HOLD, f"it is void on the {ledger.value} and lives on the {source.value}")
    done = ENDED in (pair.base(source) or {})
    bases = {
        side: {**complete(record, pair.base(side), policy), ENDED: "void"} for side, record in sides.items()
    }
    if voided or done:
        return Decision(Verb.NOOP if done else Verb.ADOPT, "it is void", bases=bases)
    if not posting.action or not policy.mode.writes(ledger):
        return Decision(Verb.HOLD, f"voided on the {source.value}: void it on the {ledger.value} as well")
    write = Write(ledger, Operation.ACTION, action=posting.action, argument=posting.argument)
    return Decision(Verb.WRITE, f"voided on the {source.value}", write=write, bases=bases)


def is_void(record: Record, side: Side, posting: Posting) -> bool:
    """Whether what a side shows of a document says that it was voided there."""
    ended = posting.ended(side)
    return bool(ended) and _shows(record, ended)


def owner(sides: Mapping[Side, Record], policy: FlowPolicy) -> Side | None:
    """The side that owns the document, once it is posted there."""
    posting = policy.posting
    if posting is None or posting.ledger not in sides:
        return None
    return posting.ledger if _shows(sides[posting.ledger], posting.posted) else None


# -- both sides: merge unit by unit -----------------------------------------------------------


def _both_sided(
    pair: PairView, left: Record, right: Record, policy: FlowPolicy, crossing: Crossing
) -> Decision:
    sides = {
        Side.LEFT: complete(left, pair.base_left, policy),
        Side.RIGHT: complete(right, pair.base_right, policy),
    }
    posted = owner({Side.LEFT: left, Side.RIGHT: right}, policy)
    merge = Merge(pair, sides, policy, crossing, posted)
    try:
        for unit in units(policy):
            merge.unit(unit)
    except AwaitReference as waiting:
        return _wait(waiting)
    return _added_up(pair, merge)


def _added_up(pair: PairView, merge: Merge) -> Decision:
    """One decision of all that the units came to."""
    to_write = [side for side in Side if merge.writes[side]]
    conflicts, refused = tuple(merge.conflicts), tuple(merge.refused)
    # what is in conflict, or is written later, keeps its old base: it is still a change
    open_fields = {name for conflict in conflicts for name in conflict.fields}
    open_fields.update(name for later in to_write[1:] for name in merge.writes[later])
    bases = {side: _next_base(record, pair.base(side), open_fields) for side, record in merge.sides.items()}
    if not to_write:
        if conflicts:
            return Decision(
                Verb.CONFLICT, conflicts[0].why.value, conflicts=conflicts, bases=bases, refused=refused
            )
        fresh = pair.base_left is None or pair.base_right is None
        verb = Verb.ADOPT if fresh or merge.moved else Verb.NOOP
        return Decision(verb, bases=bases, refused=refused)
    first = to_write[0]
    both = len(to_write) > 1
    fields = merge.writes[first]
    owed = frozenset(fields.keys() & merge.writes[first.other].keys()) if both else frozenset()
    for name in owed & merge.halfway.keys():
        # the first side has by then taken over what changed on the other, and the other has nothing new
        bases[first][name] = merge.halfway[name][first]
        bases[first.other][name] = merge.sides[first.other][name]
    write = Write(first, Operation.UPDATE, fields, merge.because[first], owed)
    return Decision(Verb.WRITE, write=write, again=both, conflicts=conflicts, bases=bases, refused=refused)


def complete(record: Record, base: Record | None, policy: FlowPolicy) -> Fixed:
    """The record with every field of the policy. ABSENT is no news: the base's value stands, and where
    there is none either, the side has nothing."""
    known = base or {}
    whole = {f.name: record[f.name] if f.name in record else known.get(f.name) for f in policy.fields}
    return Fixed(whole)


def _next_base(shown: Record, base: Record | None, open_fields: set[str]) -> dict[str, Value]:
    """What the side shows now, but what is in conflict keeps its old base until a person decides.

    A field that is missing from a base was never agreed on.
    """
    settled = {name: value for name, value in shown.items() if name not in open_fields}
    kept = {name: value for name, value in (base or {}).items() if name in open_fields}
    return {**kept, **settled}


# -- after the answer -----------------------------------------------------------------------------


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
    """Money the ledger confirmed differently from what its source says: never in step, a person decides.

    An amount that was sent and that the ledger shows as nothing differs too, unless it was nought.
    """
    wrong = [
        f.name
        for f in policy.fields
        if isinstance(amount := sent.get(f.name), Decimal) and f.name in shown
        if amount != (shown[f.name] or Decimal(0))
    ]
    return Conflict("amounts", tuple(wrong), Why.AMOUNT) if wrong else None
