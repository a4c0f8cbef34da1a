"""The composition root: the only package that knows everything. It puts parts together and decides nothing.

``installation`` opens a site, ``daemon`` keeps it running, ``check`` looks at it; the functions here
are what the commands call. Each imports what it needs when it is called, so that a command begins soon:
beside a daemon, or on batches, none of the engine is needed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from ssl import create_default_context
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from syncd.app import beacon
from syncd.app.state import shared, state_engine, state_opened, state_path
from syncd.config.load import load
from syncd.core.errors import DaemonUnreachable, FixInput, NothingMatched
from syncd.secrets.reference import SecretRef, resolve
from syncd.store.revisions import HEAD

if TYPE_CHECKING:
    from syncd.api.client import ApiClient
    from syncd.api.drift import Drifts
    from syncd.api.models import Done
    from syncd.api.operator import Accounts, Decisions, Erasing, Keys, Operator
    from syncd.api.upkeep import AuditLine, AuditReport, BackupMade, StateMoved, StateRestored
    from syncd.api.workers import WorkersView
    from syncd.app.installation import Installation
    from syncd.files.desk import ExportDesk
    from syncd.ports import Finding


@asynccontextmanager
async def operator(config_path: Path) -> AsyncIterator[Operator]:
    """What an operator may do, the same two ways as all of these."""
    async with _answering(config_path, lambda opened: opened.operator(daemon=False), bridged=True) as found:
        yield cast("Operator", found)


@asynccontextmanager
async def decisions(config_path: Path) -> AsyncIterator[Decisions]:
    """Conflicts and full comparisons."""
    async with _answering(config_path, lambda opened: opened.decisions(), bridged=True) as found:
        yield cast("Decisions", found)


@asynccontextmanager
async def keys(config_path: Path) -> AsyncIterator[Keys]:
    """The tokens of the control API."""
    async with _answering(config_path, lambda opened: opened.keys()) as found:
        yield cast("Keys", found)


@asynccontextmanager
async def accounts(config_path: Path) -> AsyncIterator[Accounts]:
    """Connections: tried, and their logins given back."""
    from syncd.app.desk import accounts_of  # noqa: PLC0415

    async with _answering(config_path, accounts_of, bridged=True) as found:
        yield cast("Accounts", found)


@asynccontextmanager
async def erasing(config_path: Path) -> AsyncIterator[Erasing]:
    """Taking out what is kept of a customer."""
    async with _answering(config_path, lambda opened: opened.eraser()) as found:
        yield cast("Erasing", found)


@asynccontextmanager
async def drifts(config_path: Path) -> AsyncIterator[Drifts]:
    """What the platforms answer differently."""
    async with _answering(config_path, lambda opened: opened.drifts()) as found:
        yield cast("Drifts", found)


@asynccontextmanager
async def _answering(
    config_path: Path, here: Callable[[Installation], object], *, bridged: bool = False
) -> AsyncIterator[object]:
    """Through the running daemon if one owns the state, else ``here`` in this process, under the lock, with
    each call in the audit. ``bridged``: on-premises systems are spoken to, so bridges may dial in."""
    site = load(config_path)
    running = beacon.find(state_path(site))
    if running is not None:
        from syncd.api.client import ApiClient  # noqa: PLC0415 - each way imports only what it needs

        async with ApiClient(running.url, running.token) as client:
            yield client
        return
    from syncd.app.installation import installation  # noqa: PLC0415
    from syncd.app.listening import bridges  # noqa: PLC0415
    from syncd.service.audited import Audited  # noqa: PLC0415

    async with installation(site) as opened, bridges(opened) if bridged else nullcontext():
        yield Audited(here(opened), opened.note)


@asynccontextmanager
async def daemon(
    config_path: Path, url: str | None, token: SecretRef | None, ca_file: Path | None
) -> AsyncIterator[ApiClient]:
    """A running daemon and nothing else: the one at ``url`` (with its token), or the one that owns the state
    of the site here. Raises ``DaemonUnreachable`` where none runs, ``FixInput`` for an address without token.
    """
    from syncd.api.client import ApiClient  # noqa: PLC0415

    if url is not None:
        if token is None:
            raise FixInput(f"no token for {url}", remedy="--token env:NAME or --token file:PATH")
        if urlsplit(url).scheme not in ("https", "http") or not urlsplit(url).hostname:
            raise FixInput("--url: no address of a control API", remedy="https://HOST:PORT is expected")
        tls = None if ca_file is None else create_default_context(cafile=ca_file)
        async with ApiClient(url, resolve(token, Path.cwd()), tls=tls) as client:
            yield client
        return
    running = beacon.find(state_path(load(config_path)))
    if running is None:
        raise DaemonUnreachable(
            f"no daemon runs for {config_path}",
            remedy="start it with `syncd run`, or name another installation with --url and --token",
        )
    async with ApiClient(running.url, running.token) as client:
        yield client


async def monitor(config_path: Path) -> None:
    """The watch alone, until SIGTERM or SIGINT. Raises ``FixInput`` where the site has links, or does not
    want to be watched."""
    from syncd.app.reload import keep_running  # noqa: PLC0415

    site = load(config_path)
    if site.links:
        remedy = "`syncd run` watches its connections too; or leave `links` out"
        raise FixInput("this site has links", remedy=remedy)
    if not site.config.monitor.enabled:
        raise FixInput("the platforms are not watched here", remedy="monitor: {enabled: true}")
    # without links every kind of record is one that no flow reads: the daemon's own probe walks them all
    await keep_running(config_path)


async def run(config_path: Path, *, work: bool = True) -> None:
    """The daemon, until SIGTERM or SIGINT; writes on the wire are finished first. SIGHUP: ``reload``.
    ``work``: run links; without, they are left to workers."""
    from syncd.app.reload import keep_running  # noqa: PLC0415

    await keep_running(config_path, work=work)


async def worker(config_path: Path, name: str, slots: int | None, metrics_port: int | None) -> None:
    """One of any number of processes that run links, until SIGTERM or SIGINT. Raises ``FixInput`` where the
    state is one process's only, or the port is taken."""
    from syncd.app.membership import SLOTS, Part  # noqa: PLC0415
    from syncd.app.worker import keep_working  # noqa: PLC0415

    await keep_working(config_path, Part(name, slots or SLOTS), metrics_port)


async def workers(config_path: Path) -> WorkersView:
    """Who works on the state, also where no daemon runs. Raises ``FixInput`` where it is one process's."""
    from syncd.service.workers import WorkerDesk  # noqa: PLC0415
    from syncd.store import migrate  # noqa: PLC0415
    from syncd.store.leases import unheld  # noqa: PLC0415
    from syncd.store.opening import open_database  # noqa: PLC0415
    from syncd.store.turns import SqlTurns  # noqa: PLC0415
    from syncd.store.workers import SqlWorkers  # noqa: PLC0415

    site = load(config_path)
    if not shared(site):
        remedy = "state.url: postgresql://... is for many workers"
        raise FixInput("this state is one process's only: there are no workers", remedy=remedy)
    engine = state_engine(site)
    migrate.require_fit(engine)
    database = open_database(engine)
    try:
        return await WorkerDesk(SqlWorkers(database), SqlTurns(database, unheld)).workers()
    finally:
        await database.close()


async def reload(config_path: Path, actor: str) -> Done:
    """Have the running daemon read its files anew. Raises what is wrong with them, ``NothingMatched`` where
    no daemon runs."""
    running = beacon.find(state_path(load(config_path)))
    if running is None:
        raise NothingMatched("no daemon runs here", remedy="the next one reads the files as they are then")
    from syncd.api import endpoints, requests  # noqa: PLC0415
    from syncd.api.client import ApiClient  # noqa: PLC0415

    async with ApiClient(running.url, running.token) as client:
        return await client.call(endpoints.RELOAD, requests.Act(actor=actor))


async def upgrade(config_path: Path) -> None:
    """Bring the state's tables to the revision this version needs."""
    from syncd.store import migrate  # noqa: PLC0415

    with state_opened(load(config_path)) as engine:
        migrate.upgrade(engine)


async def revision(config_path: Path) -> tuple[str | None, str]:
    """(the state's revision, the one this version is made for)."""
    from syncd.store import migrate  # noqa: PLC0415

    with state_opened(load(config_path)) as engine:
        return migrate.current(engine), HEAD


def move_state(
    config_path: Path,
    source: str,
    target: str,
    password: SecretRef | None,
    actor: str,
    told: Callable[[str, int, int], None],
) -> StateMoved:
    """Everything of the state at one address into the empty place at another."""
    from syncd.app import moving  # noqa: PLC0415

    return moving.move(load(config_path), source, target, password, actor, told)


def backup(config_path: Path, target: Path) -> BackupMade:
    """Copy the state while whoever uses it goes on."""
    from syncd.app import upkeep  # noqa: PLC0415

    return upkeep.backup(load(config_path), target)


def restore(config_path: Path, source: Path, actor: str) -> StateRestored:
    """Put a backup in the state's place; from then on what it would create is looked up first."""
    from syncd.app import upkeep  # noqa: PLC0415

    return upkeep.restore(load(config_path), source, actor)


def audit_verify(config_path: Path, links: Sequence[str], kept: str | None) -> AuditReport:
    """Look whether the audit (of these links; none: all) is what was written."""
    from syncd.app import upkeep  # noqa: PLC0415

    return upkeep.verify(load(config_path), links, kept)


def audit_export(config_path: Path, links: Sequence[str], take: Callable[[AuditLine], None]) -> int:
    """Hand over every line of the audit (of these links; none: all), in order. Returns how many."""
    from syncd.app import upkeep  # noqa: PLC0415

    return upkeep.export(load(config_path), links, take)


def alert_rules(config_path: Path, documentation: str) -> str:
    """The alert rules with the site's figures, as a file for Prometheus."""
    from syncd.app import channels  # noqa: PLC0415

    return channels.prometheus_rules(load(config_path), documentation)


async def alert_test(config_path: Path, channel: str) -> bool:
    """Send one message through a channel; whether it was taken."""
    from syncd.app import channels  # noqa: PLC0415

    return await channels.try_out(load(config_path), channel)


def exports(config_path: Path) -> Mapping[str, ExportDesk]:
    """Connection -> its batches, of those that are written by file; beside a running daemon too."""
    from syncd.app import exporting  # noqa: PLC0415

    return exporting.exports(config_path)


async def check(config_path: Path, live: bool) -> Sequence[Finding]:
    """Everything that can be known without writing: files, secrets, state, and with ``live`` the platforms.

    Raises ``FixInput`` if the files themselves are broken.
    """
    from syncd.app.findings import findings  # noqa: PLC0415

    return await findings(load(config_path), live=live)
