"""What a sandbox is, and how one is found by its platform's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Protocol

from aiohttp import web

import syncd.sandbox as _packages
from syncd.core.errors import FixInput
from syncd.sandbox.faults import FaultPlan

View = Callable[[Mapping[str, str]], Any]
"""Query -> JSON value: one look inside, for checkers."""

Action = Callable[[Mapping[str, Any]], Any]
"""Body -> JSON value: something a test does to the sandbox from outside the platform's API."""


def by_fields(rows: Callable[[], Iterable[Mapping[str, Any]]]) -> View:
    """A view of ``rows``: each top-level field filters by its text."""
    return lambda query: [
        row for row in rows() if all(str(row.get(name)) == value for name, value in query.items())
    ]


@dataclass(frozen=True, slots=True)
class Order:
    """What kind of sandbox is wanted."""

    seed: int = 1
    size: int = 200
    """Customers of the made-up company; locations, jobs and invoices in proportion."""
    profile: Path | None = None
    """The site profile's file; None: the sandbox's own."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Further settings of this platform's sandbox, by name."""


class Sandbox(Protocol):
    """One platform, played. Built without I/O; ``start`` and ``close`` bracket its life."""

    @property
    def faults(self) -> FaultPlan: ...

    @property
    def app(self) -> web.Application:
        """The platform's own surface. Put ``failing(self.faults)`` first among its middlewares."""
        ...

    @property
    def views(self) -> Mapping[str, View]:
        """By path below ``/ledger/``, such as ``invoices``."""
        ...

    @property
    def actions(self) -> Mapping[str, Action]:
        """By path below ``/actions/``."""
        ...

    def state(self) -> Mapping[str, int]:
        """Counts of what it holds, and of the requests it has served."""
        ...

    def reset(self) -> None:
        """Back to the state after its start. Faults are cleared by the caller."""
        ...

    async def start(self, url: str) -> Mapping[str, str]:
        """Called once the surface listens at ``url``. Returns what else a caller must know (a
        database's address, credentials of the made-up account), to be printed with the addresses."""
        ...

    async def close(self) -> None: ...


Keep = Callable[[str, str], str]
"""(name, secret) -> the reference under which a connection's settings may name it."""


@dataclass(frozen=True, slots=True)
class SandboxPlatform:
    """A platform that can be played. Its package exposes one of these as ``SANDBOX``."""

    name: str
    build: Callable[[Order], Sandbox]
    """Raises ``FixInput`` for an option or profile that it does not understand."""
    settings: Callable[[Mapping[str, str], Keep], Mapping[str, Any]] | None = None
    """What a connection to it is configured with, from what ``Sandbox.start`` told; None: nobody needs it."""
    variants: tuple[Mapping[str, Any], ...] = ({},)
    """Settings under which the platform answers differently."""


def names() -> tuple[str, ...]:
    """Every platform that has a sandbox here."""
    return tuple(sorted(m.name.replace("_", "-") for m in iter_modules(_packages.__path__) if m.ispkg))


def sandbox_platform(name: str) -> SandboxPlatform:
    """The sandbox of that platform. Raises ``FixInput`` with the nearest known name."""
    if name not in names():
        near = get_close_matches(name, names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names())}"
        raise FixInput(f"no sandbox plays {name!r}", remedy=hint)
    found: SandboxPlatform = import_module(f"syncd.sandbox.{name.replace('-', '_')}").SANDBOX
    return found
