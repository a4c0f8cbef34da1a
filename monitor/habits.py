"""What amounts usually are, customer by customer: is this one in another unit?

One record of a hundred times its customer's habit is a large invoice or the first of many in cents.
The two are told apart by a likelihood ratio: its size against what the customer usually shows (or
everybody, for a new customer), and whether it came as a whole number where amounts have decimals.
Kept are sums of logarithms, never an amount. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

import msgspec

from monitor import paths
from syncd.mapping.atoms import Atom, Lines, Money, Number
from syncd.mapping.correcting import Scaled
from syncd.mapping.entity_map import EntityMap

FACTORS: Final = (100, 1000)
"""Units a platform has been seen to change to: cents, and the thousandths of some payment products."""
ODDS: Final = 5_000.0
"""How much likelier the other unit must be. A large invoice reaches odds of X in at most 1/X of all
cases, so this leaves fewer than 1 in 1,000 also where several places of a record are looked at."""
NEVER_MIN: Final = 60
"""Amounts at a place, none of them whole, before one that is says anything."""
KNOWN_MIN: Final = 30
"""Amounts at a place before anything is said about it."""
CUSTOMERS_MAX: Final = 20_000
_TAIL: Final = 20.0
"""Degrees of freedom: a tail heavier than a bell's, lighter than a guess."""
_WHOLE_OTHER: Final = 0.99
"""In a smaller unit, nearly every amount is a whole number."""
OWN_MIN: Final = 3
"""Amounts of one customer before they are a habit."""
_STRANGE: Final = 0.1
"""Share of amounts that have nothing to do with their customer's habit."""
_NEAR: Final = 0.9
"""Decimal orders above the usual below which no other unit is thought of."""
_SPREAD_MIN: Final = 0.2
_PLAIN: Final = math.log(100.0)
"""Odds at which the amounts at one place say by themselves whether their unit has changed."""


class Sums(msgspec.Struct, array_like=True):
    """Of decimal logarithms."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    whole: int = 0
    """How many came as whole numbers."""

    def add(self, log: float, whole: bool) -> None:
        self.count += 1
        self.total += log
        self.squares += log * log
        self.whole += whole

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    @property
    def variance(self) -> float:
        return max(self.squares / self.count - self.mean**2, 0.0) if self.count > 1 else 0.0

    def shift(self, by: float) -> None:
        """As if every amount had been ``10 ** by`` times as large."""
        self.squares += 2 * by * self.total + self.count * by * by
        self.total += by * self.count


class _Stored(msgspec.Struct):
    everybody: dict[str, Sums]
    customers: dict[str, dict[int, Sums]]


@dataclass(frozen=True, slots=True)
class Outlier:
    """One amount that looks like another unit."""

    path: str
    factor: int
    odds: float


class Habits:
    """Of one kind of record on one connection."""

    def __init__(self, lens: EntityMap, secret: bytes = b"") -> None:
        """``secret`` keys the digests of customers' keys (at most 64 bytes)."""
        self._secret = secret
        self._amounts = frozenset(_paths(lens, (Money,)))
        """Where a first sight counts."""
        self._places = tuple((path, paths.steps(path)) for path in _paths(lens, (Money, Number)))
        customer = next((f.path for f in lens.fields if f.name == "customer"), "")
        self._customer = tuple(customer.split(".")) if customer else ()
        self.everybody: dict[str, Sums] = {}
        self._customers: dict[str, dict[int, Sums]] = {}

    def learn(self, record: Mapping[str, Any]) -> None:
        """One ordinary record more."""
        who = self._who(record)
        for path, log, whole in self._amounts_of(record):
            self.everybody.setdefault(path, Sums()).add(log, whole)
            if who is None:
                continue
            known = self._customers.setdefault(path, {})
            if who in known or len(known) < CUSTOMERS_MAX:
                known.setdefault(who, Sums()).add(log, whole)

    def outlier(self, record: Mapping[str, Any]) -> Outlier | None:
        """The amount that most looks like another unit, if any does."""
        amounts = self._amounts_of(record)
        found = self._never_so_whole(amounts)
        if found is not None:
            return found
        who = self._who(record)
        for path, log, whole in amounts:
            if path not in self._amounts:
                continue
            everybody = self.everybody.get(path)
            if everybody is None or everybody.count < KNOWN_MIN:
                continue
            own = self._customers.get(path, {}).get(who) if who is not None else None
            usual = everybody.mean if own is None or own.count < OWN_MIN else min(own.mean, everybody.mean)
            if log < usual + _NEAR and not (whole and everybody.whole * 20 < everybody.count):
                continue  # nearly every amount: not even ten times what is usual
            for factor in FACTORS:
                odds = math.exp(min(_odds(everybody, own, log, whole, math.log10(factor)), 300.0))
                if odds > ODDS and (found is None or odds > found.odds):
                    found = Outlier(path, factor, odds)
        return found

    def _never_so_whole(self, amounts: Sequence[tuple[str, float, bool]]) -> Outlier | None:
        """Every amount of the record is a whole number, at places where none ever was: cents, whatever their
        size. A small invoice in cents looks like an ordinary one in dollars, and only this tells."""
        money = [(path, whole) for path, _, whole in amounts if path in self._amounts]
        for path, whole in money:
            known = self.everybody.get(path)
            if not whole or known is None or known.count < NEVER_MIN or known.whole:
                return None
        return Outlier(money[0][0], FACTORS[0], ODDS * ODDS) if len(money) > 1 else None

    def shifted(self, records: Iterable[Mapping[str, Any]], factor: int) -> Sequence[str]:
        """Places that are ``factor`` times as large in these records as they usually are.

        A platform changes the unit of a record's amounts together, so an amount whose size tells too
        little (a tax that varies by itself, one that these records do not show) goes with those that are
        plain; where those disagree, by what little it tells.
        """
        odds: dict[str, float] = {}
        for record in records:
            who = self._who(record)
            for path, log, whole in self._amounts_of(record):
                everybody = self.everybody.get(path)
                if everybody is not None:
                    own = self._customers.get(path, {}).get(who) if who is not None else None
                    more = _odds(everybody, own, log, whole, math.log10(factor))
                    odds[path] = odds.get(path, 0.0) + more
        plain = {path for path in self._amounts & odds.keys() if abs(odds[path]) >= _PLAIN}
        agreed = bool(plain) and all(odds[path] > 0 for path in plain)
        return sorted(
            path
            for path in self._amounts | odds.keys()
            if odds.get(path, 0.0) >= _PLAIN
            or (path in self._amounts - plain and (agreed or odds.get(path, 0.0) > 0))
        )

    def rescale(self, places: Iterable[str], factor: int) -> None:
        """The other unit was accepted: what was ordinary is ``factor`` times as large from now on."""
        for path in places:
            every = [self.everybody.get(path), *self._customers.get(path, {}).values()]
            for sums in every:
                if sums is not None:
                    sums.shift(math.log10(factor))
                    sums.whole = sums.count

    def to_bytes(self) -> bytes:
        """Everything known. Seal it: who buys how much is the customers' business."""
        return msgspec.msgpack.encode(_Stored(self.everybody, self._customers))

    def move(self, path: str, to: str) -> None:
        """A place has another name."""
        for known in (self.everybody, self._customers):
            if path in known:
                known[to] = known.pop(path)  # type: ignore[assignment]

    def adopt(self, known: Habits) -> None:
        """Go on with what another lens's habits had learned."""
        self.everybody, self._customers = known.everybody, known._customers

    def restore(self, data: bytes) -> None:
        """What ``to_bytes`` gave; of another format: known from now on only."""
        try:
            stored = msgspec.msgpack.decode(data, type=_Stored)
        except msgspec.MsgspecError:
            return
        self.everybody, self._customers = stored.everybody, stored.customers

    def _who(self, record: Mapping[str, Any]) -> int | None:
        value: Any = record
        for step in self._customer:
            value = value.get(step) if type(value) is dict else None
        if value is None or type(value) in (dict, list):
            return None
        return int.from_bytes(blake2b(str(value).encode(), digest_size=6, key=self._secret).digest(), "big")

    def _amounts_of(self, record: Mapping[str, Any]) -> list[tuple[str, float, bool]]:
        """(path, decimal logarithm, whole?) of the largest amount at each place."""
        found = []
        for path, steps in self._places:
            if len(steps) == 1:  # most amounts stand at the top
                largest, whole = _size(record.get(steps[0]))
            else:
                largest, whole = 0.0, True
                for value in values_at(record, steps):
                    size, integral = _size(value)
                    if size > largest:
                        largest, whole = size, integral
            if largest > 0:
                found.append((path, math.log10(largest), whole))
        return found


def _odds(everybody: Sums, own: Sums | None, log: float, whole: bool, shift: float) -> float:
    """Logarithm of how much likelier the amount is in the other unit than in the usual one."""
    evidence = _chance(everybody, own, log - shift) - _chance(everybody, own, log)
    if whole:
        evidence += math.log(_WHOLE_OTHER * (everybody.count + 2) / (everybody.whole + 1))
    return evidence


def _chance(everybody: Sums, own: Sums | None, log: float) -> float:
    """Logarithm of the density of an amount: the customer's own habit, and now and then anybody's (the
    one large job of a customer with small ones)."""
    spread = max(everybody.variance, _SPREAD_MIN**2)
    anybody = _density(log - everybody.mean, spread)
    if own is None or own.count < OWN_MIN:
        return anybody
    # drawn towards everybody while little is known of this customer
    mean = (own.count * own.mean + everybody.mean) / (own.count + 1)
    variance = (own.count * max(own.variance, _SPREAD_MIN**2) + 2 * spread) / (own.count + 2)
    return float(
        math.log((1 - _STRANGE) * math.exp(_density(log - mean, variance)) + _STRANGE * math.exp(anybody))
    )


def _density(distance: float, variance: float) -> float:
    """Logarithm of a bell with heavier tails; cut off at 60 spreads, so that it is never nothing."""
    spreads = min(distance * distance / variance, 3600.0)
    return -(_TAIL + 1) / 2 * math.log1p(spreads / _TAIL) - 0.5 * math.log(variance)


def _size(value: Any) -> tuple[float, bool]:
    """(absolute size, whole?) of one number as the wire holds it; 0 for what is none."""
    if type(value) is int:
        return abs(float(value)), True
    if type(value) is float:
        return (abs(value), False) if math.isfinite(value) else (0.0, False)
    if isinstance(value, Decimal):
        return abs(float(value)), value == value.to_integral_value()
    if type(value) is str:
        try:
            return abs(float(value)), "." not in value
        except ValueError:
            return 0.0, False
    return 0.0, False


def _paths(lens: EntityMap, kinds: tuple[type, ...]) -> Iterable[str]:
    for field in lens.fields:
        if isinstance(_bare(field.atom), kinds):
            yield field.path
        if isinstance(field.atom, Lines):
            for _, key, atom in field.atom.fields:
                if isinstance(_bare(atom), kinds):
                    yield paths.below(paths.items(field.path), key)


def _bare(atom: Atom) -> Atom:
    return atom.atom if isinstance(atom, Scaled) else atom


def values_at(value: Any, steps: Sequence[str], at: int = 0) -> Iterable[Any]:
    """Every value of a record that ``steps`` (of ``paths.steps``) lead to, from the ``at``-th on."""
    while at < len(steps):
        step, at = steps[at], at + 1
        if step == paths.ITEMS:
            if type(value) is list:
                for item in value:
                    yield from values_at(item, steps, at)
            return
        if type(value) is not dict:
            return
        value = value.get(step)
    yield value
