"""Acumatica's wrapped values: ``{"Field": {"value": x}}`` on the wire, ``{"Field": x}`` for lenses. Pure.

Contract 5 also wraps options (``{"value": {"id": "N", "description": "Open"}}``), which read as their id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

BARE: Final = frozenset({"id", "rowNumber", "delete"})
"""The only fields that are never wrapped."""
_WRAPPER: Final = frozenset({"value", "error", "type"})
_SESSION: Final = frozenset({"rowNumber", "_links", "files"})
"""Says nothing about the record."""
_STRING: Final = "CustomStringField"


def unwrapped(wire: Any, *, top: bool = True) -> Any:
    """A record as lenses read it: no wrappers, and no ids of detail rows, which live as long as a session.
    An empty wrapper is a field without a value."""
    if isinstance(wire, list):
        return [unwrapped(entry, top=False) for entry in wire]
    if not isinstance(wire, Mapping):
        return wire
    if wire.keys() <= _WRAPPER:
        return _option(wire.get("value"))
    return {
        name: unwrapped(below, top=False)
        for name, below in wire.items()
        if name not in _SESSION and (top or name != "id")
    }


def wrapped(record: Any) -> Any:
    """What is written, as the wire wants it."""
    if isinstance(record, list):
        return [wrapped(entry) for entry in record]
    if not isinstance(record, Mapping):
        return {"value": record}
    return {name: _written(name, below) for name, below in record.items()}


def _written(name: str, below: Any) -> Any:
    if name in BARE:
        return below
    return _custom(below) if name == "custom" else wrapped(below)


def _custom(views: Any) -> Any:
    """A customer's own fields go with the name of their type; they are text here."""
    return {
        view: {field: {"type": _STRING, "value": value} for field, value in fields.items()}
        for view, fields in views.items()
    }


def _option(value: Any) -> Any:
    if isinstance(value, Mapping) and "id" in value:
        return value["id"]
    if isinstance(value, list):
        return [_option(entry) for entry in value]
    return value


def errors(wire: Any, at: str = "") -> list[tuple[str, str]]:
    """(field, words) of every refusal that an echoed record holds."""
    if isinstance(wire, list):
        return [found for entry in wire for found in errors(entry, at)]
    if not isinstance(wire, Mapping):
        return []
    found = [(at, str(wire["error"]))] if wire.get("error") else []
    for name, below in wire.items():
        if name != "error":
            found += errors(below, f"{at}.{name}" if at else name)
    return found
