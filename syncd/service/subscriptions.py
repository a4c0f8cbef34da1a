"""Subscriptions to webhooks: made, renewed before they end, and watched for whether anything arrives.

A platform that says it announces changes and does not is found out by what reading finds: changes that
nobody had announced. Until it works, the schedule alone finds them; nothing is lost, it is only later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from syncd.api.fleet import Deliveries
from syncd.core.errors import SyncdError
from syncd.ports import Clock, WebhookReceiver
from syncd.ports.webhooks import Subscribed
from syncd.service.webhooks import Heard, Unheard

log = structlog.get_logger(__name__)

AGAIN: Final = timedelta(minutes=5)
"""After a subscription that could not be made."""
CHECK: Final = timedelta(hours=6)
"""So often one that does not end is made sure of: somebody may have deleted it at the platform."""
GRACE: Final = timedelta(minutes=15)
"""An announcement may be that late."""
UNANNOUNCED: Final = 3
"""So many changes that nobody announced, over ``GRACE``, are no accident."""
_RENEW_SHARE: Final = 3
"""A subscription is renewed when a third of its life is left."""
_LOOK_EVERY_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How the webhooks of one connection stand."""

    due: datetime
    """When to subscribe, renew or make sure."""
    since: datetime | None = None
    """Subscribed without interruption since then; None: not at all."""
    until: datetime | None = None
    last_at: datetime | None = None
    received: int = 0
    refused: int = 0
    unannounced: int = 0
    """Changes found by reading since the last delivery."""
    first_unannounced: datetime | None = None
    silent: bool = False
    error: str = ""


def after_subscribing(before: Standing, granted: Subscribed | None, now: datetime) -> Standing:
    """Pure."""
    until = granted.until if granted is not None else None
    due = now + CHECK if until is None else until - (until - now) / _RENEW_SHARE
    return replace(
        before, due=max(due, now + timedelta(seconds=1)), since=before.since or now, until=until, error=""
    )


def after_failing(before: Standing, error: str, now: datetime) -> Standing:
    """Pure. What was granted before may go on until it ends."""
    ended = before.until is not None and before.until <= now
    return replace(before, due=now + AGAIN, since=None if ended else before.since, error=error)


def after_delivery(before: Standing, now: datetime) -> Standing:
    """Pure."""
    return replace(
        before, last_at=now, received=before.received + 1, unannounced=0, first_unannounced=None, silent=False
    )


def after_reading(before: Standing, changed: int, now: datetime) -> Standing:
    """Changes were found by reading. Pure. Silent: it is subscribed to anew at once."""
    heard = before.last_at or before.since
    if before.since is None or heard is None or now - heard < GRACE or before.silent:
        return before
    first = before.first_unannounced or now
    count = before.unannounced + changed
    silent = count >= UNANNOUNCED and now - first >= GRACE
    return replace(
        before, unannounced=count, first_unannounced=first, silent=silent, due=now if silent else before.due
    )


class Subscriptions:
    """Implements ``webhooks.Heard``; ``run`` keeps the subscriptions. ``address``: connection -> where its
    platform sends to; ``heard`` is told too."""

    def __init__(
        self,
        receivers: Mapping[str, WebhookReceiver],
        address: Callable[[str], str],
        clock: Clock,
        heard: Heard | None = None,
    ) -> None:
        self._receivers = receivers
        self._address = address
        self._clock = clock
        self._heard: Heard = heard or Unheard()
        self._standing = {name: Standing(clock.now()) for name in receivers}

    def deliveries(self, connection: str) -> Deliveries:
        """How they stand, for people."""
        one = self._standing.get(connection)
        if one is None:
            return Deliveries(expected=False)
        return Deliveries(
            expected=True,
            subscribed=one.since is not None,
            subscribed_until=one.until,
            last_at=one.last_at,
            received=one.received,
            refused=one.refused,
            silent=one.silent,
            detail=one.error,
        )

    # -- what is heard

    def announced(self, connection: str) -> None:
        before = self._standing[connection]
        self._standing[connection] = after_delivery(before, self._clock.now())
        if before.silent:
            log.info("webhooks are arriving again", connection=connection)
        self._heard.announced(connection)

    def rejected(self, connection: str, reason: str) -> None:
        before = self._standing[connection]
        self._standing[connection] = replace(before, refused=before.refused + 1)
        self._heard.rejected(connection, reason)

    def changed(self, connection: str, count: int) -> None:
        """So many changes of a connection were found by reading."""
        before = self._standing.get(connection)
        if before is None:
            return
        after = self._standing[connection] = after_reading(before, count, self._clock.now())
        if after.silent and not before.silent:
            log.warning("changes are found that no webhook announced", connection=connection)

    # -- keeping

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.step()
            await self._clock.sleep(_LOOK_EVERY_S)

    async def step(self) -> None:
        """Whatever is due now, side by side: one platform that hangs keeps no other waiting."""
        now = self._clock.now()
        due = [name for name, one in self._standing.items() if one.due <= now]
        await asyncio.gather(*(self._subscribe(name) for name in due))

    async def _subscribe(self, name: str) -> None:
        first = self._standing[name].since is None
        try:
            granted = await self._receivers[name].subscribe(self._address(name))
        except SyncdError as error:
            self._standing[name] = after_failing(self._standing[name], error.message, self._clock.now())
            log.warning("webhooks not subscribed", connection=name, error=error.message)
            return
        self._standing[name] = after_subscribing(self._standing[name], granted, self._clock.now())
        if first:
            log.info("webhooks subscribed", connection=name)
