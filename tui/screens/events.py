"""The live tail."""

from __future__ import annotations

from syncd.api import endpoints, requests
from syncd.api.fleet import JournalLine
from tui.screens.listing import Listed, Listing
from tui.text import fits
from tui.views import events


class Events(Listing):
    """What happened to records, the newest first; new lines come as they happen."""

    MODE = "events"
    TAB = "Events"
    COLUMNS = events.COLUMNS

    async def page(self, after: str | int | None, limit: int) -> Listed:
        asked = requests.Journal(before=None if after is None else int(after), limit=limit)
        page = await self.ask(endpoints.JOURNAL, asked)
        now = self.dashboard.now()
        lines = [line for line in page.lines if fits(self.text, *_words(line))]
        oldest = min((line.id for line in page.lines), default=0)
        return Listed(
            [events.row(line, now, absolute=self.dashboard.absolute) for line in lines],
            oldest if len(page.lines) == limit else None,
            "What happened, the newest first" + (" (frozen)" if self.dashboard.frozen else ""),
            "Nothing has happened yet.",
        )


def _words(line: JournalLine) -> tuple[str, ...]:
    return line.link, line.flow, line.kind, line.text, line.actor
