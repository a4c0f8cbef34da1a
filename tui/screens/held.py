"""Held writes: sent, without an answer, and nothing but a person can say what became of them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from syncd.api import endpoints, requests
from syncd.api.models import HeldItem
from syncd.api.scopes import Scope
from tui.screens.asking import Question
from tui.screens.listing import Listed, Listing
from tui.screens.sheet import Sheet
from tui.text import fits
from tui.views import held


class HeldWrites(Listing):
    """Writes that wait for a person's word; each is looked for on its platform when it is opened."""

    MODE = "held"
    TAB = "Held"
    COLUMNS = held.COLUMNS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Look for it", id="held.open"),
    ]

    def __init__(self, link: str | None = None) -> None:
        super().__init__()
        self._link = link

    async def page(self, after: str | int | None, limit: int) -> Listed:  # noqa: ARG002 (they are few)
        found = await self.ask(endpoints.HELD, requests.OfLink(link=self._link))
        wanted = [one for one in found if fits(self.text, one.link, one.flow, one.label, one.reason)]
        now = self.dashboard.now()
        return Listed(
            [held.row(one, now) for one in wanted],
            None,
            held.headline(found),
            "Every write is known to be carried out or not.",
        )

    def action_open(self) -> None:
        if self.current is not None:
            self.dashboard.push_screen(HeldWrite(int(self.current)))


class HeldWrite(Sheet):
    """One of them, beside the nearest records on the platform it was sent to."""

    NEEDS: ClassVar = dict.fromkeys(("is_this", "send_again"), Scope.RESOLVE)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next", "Next candidate", id="held_write.next"),
        Binding("m", "is_this", "It is this one", id="held_write.is"),
        Binding("S", "send_again", "Send again", id="held_write.send"),
        Binding("l", "look", "Look again", id="held_write.look"),
        Binding("d", "life", "Its life", id="held_write.life"),
    ]

    def __init__(self, ident: int) -> None:
        super().__init__()
        self._ident = ident
        self._item: HeldItem | None = None
        self._at = 0

    async def load(self) -> None:
        if self._item is None:  # its platform is asked: once, and when somebody wants to know again
            self._item = await self.ask(endpoints.HELD_SHOW, requests.Held(ident=self._ident))
        self._paint(self._item)

    def _paint(self, one: HeldItem) -> None:
        self.headline(held.one_headline(one))
        self.show(held.screen(one, self._at, self.dashboard.now(), absolute=self.dashboard.absolute))

    def action_look(self) -> None:
        self._item = None
        self.reload()

    def action_next(self) -> None:
        if self._item is not None and self._item.candidates:
            self._at = (self._at + 1) % len(self._item.candidates)
            self._paint(self._item)

    def action_life(self) -> None:
        if self._item is not None:
            key = self._item.source_key or self._item.key
            self.dashboard.open_record(self._item.flow, key, self._item.link)

    def action_is_this(self) -> None:
        if self._item is None:
            self.unread()
        elif self._item.candidates:
            key = self._item.candidates[self._at].key
            self.later(endpoints.HELD_SETTLE, requests.Settle(ident=self._ident, key=key), leave=True)

    def action_send_again(self) -> None:
        one = self._item
        if one is None:
            self.unread()
            return
        question = Question(
            f"Send the {one.operation} of {one.flow} {one.label} again?",
            f"If it was carried out after all, it stands twice on the {one.side}.",
            yes="Send again",
        )
        asked = requests.Settle(ident=self._ident)
        self.dashboard.question(question, lambda _: self.later(endpoints.HELD_SETTLE, asked, leave=True))
