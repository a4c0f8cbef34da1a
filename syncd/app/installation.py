"""One site, opened: its state under a lock, its connections, its links."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Final

import structlog
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from filelock import BaseFileLock
from pydantic import BaseModel
from sqlalchemy import Engine

from monitor.desk import DriftDesk
from syncd import __version__, process
from syncd.app import beacon
from syncd.app.membership import Membership, Part, joined
from syncd.app.state import shared, state_engine, state_path
from syncd.app.taps import Taps
from syncd.app.watching import Watching, begin, desk, watch_over
from syncd.bridge.channel import Limits
from syncd.bridge.hub import BridgeHub
from syncd.bridge.tapped import TappedChannel
from syncd.clock import SystemClock, uptime
from syncd.config.load import Site
from syncd.config.problems import Problems
from syncd.connectors.registry import Opening
from syncd.core.brakes import Budget
from syncd.core.errors import FixInput, RetryLater
from syncd.core.model import Side
from syncd.dispatch.breaker import Breaker, BreakingConnector
from syncd.engine.cycle import LinkEngine
from syncd.engine.decisions import LocalDecisions
from syncd.engine.gate import Gate
from syncd.engine.operate import LocalOperator
from syncd.engine.setup import End, LinkSetup, link_setup
from syncd.logs import hide
from syncd.ports import UNWATCHED, BridgeChannel, Clock, Connector, Guard, Tap, Vault
from syncd.ports.allowance import Allowance
from syncd.ports.desk import Action
from syncd.secrets.bearer import digest
from syncd.secrets.reference import Secret, SecretRef, resolve
from syncd.secrets.sealed import MasterKey, Sealer
from syncd.service.accounts import Listening
from syncd.service.erasing import Eraser
from syncd.service.keys import KeyRing
from syncd.store import keys, migrate
from syncd.store.clock import database_clock
from syncd.store.opening import open_database
from syncd.store.postgres import conninfo
from syncd.store.sql import SqlStore

Ends = Mapping[Side, End]
LOCAL: Final = "local"
"""The holder of the token by which commands on this machine find the daemon."""
log = structlog.get_logger(__name__)

_BRIDGE_WAIT_S = 30.0
"""How long a command waits for the bridge of an on-premises system to dial in."""
_BRIDGE_SAY_S = 2.0
"""From when on it says that it waits."""


def _prepared_engine(site: Site) -> Engine:
    """The state's engine at a revision this code works on; an empty state is set up at once."""
    engine = state_engine(site)
    try:
        if migrate.current(engine) is None:
            migrate.upgrade(engine)
        migrate.require_fit(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def master_key(site: Site) -> bytes:
    return MasterKey.load(site.config.master_key, site.folder).reveal()


def digest_key(master: bytes) -> bytes:
    """Keys the digests of natural keys; apart from every sealing key."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"syncd natural key digests").derive(master)


def _budgets(site: Site) -> dict[str, Budget]:
    """Of the links that have one."""
    said = {name: link.config.budget for name, link in site.links.items()}
    made = {name: Budget(b.writes_per_hour, b.amount_per_hour) for name, b in said.items()}
    return {name: budget for name, budget in made.items() if budget != Budget()}


# -- connections and links ------------------------------------------------------------------------


@dataclass
class Installation:
    """One site, opened: its store, its connections, its links."""

    site: Site
    store: SqlStore
    clock: Clock
    hub: BridgeHub
    connectors: Mapping[str, BreakingConnector]
    links: Mapping[str, LinkEngine]
    listening: Listening
    """What the platforms say of logins and quotas."""
    taps: Taps
    """Who watches all connections; more may be added."""
    watching: Watching | None = None
    """The watch over what they answer, where the site wants one."""
    membership: Membership | None = None
    """Where other processes may work on the same state."""
    reload_refused: Callable[[], None] = lambda: None
    """Is told when a new configuration was not taken."""

    @cached_property
    def intervals(self) -> Intervals:
        """How often each link is to run, now."""
        return Intervals(self.site, self.clock)

    def channels(self) -> Mapping[str, BridgeChannel]:
        """Of the connections that are reached through a bridge."""
        return {
            name: self.hub.channel(name)
            for name, connection in self.site.connections.items()
            if connection.platform.bridged
        }

    def operator(self, *, daemon: bool, wake: Callable[[], None] = lambda: None) -> LocalOperator:
        """What an operator may do here, in this process; ``wake``: have the links look for work soon."""
        channels = self.channels()
        return LocalOperator(
            self.links,
            self.store,
            self.clock,
            {
                name: (connection.platform.name, channels.get(name))
                for name, connection in self.site.connections.items()
            },
            version=__version__,
            daemon=daemon,
            intervals=self.intervals,
            ready=self.wait_for_bridges,
            wake=wake,
        )

    def keys(self) -> KeyRing:
        """The control API's tokens that are kept in the state."""
        reserved = (LOCAL, *self.site.config.service.control_tokens)
        return KeyRing(self.store.database, self.clock, reserved)

    def drifts(self) -> DriftDesk:
        """What people see of drift and may do about it. Raises ``FixInput`` where nobody watches."""
        if self.watching is None:
            raise FixInput("the platforms are not watched here", remedy="monitor: {enabled: true}")
        return desk(self.site, self.watching.watch, self.clock)

    def eraser(self) -> Eraser:
        """Takes out what is kept of who is no longer configured."""
        engine = partial(state_engine, self.site)
        return Eraser(self.store.database, self.store.keeper, engine, self.site.links, self.site.connections)

    async def note(self, action: Action) -> None:
        """Into the audit; it stands there when this returns."""
        k = self.store.keeper()
        await self.store.database.write(lambda c: keys.note(c, k, action))

    def decisions(self, wake: Callable[[], None] = lambda: None) -> LocalDecisions:
        """Conflicts and full comparisons in this process."""
        return LocalDecisions(self.links, self.store, self.clock, ready=self.wait_for_bridges, wake=wake)

    async def wait_for_bridges(self, link: str | None = None) -> None:
        """Return once every bridge (of a link) has dialled in. Raises ``RetryLater`` if one does not."""
        wanted = self.channels()
        if link is not None:
            ends = self.links[link].setup.ends.values()
            wanted = {end.connection: wanted[end.connection] for end in ends if end.connection in wanted}
        begun = asyncio.get_running_loop().time()
        address = f"{self.site.config.bridge.host}:{self.site.config.bridge.port}"
        said = False
        for name, channel in wanted.items():
            while not channel.connected:
                waited = asyncio.get_running_loop().time() - begun
                if waited > _BRIDGE_SAY_S and not said:  # it dials every few seconds
                    log.warning("waiting for the bridge to dial in", connection=name, at=address)
                    said = True
                if waited > _BRIDGE_WAIT_S:
                    raise RetryLater(
                        f"the bridge of {name} has not dialled in within {_BRIDGE_WAIT_S:g} s",
                        remedy=f"is `syncd bridge` running beside it, and does it reach {address}?",
                    )
                await asyncio.sleep(0.05)


class Intervals(Mapping[str, float]):
    """Link -> seconds between two of its scheduled cycles, at this time of its day and week."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self._schedules = {name: link.config.schedule for name, link in site.links.items()}
        self._clock = clock
        self._known: dict[str, tuple[datetime, float]] = {}
        """Link -> (until when it holds, seconds)."""

    def __getitem__(self, link: str) -> float:
        now, schedule = self._clock.now(), self._schedules[link]
        known = self._known.get(link)
        if known is None or known[0] <= now:
            known = self._known[link] = schedule.next_after(now), schedule.interval_at(now)
        return known[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._schedules)

    def __len__(self) -> int:
        return len(self._schedules)


def _hub(site: Site) -> BridgeHub:
    tokens = {
        name: digest(resolve(connection.config.bridge_token, site.folder).reveal())
        for name, connection in site.connections.items()
        if connection.config.bridge_token is not None
    }
    listener = site.config.bridge
    return BridgeHub(tokens, Limits(heartbeat_s=listener.heartbeat, submit_s=listener.answer_within))


def _connector(
    site: Site,
    name: str,
    vault: Vault,
    clock: Clock,
    hub: BridgeHub,
    tap: Tap,
    allowance: Allowance | None = None,
) -> Connector:
    connection = site.connections[name]
    settle = connection.config.settle
    return connection.platform.open(
        Opening(
            connection=name,
            settings=connection.settings,
            folder=site.folder,
            clock=clock,
            vault=vault,
            profile=connection.profile,
            channel=TappedChannel(hub.channel(name), name, tap) if connection.platform.bridged else None,
            concurrency=connection.config.concurrency,
            settle_s=settle.seconds if settle else None,
            settle_provenance=settle.provenance if settle else "unknown",
            custom=connection.config.custom,
            tap=tap,
            allowance=allowance,
        )
    )


def _ends(site: Site, name: str, connectors: Mapping[str, Connector], tap: Tap, guard: Guard) -> Ends:
    link = site.links[name]
    sides = ((Side.LEFT, link.left.name), (Side.RIGHT, link.right.name))
    return {side: End(end, connectors[end], tap, guard) for side, end in sides}


def _link(site: Site, name: str, ends: Ends) -> LinkSetup:
    link = site.links[name]
    policies = {entity: link.policy(entity) for entity in link.flows}
    return link_setup(name, ends, policies, link.tables)


def references(*models: BaseModel) -> Iterator[SecretRef]:
    """Every reference to a secret that stands anywhere in these."""
    for model in models:
        for value in dict(model).values():
            yield from _references_in(value)


def secrets(site: Site) -> list[Secret]:
    """Everything that the site's files name by reference. Raises ``FixInput`` for all at once that cannot be
    had."""
    found, problems = [], Problems()
    named = references(site.config, *(connection.settings for connection in site.connections.values()))
    for reference in dict.fromkeys(named):
        try:
            found.append(resolve(reference, site.folder))
        except FixInput as error:
            problems.found.append(error)
    problems.raise_if_any()
    return found


def _references_in(value: object) -> Iterator[SecretRef]:
    if isinstance(value, SecretRef):
        yield value
    elif isinstance(value, BaseModel):
        yield from references(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _references_in(each)


async def rehearse(site: Site, opened: Installation) -> None:
    """Raises what opening ``site`` in the place of ``opened`` would. That one goes on meanwhile, and what is
    tried here talks to nobody."""
    if site.state_url != opened.site.state_url:
        raise FixInput(
            "state.url: another state cannot be taken up while this one is in use",
            remedy="stop the daemon and start it again",
        )
    secrets(site)
    hub = _hub(site)
    async with AsyncExitStack() as closing:
        connectors: dict[str, BreakingConnector] = {}
        for name in site.connections:
            connector = _connector(site, name, opened.store, opened.clock, hub, Taps())
            closing.push_async_callback(connector.close)
            connectors[name] = BreakingConnector(connector, Breaker(name, opened.clock))
        for name in site.links:
            _link(site, name, _ends(site, name, connectors, Taps(), UNWATCHED))


@asynccontextmanager
async def installation(
    site: Site,
    clock: Clock | None = None,
    taps: Sequence[Tap] = (),
    lock: BaseFileLock | None = None,
    part: Part | None = None,
) -> AsyncIterator[Installation]:
    """Open a site under its lock (``lock``: the one that is held already); ``taps`` watch every connection.
    ``part``: what this process does where several work on the state. Raises ``StateLocked`` if another
    process owns the state. Where several work on it, the time is the database's."""
    process.tune()
    async with AsyncExitStack() as closing:
        if not shared(site):
            held = lock or beacon.own(state_path(site))
            if lock is not None:
                lock.acquire(timeout=0)  # once more: it is counted
            closing.callback(held.release)
        for secret in secrets(site):
            hide(secret)
        master = master_key(site)
        database = open_database(_prepared_engine(site))
        closing.push_async_callback(database.close)
        if clock is None and shared(site):
            clock = await closing.enter_async_context(database_clock(database, uptime, SystemClock().now))
        clock = clock or SystemClock()
        store = SqlStore(database, clock, Sealer(master), digest_key(master), _budgets(site))
        membership = None
        if shared(site):
            url = conninfo(state_engine(site))
            membership = await closing.enter_async_context(joined(store, url, part or Part()))
        hub = _hub(site)
        closing.push_async_callback(hub.close)
        listening = Listening(clock)
        watch = watch_over(site, store, clock, Sealer(master), digest_key(master))
        tap = Taps(listening, *((watch,) if watch else ()), *taps)
        vault = store if membership is None else membership.vault
        allowance = None if membership is None else membership.allowance
        connectors: dict[str, BreakingConnector] = {}
        for name in site.connections:
            connector = _connector(site, name, vault, clock, hub, tap, allowance)
            connectors[name] = BreakingConnector(connector, Breaker(name, clock))
            closing.push_async_callback(connectors[name].close)
        used = dict(connectors) if watch is None else await begin(watch, site, connectors)
        ends = {name: _ends(site, name, used, tap, watch or UNWATCHED) for name in site.links}
        links = _engines(site, ends, store, clock, connectors, membership)
        watching = None
        if watch is not None:
            closing.push_async_callback(watch.close)
            watching = Watching(watch, site, connectors, links, partial(_link, site), clock)
            watching.follow = membership is not None
        yield Installation(site, store, clock, hub, connectors, links, listening, tap, watching, membership)


def _engines(
    site: Site,
    ends: Mapping[str, Ends],
    store: SqlStore,
    clock: Clock,
    connectors: Mapping[str, BreakingConnector],
    membership: Membership | None,
) -> dict[str, LinkEngine]:
    # one gate a connection, whatever number of links uses it: the limit is the platform's
    gates = {n: Gate(c.capabilities.concurrency) for n, c in connectors.items()}
    setups = {name: _link(site, name, ends[name]) for name in site.links}
    if membership is None:
        return {name: LinkEngine(setup, store, clock, gates) for name, setup in setups.items()}
    engines = {
        name: LinkEngine(setup, membership.store(name), clock, gates, membership.tenures.turn(name))
        for name, setup in setups.items()
    }
    membership.tenures.moved = lambda link: engines[link].was_elsewhere() if link in engines else None
    return engines
