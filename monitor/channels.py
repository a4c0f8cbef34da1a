"""Alerts to people: each channel takes the severities it was made for, and rests in its quiet hours.

The ways out are apprise's (mail, Slack, Teams, ntfy, a plain POST ...), an extra: `pip install
syncd[alerts]`. A channel that does not take something is asked again with what comes next; nothing is
thrown away, and no address stands in a log (it holds the channel's secret).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from syncd.core.errors import FixInput
from syncd.ports import Clock
from syncd.ports.alerting import Alert
from syncd.secrets.reference import Secret

log = structlog.get_logger(__name__)

_SEND_S: Final = 30.0
_WAITING_MAX: Final = 500
_ORDER: Final = {"critical": 0, "warning": 1, "info": 2}

Send = Callable[[str, str], Awaitable[bool]]
"""(title, text) -> whether it was taken."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """When a channel rests; what is ``unless`` is told all the same."""

    begin: time
    end: time
    timezone: str
    unless: frozenset[str]

    def at(self, now: datetime) -> bool:
        """Pure. Where the end lies before the beginning, it is the next morning's."""
        local = now.astimezone(ZoneInfo(self.timezone)).time()
        if self.begin <= self.end:
            return self.begin <= local < self.end
        return local >= self.begin or local < self.end


@dataclass(slots=True)
class Channel:
    """One way to people."""

    name: str
    send: Send
    severities: frozenset[str]
    quiet: Quiet | None = None
    waiting: dict[str, Alert] = field(default_factory=dict)
    """What it has not taken yet: of each alert the latest word."""


class Channels:
    """A ``ports.alerting.Notifier``. ``count(channel, taken)`` is told of every message."""

    def __init__(self, channels: Sequence[Channel], clock: Clock, count: Callable[[str, bool], None]) -> None:
        self._channels = channels
        self._clock = clock
        self._count = count

    async def notify(self, alerts: Sequence[Alert]) -> None:
        """Called regularly, also with nothing new: what waits is told when its channel takes it."""
        for channel in self._channels:
            chosen = {one.key: one for one in alerts if one.severity in channel.severities}
            channel.waiting = dict(list({**channel.waiting, **chosen}.items())[-_WAITING_MAX:])
        await asyncio.gather(*(self._tell(channel) for channel in self._channels))

    async def _tell(self, channel: Channel) -> None:
        due = due_now(channel, self._clock.now())
        if not due:
            return
        title, text = message(due)
        try:
            taken = await asyncio.wait_for(channel.send(title, text), _SEND_S)
        except Exception as trouble:
            # whatever a way out does wrong, the others and the next time must not suffer from it
            log.error("a channel failed", channel=channel.name, trouble=type(trouble).__name__)
            taken = False
        self._count(channel.name, taken)
        if taken:
            told = {one.key: one for one in due}
            channel.waiting = {k: v for k, v in channel.waiting.items() if told.get(k) is not v}
        else:
            log.error("a channel did not take alerts", channel=channel.name, alerts=len(due))


def due_now(channel: Channel, now: datetime) -> list[Alert]:
    """What is to be told now, the gravest first. Pure."""
    resting = channel.quiet is not None and channel.quiet.at(now)
    spared = channel.quiet.unless if channel.quiet is not None else frozenset[str]()
    due = [one for one in channel.waiting.values() if not resting or one.severity in spared]
    return sorted(due, key=lambda one: (not one.firing, _ORDER.get(one.severity, 9), one.key))


def message(alerts: Sequence[Alert]) -> tuple[str, str]:
    """(title, text) of one message about all of these. Pure."""
    first, firing = alerts[0], sum(one.firing for one in alerts)
    title = f"syncd: {first.description}" if len(alerts) == 1 else f"syncd: {firing} of {len(alerts)} alerts"
    if not firing:
        title = (
            f"syncd: over: {first.summary}" if len(alerts) == 1 else f"syncd: {len(alerts)} alerts are over"
        )
    return title, "\n\n".join(_paragraph(one) for one in alerts)


def _paragraph(one: Alert) -> str:
    state = one.severity.upper() if one.firing else "OVER"
    since = f"since {one.since:%Y-%m-%d %H:%M} UTC"
    return f"[{state}] {one.name}: {one.description} ({since})\nWhat to do: {one.runbook}"


def by_apprise(address: Secret) -> Send:
    """A way out by its apprise address. Raises ``FixInput`` for one that apprise does not know."""
    try:
        import apprise  # noqa: PLC0415 - an extra
    except ImportError:
        raise FixInput("alert channels need apprise", remedy="pip install 'syncd[alerts]'") from None
    way = apprise.Apprise()
    if not way.add(address.reveal()):
        raise FixInput(
            "this is no address of an alert channel", remedy="mailtos://, slack://, json:// ...: see apprise"
        )

    async def send(title: str, text: str) -> bool:
        return bool(await way.async_notify(title=title, body=text))

    return send
