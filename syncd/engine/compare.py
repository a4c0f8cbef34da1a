"""Both sides beside each other: which mapped fields differ, what explains it, and the sums. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from syncd.core.crossing import Crossing
from syncd.core.merge import unit_name, units
from syncd.core.model import PairState, Record, Side, Value
from syncd.engine.decide import Sides, label
from syncd.engine.setup import FlowSetup
from syncd.ports import Compared

_KNOWN: Mapping[PairState, str] = {
    PairState.QUARANTINED: "in quarantine",
    PairState.HELD: "held",
    PairState.WAITING: "waits for another record",
    PairState.IN_FLIGHT: "a write is under way",
    PairState.OUT_OF_SCOPE: "set aside",
}
"""States of a pair that account for whatever differs in it."""

DUE = "to be decided in the next cycle"
AGREED = "both sides agreed to differ: the flow does not write that way, or it was adopted as it stood"


@dataclass(frozen=True, slots=True)
class Differs:
    """One field of one pair."""

    pair: int
    label: str
    keys: Mapping[Side, str]
    field: str
    values: Mapping[Side, Value]
    explained: str


@dataclass(slots=True)
class Sums:
    """One amount over all pairs."""

    of: dict[Side, Decimal] = field(default_factory=lambda: dict.fromkeys(Side, Decimal(0)))
    explained: Decimal = Decimal(0)

    @property
    def difference(self) -> Decimal:
        return self.of[Side.LEFT] - self.of[Side.RIGHT]

    @property
    def unexplained(self) -> Decimal:
        return self.difference - self.explained


@dataclass(slots=True)
class Comparison:
    """What a flow's pairs add up to, batch by batch."""

    setup: FlowSetup
    pairs: int = 0
    differences: list[Differs] = field(default_factory=list)
    sums: dict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    lone: Counter[tuple[Side, str]] = field(default_factory=Counter)
    lone_sums: dict[tuple[Side, str], dict[str, Decimal]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Decimal))
    )

    def add(self, batch: Sequence[tuple[Compared, Sides]], crossing: Crossing) -> None:
        for row, sides in batch:
            living = [side for side in Side if side in sides.records and not row.pair.gone.get(side)]
            if len(living) == len(Side):
                self._pair(row, sides, crossing)
            elif living:
                self._lone(living[0], row, sides.records[living[0]])

    def _pair(self, row: Compared, sides: Sides, crossing: Crossing) -> None:
        self.pairs += 1
        found = {d.field: d for d in differences(self.setup, row, sides, crossing)}
        self.differences += found.values()
        left, right = (sides.records[side] for side in Side)
        for name in _amounts(self.setup, left, right):
            sums = self.sums[name]
            for side, record in ((Side.LEFT, left), (Side.RIGHT, right)):
                sums.of[side] += _amount(record.get(name))
            if name in found and found[name].explained:
                sums.explained += _amount(left.get(name)) - _amount(right.get(name))

    def _lone(self, side: Side, row: Compared, record: Record) -> None:
        other_gone = side.other in row.pair.keys
        why = "its partner was removed" if other_gone else _unpaired_because(row)
        self.lone[side, why] += 1
        for name in _amounts(self.setup, record, {}):
            self.lone_sums[side, why][name] += _amount(record.get(name))


def differences(setup: FlowSetup, row: Compared, sides: Sides, crossing: Crossing) -> list[Differs]:
    """Mapped fields on which a pair's records differ, and what explains each."""
    left, right = (sides.records[side] for side in Side)
    unit_of = {f.name: unit_name(unit) for unit in units(setup.policy) for f in unit}
    found = []
    for f in setup.policy.fields:
        if f.name not in left or f.name not in right or crossing.same(f, left[f.name], right[f.name]):
            continue
        values = {Side.LEFT: left[f.name], Side.RIGHT: right[f.name]}
        why = _explained(row, unit_of[f.name], f.name, values)
        found.append(Differs(row.pair.id, label(setup, sides), row.pair.keys, f.name, values, why))
    return found


def _explained(row: Compared, unit: str, name: str, values: Mapping[Side, Value]) -> str:
    if unit in row.conflicts:
        return "in conflict"
    state = row.pair.state
    if state in _KNOWN:
        return f"{_KNOWN[state]}: {row.pair.reason}" if row.pair.reason else _KNOWN[state]
    if row.due:
        return DUE
    agreed = all(row.pair.bases.get(side, {}).get(name, ...) == values[side] for side in Side)
    # two amounts that differ were never agreed on, whatever stands in a base
    return AGREED if agreed and not _of_money(values) else ""


def _of_money(values: Mapping[Side, Value]) -> bool:
    """Whether values differ in money: amounts, or the sums of lines."""
    totals = {side: _total(value) for side, value in values.items()}
    return any(totals.values()) and totals[Side.LEFT] != totals[Side.RIGHT]


def _total(value: Value) -> Decimal:
    if isinstance(value, tuple):
        return sum((_amount(line.get("amount")) for line in value), Decimal(0))
    return _amount(value)


def _unpaired_because(row: Compared) -> str:
    if row.due and row.pair.state in (PairState.DUE, PairState.IN_STEP):
        return DUE
    return row.pair.reason or row.pair.state.value


def _amounts(setup: FlowSetup, *records: Record) -> list[str]:
    return [f.name for f in setup.policy.fields if any(isinstance(r.get(f.name), Decimal) for r in records)]


def _amount(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)
