"""What people look at, a page at a time: the fleet, one link, refused records, the journal, the audit."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import orjson

from syncd.api.fleet import (
    ActionPage,
    ConnectionLine,
    CyclePage,
    FleetLine,
    FleetPage,
    JournalPage,
    LinkDetail,
    QuarantinePage,
    ReasonGroup,
)
from syncd.api.models import Health, HoldView, Status
from syncd.core.errors import FixInput, NothingMatched
from syncd.core.model import Side
from syncd.engine import views
from syncd.engine.setup import LinkSetup
from syncd.ports import Clock
from syncd.ports.desk import FleetSort, LinkLine, Selection
from syncd.service import lines
from syncd.service.board import LATE, RANKS
from syncd.store import board, holds, keys, overview
from syncd.store.database import Database
from syncd.store.sealing import Keeper

IN_FLIGHT_MAX = 200
CYCLES_SHOWN = 50


class Statuses(Protocol):
    """Of the ``Operator``: how a link's flows stand, counted now."""

    async def status(self, link: str | None = None) -> Status: ...


class Accounts(Protocol):
    """Of the connections' desk."""

    async def connections(self, connection: str | None = None) -> Sequence[ConnectionLine]: ...


class Overview:
    """Answers from the state; nothing here changes anything."""

    def __init__(
        self,
        links: Mapping[str, LinkSetup],
        database: Database,
        keeper: Callable[[], Keeper],
        clock: Clock,
        statuses: Statuses,
        accounts: Accounts,
    ) -> None:
        """``keeper``: what opens sealed text, as of now."""
        self._links = links
        self._database = database
        self._keeper = keeper
        self._clock = clock
        self._statuses = statuses
        self._accounts = accounts

    # -- links

    async def fleet(
        self,
        after: str | None = None,
        limit: int = 100,
        text: str = "",
        health: Health | None = None,
        sort: str = FleetSort.SICK,
    ) -> FleetPage:
        """Raises ``FixInput`` for a cursor that is none of ours."""
        now = self._clock.now()
        begin = None if after is None else opened(after)
        found = await self._database.scan(
            lambda c: board.page(
                c,
                now,
                LATE,
                text=text,
                rank=None if health is None else RANKS[health],
                sort=FleetSort(sort),
                after=begin,
                limit=limit,
            )
        )
        census = await self._database.scan(lambda c: board.census(c, now, LATE))
        page = found[:limit]
        shown = await self._shown([(line, rank) for line, rank, _ in page])
        last = page[-1] if len(found) > limit else None
        return FleetPage(
            at=now,
            lines=shown,
            next=None if last is None else cursor(last[2], last[0].link),
            census={health: census.get(rank, 0) for health, rank in RANKS.items()},
        )

    async def _shown(self, found: Sequence[tuple[LinkLine, int]]) -> list[FleetLine]:
        now = self._clock.now()
        names = [line.link for line, _ in found]
        since = now - lines.HOURS * board.HOUR
        sides = {side for line, _ in found for side in (line.left, line.right)}
        written, drifts, ends = await self._database.scan(
            lambda c: (board.writes(c, names, since), board.open_drifts(c, sides), board.ends(c, sides))
        )
        beside = lines.Beside(drifts, ends)
        return [
            lines.fleet_line(line, rank, now, lines.history(written[line.link], now), beside)
            for line, rank in found
        ]

    async def link(self, link: str) -> LinkDetail:
        setup = self._known(link)
        now = self._clock.now()
        status = (await self._statuses.status(link)).links[0]
        one = await self._database.scan(lambda c: board.one(c, link, now, LATE))
        if one is None:
            raise NothingMatched(f"{link} has not been looked at yet", remedy="ask again in a moment")
        (line,) = await self._shown([one])
        under_way = await self._database.scan(lambda c: overview.in_flight(c, link, IN_FLIGHT_MAX))
        ends = {setup.ends[side].connection for side in Side}
        accounts = [one for one in await self._accounts.connections() if one.connection in ends]
        return LinkDetail(
            line=line,
            status=status,
            in_flight=[lines.in_flight(row) for row in under_way],
            connections=accounts,
            cycles=(await self.cycles(link, limit=CYCLES_SHOWN)).lines,
        )

    async def cycles(self, link: str | None = None, before: int | None = None, limit: int = 100) -> CyclePage:
        if link is not None:
            self._known(link)
        rows = await self._database.scan(lambda c: board.cycles(c, link, before, limit + 1))
        page = rows[:limit]
        return CyclePage(
            lines=[lines.cycle_line(row) for row in page],
            next=page[-1].id if len(rows) > limit else None,
        )

    async def holds(self, link: str | None = None) -> Sequence[HoldView]:
        if link is None:
            rows = await self._database.scan(lambda c: holds.active(c, None))
        else:
            ends = [end.connection for end in self._known(link).ends.values()]
            rows = await self._database.scan(lambda c: holds.of_link(c, link, ends))
        return [views.hold_view(row) for row in rows]

    # -- refused records

    async def quarantine_reasons(
        self,
        link: str | None = None,
        flow: str | None = None,
        code: str | None = None,
        field: str | None = None,
        text: str = "",
    ) -> Sequence[ReasonGroup]:
        chosen = Selection(link, flow, code, field, text=text)
        k = self._keeper()
        rows = await self._database.scan(lambda c: overview.reasons(c, k, chosen))
        return [lines.reason_group(row) for row in rows]

    async def quarantine_page(
        self,
        link: str | None = None,
        flow: str | None = None,
        code: str | None = None,
        field: str | None = None,
        text: str = "",
        after: int = 0,
        limit: int = 100,
    ) -> QuarantinePage:
        chosen = Selection(link, flow, code, field, text=text)
        k = self._keeper()
        rows = await self._database.scan(lambda c: overview.refused(c, k, chosen, after, limit + 1))
        page = rows[:limit]
        items = [
            views.quarantine_item(setup, one)
            for one in page
            if one.link in self._links and (setup := self._links[one.link].flow(one.entity)) is not None
        ]
        return QuarantinePage(items=items, next=page[-1].id if len(rows) > limit else None)

    # -- what happened

    async def journal(
        self,
        link: str | None = None,
        after: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> JournalPage:
        if after is not None and before is not None:
            raise FixInput("after and before: one of them", remedy="after goes on, before goes back")
        k = self._keeper()
        rows = await self._database.scan(
            lambda c: overview.journal_lines(c, k, link, after=after, before=before, limit=limit)
        )
        return JournalPage(
            lines=[lines.journal_line(row) for row in rows],
            last=max((row.id for row in rows), default=after or 0),
        )

    async def actions(
        self, link: str | None = None, before: int | None = None, limit: int = 100
    ) -> ActionPage:
        k = self._keeper()
        rows = await self._database.scan(lambda c: keys.actions(c, k, link, before, limit + 1))
        page = rows[:limit]
        return ActionPage(
            lines=[lines.action_line(row) for row in page],
            next=page[-1].id if len(rows) > limit else None,
        )

    def _known(self, link: str) -> LinkSetup:
        found = self._links.get(link)
        if found is None:
            raise NothingMatched(
                f"no link is called {link!r}",
                remedy=f"known: {', '.join(sorted(self._links)[:20]) or 'none'}",
            )
        return found


def cursor(sorted_by: int, link: str) -> str:
    """Where a page ended. Pure."""
    return urlsafe_b64encode(orjson.dumps([sorted_by, link])).decode()


def opened(text: str) -> tuple[int, str]:
    """What ``cursor`` closed. Pure. Raises ``FixInput``."""
    try:
        match orjson.loads(urlsafe_b64decode(text.encode())):
            case [int(sorted_by), str(link)] if abs(sorted_by) < 2**63:
                return sorted_by, link
    except ValueError:
        pass
    raise FixInput("after: not a cursor of this call", remedy="take `next` of the page before")
