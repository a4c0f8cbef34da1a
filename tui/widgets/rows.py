"""A table of which only what is seen is painted: what a thousand rows cost is the thirty in view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.views.table import Column, Row, fitting, widths

_HEADER = 1
"""Lines that do not scroll."""
_CURSOR = "▸"
"""Beside its colour, so that the row it stands on is known without."""


class Rows(ScrollView, can_focus=True):
    """Rows under one header, a cursor on one of them. Columns go and shrink with the width of the terminal;
    cells are of one style each."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--header", "rows--even", "rows--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "to(1)", "Down", id="list.down", show=False),
        Binding("up,k", "to(-1)", "Up", id="list.up", show=False),
        Binding("home,g", "first", "First", id="list.top", show=False),
        Binding("end,G", "last", "Last read", id="list.bottom", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", id="list.page_down", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", id="list.page_up", show=False),
    ]

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    class Chosen(Message):
        """A click on the row that the cursor was on already."""

    def __init__(self, columns: Sequence[Column], id: str | None = None) -> None:  # noqa: A002 (Textual's word)
        super().__init__(id=id)
        self._columns = columns
        self._rows: Sequence[Row] = ()
        self._layout: list[tuple[int, int]] = []
        """Columns in view, by place, each with its width."""
        self.cursor = 0

    @property
    def shown(self) -> Sequence[Row]:
        return self._rows

    @property
    def labels(self) -> list[str]:
        """Of the columns that the terminal has room for."""
        return [self._columns[place].label for place, _ in self._layout]

    @property
    def current(self) -> str | None:
        """The key of the row under the cursor."""
        return self._rows[self.cursor].key if self.cursor < len(self._rows) else None

    def show(self, rows: Sequence[Row]) -> None:
        """Put these in the place of what is shown. The cursor stays on its row wherever that went, and near
        where it was if it is gone; only lines that look different are painted."""
        before, at = self._rows, self.current
        self._rows = rows
        self.virtual_size = Size(self.size.width, len(rows) + _HEADER)
        moved = next((place for place, row in enumerate(rows) if row.key == at), None)
        self._put(min(self.cursor, max(len(rows) - 1, 0)) if moved is None else moved)
        top = int(self.scroll_offset.y)
        for place in range(top, top + self.size.height):
            if _looks(before, place) != _looks(rows, place):
                self.refresh_line(place + _HEADER)

    # -- painting -----------------------------------------------------------------------------------

    def on_resize(self, _: Resize) -> None:
        self._lay_out()
        self.refresh()

    def _lay_out(self) -> None:
        places = fitting(self._columns, self.size.width)
        given = widths([self._columns[place] for place in places], self.size.width)
        self._layout = list(zip(places, given, strict=True))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y < _HEADER:
            style = self.get_component_rich_style("rows--header")
            labels = [(self._columns[place].label, size) for place, size in self._layout]
            return _strip(
                [(" ", style), *((f"{set_cell_size(a, n)} ", style) for a, n in labels)], width, style
            )
        place = int(self.scroll_offset.y) + y - _HEADER
        if place >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        here = place == self.cursor
        base = self.rich_style if place % 2 else self.get_component_rich_style("rows--even")
        over = self.get_component_rich_style("rows--cursor") if here else Style.null()
        parts = [(_CURSOR if here else " ", base + over)]
        for column, size in self._layout:
            cell = self._rows[place].cells[column]
            style = Style.parse(cell.style) if isinstance(cell.style, str) else cell.style
            text = _fitted(cell.plain, size, right=cell.justify == "right")
            parts.append((f"{text} ", base + style + over))
        return _strip(parts, width, base + over)

    # -- the cursor ---------------------------------------------------------------------------------

    def _put(self, row: int) -> None:
        if row != self.cursor:
            for line in (self.cursor, row):
                self.refresh_line(line + _HEADER)
            self.cursor = row
            self.post_message(self.Moved(row))
        top, seen = int(self.scroll_offset.y), max(self.size.height - _HEADER, 1)
        if row < top:
            self.scroll_to(y=row, animate=False)
        elif row >= top + seen:
            self.scroll_to(y=row - seen + 1, animate=False)

    def action_to(self, by: int) -> None:
        self._put(min(max(self.cursor + by, 0), max(len(self._rows) - 1, 0)))

    def action_first(self) -> None:
        self._put(0)

    def action_last(self) -> None:
        self._put(max(len(self._rows) - 1, 0))

    def action_page(self, by: int) -> None:
        self.action_to(by * max(self.size.height - _HEADER - 1, 1))

    def on_click(self, event: Click) -> None:
        row = int(self.scroll_offset.y) + event.y - _HEADER
        if event.y < _HEADER or row >= len(self._rows):
            return
        if row == self.cursor:
            self.post_message(self.Chosen())
        else:
            self._put(row)


def _looks(rows: Sequence[Row], place: int) -> list[tuple[str, object]] | None:
    """What is painted of one row."""
    return [(cell.plain, cell.style) for cell in rows[place].cells] if place < len(rows) else None


def _fitted(text: str, size: int, *, right: bool) -> str:
    """Exactly ``size`` cells; a cut ends in ``…``."""
    long = cell_len(text)
    if long > size:
        return set_cell_size(text, size - 1) + "…"
    blank = " " * (size - long)
    return blank + text if right else text + blank


def _strip(parts: Sequence[tuple[str, Style]], width: int, rest: Style) -> Strip:
    segments = [Segment(text, style) for text, style in parts]
    return Strip(segments).adjust_cell_length(width, rest)
