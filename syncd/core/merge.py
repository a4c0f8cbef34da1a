"""Both sides show the record: merge it unit by unit, each side against its own base.

Fields of a group are one unit: they change, win and conflict together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from syncd.core.canonical import empty
from syncd.core.combine import Collision, take_over_lines, take_over_words
from syncd.core.crossing import Crossing
from syncd.core.decision import Conflict, PairView, Resolution, Take, Why
from syncd.core.errors import AwaitReference
from syncd.core.model import Record, Side, Value
from syncd.core.policy import FieldPolicy, FlowPolicy, Kind, Rule

Unit = tuple[FieldPolicy, ...]

OWNERS: Final = {Rule.LEFT: Side.LEFT, Rule.RIGHT: Side.RIGHT}
_NEEDS_INPUT: Final = frozenset({Rule.NEWEST, Rule.UNION, Rule.MAX, Rule.MIN})


def units(policy: FlowPolicy) -> list[Unit]:
    """The fields of a policy as merge units: groups together, everything else alone."""
    grouped: dict[str, list[FieldPolicy]] = {}
    for rule in policy.fields:
        grouped.setdefault(rule.group or f"={rule.name}", []).append(rule)
    return [tuple(members) for members in grouped.values()]


def unit_name(unit: Unit) -> str:
    """What a conflict about it is called."""
    return unit[0].group or unit[0].name


def changed(base: Record, now: Record, name: str) -> bool:
    """Exactly, against the side's own base."""
    return now.get(name) != base.get(name)


@dataclass(slots=True)
class Merge:
    """The units of one pair as they are merged, and what they add up to."""

    pair: PairView
    sides: Mapping[Side, Record]
    """What each side shows, every field of the policy."""
    policy: FlowPolicy
    crossing: Crossing
    posted: Side | None = None
    """The side that owns this document, now that it is posted."""
    writes: dict[Side, dict[str, Value]] = field(default_factory=lambda: {Side.LEFT: {}, Side.RIGHT: {}})
    because: dict[Side, dict[str, Why]] = field(default_factory=lambda: {Side.LEFT: {}, Side.RIGHT: {}})
    conflicts: list[Conflict] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    halfway: dict[str, dict[Side, Value]] = field(default_factory=dict)
    """Of fields that both sides take over from each other: the base of a side that was written, while the
    other is still to be told."""
    moved: bool = False
    """Some base must move, even if nothing is written."""

    def unit(self, unit: Unit) -> None:
        """Merge one unit. Raises ``AwaitReference`` and ``RefuseRecord`` as crossing does."""
        resolution = self.pair.resolution(unit_name(unit))
        if resolution is not None and self._resolve(unit, resolution):
            return
        agreed = all(
            (base := self.pair.base(side)) is not None and f.name in base for f in unit for side in Side
        )
        equal = all(self._equal(f) for f in unit)
        if not agreed:
            self.moved = True
            if not equal:
                self._first_difference(unit)
            return
        moved = {
            side: any(changed(self.pair.base(side) or {}, self.sides[side], f.name) for f in unit)
            for side in Side
        }
        if not any(moved.values()):
            return  # unchanged on both sides; if they differ, they agreed to
        self.moved = True
        if not equal:
            self._settle(unit, moved)

    def _equal(self, f: FieldPolicy) -> bool:
        return self.crossing.same(f, self.sides[Side.LEFT][f.name], self.sides[Side.RIGHT][f.name])

    # -- no common past to say who changed ------------------------------------------------------

    def _first_difference(self, unit: Unit) -> None:
        """The sides were matched and differ here."""
        if self.policy.create_only or self.posted is not None:
            # a document that already stands in the ledger is adopted as it stands; only money must agree
            amounts = [[self.sides[side][f.name] for side in Side] for f in unit]
            money = [pair for pair in amounts if any(isinstance(amount, Decimal) for amount in pair)]
            if any((left or 0) != (right or 0) for left, right in money):  # no amount is none: 0
                self._conflict(unit, Why.FIRST_DIFFERENCE)
            return
        mode = self.policy.mode
        for side in Side:
            if all(empty(self.sides[side][f.name]) for f in unit) and mode.writes(side):
                self._copy(unit, side, Why.FILL)
                return
        rule = rule_of(unit)
        owner = OWNERS.get(rule)
        found = (owner, Why.OWNER) if owner is not None else self._by_size(rule, unit)
        if found is not None and mode.writes(found[0].other):
            self._copy(unit, found[0].other, found[1])
        elif any(mode.writes(side) for side in Side) and not (rule is Rule.UNION and self._combine(unit)):
            for f in unit:
                if f.kind is Kind.REFERENCE:
                    self._check_paired(f)
            self._conflict(unit, Why.FIRST_DIFFERENCE)

    def _check_paired(self, f: FieldPolicy) -> None:
        """Raise ``AwaitReference`` while it cannot be known whether two references differ: none is paired."""
        waiting = None
        for side in Side:
            try:
                self.crossing.cross(f, self.sides[side][f.name], side.other)
            except AwaitReference as unpaired:
                waiting = waiting or unpaired
            else:
                return
        if waiting is not None:
            raise waiting

    # -- at least one side changed, and the sides now differ ------------------------------------

    def _settle(self, unit: Unit, moved: Mapping[Side, bool]) -> None:
        rule = rule_of(unit)
        if self.policy.create_only or self.posted is not None:
            self._posted(unit, moved)
            return
        first_set = all(
            empty((self.pair.base(side) or {}).get(f.name)) for f in unit for side in Side
        ) and not all(moved.values())
        if rule is Rule.IMMUTABLE and not first_set:
            self._conflict(unit, Why.IMMUTABLE)
            return
        owner = OWNERS.get(rule)
        if owner is not None:
            found: tuple[Side, Why] | None = (owner, Why.OWNER)
        elif all(moved.values()):
            found = self._winner(rule, unit)
        elif self._combine(unit):
            return  # also one side's change alone: what the sides agreed to keep different stays so
        else:
            by_left = moved[Side.LEFT]
            found = (Side.LEFT, Why.CHANGED_LEFT) if by_left else (Side.RIGHT, Why.CHANGED_RIGHT)
        if found is None:
            if not self._combine(unit):
                self._conflict(unit, Why.NO_INPUT if rule in _NEEDS_INPUT else Why.BOTH_CHANGED)
            return
        winner, why = found
        if self.policy.mode.writes(winner.other):
            self._copy(unit, winner.other, why)
        # else: the flow does not write that way; the bases move and the difference stands, agreed

    def _posted(self, unit: Unit, moved: Mapping[Side, bool]) -> None:
        """The ledger owns it: its edits go to the source where the flow writes there, and are taken note of
        where it does not; the source's edits need a person."""
        mode = self.policy.mode
        if self.posted is None or self.policy.create_only:
            if any(moved[side] and mode.writes(side.other) for side in Side):
                self._conflict(unit, Why.POSTED)
            return
        if moved[self.posted.other]:
            self._conflict(unit, Why.POSTED)
        elif mode.writes(self.posted.other):
            self._copy(unit, self.posted.other, Why.OWNER)

    def _winner(self, rule: Rule, unit: Unit) -> tuple[Side, Why] | None:
        """Who wins where both changed. None where the rule lacks its input: a person decides, no guess."""
        pair = self.pair
        if rule is Rule.NEWEST and pair.left_modified and pair.right_modified:
            apart = (pair.left_modified - pair.right_modified).total_seconds()
            if abs(apart) > self.policy.skew_margin_s:
                return (Side.LEFT if apart > 0 else Side.RIGHT), Why.NEWEST
        return self._by_size(rule, unit)

    def _by_size(self, rule: Rule, unit: Unit) -> tuple[Side, Why] | None:
        if rule not in (Rule.MAX, Rule.MIN) or len(unit) != 1:
            return None
        larger = _larger(self.sides[Side.LEFT][unit[0].name], self.sides[Side.RIGHT][unit[0].name])
        if larger is None:
            return None
        return (larger, Why.LARGEST) if rule is Rule.MAX else (larger.other, Why.SMALLEST)

    # -- part by part -----------------------------------------------------------------------------

    def _combine(self, unit: Unit) -> bool:
        """Let each side take over what the other changed. False: the unit has no parts to do it by.

        Lines that both sides know by a key have; a set has where its rule is ``union``. A group stays whole:
        its lines are not merged under a total that both sides changed.
        """
        f = unit[0]
        if len(unit) != 1 or not (f.kind is Kind.LINES or f.rule is Rule.UNION):
            return False
        try:
            taken = {side: self._taken_over(f, side) for side in Side}
        except Collision:
            self._conflict(unit, Why.SAME_LINE)
            return True
        if any(value is None for value in taken.values()):
            return False
        bases = {side: (self.pair.base(side) or {}).get(f.name) for side in Side}
        reason = Why.BY_LINE if f.kind is Kind.LINES else Why.UNION
        for side, value in taken.items():
            if self.policy.mode.writes(side) and value != self.sides[side][f.name]:
                self._write(f, side, value, reason)
        if all(f.name in self.writes[side] for side in Side):
            self.halfway[f.name] = {side: self._take(f, side, bases[side], bases[side]) for side in Side}
        return True

    def _taken_over(self, f: FieldPolicy, side: Side) -> Value:
        return self._take(f, side, (self.pair.base(side) or {}).get(f.name), self.sides[side][f.name])

    def _take(self, f: FieldPolicy, side: Side, base: Value, mine: Value) -> Value:
        """``mine``, of ``side``, with what changed on the other side. Raises ``Collision``."""
        their_base = (self.pair.base(side.other) or {}).get(f.name)
        theirs = self.sides[side.other][f.name]
        if f.kind is Kind.LINES:
            return take_over_lines(f, self.crossing, side, (base, mine), (their_base, theirs))
        return take_over_words(f, mine, their_base, theirs)

    # -- a person decided -------------------------------------------------------------------------

    def _resolve(self, unit: Unit, resolution: Resolution) -> bool:
        """Carry out what a person said of these very values. False: they have changed since."""
        bases = [self.pair.base(side) or {} for side in Side]
        if resolution.take is Take.BASE and not all(f.name in base for f in unit for base in bases):
            self.refused.append(resolution.unit)
            return False
        wanted = {side: self._wanted(unit, resolution, side) for side in Side}
        for side in Side:
            shown = self.sides[side]
            as_seen = all(shown[f.name] == resolution.seen[side].get(f.name) for f in unit)
            if not as_seen and not all(self._says(f, side, wanted[side][f.name]) for f in unit):
                self.refused.append(resolution.unit)
                return False
        barred = {side for side in Side if not all(self._says(f, side, wanted[side][f.name]) for f in unit)}
        if barred & ledgers(self.policy, self.posted):
            self.refused.append(resolution.unit)  # a posted document is corrected by an action, never edited
            return False
        self.moved = True
        for side in barred:
            if self.policy.mode.writes(side):
                for f in unit:
                    if not self._says(f, side, wanted[side][f.name]):
                        self._write(f, side, wanted[side][f.name], Why.RESOLVED)
        return True

    def _wanted(self, unit: Unit, resolution: Resolution, side: Side) -> dict[str, Value]:
        """What the resolution comes to on ``side``, in that side's own values."""
        take = resolution.take
        if take is Take.BASE:
            return {f.name: (self.pair.base(side) or {}).get(f.name) for f in unit}
        if take is Take.VALUE:
            origin, values = Side.LEFT, resolution.values
        else:
            origin = Side(take.value)
            values = self.sides[origin]
        if side is origin:
            return {f.name: values.get(f.name) for f in unit}
        return {f.name: self._said(f, values.get(f.name), side) for f in unit}

    def _said(self, f: FieldPolicy, value: Value, side: Side) -> Value:
        """``value`` of the other side as ``side`` says it; what it has already, if that says the same."""
        mine = self.sides[side][f.name]
        left, right = (mine, value) if side is Side.LEFT else (value, mine)
        return mine if self.crossing.same(f, left, right) else self.crossing.cross(f, value, side)

    def _says(self, f: FieldPolicy, side: Side, value: Value) -> bool:
        return self.crossing.holds(f, side, self.sides[side][f.name], value)

    # -- what it comes to -------------------------------------------------------------------------

    def _conflict(self, unit: Unit, why: Why) -> None:
        self.conflicts.append(Conflict(unit_name(unit), tuple(f.name for f in unit), why))

    def _copy(self, unit: Unit, side: Side, why: Why) -> None:
        """Write to ``side`` what the other shows; what says the same already keeps its own words."""
        source = self.sides[side.other]
        for f in unit:
            if not self._equal(f):
                self._write(f, side, self.crossing.cross(f, source[f.name], side), why)

    def _write(self, f: FieldPolicy, side: Side, value: Value, why: Why) -> None:
        self.writes[side][f.name] = value
        self.because[side][f.name] = why


def ledgers(policy: FlowPolicy, posted: Side | None) -> set[Side]:
    """Sides on which a document must not be edited; ``posted``: the one that owns it by now."""
    barred = {side for side in Side if policy.create_only and policy.mode.writes(side)}
    return barred if posted is None else {*barred, posted}


def rule_of(unit: Unit) -> Rule:
    """A unit's rule: that of its members if they agree, else ``MANUAL``."""
    rules = {f.rule for f in unit}
    return rules.pop() if len(rules) == 1 else Rule.MANUAL


def _larger(left: Value, right: Value) -> Side | None:
    if isinstance(left, Decimal | int) and isinstance(right, Decimal | int):
        return Side.LEFT if left > right else Side.RIGHT
    if type(left) is type(right) and isinstance(left, date) and isinstance(right, date):
        return Side.LEFT if left > right else Side.RIGHT
    return None
