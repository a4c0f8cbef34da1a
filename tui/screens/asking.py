"""Questions before something is done: what, to how many, why. *Cancel* is where the cursor stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from tui.text import harmless

MANY: int = 25
"""More than this many records: their number must be typed."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before something is done."""

    title: str
    says: str = ""
    """What will happen, to what, and how it can be taken back."""
    count: int = 1
    reason: str | None = None
    """What to type: the label of the line; None where nothing is typed."""
    required: bool = True
    """Whether the line may stay empty."""
    yes: str = "Do it"
    given: str = ""
    """What stands in the line at first."""


class Ask(ModalScreen[str | None]):
    """Answers with what was typed (empty where nothing was asked for), None for Cancel."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "cancel", "Cancel", id="ask.cancel"),
        Binding("y", "yes", "Do it", id="ask.yes"),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    @property
    def _counted(self) -> bool:
        return self._question.count > MANY

    def compose(self) -> ComposeResult:
        asked = self._question
        with Vertical(id="question"):
            yield Label(harmless(asked.title), id="title", markup=False)
            if asked.says:
                yield Static(harmless(asked.says), id="says", markup=False)
            if asked.reason is not None:
                yield Input(asked.given, placeholder=asked.reason, id="reason")
            if self._counted:
                yield Input(placeholder=f"type {asked.count} to go on", id="count")
            with Horizontal(id="answers"):
                typed = asked.reason is not None or self._counted  # letters are text then
                yield Button("Cancel" if typed else "Cancel (n)", id="no")
                yield Button(asked.yes if typed else f"{asked.yes} (y)", id="yes", variant="warning")

    def on_mount(self) -> None:
        first = "#reason" if self._question.reason is not None else "#count" if self._counted else "#no"
        self.query_one(first).focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def action_yes(self) -> None:
        text = ""
        if self._question.reason is not None:
            text = self.query_one("#reason", Input).value.strip()
            if not text and self._question.required:
                self.query_one("#reason").focus()
                return
        if self._counted and self.query_one("#count", Input).value.replace(",", "") != str(
            self._question.count
        ):
            self.query_one("#count").focus()
            return
        self.dismiss(text)

    @on(Button.Pressed, "#no")
    def action_cancel(self) -> None:
        self.dismiss(None)
