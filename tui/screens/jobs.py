"""What the daemon was asked to do in a while, and what came of it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from syncd.api import endpoints, requests
from syncd.api.scopes import Scope
from tui.screens.listing import Listed, Listing
from tui.views import jobs


class Jobs(Listing):
    """Bulk work and decisions, which are carried out whoever leaves; take one back while it can be."""

    MODE = "jobs"
    TAB = "Jobs"
    COLUMNS = jobs.COLUMNS
    NEEDS: ClassVar = {"cancel": Scope.UNDO}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("U", "cancel", "Take back", id="jobs.cancel"),
    ]

    async def page(self, after: str | int | None, limit: int) -> Listed:
        asked = requests.Jobs(before=None if after is None else int(after), limit=limit)
        found = await self.ask(endpoints.JOBS, asked)
        now = self.dashboard.now()
        return Listed(
            [jobs.row(one, now) for one in found],
            found[-1].id if len(found) == limit else None,
            "Bulk work and decisions, the newest first",
            "Nothing was ever asked for in bulk, and nothing was decided here.",
        )

    def action_cancel(self) -> None:
        if self.current is not None:
            self.dashboard.take_back(int(self.current))
