"""The leases of one process: taken, kept alive, given back; and what it means to have a link to oneself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from contextvars import Token
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import structlog

from syncd.core.errors import Fenced, SyncdError
from syncd.ports.leases import Lease, Leases
from syncd.ports.tenure import STILL_OURS, StillOurs

log = structlog.get_logger(__name__)

TTL_S: Final = 15.0
RENEW_S: Final = TTL_S / 5
_MARGIN_S: Final = 1.0
"""A write may leave while so much of the lease is left."""
_POLL_S: Final = 0.25
"""Between two looks whether a link that somebody else works at is free."""


@dataclass(slots=True)
class _Held:
    lease: Lease
    sure_until: float
    """By the machine's uptime: counted from before the database was asked."""
    users: int = 1


class Tenures:
    """``owner``: this process's name. ``uptime``: seconds that also pass while this process, or its machine,
    sleeps."""

    def __init__(
        self, leases: Leases, owner: str, uptime: Callable[[], float], *, ttl_s: float = TTL_S
    ) -> None:
        self._leases = leases
        self._owner = owner
        self._uptime = uptime
        self._ttl_s = ttl_s
        self.moved: Callable[[str], None] = lambda _link: None
        """Told of a link that was elsewhere since it was last here."""
        self._held: dict[str, _Held] = {}
        self._epochs: dict[str, int] = {}
        self._taking: dict[str, asyncio.Lock] = {}

    @property
    def links(self) -> frozenset[str]:
        """Held now."""
        return frozenset(self._held)

    async def take(self, link: str) -> bool:
        """Whether the link is this process's now; then ``leave`` must follow."""
        async with self._taking.setdefault(link, asyncio.Lock()):
            held = self._held.get(link)
            if held is not None:
                if self._uptime() >= held.sure_until:
                    return False  # whoever works on it here is about to find out
                held.users += 1
                return True
            asked = self._uptime()
            lease = await self._leases.acquire(link, self._owner, self._ttl_s)
            if lease is None:
                return False
            if lease.epoch != self._epochs.get(link, -1) + 1:
                self.moved(link)
            self._epochs[link] = lease.epoch
            self._held[link] = _Held(lease, asked + self._ttl_s)
            return True

    async def leave(self, link: str) -> None:
        """One user less; the last one gives the lease back."""
        async with self._taking.setdefault(link, asyncio.Lock()):
            held = self._held[link]
            held.users -= 1
            if held.users:
                return
            del self._held[link]
            try:
                await self._leases.release(held.lease)
            except SyncdError as error:
                log.info("a lease ends by itself", link=link, error=error.message)

    def lease(self, link: str) -> Lease:
        """The one that this process holds. Raises ``Fenced``."""
        held = self._held.get(link)
        if held is None:
            raise Fenced(f"{link}: this process does not hold the link", remedy="nothing: it runs elsewhere")
        return held.lease

    def still_ours(self, link: str) -> StillOurs:
        def check() -> None:
            held = self._held.get(link)
            if held is None or self._uptime() >= held.sure_until - _MARGIN_S:
                raise Fenced(
                    f"{link}: the lease may have ended while this process slept or could not renew it",
                    remedy="nothing: whoever holds the link now looks up what was sent",
                )

        return check

    async def renew(self) -> None:
        """Once, all of them."""
        for link, held in list(self._held.items()):
            asked = self._uptime()
            if await self._leases.renew(held.lease, self._ttl_s):
                held.sure_until = asked + self._ttl_s
            elif self._held.get(link) is held:  # not given back while it was asked
                # taken again, what was left half done is looked at first
                if self._epochs.pop(link, None) is not None:
                    log.warning("a lease ended before it was renewed", link=link)
                held.sure_until = 0.0

    async def run(self) -> None:
        """Keep them alive, until cancelled."""
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                await self.renew()
            except SyncdError as error:
                log.warning("leases could not be renewed", held=len(self._held), error=error.message)

    def turn(self, link: str) -> Turn:
        """To have the link to oneself, in this process and among all of them."""
        return Turn(self, link)

    def alone(self, name: str) -> Alone:
        """The same for anything that has a name: a connection's login, say."""
        return Alone(self, name)


class Alone(AbstractAsyncContextManager[None]):
    """In this process by a lock, among all processes by a lease."""

    def __init__(self, tenures: Tenures, name: str) -> None:
        self._tenures = tenures
        self._name = name
        self._lock = asyncio.Lock()

    def locked(self) -> bool:
        return self._lock.locked()

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        try:
            while not await self._tenures.take(self._name):  # noqa: ASYNC110 - it is free by another's doing
                await asyncio.sleep(_POLL_S)
        except BaseException:
            self._lock.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._tenures.leave(self._name)
        finally:
            self._lock.release()


class Turn(Alone):
    """A link to oneself: what is sent meanwhile asks first whether it still is."""

    _token: Token[StillOurs] | None = None

    async def __aenter__(self) -> None:
        await super().__aenter__()
        self._token = STILL_OURS.set(self._tenures.still_ours(self._name))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            STILL_OURS.reset(self._token)
            self._token = None
        await super().__aexit__(kind, error, trace)
