"""The monitor, put together for an open site: watch, lenses with corrections, contract files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import structlog

from monitor.contract import Contract
from monitor.describing import Describing
from monitor.desk import DriftDesk
from monitor.gating import Watched
from monitor.impact import Flow
from monitor.library import Library
from monitor.probing import certificate, published
from monitor.watch import Watch
from monitor.watched import Settings
from syncd.config.load import Site
from syncd.connectors.correcting import CorrectedConnector
from syncd.core.errors import FixInput, SyncdError
from syncd.core.model import Side
from syncd.dispatch.breaker import BreakingConnector
from syncd.engine.cycle import LinkEngine
from syncd.engine.setup import End, LinkSetup
from syncd.mapping.entity_map import EntityMap
from syncd.ports import Clock, Connector, Describes, Observation
from syncd.ports.drift import EXPIRES
from syncd.store.drifts import DriftStore
from syncd.store.sealing import Seal
from syncd.store.sql import SqlStore

log = structlog.get_logger(__name__)

LOOK_S = 1.0
"""Between two looks at what came in outside of any cycle."""
_TELL_EVERY = 5
"""Of so many looks, one tells people and looks at the contract files."""
_DESCRIBED_EVERY = timedelta(days=1)
_NEVER = datetime.min.replace(tzinfo=UTC)
_RECORDS_A_WALK = 2_000
"""Enough to learn from; a platform is not read to its end for a look."""


class Contracts:
    """The site's contract files, then the shipped ones. One that is broken is as good as none, and logged."""

    def __init__(self, site: Site) -> None:
        self._library = Library.of_site(site.folder)
        self._stamp = self._library.stamp()

    def __call__(self, platform: str, operation: str) -> Contract | None:
        try:
            return self._library.contract(platform, operation)
        except FixInput as broken:
            log.error("a contract cannot be read", error=broken.message)
            return None

    def changed(self) -> bool:
        """Whether a file was touched since this was asked last."""
        before, self._stamp = self._stamp, self._library.stamp()
        return before != self._stamp


def watch_over(site: Site, store: SqlStore, clock: Clock, seal: Seal, secret: bytes) -> Watch | None:
    """The watch a site asks for; None where it wants none. ``secret`` keys digests of values."""
    wanted = site.config.monitor
    if not wanted.enabled:
        return None
    return Watch(
        store,
        DriftStore(store.database, clock, seal),
        clock,
        contracts=Contracts(site),
        secret=secret,
        settings=Settings(
            trust_sandbox=wanted.trust_sandbox,
            grant=timedelta(seconds=wanted.accepted_for),
            read_again=timedelta(seconds=wanted.look_again),
        ),
    )


def lenses(connector: Connector) -> Mapping[str, EntityMap]:
    """By entity."""
    return {entity: spec.map for entity, spec in connector.capabilities.entities.items()}


async def begin(watch: Watch, site: Site, connectors: Mapping[str, Connector]) -> dict[str, Connector]:
    """Have every connection watched. Returns the connectors as the links are to use them."""
    for name, connector in connectors.items():
        platform = site.connections[name].platform.name
        at = Watched(name, platform, _flows(site, name), _sources(site, name), _sides(site, name))
        watch.add(at, lenses(connector))
    await watch.load()
    return {name: await corrected(watch, name, connector) for name, connector in connectors.items()}


async def corrected(watch: Watch, name: str, connector: Connector) -> Connector:
    """The connector with what was accepted about its platform laid over its lenses."""
    corrections = await watch.releases.corrections(name)
    found: Connector = CorrectedConnector(connector, corrections) if corrections else connector
    watch.use(name, lenses(found))
    return found


def _flows(site: Site, connection: str) -> tuple[Flow, ...]:
    return tuple(
        Flow(name, entity, link.config.customer or name)
        for name, link in site.links.items()
        if connection in (link.left.name, link.right.name)
        for entity in link.flows
    )


def _sources(site: Site, connection: str) -> frozenset[str] | None:
    """Entities that some flow carries from this connection to another; None where it has no flow at all:
    who only watches wants to know everything."""
    sides = _sides(site, connection)
    if not sides:
        return None
    return frozenset(
        entity
        for name, side in sides.items()
        for entity in site.links[name].flows
        if site.links[name].policy(entity).mode.writes(Side(side).other)
    )


def _sides(site: Site, connection: str) -> dict[str, str]:
    sides = {}
    for name, link in site.links.items():
        if connection == link.left.name:
            sides[name] = Side.LEFT.value
        elif connection == link.right.name:
            sides[name] = Side.RIGHT.value
    return sides


class Watching:
    """A watch at work over running links."""

    def __init__(
        self,
        watch: Watch,
        site: Site,
        connectors: Mapping[str, Connector],
        links: Mapping[str, LinkEngine],
        link: Callable[[str, Mapping[Side, End]], LinkSetup],
        clock: Clock,
    ) -> None:
        """``link``: lays a link's rules over its two ends."""
        self.watch = watch
        self._site = site
        self._connectors = connectors
        self._links = links
        self._link = link
        self._clock = clock
        self._contracts = Contracts(site)
        self._describing = Describing(watch, clock)
        self.tell: Callable[[], Awaitable[None]] | None = None
        """Tells people, where somebody is to be told."""
        self.weighed: Callable[[], None] = lambda: None
        """Is told when everything that came in has been weighed."""
        self.follow = False
        """Others watch the same connections: what they find, and what people say there, counts here, too."""
        self._stamp: tuple[object, ...] = ()
        self._corrections: dict[str, object] = {}
        watch.releases.relens = self.relens
        watch.releases.text = Library.of_site(site.folder).text
        watch.waiting.under_way = lambda link: links[link].under_way if link in links else 0

    async def relens(self, connection: str) -> None:
        """What was accepted about a connection changes how its links read and write from now on."""
        connector = await corrected(self.watch, connection, self._connectors[connection])
        for name, engine in self._links.items():
            ends = engine.setup.ends
            if connection in {end.connection for end in ends.values()}:
                new = {
                    side: replace(end, connector=connector) if end.connection == connection else end
                    for side, end in ends.items()
                }
                await engine.adopt(self._link(name, new))

    async def run(self) -> None:
        """Look at what came in, until cancelled."""
        looked = 0
        while True:
            try:
                if looked % _TELL_EVERY == 0:
                    await self._tell()
                    if self.follow:
                        await self._catch_up()
                await self.watch.tick()
                self.weighed()
            except SyncdError as error:
                log.warning("the watch could not work", error=error.message)
            looked += 1
            await asyncio.sleep(LOOK_S)

    async def _catch_up(self) -> None:
        stamp = await self.watch.drifts.stamp()
        if stamp == self._stamp:
            return
        if self._stamp:
            await self.watch.load()
        self._stamp = stamp
        for name in self._connectors:
            corrections = await self.watch.releases.corrections(name)
            if self._corrections.setdefault(name, corrections) != corrections:
                self._corrections[name] = corrections
                await self.relens(name)

    async def _tell(self) -> None:
        if self._contracts.changed():
            self.watch.reload()
            log.info("contracts read again")
        self._dates()
        if self.tell is not None:
            await self.tell()

    async def probe(self) -> None:
        """Look at what no exchange shows, and at kinds of record that no flow reads, until cancelled."""
        marks: dict[tuple[str, str], str | None] = {}
        described: dict[str, datetime] = {}
        while True:
            for name, connector in self._connectors.items():
                try:
                    await self._probe(name)
                    if self._clock.now() - described.get(name, _NEVER) >= _DESCRIBED_EVERY:
                        described[name] = self._clock.now()
                        await self._describe(name, connector)
                    for entity in self._quiet(name, connector):
                        marks[name, entity] = await walk(
                            self.watch, name, connector, entity, marks.get((name, entity))
                        )
                except SyncdError as error:
                    log.warning("could not look", connection=name, error=error.message)
            await asyncio.sleep(self._site.config.monitor.probe)

    async def _probe(self, name: str) -> None:
        settings = self._site.connections[name].settings
        base_url, ca_file = getattr(settings, "base_url", None), getattr(settings, "ca_file", None)
        if isinstance(base_url, str):
            facts = await certificate(base_url, ca_file)
            private = bool(getattr(settings, "private_network", False))
            facts |= await published(name, base_url, self._clock, ca_file=ca_file, private_network=private)
            self.watch.said(name, facts)

    async def _describe(self, name: str, connector: Connector) -> None:
        """Read what the platform publishes about itself, where it does."""
        inner = connector.connector if isinstance(connector, BreakingConnector) else connector
        if isinstance(inner, Describes):
            await self._describing.look(name, await inner.description())

    def _quiet(self, name: str, connector: Connector) -> list[str]:
        """Kinds of record that no flow reads."""
        read = {flow.entity for flow in _flows(self._site, name)}
        return [entity for entity in connector.capabilities.entities if entity not in read]

    def _dates(self) -> None:
        for connection, secrets in self._site.config.monitor.expiries.items():
            facts = {
                f"{name}{EXPIRES}": datetime.combine(day, time(), UTC).isoformat()
                for name, day in secrets.items()
            }
            self.watch.said(connection, facts)


async def walk(watch: Watch, name: str, connector: Connector, entity: str, since: str | None) -> str | None:
    """Show the watch what is new since ``since``, and keep none of it. Returns where the next one starts."""
    shown, mark = 0, since
    async for page in connector.pages(entity, since=since):
        seen = [Observation(one.key, one.raw, b"", b"", None, gone=one.deleted) for one in page.records]
        watch.records(name, entity, seen)
        shown += len(seen)
        mark = page.watermark or mark
        if shown >= _RECORDS_A_WALK:
            break
    await watch.caught_up(name)
    return mark


def desk(site: Site, watch: Watch, clock: Clock) -> DriftDesk:
    """What people see of drift and may do about it."""
    return DriftDesk(watch, clock, Library.of_site(site.folder).text)
