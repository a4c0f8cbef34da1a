"""Drift: open events by gravity, and one of them with its contract, impact and repair."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from syncd.api import endpoints, requests
from syncd.api.drift import DriftView
from syncd.api.scopes import Scope
from tui.screens.asking import Question
from tui.screens.listing import Listed, Listing
from tui.screens.sheet import Sheet
from tui.text import fits
from tui.views import drift


class Drifts(Listing):
    """What platforms answer differently, and what is held for it."""

    MODE = "drift"
    TAB = "Drift"
    COLUMNS = drift.COLUMNS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Near by", id="drifts.open"),
        Binding("h", "history", "Closed ones too", id="drifts.history"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._everything = False

    async def page(self, after: str | int | None, limit: int) -> Listed:  # noqa: ARG002 (drifts are few)
        found = await self.ask(endpoints.DRIFTS, requests.EveryDrift(everything=self._everything))
        now = self.dashboard.now()
        wanted = [one for one in found if fits(self.text, one.platform, one.connection, one.path)]
        return Listed(
            [drift.row(one, now) for one in wanted],
            None,
            drift.headline([one for one in found if one.state in ("open", "acked")]),
            "Every platform answers as it did.",
        )

    def action_open(self) -> None:
        if self.current is not None:
            self.dashboard.push_screen(Drift(int(self.current)))

    def action_history(self) -> None:
        self._everything = not self._everything
        self.reload()


class Drift(Sheet):
    """One drift; acknowledge it, propose its acceptance, take that back, or let it be here."""

    NEEDS: ClassVar = {
        "ack": Scope.OPERATE,
        "accept": Scope.RESOLVE,
        "revert": Scope.RESOLVE,
        "ignore": Scope.RESOLVE,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "ack", "Acknowledge", id="drift.ack"),
        Binding("A", "accept", "Accept", id="drift.accept"),
        Binding("R", "revert", "Take back", id="drift.revert"),
        Binding("I", "ignore", "Ignore here", id="drift.ignore"),
        Binding("y", "copy", "Copy command", id="drift.copy"),
    ]

    def __init__(self, ident: int) -> None:
        super().__init__()
        self._ident = ident
        self._view: DriftView | None = None

    async def load(self) -> None:
        which = requests.OneDrift(ident=self._ident)
        one = await self.ask(endpoints.DRIFT, which)
        edit = await self.ask(endpoints.DRIFT_EDIT, which)
        self._view = one
        self.headline(drift.one_headline(one))
        self.show(drift.screen(one, edit, self.dashboard.now(), absolute=self.dashboard.absolute))

    def action_copy(self) -> None:
        if self._view is not None:
            self.dashboard.copy_words(self._view.command)

    def action_ack(self) -> None:
        question = Question(
            "Acknowledge this drift?",
            "Nobody is reminded for a day. What is held stays held.",
            reason="who is on it, and what is done",
            yes="Acknowledge",
        )
        self.dashboard.question(
            question,
            lambda why: self.act(
                endpoints.DRIFT_ACK, requests.DriftAck(ident=self._ident, reason=why), "{message}"
            ),
        )

    def action_accept(self) -> None:
        one = self._view
        if one is None:
            self.unread()
            return
        question = Question(
            f"Is the new behaviour of {one.platform} right?",
            f"{one.waiting:,} records go on; the edit you see is proposed for review.",
            count=max(one.waiting, 1),
            reason="why, for the audit",
            yes="Accept",
        )
        self.dashboard.question(
            question,
            lambda why: self.later(
                endpoints.DRIFT_ACCEPT, requests.DriftDecided(ident=self._ident, reason=why)
            ),
        )

    def action_revert(self) -> None:
        one = self._view
        if one is None:
            self.unread()
            return
        question = Question(
            "Was it not right after all?",
            "It is open again, and holds what it held; what was posted meanwhile stays posted.",
            reason="why, for the audit",
            yes="Take back",
        )
        self.dashboard.question(
            question,
            lambda why: self.act(
                endpoints.DRIFT_REVERT, requests.DriftDecided(ident=self._ident, reason=why), "{message}"
            ),
        )

    def action_ignore(self) -> None:
        question = Question(
            "Ignore this drift at this connection?",
            "It stops nothing here, and nobody is told of it again.",
            reason="why, for the audit",
            yes="Ignore",
        )
        self.dashboard.question(
            question,
            lambda why: self.later(
                endpoints.DRIFT_IGNORE, requests.DriftDecided(ident=self._ident, reason=why)
            ),
        )
