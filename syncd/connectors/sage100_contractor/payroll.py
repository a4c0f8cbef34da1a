"""Lines of daily payroll: a line pays hours of one class, told by its pay type. Wire rows show the hours
under their class, and a new record says them so. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from syncd.connectors.sage100_contractor.profile import PayClass

COLUMNS: Final[Mapping[PayClass, str]] = {
    "regular": "regular",
    "overtime": "overtime",
    "double": "double",
}
"""Class -> where a wire row shows its hours."""


def shown(wire: Mapping[str, Any], pay_types: Mapping[int, PayClass]) -> dict[str, Any]:
    """The hours of a line under their class, and nothing under the others."""
    own = pay_types.get(wire.get("paytyp") or 0)
    return {column: wire.get("payhrs") if name == own else None for name, column in COLUMNS.items()}


def line(values: Mapping[str, Any], pay_types: Mapping[int, PayClass]) -> dict[str, Any] | None:
    """A new line's own columns; None where its hours are of no class that is paid here, or of several."""
    columns = {name: value for name, value in values.items() if name not in COLUMNS.values()}
    said = {name: values[at] for name, at in COLUMNS.items() if values.get(at) is not None}
    types = [number for number, name in pay_types.items() if name in said]
    if len(said) != 1 or not types:
        return None
    return {**columns, "paytyp": types[0], "payhrs": next(iter(said.values()))}
