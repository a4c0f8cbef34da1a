"""The processes that share the state."""

from __future__ import annotations

from syncd.api import endpoints, requests
from tui.screens.listing import Listed, Listing
from tui.views import workers


class Workers(Listing):
    """Who lives, who is lost, and which links each of them runs."""

    MODE = "workers"
    TAB = "Workers"
    COLUMNS = workers.COLUMNS

    async def page(self, after: str | int | None, limit: int) -> Listed:  # noqa: ARG002 (one answer has all)
        view = await self.ask(endpoints.WORKERS, requests.Nothing())
        now = self.dashboard.now()
        wanted = [one for one in view.workers if self.text.lower() in f"{one.name} {one.host}".lower()]
        empty = (
            "Start one with `syncd worker`." if view.shared else "`syncd worker` needs a state on PostgreSQL."
        )
        return Listed([workers.row(one, now) for one in wanted], None, workers.headline(view), empty)
