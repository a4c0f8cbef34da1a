"""The way from a command to the records: through ``syncd.app``, and nothing else."""

from __future__ import annotations

import asyncio
import getpass
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from syncd.cli.options import options
from syncd.logs import configure

if TYPE_CHECKING:
    from syncd.api.client import ApiClient
    from syncd.api.drift import Drifts
    from syncd.api.endpoint import Endpoint
    from syncd.api.models import Done
    from syncd.api.operator import Accounts, Decisions, Erasing, Keys, Operator
    from syncd.api.requests import Asked
    from syncd.api.upkeep import AuditLine, AuditReport, BackupMade, StateMoved, StateRestored
    from syncd.api.workers import WorkersView
    from syncd.files.desk import ExportDesk
    from syncd.ports import Finding
    from syncd.secrets.reference import SecretRef

_Answer = TypeVar("_Answer")
_Asked = TypeVar("_Asked", bound="Asked")


class Composition(Protocol):
    """What the commands need of the composition root. ``syncd.app`` is the one that exists."""

    def operator(self, config_path: Path) -> AbstractAsyncContextManager[Operator]:
        """Through a running daemon if one holds the state, else in this process, under the lock."""
        ...

    def decisions(self, config_path: Path) -> AbstractAsyncContextManager[Decisions]:
        """Conflicts and full comparisons, the same two ways."""
        ...

    def keys(self, config_path: Path) -> AbstractAsyncContextManager[Keys]:
        """The tokens of the control API, the same two ways."""
        ...

    def accounts(self, config_path: Path) -> AbstractAsyncContextManager[Accounts]:
        """Connections themselves, the same two ways."""
        ...

    def erasing(self, config_path: Path) -> AbstractAsyncContextManager[Erasing]:
        """Taking out what is kept of a customer, the same two ways."""
        ...

    def drifts(self, config_path: Path) -> AbstractAsyncContextManager[Drifts]:
        """What the platforms answer differently, the same two ways."""
        ...

    async def monitor(self, config_path: Path) -> None:
        """The watch alone, over connections and without links, until it is told to stop."""

    def daemon(
        self, config_path: Path, url: str | None, token: SecretRef | None, ca_file: Path | None
    ) -> AbstractAsyncContextManager[ApiClient]:
        """A running daemon and nothing else: the one at ``url``, or the one that owns the state."""
        ...

    async def check(self, config_path: Path, live: bool) -> Sequence[Finding]: ...

    def backup(self, config_path: Path, target: Path) -> BackupMade: ...

    def move_state(
        self,
        config_path: Path,
        source: str,
        target: str,
        password: SecretRef | None,
        actor: str,
        told: Callable[[str, int, int], None],
    ) -> StateMoved: ...

    def restore(self, config_path: Path, source: Path, actor: str) -> StateRestored: ...

    def audit_verify(self, config_path: Path, links: Sequence[str], kept: str | None) -> AuditReport: ...

    def audit_export(
        self, config_path: Path, links: Sequence[str], take: Callable[[AuditLine], None]
    ) -> int: ...

    def alert_rules(self, config_path: Path, documentation: str) -> str:
        """For Prometheus, with the site's figures."""
        ...

    async def alert_test(self, config_path: Path, channel: str) -> bool: ...

    def exports(self, config_path: Path) -> Mapping[str, ExportDesk]:
        """Connection -> its batches, of those that are written by file."""
        ...

    async def run(self, config_path: Path, *, work: bool = True) -> None:
        """The daemon, until it is told to stop."""
        ...

    async def worker(self, config_path: Path, name: str, slots: int | None, metrics_port: int | None) -> None:
        """A process that runs links, until it is told to stop."""
        ...

    async def workers(self, config_path: Path) -> WorkersView:
        """Who works on the state."""
        ...

    async def reload(self, config_path: Path, actor: str) -> Done:
        """Have the running daemon read its files anew."""
        ...

    async def upgrade(self, config_path: Path) -> None: ...

    async def revision(self, config_path: Path) -> tuple[str | None, str]:
        """(the database's revision, the newest one)."""
        ...


def _from_app() -> Composition:
    # by name: the composition root stands above this package and is not its business at import
    return cast("Composition", import_module("syncd.app"))


composition: Callable[[], Composition] = _from_app
"""The one seam: tests put another one here."""


def ask(question: Callable[[Operator], Awaitable[_Answer]]) -> _Answer:
    """Connect, put one question to the operator, and disconnect."""
    _log()

    async def connected() -> _Answer:
        async with composition().operator(options().config) as operator:
            return await question(operator)

    return asyncio.run(connected())


def ask_decisions(question: Callable[[Decisions], Awaitable[_Answer]]) -> _Answer:
    """The same for conflicts and full comparisons."""
    _log()

    async def connected() -> _Answer:
        async with composition().decisions(options().config) as decisions:
            return await question(decisions)

    return asyncio.run(connected())


def ask_keys(question: Callable[[Keys], Awaitable[_Answer]]) -> _Answer:
    """The same for the tokens of the control API."""
    _log()

    async def connected() -> _Answer:
        async with composition().keys(options().config) as keys:
            return await question(keys)

    return asyncio.run(connected())


def ask_accounts(question: Callable[[Accounts], Awaitable[_Answer]]) -> _Answer:
    """The same for connections themselves."""
    _log()

    async def connected() -> _Answer:
        async with composition().accounts(options().config) as accounts:
            return await question(accounts)

    return asyncio.run(connected())


def ask_erasing(question: Callable[[Erasing], Awaitable[_Answer]]) -> _Answer:
    """The same for taking out what is kept of a customer."""
    _log()

    async def connected() -> _Answer:
        async with composition().erasing(options().config) as erasing:
            return await question(erasing)

    return asyncio.run(connected())


def ask_drifts(question: Callable[[Drifts], Awaitable[_Answer]]) -> _Answer:
    """The same for drift."""
    _log()

    async def connected() -> _Answer:
        async with composition().drifts(options().config) as drifts:
            return await question(drifts)

    return asyncio.run(connected())


def call(endpoint: Endpoint[_Asked, _Answer], asked: _Asked) -> _Answer:
    """One call of the running daemon; for what lives only there. Raises ``DaemonUnreachable`` without one."""
    _log()

    async def connected() -> _Answer:
        async with composition().daemon(options().config, None, None, None) as daemon:
            return await daemon.call(endpoint, asked)

    return asyncio.run(connected())


def exports() -> Mapping[str, ExportDesk]:
    """Connection -> its batches, of those that are written by file."""
    _log()
    return composition().exports(options().config)


def reload() -> Done:
    """Have the running daemon read its files anew."""
    _log()
    return asyncio.run(composition().reload(options().config, actor()))


def workers() -> WorkersView:
    """Who works on the state."""
    _log()
    return asyncio.run(composition().workers(options().config))


def check(*, live: bool) -> Sequence[Finding]:
    """Look at everything without writing."""
    _log()
    return asyncio.run(composition().check(options().config, live))


def _log() -> None:
    # stdout belongs to the data
    configure(logging.DEBUG if options().verbose else logging.WARNING)


def actor() -> str:
    """Who stands in the audit."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"
