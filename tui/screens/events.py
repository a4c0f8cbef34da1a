"""The live tail, and the bulk jobs under way."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from syncd.api import endpoints, requests
from syncd.api.scopes import Scope
from tui.screens.listing import Listed, Listing
from tui.views import events


class Events(Listing):
    """What happened to records, the newest first; new lines come as they happen."""

    COLUMNS = events.COLUMNS

    async def page(self, after: str | int | None, limit: int) -> Listed:
        asked = requests.Journal(before=None if after is None else int(after), limit=limit)
        page = await self.ask(endpoints.JOURNAL, asked)
        now = self.dashboard.now()
        lines = [line for line in page.lines if not self.text or events.fits(line, self.text)]
        oldest = min((line.id for line in page.lines), default=0)
        return Listed(
            [events.row(line, now, absolute=self.dashboard.absolute) for line in lines],
            oldest if len(page.lines) == limit else None,
            "What happened, the newest first" + (" (frozen)" if self.dashboard.frozen else ""),
            "Nothing has happened yet.",
        )


class Jobs(Listing):
    """Bulk work, which goes on whoever leaves; take one back while it can be."""

    COLUMNS = events.JOBS
    NEEDS: ClassVar = {"cancel": Scope.OPERATE}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("U", "cancel", "Take back", id="jobs.cancel"),
    ]

    async def page(self, after: str | int | None, limit: int) -> Listed:
        asked = requests.Jobs(before=None if after is None else int(after), limit=limit)
        jobs = await self.ask(endpoints.JOBS, asked)
        now = self.dashboard.now()
        return Listed(
            [events.job(one, now) for one in jobs],
            jobs[-1].id if len(jobs) == limit else None,
            "Bulk jobs, the newest first",
            "No bulk job was ever asked for.",
        )

    def action_cancel(self) -> None:
        if self.current is not None:
            asked = requests.JobCancel(id=int(self.current))
            self.act(endpoints.JOB_CANCEL, asked, f"Job {self.current} is taken back. {{message}}")
