"""One kind of record on one platform, as a set of field lenses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any

from syncd.core.errors import RefuseRecord
from syncd.core.model import Record, Value
from syncd.mapping.atoms import KEEP, Atom, Text

_MISSING = object()


@dataclass(frozen=True, slots=True)
class FieldMap:
    """A canonical field and where it stands in the wire record (dots descend)."""

    name: str
    path: str
    atom: Atom
    writable: bool = True
    """False: read only. The platform derives it, or refuses to change it after creation."""
    create_only: bool = False
    """Written when the record is created, refused by the platform afterwards."""


@dataclass(frozen=True)
class EntityMap:
    """The lens of one entity on one platform.

    ``get(wire)`` gives the canonical record; ``put(wanted, wire)`` the smallest nested patch that
    makes ``wire`` say ``wanted``. Both are pure; a value of the wrong kind raises ``RefuseRecord``
    naming the field, never its content.
    """

    entity: str
    fields: tuple[FieldMap, ...]
    key: str = "id"
    modified: str = ""
    """Path of the record's modification time, where the platform has one ..."""
    modified_atom: Atom | None = None
    """... and how to read it."""
    modified_by: str = ""
    """Path of who changed it last, where the platform says."""

    def get(self, wire: Mapping[str, Any]) -> dict[str, Value]:
        """Canonical fields. Paths the wire lacks are ABSENT from the result. Raises ``RefuseRecord``."""
        record: dict[str, Value] = {}
        top: Any = wire if type(wire) is dict else {name: _at(wire, (name,)) for name in self.roots}
        for field, name, first, below, get in self._reads:
            value = top.get(first, _MISSING)
            if below:
                value = _at(value, below)
            if value is _MISSING:
                continue
            try:
                record[name] = get(value)
            except ValueError as wrong:
                raise RefuseRecord(
                    f"{self.entity}.{field.name} at {field.path!r}: {wrong}",
                    code="mapping",
                    field=field.name,
                    remedy="mend the record at its source, or the map if the platform changed",
                ) from None
        return record

    def readable(self, wire: Mapping[str, Any]) -> dict[str, Value]:
        """What can be read of a record that ``get`` refuses: the other fields are left out."""
        record: dict[str, Value] = {}
        for field, steps in self._paths:
            value = _at(wire, steps)
            if value is not _MISSING:
                with suppress(ValueError):
                    record[field.name] = field.atom.get(value)
        return record

    @cached_property
    def _reads(self) -> tuple[tuple[FieldMap, str, str, tuple[str, ...], Callable[[Any], Value]], ...]:
        """Every field, taken apart once: (field, name, first step of its path, those below, how its value is
        read)."""
        return tuple((f, f.name, first, tuple(below), f.atom.get) for f, (first, *below) in self._paths)

    @cached_property
    def _paths(self) -> tuple[tuple[FieldMap, tuple[str, ...]], ...]:
        """Every field, and the steps of its path."""
        return tuple((f, tuple(f.path.split("."))) for f in self.fields)

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The top-level names of the wire record that ``get`` reads: records equal in these read equal."""
        return tuple(dict.fromkeys(field.path.partition(".")[0] for field in self.fields))

    def put(self, wanted: Record, wire: Mapping[str, Any] | None) -> dict[str, Any]:
        """The patch, nested like the wire; empty when nothing must change.

        ``wire`` None means a create: every given field is written, ``create_only`` ones too. Fields
        this platform cannot write are left out; ``unwritable`` names them. Raises ``RefuseRecord``.
        """
        patch: dict[str, Any] = {}
        creating = wire is None
        for field, steps in self._paths:
            if field.name not in wanted or not self._writes(field, creating=creating):
                continue
            current = None if wire is None else _at(wire, steps)
            try:
                put = field.atom.put(wanted[field.name], None if current is _MISSING else current)
            except ValueError as wrong:
                raise RefuseRecord(
                    f"{self.entity}.{field.name}: {wrong}", code="mapping", field=field.name
                ) from None
            if put is KEEP:
                continue
            at = patch
            for step in steps[:-1]:
                at = at.setdefault(step, {})
            at[steps[-1]] = put
        return patch

    def unwritable(self, names: frozenset[str]) -> frozenset[str]:
        """Those of ``names`` that an update cannot change on this platform."""
        able = {f.name for f in self.fields if self._writes(f, creating=False)}
        return names - able

    def widths(self) -> dict[str, int]:
        """Canonical text field -> characters this platform can hold, where it is limited."""
        return {
            f.name: f.atom.max_length
            for f in self.fields
            if isinstance(f.atom, Text) and f.atom.max_length is not None
        }

    def modified_at(self, wire: Mapping[str, Any]) -> datetime | None:
        """When the platform says the record changed last; None where it does not say."""
        if not self.modified or self.modified_atom is None:
            return None
        value = _at(wire, self.modified.split("."))
        if value is _MISSING:
            return None
        try:
            at = self.modified_atom.get(value)
        except ValueError:
            return None
        return at if isinstance(at, datetime) else None

    def changed_by(self, wire: Mapping[str, Any]) -> str:
        """Who changed the record last, as the platform says it; empty where it does not say."""
        value = _at(wire, self.modified_by.split(".")) if self.modified_by else None
        return str(value) if isinstance(value, str | int) else ""

    def with_custom(self, paths: Mapping[str, str]) -> EntityMap:
        """This map plus a customer's own text fields: ``{"warranty": "custom.warranty"}`` becomes
        the canonical field ``custom.warranty``, in a namespace that no shipped field can take."""
        extra = tuple(FieldMap(f"custom.{name}", path, Text()) for name, path in sorted(paths.items()))
        return replace(self, fields=self.fields + extra)

    def fingerprint(self) -> str:
        """Changes whenever the same wire bytes could read differently."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        return blake2b(repr(self).encode(), digest_size=8).hexdigest()

    @staticmethod
    def _writes(field: FieldMap, *, creating: bool) -> bool:
        return field.writable and (creating or not field.create_only)


def apply(wire: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """``wire`` with ``patch`` laid over it: nested records merge, everything else is replaced."""
    merged = dict(wire)
    for name, value in patch.items():
        below = merged.get(name)
        merged[name] = apply(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _at(wire: Mapping[str, Any], steps: Sequence[str]) -> Any:
    at: Any = wire
    for step in steps:
        # `dict` first: asking the abstract class costs more than everything else here
        if type(at) is not dict and not isinstance(at, Mapping):
            # a null or text where a record belongs says nothing about what would be inside it
            return _MISSING if at is not None else None
        if step not in at:
            return _MISSING
        at = at[step]
    return at
