"""Home: every link, who needs somebody first."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from syncd.api import endpoints, requests
from syncd.api.scopes import Scope
from tui.screens.listing import Listed, Listing
from tui.views import fleet


class Fleet(Listing):
    """Every customer's link in one line."""

    MODE = "fleet"
    TAB = "Fleet"
    COLUMNS = fleet.COLUMNS
    NEEDS: ClassVar = {"hold": Scope.OPERATE, "sync": Scope.OPERATE}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="fleet.open"),
        Binding("t", "sync", "Run now", id="fleet.sync"),
        Binding("p", "hold", "Hold", id="fleet.hold"),
    ]

    async def page(self, after: str | int | None, limit: int) -> Listed:
        asked = requests.Fleet(after=None if after is None else str(after), limit=limit, text=self.text)
        page = await self.ask(endpoints.FLEET, asked)
        now = self.dashboard.now()
        return Listed(
            [fleet.row(line, now) for line in page.lines],
            page.next,
            fleet.census(page),
            "No link is configured yet: `syncd init` writes a site folder to start from.",
        )

    def action_open(self) -> None:
        if self.current is not None:
            self.dashboard.open_link(self.current)

    def action_sync(self) -> None:
        if self.current is not None:
            self.dashboard.run_now(self.current)

    def action_hold(self) -> None:
        if self.current is not None:
            self.dashboard.hold(f"link:{self.current}")
