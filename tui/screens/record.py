"""The life of one record."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from syncd.api import endpoints, requests
from syncd.api.scopes import Scope
from tui.screens.sheet import Sheet
from tui.views import record


class Record(Sheet):
    """Both sides and the base in three columns, and everything that happened to it."""

    NEEDS: ClassVar = {"send": Scope.OPERATE}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "send", "Send now", id="record.send"),
        Binding("n", "next", "Next of that number", id="record.next", show=False),
    ]

    def __init__(self, entity: str, ident: str, link: str | None) -> None:
        super().__init__()
        self._entity, self._ident, self._link = entity, ident, link
        self._at = 0

    async def load(self) -> None:
        asked = requests.Explain(entity=self._entity, ident=self._ident, link=self._link)
        lives = await self.ask(endpoints.EXPLAIN, asked)
        self._at %= len(lives)
        life = lives[self._at]
        said = record.headline(life)
        if len(lives) > 1:
            said.append(f"   {self._at + 1} of {len(lives)} (n: next)", style="dim")
        self.headline(said)
        self.show(record.screen(life, self.dashboard.now(), absolute=self.dashboard.absolute))
        self._link = self._link if len(lives) > 1 else life.link

    def action_next(self) -> None:
        self._at += 1
        self.reload()

    def action_send(self) -> None:
        if self._link is None:
            self.notify("Several links have such a record: open it from one of them", severity="warning")
            return
        asked = requests.Send(link=self._link, entity=self._entity, number=self._ident)
        self.act(endpoints.SEND, asked, "Sent. {message}")
