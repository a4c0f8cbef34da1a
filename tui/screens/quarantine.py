"""Refused records: causes first, the records of one cause behind them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from syncd.api import endpoints, requests
from syncd.api.fleet import ReasonGroup
from syncd.api.models import QuarantineItem
from syncd.api.scopes import Scope
from tui.screens.asking import Question
from tui.screens.listing import Listed, Listing
from tui.views import quarantine
from tui.words import many

_NEEDS = {"retry": Scope.OPERATE, "skip": Scope.RESOLVE}
_TAKEN_BACK = "It begins in ten seconds; until then U takes it back."


class Reasons(Listing):
    """One line a cause; retry or skip all of it at once."""

    MODE = "refused"
    TAB = "Refused"
    COLUMNS = quarantine.REASONS
    NEEDS: ClassVar = _NEEDS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Records", id="reasons.open"),
        Binding("r", "retry", "Retry all", id="reasons.retry"),
        Binding("X", "skip", "Skip all", id="reasons.skip"),
        Binding("y", "copy", "Copy words", id="reasons.copy"),
    ]

    def __init__(self, link: str | None = None) -> None:
        super().__init__()
        self._link = link
        self._groups: dict[str, ReasonGroup] = {}

    async def page(self, after: str | int | None, limit: int) -> Listed:  # noqa: ARG002 (causes are few)
        asked = requests.Refused(link=self._link, text=self.text)
        groups = await self.ask(endpoints.QUARANTINE_REASONS, asked)
        self._groups = {quarantine.group_key(one): one for one in groups}
        now = self.dashboard.now()
        return Listed(
            [quarantine.group_row(one, now) for one in groups],
            None,
            quarantine.groups_headline(groups),
            "No record is refused.",
        )

    @property
    def group(self) -> ReasonGroup | None:
        return None if self.current is None else self._groups.get(self.current)

    def action_open(self) -> None:
        if self.group is not None:
            self.dashboard.push_screen(Refused(self.group))

    def action_copy(self) -> None:
        if self.group is not None:
            self.dashboard.copy_words(self.group.sample)

    def action_retry(self) -> None:
        if self.group is not None:
            retry_all(self, self.group)

    def action_skip(self) -> None:
        if self.group is not None:
            skip_all(self, self.group)


class Refused(Listing):
    """The records of one cause."""

    COLUMNS = quarantine.ITEMS
    NEEDS: ClassVar = _NEEDS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Its life", id="refused.open"),
        Binding("r", "retry", "Retry", id="refused.retry"),
        Binding("X", "skip", "Skip", id="refused.skip"),
        Binding("R", "retry_all", "Retry all", id="refused.retry_all"),
        Binding("y", "copy", "Copy words", id="refused.copy"),
    ]

    def __init__(self, group: ReasonGroup) -> None:
        super().__init__()
        self._group = group
        self._items: dict[str, QuarantineItem] = {}

    async def page(self, after: str | int | None, limit: int) -> Listed:
        of = self._group
        asked = requests.RefusedPage(
            link=of.link,
            flow=of.flow,
            code=of.code,
            field=of.field,
            text=self.text,
            after=int(after or 0),
            limit=limit,
        )
        page = await self.ask(endpoints.QUARANTINE_PAGE, asked)
        if after is None:
            self._items = {}
        self._items.update({str(item.id): item for item in page.items})
        now = self.dashboard.now()
        return Listed(
            [quarantine.item_row(item, now) for item in page.items],
            page.next,
            quarantine.items_headline(of, page),
            "None of this cause is left.",
        )

    @property
    def item(self) -> QuarantineItem | None:
        return None if self.current is None else self._items.get(self.current)

    def action_open(self) -> None:
        if self.item is not None:
            self.dashboard.open_record(self.item.flow, self.item.key, self.item.link)

    def action_copy(self) -> None:
        if self.item is not None:
            self.dashboard.copy_words(self.item.reason)

    def action_retry(self) -> None:
        if self.item is not None:
            self.act(endpoints.QUARANTINE_RETRY, requests.Retry(ids=[self.item.id]), "{message}")

    def action_skip(self) -> None:
        item = self.item
        if item is None:
            return
        question = Question(
            f"Leave {item.flow} {item.label} alone?",
            "It stays unsent until it changes on its own side.",
            reason="why, for the audit",
            yes="Skip it",
        )
        self.dashboard.question(
            question,
            lambda why: self.act(
                endpoints.QUARANTINE_SKIP, requests.Skip(ids=[item.id], reason=why), "{message}"
            ),
        )

    def action_retry_all(self) -> None:
        retry_all(self, self._group)


def _these(of: ReasonGroup) -> str:
    return f"{many(of.count, 'refused record')} ({of.flow}) of {of.link}"


def retry_all(screen: Listing, of: ReasonGroup) -> None:
    """Ask, then have the daemon retry a whole cause: closing this terminal loses nothing."""
    question = Question(f"Retry {_these(of)}?", _TAKEN_BACK, count=of.count, yes="Retry all")
    asked = requests.BulkRetry(link=of.link, flow=of.flow, code=of.code, field=of.field)
    screen.dashboard.question(
        question,
        lambda _: screen.dashboard.plan(endpoints.BULK_RETRY, asked),
    )


def skip_all(screen: Listing, of: ReasonGroup) -> None:
    """The same for leaving them alone."""
    question = Question(
        f"Leave {_these(of)} alone?",
        f"They stay unsent until they change. {_TAKEN_BACK}",
        count=of.count,
        reason="why, for the audit",
        yes="Skip all",
    )

    def skip(why: str) -> None:
        asked = requests.BulkSkip(link=of.link, flow=of.flow, code=of.code, field=of.field, reason=why)
        screen.dashboard.plan(endpoints.BULK_SKIP, asked)

    screen.dashboard.question(question, skip)
