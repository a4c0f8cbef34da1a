"""The two sides of a record beside each other, field by field."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from syncd.api.models import LifeField
from tui.text import harmless


def values(fields: Sequence[LifeField], *, base: bool = True) -> Table:
    """``≠`` and bold where the sides differ, so also without colour. ``base``: between them, what both last
    agreed on."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("Field", no_wrap=True)
    for side in ("Left", "Last agreed", "Right") if base else ("Left", "Right"):
        table.add_column(side, overflow="fold", ratio=1)
    for field in fields:
        style = "bold yellow" if field.differs else ""
        shown = (field.left, field.base, field.right) if base else (field.left, field.right)
        table.add_row(
            Text("≠" if field.differs else " ", style=style),
            Text(harmless(field.name, 40), style=style),
            *(_value(value, style) for value in shown),
        )
    return table


def _value(value: str | None, style: str) -> Text:
    return Text("–", style="dim") if value is None else Text(harmless(value, 200), style=style)
