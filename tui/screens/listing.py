"""A screen that lists: pages from the server, filtered there, repainted in place."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from tui.screens.base import Board
from tui.views.table import Column, Row
from tui.widgets.rows import Rows

PAGE = 60
"""Rows asked for at a time; more come as the cursor nears the end."""
_AHEAD = 20
"""Rows from the end at which the next page is asked for."""
MOST = 1_000
"""Rows kept, since each reading asks for them again; further down, the filter is the quicker way."""


class Listed(NamedTuple):
    """One page as a listing paints it."""

    rows: Sequence[Row]
    next: str | int | None
    headline: object
    empty: str = ""
    """What to say where there is nothing: what that means, or what to do."""


class Listing(Board):
    """Base of screens with one table. A subclass gives ``COLUMNS`` and ``page``, and ``action_open`` where
    a row can be opened."""

    AUTO_FOCUS = "#table"
    COLUMNS: ClassVar[Sequence[Column]] = ()
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="list.filter"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        """The filter, as the server reads it."""
        self._next: str | int | None = None

    @abstractmethod
    async def page(self, after: str | int | None, limit: int) -> Listed:
        """Ask for one page. The type checker holds every screen to it, Textual's metaclass does not."""

    def body(self) -> ComposeResult:
        yield Input(placeholder="filter · !without · Enter keeps it, Esc clears it", id="filter")
        yield Rows(self.COLUMNS, id="table")
        yield Static("", id="empty")

    @property
    def table(self) -> Rows:
        return self.query_one("#table", Rows)

    @property
    def current(self) -> str | None:
        """The key of the row under the cursor."""
        return self.table.current

    def action_open(self) -> None:
        """What a row stands for, near by."""

    def on_rows_chosen(self) -> None:
        self.action_open()

    # -- reading ------------------------------------------------------------------------------------

    async def load(self) -> None:
        listed = await self.page(None, min(max(len(self.table.shown), PAGE), MOST))
        self._next = listed.next
        self.headline(listed.headline)
        self.table.show(listed.rows)
        empty = self.query_one("#empty", Static)
        empty.update("" if listed.rows else (listed.empty if not self.text else "Nothing fits the filter."))
        empty.display = not listed.rows

    @on(Rows.Moved)
    def _near_the_end(self, event: Rows.Moved) -> None:
        shown = len(self.table.shown)
        if self._next is None or event.row < shown - _AHEAD:
            return
        if shown >= MOST:
            self.notify(f"These are the first {MOST:,}: a filter (/) finds the others", timeout=3)
            return
        after, self._next = self._next, None
        self.run_worker(self._more(after), exclusive=True, group="more")

    async def _more(self, after: str | int) -> None:
        listed = await self.answered(self.page(after, PAGE))
        if listed is None:
            self._next = after
            return
        self._next = listed.next
        known = {row.key for row in self.table.shown}
        self.table.show([*self.table.shown, *(row for row in listed.rows if row.key not in known)])

    # -- the filter ---------------------------------------------------------------------------------

    def action_filter(self) -> None:
        line = self.query_one("#filter", Input)
        line.display = True
        line.focus()

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self.text = event.value.strip()
        self.table.show([])
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
