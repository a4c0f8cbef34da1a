"""What an element's text becomes in a column: trimmed, measured, typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Integer, Table

from syncd.connectors.sage100_contractor.profile import Sage100ContractorProfile
from syncd.sandbox.sage100_contractor.database import Row
from syncd.sandbox.sage100_contractor.refusals import Code, refuse
from syncd.sandbox.sage100_contractor.tables import Day, Exact


def typed(profile: Sage100ContractorProfile, table: Table, texts: Mapping[str, str]) -> Row:
    """Columns of ``table`` as it holds them. Raises ``RefuseRecord`` naming the column."""
    return {name: _value(profile, table, name, text) for name, text in texts.items()}


def printed(value: object) -> str:
    """A column's value as an element's text."""
    return "" if value is None else str(value)


def _value(profile: Sage100ContractorProfile, table: Table, name: str, text: str) -> Any:
    if name not in table.c:
        raise refuse(Code.INVALID, f"{table.name} has no column {name}.", name)
    kind = table.c[name].type
    try:
        if isinstance(kind, Exact):
            return _exact(kind, text)
        if isinstance(kind, Integer):
            return int(text)
        if isinstance(kind, Day):
            return date.fromisoformat(text) if text else None
    except (ValueError, InvalidOperation):
        raise refuse(Code.INVALID, f"{name}: not a value of its kind.", name) from None
    return _measured(profile, table.name, name, text.strip())


def _exact(kind: Exact, text: str) -> Decimal:
    value = Decimal(text)
    if value != round(value, kind.places):
        raise ValueError
    return value


def _measured(profile: Sage100ContractorProfile, table: str, name: str, text: str) -> str:
    width = profile.width(table, name)
    if width is None or len(text) <= width:
        return text
    if f"{table}.{name}" in profile.truncated:
        return text[:width].strip()
    raise refuse(Code.TOO_LONG, f"{name} holds {width} characters; {len(text)} were given.", name)
