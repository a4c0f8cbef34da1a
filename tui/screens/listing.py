"""A screen that lists: pages from the server, filtered there, repainted in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widgets import DataTable, Input, Static

from tui.screens.base import Board
from tui.views.table import Column, Row, fitting

PAGE = 60
"""Rows asked for at a time; more come as the cursor nears the end."""
_AHEAD = 20
"""Rows from the end at which the next page is asked for."""
_KEPT_MAX = 1_000
"""Rows repainted with each reading; further down, the filter is the quicker way."""


class Listed(NamedTuple):
    """One page as a listing paints it."""

    rows: Sequence[Row]
    next: str | int | None
    headline: object
    empty: str = ""
    """What to say where there is nothing: what that means, or what to do."""


class Listing(Board):
    """Base of screens with one table. A subclass gives ``COLUMNS`` and ``page``."""

    COLUMNS: ClassVar[Sequence[Column]] = ()
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="list.filter"),
        Binding("j", "down", "Down", id="list.down", show=False),
        Binding("k", "up", "Up", id="list.up", show=False),
        Binding("g", "top", "First", id="list.top", show=False),
        Binding("G", "bottom", "Last read", id="list.bottom", show=False),
        Binding("ctrl+d", "page_down", "Page down", id="list.page_down", show=False),
        Binding("ctrl+u", "page_up", "Page up", id="list.page_up", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        """The filter, as the server reads it."""
        self._shown: list[Row] = []
        self._next: str | int | None = None
        self._places: list[int] = []
        """Columns that the terminal has room for, by place."""

    async def page(self, after: str | int | None, limit: int) -> Listed:
        """Ask for one page."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        yield Input(placeholder="filter · !without · Enter keeps it, Esc clears it", id="filter")
        yield DataTable[object](cursor_type="row", zebra_stripes=True, id="table")
        yield Static("", id="empty")

    def on_mount(self) -> None:
        self.query_one("#filter").display = False
        self._set_columns()
        self.table.focus()

    @property
    def table(self) -> DataTable[object]:
        return self.query_one("#table", DataTable)

    @property
    def current(self) -> str | None:
        """The key of the row under the cursor."""
        at = self.table.cursor_row
        return self._shown[at].key if 0 <= at < len(self._shown) else None

    # -- reading ------------------------------------------------------------------------------------

    async def load(self) -> None:
        wanted = min(max(len(self._shown), PAGE), _KEPT_MAX)
        listed = await self.page(None, wanted)
        self._next = listed.next
        self.headline(listed.headline)
        self.paint(list(listed.rows))
        empty = self.query_one("#empty", Static)
        empty.update("" if listed.rows else (listed.empty if not self.text else "Nothing fits the filter."))
        empty.display = not listed.rows

    @on(DataTable.RowHighlighted)
    async def _near_the_end(self, event: DataTable.RowHighlighted) -> None:
        if self._next is not None and event.cursor_row >= len(self._shown) - _AHEAD:
            after, self._next = self._next, None
            self.run_worker(self._more(after), exclusive=True, group="more")

    async def _more(self, after: str | int) -> None:
        listed = await self.answered(self.page(after, PAGE))
        if listed is None:
            self._next = after
            return
        self._next = listed.next
        known = {row.key for row in self._shown}
        self.paint(self._shown + [row for row in listed.rows if row.key not in known])

    # -- painting -----------------------------------------------------------------------------------

    def paint(self, rows: list[Row]) -> None:
        """Show these: only what changed is painted, and the cursor stays on its row, wherever that went."""
        at, before = self.current, self._shown
        places = self._places
        same = bool(before) and [row.key for row in rows[: len(before)]] == [row.key for row in before]
        with self.app.batch_update():
            if same:
                for old, new in zip(before, rows, strict=False):
                    self._repaint(old, new)
            else:
                self.table.clear()
            for row in rows[len(before) if same else 0 :]:
                self.table.add_row(*(row.cells[place] for place in places), key=row.key)
        self._shown = rows
        keys = [row.key for row in rows]
        if at in keys and keys.index(at) != self.table.cursor_row:
            self.table.move_cursor(row=keys.index(at), animate=False)

    def _repaint(self, old: Row, new: Row) -> None:
        if old.cells != new.cells:
            for place in self._places:
                if old.cells[place] != new.cells[place]:
                    self.table.update_cell(new.key, self.COLUMNS[place].key, new.cells[place])

    def _set_columns(self) -> None:
        self.table.clear(columns=True)
        self._places = fitting(self.COLUMNS, self.size.width)
        for place in self._places:
            column = self.COLUMNS[place]
            self.table.add_column(column.label, key=column.key, width=column.width)

    @on(Resize)
    def _resized(self) -> None:
        if self._places != fitting(self.COLUMNS, self.size.width):
            rows, self._shown = self._shown, []
            self._set_columns()
            self.paint(rows)

    # -- keys ---------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        line = self.query_one("#filter", Input)
        line.display = True
        line.focus()

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self.text = event.value.strip()
        self._shown = []
        self.reload()

    @on(Input.Submitted, "#filter")
    def _kept(self) -> None:
        self.query_one("#filter").display = bool(self.text)
        self.table.focus()

    def clear_filter(self) -> bool:
        """Whether there was one."""
        line = self.query_one("#filter", Input)
        was = bool(self.text) or line.has_focus
        line.value = ""
        line.display = False
        self.table.focus()
        return was

    def action_down(self) -> None:
        self.table.action_cursor_down()

    def action_up(self) -> None:
        self.table.action_cursor_up()

    def action_top(self) -> None:
        self.table.move_cursor(row=0)

    def action_bottom(self) -> None:
        self.table.move_cursor(row=max(len(self._shown) - 1, 0))

    def action_page_down(self) -> None:
        self.table.action_page_down()

    def action_page_up(self) -> None:
        self.table.action_page_up()
