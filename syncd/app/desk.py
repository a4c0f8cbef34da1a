"""Everything that answers people: put together from an open installation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from syncd.api.fleet import Deliveries
from syncd.api.models import SyncReport
from syncd.app.installation import Installation
from syncd.dispatch.dispatcher import pause
from syncd.engine import views
from syncd.engine.cycle import CycleOutcome, LinkEngine
from syncd.service.accounts import Account, AccountDesk, endings
from syncd.service.board import Board, Noticing, Watched
from syncd.service.events import Feed
from syncd.service.jobs import Jobs
from syncd.service.overview import Overview
from syncd.service.workers import Alone, WorkerDesk


@dataclass(frozen=True, slots=True)
class Desk:
    """Who answers, in this order, and what keeps it up to date."""

    answering: Sequence[object]
    board: Board
    jobs: Jobs
    feed: Feed

    def tasks(self) -> list[asyncio.Task[None]]:
        """Run until they are cancelled."""
        return [
            asyncio.create_task(self.board.run(), name="board"),
            asyncio.create_task(self.jobs.run(), name="jobs"),
        ]


async def desk(
    opened: Installation, wake: Callable[[], None], deliveries: Callable[[str], Deliveries]
) -> Desk:
    """``wake``: have the links look for work soon; ``deliveries``: how webhooks of a connection stand."""
    feed = Feed()
    operator = opened.operator(daemon=True, wake=wake)
    database, clock = opened.store.database, opened.clock
    board = board_of(opened, feed)
    await board.open()
    noticing = Noticing(operator, board, clock)
    said = opened.decisions(wake)
    drifts = [opened.drifts()] if opened.watching is not None else []
    deciding = (operator, said, *drifts)
    jobs = Jobs(database, opened.store.keeper, clock, feed, operator, deciding)
    accounts = accounts_of(opened, deliveries)
    accounts.tell_circuits(feed)
    setups = {name: engine.setup for name, engine in opened.links.items()}
    overview = Overview(setups, database, opened.store.keeper, clock, operator, accounts)
    answering = [
        noticing,
        operator,
        overview,
        accounts,
        jobs,
        said.desk,
        said.reconciler,
        opened.keys(),
        opened.eraser(),
        _workers(opened),
        feed,
        *drifts,
    ]
    return Desk(answering, board, jobs, feed)


def _no_deliveries(_connection: str) -> Deliveries:
    return Deliveries(expected=False)


def accounts_of(
    opened: Installation, deliveries: Callable[[str], Deliveries] = _no_deliveries
) -> AccountDesk:
    """Who answers for connections."""
    database, clock = opened.store.database, opened.clock
    return AccountDesk(
        _accounts(opened), opened.store, clock, opened.listening, deliveries, partial(endings, database)
    )


def _workers(opened: Installation) -> WorkerDesk | Alone:
    membership = opened.membership
    return Alone() if membership is None else WorkerDesk(membership.workers, membership.turns)


def board_of(opened: Installation, feed: Feed) -> Board:
    """How the links stand; where others run them too, it follows what they do."""
    follow = opened.membership is not None
    return Board(_watched(opened), opened.store.database, opened.clock, feed, pause=pause, follow=follow)


def _watched(opened: Installation) -> dict[str, Watched]:
    return {
        name: Watched(
            engine.setup,
            opened.site.links[name].config.customer,
            partial(opened.intervals.__getitem__, name),
        )
        for name, engine in opened.links.items()
    }


def _accounts(opened: Installation) -> dict[str, Account]:
    channels = opened.channels()
    return {
        name: Account(
            platform=connection.platform.name,
            connector=opened.connectors[name],
            links=tuple(
                link
                for link, engine in opened.links.items()
                if name in {end.connection for end in engine.setup.ends.values()}
            ),
            channel=channels.get(name),
            scheme=_scheme(connection.settings),
        )
        for name, connection in opened.site.connections.items()
    }


def _scheme(settings: object) -> str:
    """How a connection logs in, by its configuration: the kind that its ``auth`` section names."""
    auth = getattr(settings, "auth", None)
    kind = getattr(auth, "scheme", None) or getattr(auth, "kind", None)
    return str(kind) if kind else ("" if auth is None else type(auth).__name__.removesuffix("Login"))


def observed(
    opened: Installation, engine: LinkEngine, board: Board
) -> Callable[[bool], Awaitable[CycleOutcome]]:
    """A link's run as the dispatcher calls it, shown on the board."""
    name = engine.setup.name

    async def drain(scheduled: bool) -> CycleOutcome:
        started = opened.clock.now()
        try:
            await opened.wait_for_bridges(name)
            outcome = await engine.drain(scheduled=scheduled)
        except Exception as error:
            board.ran(name, started, _trigger(scheduled), error)
            raise
        board.ran(name, started, _trigger(scheduled), _report(outcome, started, opened.clock.now()))
        return outcome

    return drain


def _trigger(scheduled: bool) -> str:
    return "schedule" if scheduled else "wake"


def _report(outcome: CycleOutcome, started: datetime, ended: datetime) -> SyncReport:
    return views.sync_report(outcome, (ended - started).total_seconds())
