"""The gate's eye: does this record keep the contract at the places that we map?

Asked for every record that is being decided, so a record whose structure was seen before costs a
few microseconds: its verdict is kept under the fingerprint of its structure, and only what depends
on values (closed sets, spellings) is looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from monitor import lexical, paths
from monitor.contract import Contract, Field
from monitor.differences import Kind

STRUCTURES_KEPT: Final = 4096
"""Verdicts kept; a platform whose records all differ in structure is judged anew each time."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a record breaks the contract. Types and spellings only, no content."""

    kind: Kind
    path: str
    wanted: str
    """What the contract says, in words: ``number``, ``date-time``, ``one of 7 known values``."""
    found: str

    def __str__(self) -> str:
        return f"{self.path or 'the record'}: {self.wanted} expected, {self.found} found"


class Guard:
    """Checks records against one contract at the places in ``mapped`` (None: everywhere)."""

    def __init__(
        self, contract: Contract, mapped: Iterable[str] | None = None, needed: Iterable[str] = ()
    ) -> None:
        """``mapped``: paths in the contract's spelling. What holds them must have the right shape, too.
        ``needed``: those of them that no record can do without, however few have been seen."""
        self.contract = contract
        self._watched = _watched(contract, mapped, frozenset(needed))
        self._inside = _inside(self._watched)
        self._verdicts: dict[object, tuple[Violation, ...]] = {}
        self._values = tuple(
            (paths.steps(path), _value_check(field))
            for path, field in self._watched.items()
            if field.enum is not None or field.format in _STRICT
        )

    def violations(self, record: Any) -> tuple[Violation, ...]:
        """Where ``record`` (parsed JSON) breaks the contract; empty if it keeps it."""
        kind = structure(record)
        known = self._verdicts.get(kind)
        if known is None:
            known = tuple(self._structural(record))
            if len(self._verdicts) >= STRUCTURES_KEPT:
                self._verdicts.clear()
            self._verdicts[kind] = known
        if not self._values:
            return known
        found = [
            violation
            for steps, check in self._values
            for value in paths.values(record, steps)
            if (violation := check(value)) is not None
        ]
        return (*known, *dict.fromkeys(found)) if found else known

    def knows(self, record: Any) -> bool:
        """Whether the record's structure was seen before (a new one deserves a closer look)."""
        return structure(record) in self._verdicts

    def _structural(self, record: Any) -> list[Violation]:
        found: dict[Violation, None] = {}
        self._look("", record, found)
        return list(found)

    def _look(self, path: str, value: Any, found: dict[Violation, None]) -> None:
        field = self._watched.get(path)
        if field is None:
            return
        wrong = _type_violation(field, lexical.json_type(value))
        if wrong is not None:
            found[wrong] = None
            return
        if type(value) is list:
            for item in value:
                self._look(paths.items(path), item, found)
        elif type(value) is dict:
            self._look_inside(path, value, found)

    def _look_inside(self, path: str, record: dict[str, Any], found: dict[Violation, None]) -> None:
        dynamic = f"{path}.{paths.ANY}" if path else paths.ANY
        if dynamic in self._watched:
            for value in record.values():
                self._look(dynamic, value, found)
            return
        for name, field in self._inside.get(path, ()):
            if name in record:
                self._look(field.path, record[name], found)
            elif field.required and not field.thin:
                found[Violation(Kind.OPTIONAL, field.path, "a value", "nothing")] = None


def structure(value: Any) -> object:
    """A hashable fingerprint of names and types: equal for records built alike, whatever they say."""
    kind = type(value)
    if kind is dict:
        held = value.values()
        kinds = tuple(map(type, held))
        if dict in kinds or list in kinds:
            inner = tuple(structure(each) for each in held if type(each) is dict or type(each) is list)
            return (tuple(value), kinds, inner)
        return (tuple(value), kinds)
    if kind is list:
        return frozenset(map(structure, value))
    return kind


def _watched(contract: Contract, mapped: Iterable[str] | None, needed: frozenset[str]) -> dict[str, Field]:
    if mapped is None:
        return dict(contract.fields)
    wanted = {""}
    for path in mapped:
        above = path
        while above and above not in wanted:
            wanted.add(above)
            above = paths.parent(above)
    return {
        path: replace(field, thin=False) if path in needed else field
        for path, field in contract.fields.items()
        if path in wanted
    }


def _inside(watched: Mapping[str, Field]) -> Mapping[str, tuple[tuple[str, Field], ...]]:
    grouped: dict[str, list[tuple[str, Field]]] = {}
    for path, field in watched.items():
        if path:
            grouped.setdefault(paths.parent(path), []).append((paths.leaf(path), field))
    return {above: tuple(below) for above, below in grouped.items()}


def _type_violation(field: Field, kind: str) -> Violation | None:
    allowed = field.types
    if not allowed or kind in allowed or (kind == "integer" and "number" in allowed):
        return None
    wanted = " or ".join(sorted(allowed - {"null"})) or "null"
    if kind == "null":
        return None if field.thin else Violation(Kind.NULLABLE, field.path, wanted, "null")
    if kind == "number" and "integer" in allowed:
        return Violation(Kind.TYPE_WIDENED, field.path, wanted, "decimal number")
    held = {"object", "array"}
    changed = kind in held or bool(allowed & held)
    return Violation(Kind.SHAPE_CHANGED if changed else Kind.TYPE_CHANGED, field.path, wanted, kind)


_STRICT: Final = (lexical.STANDARD_FORMATS | lexical.DATES) - {"uri", "email", "duration"}
"""Formats whose other spelling is a violation; an odd address of a web page or mail box is just data."""


def _value_check(field: Field) -> Callable[[Any], Violation | None]:
    path, wanted_format = field.path, field.format
    if field.enum is not None:
        closed = frozenset(field.enum)
        told = f"one of {len(closed)} known values"

        def in_set(value: Any) -> Violation | None:
            if value is None or type(value) in (dict, list) or value in closed:
                return None
            return Violation(Kind.ENUM_NEW, path, told, "a value outside them")

        return in_set

    def spelled(value: Any) -> Violation | None:
        if type(value) is not str:
            return None
        found = lexical.spelling(value)
        if found in (wanted_format, "empty"):
            return None
        return Violation(Kind.FORMAT_CHANGED, path, wanted_format, found)

    return spelled
