"""One link near by."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from syncd.api import endpoints, requests
from syncd.api.models import HoldView
from syncd.api.scopes import Scope
from tui.screens.sheet import Sheet
from tui.views import link


class Link(Sheet):
    """Flows, what is on the wire, accounts, runs; hold, release, run."""

    NEEDS: ClassVar = {"run": Scope.OPERATE, "hold": Scope.OPERATE, "release": Scope.OPERATE}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "run", "Run now", id="link.run"),
        Binding("p", "hold", "Hold", id="link.hold"),
        Binding("u", "release", "Release", id="link.release"),
        Binding("c", "conflicts", "Conflicts", id="link.conflicts"),
        Binding("x", "refused", "Refused", id="link.refused"),
        Binding("m", "matches", "To match", id="link.matches"),
        Binding("w", "held", "Held writes", id="link.held"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._link = name
        self._holds: list[HoldView] = []

    async def load(self) -> None:
        detail = await self.ask(endpoints.LINK, requests.OneLink(link=self._link))
        self._holds = detail.status.holds
        now = self.dashboard.now()
        self.headline(link.headline(detail, now))
        self.show(link.screen(detail, now, self.size.width, absolute=self.dashboard.absolute))

    def action_run(self) -> None:
        self.dashboard.run_now(self._link)

    def action_hold(self) -> None:
        self.dashboard.hold(f"link:{self._link}")

    def action_release(self) -> None:
        self.dashboard.release(self._holds)

    def action_conflicts(self) -> None:
        self.dashboard.open_conflicts(self._link)

    def action_refused(self) -> None:
        self.dashboard.open_refused(self._link)

    def action_matches(self) -> None:
        self.dashboard.open_matches(self._link)

    def action_held(self) -> None:
        self.dashboard.open_held(self._link)
