"""Accounts and their logins."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from syncd.api import endpoints, requests
from syncd.api.scopes import Scope
from tui.screens.listing import Listed, Listing
from tui.text import fits, harmless
from tui.views import credentials


class Credentials(Listing):
    """Scheme, end, last refresh; test one now."""

    MODE = "credentials"
    TAB = "Credentials"
    COLUMNS = credentials.COLUMNS
    NEEDS: ClassVar = {"test": Scope.OPERATE}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "test", "Test now", id="credentials.test"),
    ]

    async def page(self, after: str | int | None, limit: int) -> Listed:  # noqa: ARG002 (one answer has all)
        lines = await self.ask(endpoints.CONNECTIONS, requests.OfConnection())
        now = self.dashboard.now()
        wanted = [one for one in lines if fits(self.text, one.connection, one.platform)]
        return Listed(
            [credentials.row(one, now) for one in wanted],
            None,
            credentials.headline(lines, now),
            "No connection is configured.",
        )

    @work(group="test")
    async def action_test(self) -> None:
        if self.current is None:
            return
        name = self.current
        self.notify(f"Asking {harmless(name)} …", markup=False)
        asking = self.ask(endpoints.CONNECTION_TEST, requests.ConnectionTest(connection=name))
        tested = await self.answered(asking)
        if tested is None:
            return
        bad = [found for found in tested.findings if found.level == "error"]
        for found in bad or tested.findings[:1]:
            said = f"{name}: {found.subject}: {found.message} {found.remedy}"
            self.notify(harmless(said), severity="error" if bad else "information", markup=False)
        self.reload()
