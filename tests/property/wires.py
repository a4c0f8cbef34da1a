"""Wire records drawn from a map's own atoms: whatever that platform could show."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import singledispatch
from typing import Any

from hypothesis import strategies as st

from syncd.mapping.atoms import (
    Atom,
    Code,
    Day,
    Flag,
    Hours,
    Identifier,
    Integer,
    Lines,
    LocalTime,
    Money,
    Number,
    Tags,
    Text,
    UnixDay,
    UnixTime,
)
from syncd.mapping.entity_map import EntityMap

ALPHABET = st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"))
_SECONDS = st.integers(0, 4_000_000_000)
_CENTS = st.integers(-(10**9), 10**9)


@singledispatch
def wire_values(atom: Atom) -> st.SearchStrategy[Any]:
    """What can stand on the wire for ``atom``, null aside. Register one for every new kind of atom."""
    raise NotImplementedError(f"no wire values for {type(atom).__name__}: register them here")


@wire_values.register
def _(atom: Text) -> st.SearchStrategy[Any]:
    # twice the width: a wanted text comes from another platform, which may hold more
    return st.text(ALPHABET, max_size=2 * (atom.max_length or 30))


@wire_values.register
def _(atom: Identifier) -> st.SearchStrategy[Any]:
    numbers = st.integers(1, 2_700_000_000_000_000)
    none = st.just(atom.none)
    return st.one_of(numbers if atom.as_integer else st.one_of(numbers, numbers.map(str)), none)


@wire_values.register
def _(atom: Money) -> st.SearchStrategy[Any]:
    return _CENTS.map(lambda cents: f"{cents / 100:.2f}" if atom.as_text else cents / 100)


@wire_values.register
def _(atom: Tags) -> st.SearchStrategy[Any]:
    words = st.lists(st.sampled_from(["vip", "net 30", "Ames", "no fax"]), max_size=4)
    return words.map(atom.separator.join) if atom.separator else words


@wire_values.register
def _(atom: Number) -> st.SearchStrategy[Any]:
    return _CENTS.map(lambda units: f"{units / 10_000:.4f}" if atom.as_text else units / 10_000)


@wire_values.register
def _(atom: Integer) -> st.SearchStrategy[Any]:
    return st.integers()


@wire_values.register
def _(atom: Flag) -> st.SearchStrategy[Any]:
    return st.sampled_from((0, 1)) if atom.numeric else st.booleans()


@wire_values.register
def _(atom: Code) -> st.SearchStrategy[Any]:
    return st.sampled_from(list(atom.words))


@wire_values.register
def _(atom: Hours) -> st.SearchStrategy[Any]:
    return st.integers(0, 24 * atom.an_hour)


@wire_values.register
def _(atom: UnixTime) -> st.SearchStrategy[Any]:
    return _SECONDS.map(lambda seconds: seconds * atom.per_s)


@wire_values.register
def _(atom: UnixDay) -> st.SearchStrategy[Any]:
    return _SECONDS.map(str) if atom.as_text else _SECONDS


@wire_values.register
def _(atom: Day) -> st.SearchStrategy[Any]:
    days = st.dates(date(1990, 1, 1), date(2090, 1, 1))
    return st.one_of(days.map(date.isoformat), days.map(lambda day: f"{day}T00:00:00"), st.just(""))


@wire_values.register
def _(atom: LocalTime) -> st.SearchStrategy[Any]:
    # through UTC, as servers stamp: a wall-clock time that a clock change skips never occurs
    return _SECONDS.map(lambda s: atom.put(datetime.fromtimestamp(s, UTC), None))


@wire_values.register
def _(atom: Lines) -> st.SearchStrategy[Any]:
    optional = {key: st.none() | wire_values(field) for _, key, field in atom.fields}
    rows = st.lists(st.fixed_dictionaries({}, optional=optional), max_size=3)
    if not atom.order:
        return rows
    # out of order, as a database may give them
    return rows.map(lambda lines: [{**line, atom.order: at} for at, line in enumerate(lines, 1)][::-1])


@st.composite
def wires(draw: st.DrawFn, lens: EntityMap) -> dict[str, Any]:
    """A record of that platform: every field present, null or missing; and fields that no map reads."""
    wire: dict[str, Any] = draw(st.dictionaries(st.sampled_from(("unmapped", "other")), st.integers()))
    for field in lens.fields:
        if draw(st.booleans()):
            _place(wire, field.path, draw(st.none() | wire_values(field.atom)))
    return wire


def _place(wire: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    at = wire
    for step in above:
        at = at.setdefault(step, {"unmapped": 7})
    at[last] = value
