"""A screen that shows one thing near by: one painting, as long as it takes, to scroll in."""

from __future__ import annotations

from typing import ClassVar

from rich.console import RenderableType
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.screens.base import Board


class Sheet(Board):
    """Base. A subclass paints with ``show`` in ``load``."""

    AUTO_FOCUS = "#sheet"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll('down')", "Down", id="sheet.down", show=False),
        Binding("k", "scroll('up')", "Up", id="sheet.up", show=False),
        Binding("g", "scroll('home')", "Top", id="sheet.top", show=False),
        Binding("G", "scroll('end')", "End", id="sheet.end", show=False),
        Binding("ctrl+d", "scroll('page_down')", "Page down", id="sheet.page_down", show=False),
        Binding("ctrl+u", "scroll('page_up')", "Page up", id="sheet.page_up", show=False),
    ]

    def body(self) -> ComposeResult:
        with VerticalScroll(id="sheet"):
            yield Static("Reading …", id="paper")

    def show(self, what: RenderableType) -> None:
        self.query_one("#paper", Static).update(what)

    def unread(self) -> None:
        """Say why a key does nothing yet: what it would be about is not there."""
        self.notify("Still reading: nothing was done", severity="warning", timeout=3)

    def action_scroll(self, where: str) -> None:
        getattr(self.query_one("#sheet", VerticalScroll), f"scroll_{where}")(animate=False)
