"""How the account spells its invoices from now on: what a release of the platform would change. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Self

from syncd.core.errors import FixInput

_KNOWN: Final = frozenset({"rename", "cents", "type"})


@dataclass(frozen=True, slots=True)
class Ways:
    """Applied to what is shown, never to what is kept."""

    rename: Mapping[str, str] = field(default_factory=dict)
    """Field of an invoice -> its new name."""
    cents: bool = False
    """Every amount as whole cents."""
    type: str = ""
    """The ``type`` of invoices that were touched since."""
    since: int = 0

    def turned(self, change: Mapping[str, Any], now: int) -> Self:
        """These ways and one change more. Raises ``FixInput``."""
        unknown = change.keys() - _KNOWN
        if unknown or not change:
            raise FixInput(f"known changes: {', '.join(sorted(_KNOWN))}")
        renamed = change.get("rename", {})
        if not isinstance(renamed, Mapping) or not isinstance(change.get("type", ""), str):
            raise FixInput("rename: {old: new}, cents: true, type: TEXT")
        return type(self)(
            rename={**self.rename, **renamed},
            cents=bool(change.get("cents", self.cents)),
            type=change.get("type", self.type),
            since=now if "type" in change else self.since,
        )

    def shown(self, invoice: dict[str, Any]) -> dict[str, Any]:
        """An invoice, as it goes over the wire."""
        if self.type and invoice["updated"] >= self.since:
            invoice = {**invoice, "type": self.type}
        if self.cents:
            invoice = {name: _cents(value) for name, value in invoice.items()}
        return {self.rename.get(name, name): value for name, value in invoice.items()}


def _cents(value: Any) -> Any:
    """Money in cents, also of the lines (a price of a thousandth keeps it); quantities stay."""
    if isinstance(value, Decimal):
        cents = value * 100
        return int(cents) if cents == cents.to_integral_value() else cents
    if isinstance(value, list):
        return [_line(entry) if isinstance(entry, dict) else entry for entry in value]
    return value


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value if name == "quantity" else _cents(value) for name, value in line.items()}
