"""How values cross from one side to the other: crosswalk tables and pairs, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.core.canonical import empty, same
from syncd.core.errors import AwaitReference, RefuseRecord
from syncd.core.model import Record, Side, Value
from syncd.core.policy import FieldPolicy, Kind


@dataclass(frozen=True, slots=True)
class Table:
    """One crosswalk of a link. Several codes of one side may mean the same code of the other."""

    to: Mapping[Side, Mapping[str, str]]
    """Target side -> {source code: target code}. The first pair listed wins where several fit."""
    default: Mapping[Side, str | None] = field(default_factory=dict)
    """Target side -> the code for anything not listed, empty values included."""

    @classmethod
    def of(
        cls, pairs: tuple[tuple[str, str], ...], default_left: str | None, default_right: str | None
    ) -> Table:
        """Build from (left, right) rows in file order."""
        right: dict[str, str] = {}
        left: dict[str, str] = {}
        for on_left, on_right in pairs:
            right.setdefault(on_left, on_right)
            left.setdefault(on_right, on_left)
        return cls({Side.LEFT: left, Side.RIGHT: right}, {Side.LEFT: default_left, Side.RIGHT: default_right})


def keyed(lines: Value, key: str) -> dict[str, Record] | None:
    """Lines by their own key, in order; None where one has none, or shares it: they have no identity."""
    if not key or not isinstance(lines, tuple | None):
        return None
    found = {str(name): line for line in lines or () if not empty(name := line.get(key))}
    return found if len(found) == len(lines or ()) else None


PairKey = tuple[Side, str, str]
"""(side of the known key, entity, key)."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """What one batch of decisions needs to translate values: looked up first, then pure."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    pairs: Mapping[PairKey, str] = field(default_factory=dict)
    """The other side's key of every paired record that the batch refers to."""
    widths: Mapping[Side, Mapping[str, int]] = field(default_factory=dict)
    """Side -> {field: characters it can hold}: a text and its cut say the same."""

    def cross(self, policy: FieldPolicy, value: Value, to: Side) -> Value:
        """``value`` of the other side as side ``to`` says it.

        Raises ``AwaitReference`` for a record that is not paired yet, ``RefuseRecord`` for a code
        that the crosswalk does not cover.
        """
        if policy.kind is Kind.LINES and isinstance(value, tuple):
            return tuple(self.cross_fields(policy.lines, line, to) for line in value)
        if policy.kind is Kind.REFERENCE and value is not None:
            return self._cross_reference(policy, str(value), to)
        if policy.kind is Kind.CROSSWALK:
            return self._cross_code(policy, value, to)
        return value

    def same(self, policy: FieldPolicy, left: Value, right: Value) -> bool:
        """Whether the two sides say the same thing, each in its own words."""
        if empty(left) and empty(right):
            return True  # neither says anything
        if policy.kind is Kind.PLAIN:
            if left == right:
                return True
            kept = self._cut(policy.name, left, Side.RIGHT), self._cut(policy.name, right, Side.LEFT)
            return same(*kept, policy.normaliser)
        if policy.kind is Kind.LINES and isinstance(left, tuple) and isinstance(right, tuple):
            if (mine := keyed(left, policy.key)) is not None and (
                other := keyed(right, policy.key)
            ) is not None:
                return mine.keys() == other.keys() and all(
                    self._same_line(policy.lines, line, other[key]) for key, line in mine.items()
                )
            return len(left) == len(right) and all(
                self._same_line(policy.lines, *lines) for lines in zip(left, right, strict=True)
            )
        try:
            # either direction may be many-to-one, so one that agrees is enough
            if self.cross(policy, left, Side.RIGHT) == right:
                return True
            return self.cross(policy, right, Side.LEFT) == left
        except (AwaitReference, RefuseRecord):
            return False

    def holds(self, policy: FieldPolicy, side: Side, shown: Value, wanted: Value) -> bool:
        """Whether ``side`` already shows what is wanted of it; both in its own words."""
        if policy.kind is not Kind.PLAIN:
            return shown == wanted or (empty(shown) and empty(wanted))
        return same(shown, self._cut(policy.name, wanted, side), policy.normaliser)

    def _same_line(self, policies: Sequence[FieldPolicy], left: Record, right: Record) -> bool:
        """By the fields that both lines carry; a text is as long as the shorter side could keep it."""
        for policy in policies:
            if policy.name in left and policy.name in right:
                mine, other = left[policy.name], right[policy.name]
                if isinstance(mine, str) and isinstance(other, str) and policy.kind is Kind.PLAIN:
                    kept = min(len(mine), len(other))
                    mine, other = mine[:kept].strip(), other[:kept].strip()
                if not self.same(policy, mine, other):
                    return False
        return True

    def _cut(self, name: str, value: Value, to: Side) -> Value:
        if type(value) is not str or to not in self.widths:
            return value
        width = self.widths[to].get(name)
        return value[:width].strip() if width else value

    def cross_fields(self, policies: Sequence[FieldPolicy], record: Record, to: Side) -> dict[str, Value]:
        """Every field of a record (or line) that side ``to`` gets something for; what is empty is left out.

        Raises as ``cross`` does.
        """
        crossed: dict[str, Value] = {}
        for policy in policies:
            name = policy.name
            value = record.get(name)
            if policy.kind is not Kind.PLAIN:
                coded = policy.kind is Kind.CROSSWALK
                if coded and policy.source and name not in record:
                    value = record.get(policy.source)
                # a default applies to records that say nothing, too: a ledger line must have an account
                if value is not None or coded:
                    value = self.cross(policy, value, to)
            if not empty(value) or value == ():  # a document without lines says so
                crossed[name] = value
        return crossed

    def _cross_reference(self, policy: FieldPolicy, key: str, to: Side) -> Value:
        found = self.pairs.get((to.other, policy.target, key))
        if found is None:
            raise AwaitReference(
                f"{policy.name} refers to {policy.target} {key}, which is not paired yet",
                side=to.other.value,
                entity=policy.target,
                key=key,
            )
        return found

    def _cross_code(self, policy: FieldPolicy, value: Value, to: Side) -> Value:
        table = self.tables.get(policy.target)
        if table is None:
            return None  # the link keeps no such table: the code means nothing on the other side
        fallback = table.default.get(to)
        if value in (None, ""):
            return fallback
        found = table.to[to].get(str(value), fallback)
        if found is None:
            raise RefuseRecord(
                f"{policy.name}: the crosswalk {policy.target!r} has no {to.value} code for {value!r}",
                code="mapping",
                field=policy.name,
                remedy=f"add the code to the crosswalk table {policy.target!r}, or give it a default",
            )
        return found
