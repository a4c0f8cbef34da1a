"""A table as data: what every listing screen paints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


class Column(NamedTuple):
    """``beyond``: only in a terminal with more characters to a line than this."""

    key: str
    label: str
    width: int | None = None
    beyond: int = 0


class Row(NamedTuple):
    """``key`` names the same thing from one reading to the next; one cell per column."""

    key: str
    cells: Sequence[Text]


def fitting(columns: Sequence[Column], width: int) -> list[int]:
    """Which columns (by place) a terminal of so many characters shows."""
    return [at for at, column in enumerate(columns) if width > column.beyond]


def widths(columns: Sequence[Column], room: int) -> list[int]:
    """How wide each is painted where ``room`` characters are there for all, a blank before and behind each:
    what is missing is taken from the widest, what is left goes to the last."""
    given = [column.width or len(column.label) for column in columns]
    left = room - 1 - sum(given) - len(given)
    while left < 0 and max(given) > 1:
        given[given.index(max(given))] -= 1
        left += 1
    if given and left > 0:
        given[-1] += left
    return given


def laid_out(columns: Sequence[Column], rows: Sequence[Row], width: int) -> Table:
    """The same, not to be moved about in: one part of a screen that shows several things."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    # a column of blanks tells nobody anything, and here the room is short
    places = [at for at in fitting(columns, width) if any(row.cells[at].plain.strip() for row in rows)]
    for place in places:
        table.add_column(columns[place].label, no_wrap=True)
    for row in rows:
        table.add_row(*(row.cells[place] for place in places))
    return table


def tally(glyph: str, style: str, count: int, words: str) -> Text:
    """A queue's length over it, with its glyph and colour only while there is something in it."""
    return Text(f"{glyph} {words}", style=style) if count else Text(words, style="dim")


def part(title: str, body: RenderableType | str) -> Group:
    """A titled part of a screen."""
    return Group(Text(title, style="bold underline"), Text(body) if isinstance(body, str) else body, Text(""))
