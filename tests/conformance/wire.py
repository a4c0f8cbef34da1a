"""What every harness over an HTTP sandbox shares: a clock that does not wait, a vault, troubles as faults,
connections that are closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from syncd.connectors.registry import Opening, platform
from syncd.ports import Connector
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.serve import Running
from tests.conformance.harness import Moment, Trouble

WRONG = "not-the-secret"
"""What a connection with bad credentials shows."""
_HUGE = 20_000_000


class HurriedClock:
    """The real time; a wait ends at once, so that retries cost none."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass
class MemoryVault:
    """``ports.Vault`` for one test."""

    kept: dict[tuple[str, str], bytes] = field(default_factory=dict)
    saves: int = 0

    async def load(self, connection: str, name: str) -> bytes | None:
        return self.kept.get((connection, name))

    async def save(self, connection: str, name: str, value: bytes) -> None:
        self.kept[connection, name] = value
        self.saves += 1


class WireHarness:
    """Base of a harness over a sandbox that listens in this process. Subclasses say what the settings are
    (``settings``), which verbs read and write, and where faults must not strike (``path``)."""

    writes = "P*"
    """Glob over the verbs that write (POST, PUT, PATCH; DELETE is not struck)."""
    reads = "GET"
    path = "*"
    """Glob over the paths that are struck: logins are left alone."""

    def __init__(self, platform_name: str, live: Running, control: SandboxControl, folder: Path) -> None:
        self.platform = platform(platform_name)
        self.live = live
        self.control = control
        self.folder = folder
        self.vault = MemoryVault()
        self.clock = HurriedClock()
        self.open: list[Connector] = []

    def settings(self, secret: str) -> Mapping[str, Any]:
        """The connection's settings; ``secret`` is a reference to its good or wrong secret."""
        raise NotImplementedError

    def secret(self) -> str:
        """The good secret of the made-up account."""
        return self.live.ready.details["secret"]

    def profile(self) -> BaseModel | None:
        return None

    async def connect(self, *, good_credentials: bool = True) -> Connector:
        file = self.folder / ("good" if good_credentials else "bad")
        file.write_text(self.secret() if good_credentials else WRONG)
        file.chmod(0o600)
        connector = self.platform.open(
            Opening(
                connection=self.platform.name,
                settings=self.platform.settings.model_validate(self.settings(f"file:{file}")),
                clock=self.clock,
                vault=self.vault if good_credentials else MemoryVault(),
                folder=self.folder,
                profile=self.profile(),
            )
        )
        self.open.append(connector)
        return connector

    async def logins(self) -> int | None:
        return None

    async def close(self) -> None:
        for connector in self.open:
            await connector.close()

    async def order(self, trouble: Trouble, moment: Moment, *, after: int = 0) -> None:
        method = self.reads if moment is Moment.READ else self.writes
        await self.control.order(fault_of(trouble, method=method, after=after, path=self.path))


def fault_of(trouble: Trouble, **where: Any) -> Fault:
    """The sandbox's fault that plays a trouble. Raises ``AssertionError`` for one that no server plays."""
    match trouble:
        case Trouble.LOST_BEFORE:
            return Fault(kind=FaultKind.LOST_BEFORE, **where)
        case Trouble.LOST_AFTER:
            return Fault(kind=FaultKind.LOST_ANSWER, **where)
        case Trouble.BUSY:
            return Fault(kind=FaultKind.STATUS, status=429, retry_after_s=1, **where)
        case Trouble.SERVER_ERROR:
            return Fault(kind=FaultKind.COMMIT_THEN_STATUS, status=500, **where)
        case Trouble.HTML:
            return Fault(kind=FaultKind.HTML, **where)
        case Trouble.TRUNCATED:
            return Fault(kind=FaultKind.TRUNCATED, **where)
        case Trouble.HUGE:
            return Fault(kind=FaultKind.HUGE, size=_HUGE, **where)
        case Trouble.REDIRECT:
            return Fault(kind=FaultKind.REDIRECT, **where)
        case Trouble.LOGIN_EXPIRED:
            return Fault(kind=FaultKind.EXPIRE_TOKEN, **where)
        case Trouble.SHIFT:
            return Fault(kind=FaultKind.SHIFT_PAGES, **where)
    raise AssertionError(f"no sandbox plays {trouble}")
