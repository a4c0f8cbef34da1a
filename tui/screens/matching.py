"""First-sync questions: lone records that may be on the other side already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from syncd.api import endpoints, requests
from syncd.api.models import MatchItem
from syncd.api.scopes import Scope
from tui.screens.asking import Question
from tui.screens.listing import MOST, Listed, Listing
from tui.screens.sheet import Sheet
from tui.text import fits
from tui.views import matching


class Matches(Listing):
    """Records that look like one of the other side; none is made there before somebody has said."""

    MODE = "match"
    TAB = "Match"
    COLUMNS = matching.COLUMNS
    NEEDS: ClassVar = {"accept_sure": Scope.RESOLVE}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Side by side", id="matches.open"),
        Binding("M", "accept_sure", "Match all sure ones", id="matches.sure"),
    ]

    def __init__(self, link: str | None = None) -> None:
        super().__init__()
        self._link = link
        self._items: dict[str, MatchItem] = {}

    async def page(self, after: str | int | None, limit: int) -> Listed:  # noqa: ARG002 (one answer has all)
        found = await self.ask(endpoints.MATCHES, requests.Matches(link=self._link, limit=MOST))
        wanted = [one for one in found if fits(self.text, one.link, one.flow, one.label, one.key)]
        self._items = {str(one.id): one for one in wanted}
        return Listed(
            [matching.row(one) for one in wanted],
            None,
            matching.headline(wanted),
            "Nothing waits to be matched.",
        )

    def action_open(self) -> None:
        if self.current is not None:
            self.dashboard.push_screen(Match(self._items[self.current]))

    def action_accept_sure(self) -> None:
        choices = matching.sure(list(self._items.values()))
        if not choices:
            self.notify("None is sure enough: look at each (enter)")
            return
        question = Question(
            f"Match {len(choices):,} records with their likeliest candidates?",
            "The two become pairs; what differs is shown or settled as the rules say.",
            count=len(choices),
            yes="Match",
        )
        asked = requests.Choices(choices=choices)
        self.dashboard.question(question, lambda _: self.later(endpoints.MATCH_ACCEPT, asked))


class Match(Sheet):
    """One of them beside each of its candidates."""

    NEEDS: ClassVar = dict.fromkeys(("accept", "reject", "create"), Scope.RESOLVE)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next", "Next candidate", id="match.next"),
        Binding("m", "accept", "It is this one", id="match.accept"),
        Binding("x", "reject", "Not this one", id="match.reject"),
        Binding("C", "create", "None: create it", id="match.create"),
        Binding("d", "life", "Its life", id="match.life"),
    ]

    def __init__(self, item: MatchItem) -> None:
        super().__init__()
        self._item = item
        self._at = 0

    async def load(self) -> None:
        found = await self.ask(endpoints.MATCHES, requests.Matches(link=self._item.link, limit=MOST))
        # once it is decided it is in the list no more: what was decided stays in view
        self._item = next((one for one in found if one.id == self._item.id), self._item)
        self.headline(matching.one_headline(self._item))
        self.show(matching.screen(self._item, self._at))

    def _keys(self) -> Sequence[str]:
        return [one.key for one in self._item.candidates]

    def action_next(self) -> None:
        self._at = (self._at + 1) % max(len(self._keys()), 1)
        self.show(matching.screen(self._item, self._at))

    def action_life(self) -> None:
        self.dashboard.open_record(self._item.flow, self._item.key, self._item.link)

    def action_accept(self) -> None:
        if keys := self._keys():
            asked = requests.Choices(choices=[(self._item.id, keys[self._at])])
            self.later(endpoints.MATCH_ACCEPT, asked, leave=True)

    def action_reject(self) -> None:
        if keys := self._keys():
            asked = requests.Choices(choices=[(self._item.id, keys[self._at])])
            self.later(endpoints.MATCH_REJECT, asked)

    def action_create(self) -> None:
        one = self._item
        question = Question(
            f"Is {one.flow} {one.label} none of these {len(one.candidates)}?",
            "It is created on the other side, and the question is not asked again.",
            yes="Create it",
        )
        asked = requests.Choices(choices=[(one.id, "")])
        self.dashboard.question(question, lambda _: self.later(endpoints.MATCH_REJECT, asked, leave=True))
