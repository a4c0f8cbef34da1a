"""Everything that answers people, over two memory platforms and one link between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Engine

from monitor.desk import DriftDesk
from monitor.watch import Watch
from syncd.api.fleet import Deliveries
from syncd.api.models import Done, SyncReport
from syncd.connectors.memory.answers import Refused
from syncd.core.model import Operation
from syncd.core.outcome import ErrorClass
from syncd.dispatch.breaker import Breaker, BreakingConnector
from syncd.dispatch.dispatcher import pause
from syncd.engine import views
from syncd.engine.operate import LocalOperator
from syncd.ports.desk import Action
from syncd.secrets.sealed import Sealer
from syncd.service.accounts import Account, AccountDesk, Listening, endings
from syncd.service.board import Board, Noticing, Watched
from syncd.service.erasing import Eraser
from syncd.service.events import Feed
from syncd.service.jobs import Jobs
from syncd.service.keys import KeyRing
from syncd.service.overview import Overview
from syncd.service.workers import Alone
from syncd.store import keys
from syncd.store.drifts import DriftStore
from tests.integration.engine.operating import decisions_of, operator_of
from tests.integration.engine.world import World

_SECRET = bytes(32)


def _nothing_to_erase() -> Engine:
    raise AssertionError("all of it is configured")


@dataclass
class Office:
    """``open`` it before use."""

    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        world = self.world
        database, clock, keeper = world.store.database, world.clock, world.store.keeper
        self.feed = Feed()
        self.operator: LocalOperator = operator_of(world)
        links = {"acme": Watched(world.setup, "Acme Fire", lambda: 60.0)}
        self.board = Board(links, database, clock, self.feed, pause=pause)
        self.decisions = decisions_of(world)
        watch = Watch(world.store, DriftStore(database, clock, Sealer(_SECRET)), clock, secret=_SECRET)
        self.drifts = DriftDesk(watch, clock)
        self.jobs = Jobs(database, keeper, clock, self.feed, self.operator, self.deciding)
        self.listening = Listening(clock)
        self.breakers = {
            end.connection: BreakingConnector(end.connector, Breaker(end.connection, clock))
            for end in world.setup.ends.values()
        }
        accounts = {
            name: Account("memory", connector, ("acme",), None, "")
            for name, connector in self.breakers.items()
        }
        self.accounts = AccountDesk(
            accounts,
            world.store,
            clock,
            self.listening,
            lambda _name: Deliveries(expected=False),
            partial(endings, database),
        )
        setups = {"acme": world.setup}
        self.overview = Overview(setups, database, keeper, clock, self.operator, self.accounts)
        self.ring = KeyRing(database, clock, ["ops"])
        self.eraser = Eraser(database, keeper, _nothing_to_erase, ["acme"], ["field", "ledger"])

    @property
    def deciding(self) -> Sequence[object]:
        return [self.operator, self.decisions, self.drifts]

    @property
    def answering(self) -> Sequence[object]:
        return [
            Noticing(self.operator, self.board, self.world.clock),
            self.operator,
            self.overview,
            self.accounts,
            self.jobs,
            self.decisions,
            self.drifts,
            self.ring,
            self.eraser,
            self.feed,
            Alone(),
            self,
        ]

    async def reload(self, actor: str = "") -> Done:
        """There are no files to read anew."""
        return Done(count=0, message=f"nothing changed for {actor}")

    async def open(self) -> None:
        await self.board.open()
        await self.board.flush()

    async def run_link(self, trigger: str = "schedule") -> SyncReport:
        """Once, as the daemon does."""
        started = self.world.clock.now()
        report = views.sync_report(await self.world.cycle(), 1.0)
        self.board.ran("acme", started, trigger, report)
        await self.board.flush()
        return report

    def refuse(self, *names: str) -> None:
        """The ledger refuses these customers."""
        for name in names:
            self.world.left.add("customer", {"name": name, "status": "active"})
        self.world.right.refuse = _closed

    def accept(self) -> None:
        """It refuses nobody any more."""
        self.world.right.refuse = lambda _entity, _operation, _wire: None

    async def note(self, action: Action) -> None:
        k = self.world.store.keeper()
        await self.world.store.database.write(lambda c: keys.note(c, k, action))


def _closed(entity: str, operation: Operation, wire: Mapping[str, Any]) -> Refused | None:
    return Refused(ErrorClass.VALIDATION, "the period is closed", "acct_name")
