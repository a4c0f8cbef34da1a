"""A lens as a platform's change demands it, until an engineer writes it into the map itself. Pure.

What a person accepted about one field (it has another name, another unit) is laid over the map. A
correction names the declaration it was made for: where the map says something else by now, it does
not apply any more, so that a mended map is never corrected twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final, Self

from syncd.core.canonical import number
from syncd.core.model import Value
from syncd.mapping.atoms import KEEP, Atom, Lines
from syncd.mapping.entity_map import EntityMap, FieldMap

_ITEM: Final = "[]."


@dataclass(frozen=True, slots=True)
class Correction:
    """What is different about one place of a platform's records: ``total``, ``items[].price``."""

    path: str
    declared: str
    """Fingerprint of what the map declared there when it was accepted."""
    moved_to: str = ""
    """Its new path, inside the same list if it is inside one."""
    divide_by: int = 1
    """The platform's number is this many times the field's unit (100: cents)."""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """From its JSON form. Raises ``TypeError`` for unknown names."""
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Scaled:
    """A number that the wire holds in a smaller or larger unit than ``atom`` expects."""

    atom: Atom
    times: int

    def get(self, wire: Any) -> Value:
        if wire is None:
            return None
        # as text: an exact quotient, and every atom of numbers reads text
        return self.atom.get(str(number(wire) / self.times))

    def put(self, value: Value, current: Any) -> Any:
        try:
            if self.get(current) == value:
                return KEEP
        except ValueError:
            pass  # what stands there is no number: it is written over
        plain = self.atom.put(value, None)
        if plain is None or plain is KEEP:
            return plain
        scaled = number(plain) * self.times
        if isinstance(plain, str):
            return str(scaled)
        return int(scaled) if scaled == scaled.to_integral_value() else float(scaled)


def declared(lens: EntityMap, path: str) -> str | None:
    """The fingerprint of what a map declares at a place; None where it reads nothing there."""
    found = [repr(entry) for place, entry in _declarations(lens) if place == path]
    return blake2b("|".join(found).encode(), digest_size=8).hexdigest() if found else None


def corrected(lens: EntityMap, corrections: Iterable[Correction]) -> EntityMap:
    """``lens`` with every correction that was made for what it declares by then, one after the other: a
    later one may be about what an earlier one made of the map."""
    for one in corrections:
        if declared(lens, one.path) == one.declared:
            lens = replace(lens, fields=tuple(_field(field, {one.path: one}) for field in lens.fields))
    return lens


def _field(field: FieldMap, meant: Mapping[str, Correction]) -> FieldMap:
    atom = field.atom
    if isinstance(atom, Lines):
        atom = replace(atom, fields=tuple(_line(field.path, line, meant) for line in atom.fields))
    change = meant.get(field.path)
    if change is None:
        return replace(field, atom=atom)
    return replace(field, path=change.moved_to or field.path, atom=_scaled(atom, change))


def _line(above: str, line: tuple[str, str, Atom], meant: Mapping[str, Correction]) -> tuple[str, str, Atom]:
    name, key, atom = line
    change = meant.get(f"{above}{_ITEM}{key}")
    if change is None:
        return line
    return name, change.moved_to.rpartition(_ITEM)[2] or key, _scaled(atom, change)


def _scaled(atom: Atom, change: Correction) -> Atom:
    return Scaled(atom, change.divide_by) if change.divide_by != 1 else atom


def _declarations(lens: EntityMap) -> Iterable[tuple[str, object]]:
    for field in lens.fields:
        if isinstance(field.atom, Lines):
            for name, key, atom in field.atom.fields:
                yield f"{field.path}{_ITEM}{key}", (name, key, atom)
        yield field.path, (field.name, field.path, field.atom)
