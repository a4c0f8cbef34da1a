"""The composition root: the only file that knows everything. It puts parts together and decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from filelock import FileLock, Timeout
from sqlalchemy import Engine

from syncd import __version__
from syncd.api.client import ApiClient
from syncd.api.operator import Operator
from syncd.bridge.hub import BridgeHub
from syncd.bridge.hub import digest as token_digest
from syncd.clock import SystemClock
from syncd.config.load import Site, load
from syncd.config.policy import flow_policy
from syncd.connectors.registry import Opening
from syncd.core.errors import FixInput, RetryLater, StateLocked, SyncdError
from syncd.core.model import Side
from syncd.engine.coverage import uncovered
from syncd.engine.cycle import LinkEngine
from syncd.engine.operate import LocalOperator
from syncd.engine.setup import End, LinkSetup, link_setup
from syncd.ports import BridgeChannel, Clock, Connector, Finding
from syncd.secrets.reference import resolve
from syncd.secrets.sealed import MasterKey, Sealer
from syncd.store import migrate
from syncd.store.database import ThreadedDatabase, sqlite_engine
from syncd.store.sql import SqlStore

_BRIDGE_WAIT_S = 30.0
"""How long a command waits for the bridge of an on-premises system to dial in."""


# -- the state ----------------------------------------------------------------------------------


def _engine(site: Site) -> Engine:
    return sqlite_engine(site.state_url)


def _state_path(site: Site) -> Path:
    return Path(site.state_url.removeprefix("sqlite:///"))


def _state_lock(site: Site) -> FileLock:
    """Held by the one process that owns the state."""
    return FileLock(f"{_state_path(site)}.lock")


def _prepared_engine(site: Site) -> Engine:
    """The state's engine at the revision this code needs; an empty state is set up at once."""
    engine = _engine(site)
    if migrate.current(engine) is None:
        migrate.upgrade(engine)
    migrate.require_head(engine)
    return engine


def _master_key(site: Site) -> bytes:
    return MasterKey.load(site.config.master_key, site.folder).reveal()


def _digest_key(master: bytes) -> bytes:
    """Keys the digests of natural keys; apart from every sealing key."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"syncd natural key digests").derive(master)


# -- connections and links ------------------------------------------------------------------------


@dataclass
class Installation:
    """One site, opened: its store, its connections, its links."""

    site: Site
    store: SqlStore
    clock: Clock
    hub: BridgeHub
    connectors: Mapping[str, Connector]
    links: Mapping[str, LinkEngine]

    def channels(self) -> Mapping[str, BridgeChannel]:
        """Of the connections that are reached through a bridge."""
        return {
            name: self.hub.channel(name)
            for name, connection in self.site.connections.items()
            if connection.platform.bridged
        }

    def operator(self, *, daemon: bool) -> LocalOperator:
        """What an operator may do here, in this process."""
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
            intervals={name: _interval_s(self.site, name) for name in self.links},
            ready=self.wait_for_bridges,
        )

    async def wait_for_bridges(self, link: str | None = None) -> None:
        """Return once every bridge (of a link) has dialled in. Raises ``RetryLater`` if one does not."""
        wanted = self.channels()
        if link is not None:
            ends = self.links[link].setup.ends.values()
            wanted = {end.connection: wanted[end.connection] for end in ends if end.connection in wanted}
        deadline = asyncio.get_running_loop().time() + _BRIDGE_WAIT_S
        for name, channel in wanted.items():
            while not channel.connected:
                if asyncio.get_running_loop().time() > deadline:
                    address = f"{self.site.config.bridge.host}:{self.site.config.bridge.port}"
                    raise RetryLater(
                        f"the bridge of {name} has not dialled in within {_BRIDGE_WAIT_S:g} s",
                        remedy=f"is `syncd bridge` running beside it, and does it reach {address}?",
                    )
                await asyncio.sleep(0.05)


def _interval_s(site: Site, link: str) -> float:
    """Seconds between two scheduled cycles of a link, from now."""
    schedule = site.links[link].config.schedule
    now = datetime.now(UTC)
    first = schedule.next_after(now)
    return (schedule.next_after(first) - first).total_seconds()


def _hub(site: Site) -> BridgeHub:
    tokens = {
        name: token_digest(resolve(connection.config.bridge_token, site.folder).reveal())
        for name, connection in site.connections.items()
        if connection.config.bridge_token is not None
    }
    return BridgeHub(tokens)


def _connector(site: Site, name: str, store: SqlStore, clock: Clock, hub: BridgeHub) -> Connector:
    connection = site.connections[name]
    settle = connection.config.settle
    return connection.platform.open(
        Opening(
            connection=name,
            settings=connection.settings,
            folder=site.folder,
            clock=clock,
            vault=store,
            profile=connection.profile,
            channel=hub.channel(name) if connection.platform.bridged else None,
            concurrency=connection.config.concurrency,
            settle_s=settle.seconds if settle else None,
            settle_provenance=settle.provenance if settle else "unknown",
            custom=connection.config.custom,
        )
    )


def _link(site: Site, name: str, connectors: Mapping[str, Connector]) -> LinkSetup:
    link = site.links[name]
    ends = {
        Side.LEFT: End(link.left.name, connectors[link.left.name]),
        Side.RIGHT: End(link.right.name, connectors[link.right.name]),
    }
    policies = {entity: flow_policy(site, name, entity) for entity in link.flows}
    return link_setup(name, ends, policies, link.tables)


@asynccontextmanager
async def installation(site: Site, clock: Clock | None = None) -> AsyncIterator[Installation]:
    """Open a site under its lock. Raises ``StateLocked`` if another process owns the state."""
    clock = clock or SystemClock()
    lock = _state_lock(site)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StateLocked(
            f"another process owns the state {_state_path(site).name}",
            remedy="speak to the running daemon, or stop it first",
        ) from None
    async with AsyncExitStack() as closing:
        closing.callback(lock.release)
        master = _master_key(site)
        store = SqlStore(ThreadedDatabase(_prepared_engine(site)), clock, Sealer(master), _digest_key(master))
        closing.push_async_callback(store.close)
        hub = _hub(site)
        closing.push_async_callback(hub.close)
        connectors: dict[str, Connector] = {}
        for name in site.connections:
            connectors[name] = _connector(site, name, store, clock, hub)
            closing.push_async_callback(connectors[name].close)
        # one gate a connection, whatever number of links uses it: the limit is the platform's
        gates = {n: asyncio.Semaphore(c.capabilities.concurrency) for n, c in connectors.items()}
        links = {name: LinkEngine(_link(site, name, connectors), store, clock, gates) for name in site.links}
        yield Installation(site, store, clock, hub, connectors, links)


# -- what the commands call -----------------------------------------------------------------------


@asynccontextmanager
async def operator(config_path: Path) -> AsyncIterator[Operator]:
    """Through the running daemon if one owns the state, else in this process, under the lock."""
    from syncd.service import daemon  # noqa: PLC0415 - aiohttp.web, for those who need it

    site = load(config_path)
    running = daemon.find(_state_path(site))
    if running is not None:
        async with ApiClient(running.url, running.token) as client:
            yield client
        return
    async with installation(site) as opened, daemon.bridges(opened.hub, site.config.bridge):
        yield opened.operator(daemon=False)


async def run(config_path: Path) -> None:
    """The daemon, until SIGTERM or SIGINT; what is under way then is finished first."""
    from syncd.service import daemon  # noqa: PLC0415

    site = load(config_path)
    async with installation(site) as opened:
        await daemon.run(opened)


async def upgrade(config_path: Path) -> None:
    """Bring the state's tables to the revision this version needs."""
    migrate.upgrade(_engine(load(config_path)))


async def revision(config_path: Path) -> tuple[str | None, str]:
    """(the state's revision, the one this version needs)."""
    return migrate.current(_engine(load(config_path))), migrate.HEAD


# -- check ----------------------------------------------------------------------------------------


async def check(config_path: Path, live: bool) -> Sequence[Finding]:
    """Everything that can be known without writing: files, secrets, state, and with ``live`` the platforms.

    Raises ``FixInput`` if the files themselves are broken.
    """
    site = load(config_path)
    findings = [
        Finding("ok", str(site.path), f"{len(site.links)} links, {len(site.connections)} connections")
    ]
    findings += _check_state(site)
    if any(finding.level == "error" for finding in findings):
        return findings
    from syncd.service import daemon  # noqa: PLC0415

    if daemon.find(_state_path(site)) is not None:
        note = "a daemon owns the state: its platforms are shown by `syncd status`"
        return [*findings, Finding("ok", "daemon", note)]
    try:
        async with installation(site) as opened, daemon.bridges(opened.hub, site.config.bridge):
            findings += await _check_crosswalks(opened)
            if live:
                findings += await _check_platforms(opened)
    except SyncdError as error:
        findings.append(Finding("error", "site", error.message, error.remedy))
    return findings


def _check_state(site: Site) -> list[Finding]:
    findings = []
    try:
        _master_key(site)
        findings.append(Finding("ok", "master_key", "it can be read, and only by its owner"))
    except FixInput as error:
        findings.append(Finding("error", "master_key", error.message, error.remedy))
    found = migrate.current(_engine(site))
    if found is None:
        findings.append(Finding("ok", "state", "empty; it is set up by the first command that needs it"))
    elif found != migrate.HEAD:
        findings.append(
            Finding(
                "error",
                "state",
                f"at revision {found}, this version needs {migrate.HEAD}",
                "syncd db upgrade",
            )
        )
    else:
        findings.append(Finding("ok", "state", f"at revision {found}"))
    return findings


async def _check_platforms(opened: Installation) -> list[Finding]:
    findings: list[Finding] = []
    try:
        await opened.wait_for_bridges()
    except SyncdError as error:
        findings.append(Finding("error", "bridge", error.message, error.remedy))
    for name, connector in opened.connectors.items():
        try:
            findings += await connector.probe()
        except SyncdError as error:
            findings.append(Finding("error", name, error.message, error.remedy))
        capabilities = connector.capabilities
        if capabilities.settle_s is None:
            findings.append(
                Finding(
                    "warning",
                    name,
                    "no settle time: a write whose answer is lost will be held for a person",
                    f"connections.{name}.settle: {{seconds: ..., provenance: measured}}",
                )
            )
    return findings


async def _check_crosswalks(opened: Installation) -> list[Finding]:
    """Codes that were found in the data and that no crosswalk covers."""
    findings = []
    for name, engine in opened.links.items():
        for flow in engine.setup.flows:
            for side, end in flow.ends.items():
                bodies = await opened.store.bodies(end.connection, flow.entity)
                for (table, code), count in uncovered(flow, side, bodies).most_common(20):
                    file = opened.site.links[name].config.crosswalks
                    findings.append(
                        Finding(
                            "warning",
                            f"{name}: crosswalk {table}",
                            f"{code!r} on the {side.value} is not covered; {count} {flow.entity} records use it",
                            f"add it to {file}, or give {table} a default",
                        )
                    )
    return findings
