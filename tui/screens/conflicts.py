"""Conflicts: the queue, and one of them side by side."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import work
from textual.binding import Binding, BindingType

from syncd.api import conflicts as api
from syncd.api import endpoints
from syncd.api.conflicts import ConflictView, Taken
from syncd.api.scopes import Scope
from tui.screens.asking import Question
from tui.screens.listing import Listed, Listing
from tui.screens.sheet import Sheet
from tui.views import conflicts

_SIDES = {"left": "the left", "right": "the right", "base": "what was last agreed"}


class Conflicts(Listing):
    """Everything that two people changed differently."""

    MODE = "conflicts"
    TAB = "Conflicts"
    COLUMNS = conflicts.COLUMNS
    NEEDS: ClassVar = {"take_all": Scope.RESOLVE}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Side by side", id="conflicts.open"),
        Binding("L", "take_all('left')", "All like it: left", id="conflicts.all_left"),
        Binding("R", "take_all('right')", "All like it: right", id="conflicts.all_right"),
    ]

    def __init__(self, link: str | None = None) -> None:
        super().__init__()
        self._link = link
        self._views: dict[str, ConflictView] = {}

    async def page(self, after: str | int | None, limit: int) -> Listed:
        asked = api.ConflictList(link=self._link, field=self.text or None, after=int(after or 0), limit=limit)
        page = await self.ask(endpoints.CONFLICTS, asked)
        if after is None:
            self._views = {}
        self._views.update({str(one.id): one for one in page.items})
        now = self.dashboard.now()
        return Listed(
            [conflicts.row(one, now) for one in page.items],
            page.next,
            conflicts.headline(page),
            "No conflict waits for a person.",
        )

    @property
    def conflict(self) -> ConflictView | None:
        return None if self.current is None else self._views.get(self.current)

    def action_open(self) -> None:
        if self.conflict is not None:
            self.dashboard.push_screen(Conflict(self.conflict.id))

    @work(group="act")
    async def action_take_all(self, side: Literal["left", "right"]) -> None:
        """The same for every conflict of this link, flow and field; asked with their number."""
        one = self.conflict
        if one is None:
            return
        like = {"link": one.link, "flow": one.flow, "field": one.unit}
        trial = await self.answered(
            self.ask(endpoints.CONFLICTS_RESOLVE_ALL, api.ResolveAll(**like, take=side, dry_run=True))
        )
        if trial is None:
            return
        question = Question(
            f"Take {_SIDES[side]} for {trial.count:,} conflicts of {one.flow}.{one.unit}, {one.link}?",
            "The other side's values are overwritten; both stay in each record's history.",
            count=trial.count,
            yes=f"Take {side}",
        )
        asked = api.ResolveAll(**like, take=side, expect=trial.count)
        self.dashboard.question(question, lambda _: self.later(endpoints.CONFLICTS_RESOLVE_ALL, asked))


class Conflict(Sheet):
    """One conflict, decided field by field or whole."""

    NEEDS: ClassVar = dict.fromkeys(("take", "type"), Scope.RESOLVE)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "take('left')", "Take left", id="conflict.left"),
        Binding("right_square_bracket", "take('right')", "Take right", id="conflict.right"),
        Binding("equals_sign", "take('base')", "Take agreed", id="conflict.base"),
        Binding("e", "type", "Type it", id="conflict.type"),
        Binding("d", "life", "Its life", id="conflict.life"),
    ]

    def __init__(self, ident: int) -> None:
        super().__init__()
        self._ident = ident
        self._view: ConflictView | None = None

    async def load(self) -> None:
        one = await self.ask(endpoints.CONFLICT, api.OneConflict(ident=self._ident))
        self._view = one
        self.headline(conflicts.one_headline(one))
        self.show(conflicts.side_by_side(one, self.dashboard.now()))

    def action_life(self) -> None:
        if self._view is not None:
            key = self._view.left_key or self._view.right_key or ""
            self.dashboard.open_record(self._view.flow, key, self._view.link)

    def action_take(self, side: Taken) -> None:
        self._say(side, {})

    def action_type(self) -> None:
        one = self._view
        if one is None:
            self.unread()
            return
        if "value" not in one.takes:
            self.notify("This one cannot be typed: take a side", severity="warning")
            return
        self._type(one, [field.name for field in one.fields], {})

    def _type(self, one: ConflictView, left: list[str], values: dict[str, str]) -> None:
        """Ask for one field after the other, then say them all."""
        if not left:
            self._say("value", values)
            return
        name, *rest = left
        given = next((field.left or "" for field in one.fields if field.name == name), "")
        question = Question(
            f"{name} of {one.label}",
            reason="the value, in the left side's words",
            given=given,
            required=False,
            yes="Take it",
        )
        self.dashboard.question(question, lambda typed: self._type(one, rest, {**values, name: typed}))

    def _say(self, take: Taken, values: dict[str, str]) -> None:
        one = self._view
        if one is None:
            self.unread()
            return
        choice = api.Choice(id=one.id, version=one.version, take=take, values=values)
        self.later(endpoints.CONFLICTS_RESOLVE, api.Resolve(choices=[choice]), leave=True)
