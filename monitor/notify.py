"""Alerts to people: through channels with hours of their own, grouped, tried again until they are taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from importlib import import_module
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from syncd.core.errors import FixInput
from syncd.ports import Clock
from syncd.ports.alerting import Alert

log = structlog.get_logger(__name__)

Send = Callable[[str, str, str, str], Awaitable[bool]]
"""(address, title, text, severity or ``over``) -> whether it was taken. Never raises."""

_SHOWN: Final = 20
"""Alerts spelled out in one message; the others are counted."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which a channel is spared."""

    begin: time
    end: time
    zone: str = "UTC"
    unless: frozenset[str] = frozenset({"critical"})

    def now(self, at: datetime) -> bool:
        """Whether ``at`` lies in them; they may reach over midnight."""
        local = at.astimezone(ZoneInfo(self.zone)).time()
        if self.begin <= self.end:
            return self.begin <= local < self.end
        return local >= self.begin or local < self.end


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to people."""

    name: str
    url: str
    """Its address with whatever secret is in it: it is never logged."""
    severities: frozenset[str]
    quiet: Quiet | None = None


@dataclass
class _Box:
    """What one channel has still to take, by alert: what was told last counts."""

    waiting: dict[str, Alert] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    """Alerts that it knows to be firing."""

    def put(self, alert: Alert) -> None:
        if alert.firing or alert.key in self.told:
            self.waiting[alert.key] = alert
        else:
            self.waiting.pop(alert.key, None)  # it began and ended while nobody was to be disturbed


class ChannelNotifier:
    """Implements ``ports.alerting.Notifier``."""

    def __init__(
        self,
        channels: Sequence[Channel],
        send: Send,
        clock: Clock,
        count: Callable[[str, bool], None] = lambda _channel, _ok: None,
    ) -> None:
        """``count``: told of every message, (channel, whether it was taken)."""
        self._channels = tuple(channels)
        self._send = send
        self._clock = clock
        self._count = count
        self._boxes = {channel.name: _Box() for channel in channels}

    async def notify(self, alerts: Sequence[Alert]) -> None:
        for channel in self._channels:
            for alert in alerts:
                if alert.severity in channel.severities:
                    self._boxes[channel.name].put(alert)
        await self.flush()

    async def flush(self) -> None:
        """Send what may be sent now: call it every minute or so."""
        at = self._clock.now()
        for channel in self._channels:
            box = self._boxes[channel.name]
            now = [alert for alert in box.waiting.values() if may_go(channel, alert, at)]
            if not now:
                continue
            title, text, kind = message(now)
            taken = await self._send(channel.url, title, text, kind)
            self._count(channel.name, taken)
            if not taken:
                log.warning("a channel did not take an alert; it is tried again", channel=channel.name)
                continue
            for alert in now:
                del box.waiting[alert.key]
                (box.told.add if alert.firing else box.told.discard)(alert.key)


def may_go(channel: Channel, alert: Alert, at: datetime) -> bool:
    """Whether a channel may be disturbed with this now. Pure."""
    quiet = channel.quiet
    return quiet is None or not quiet.now(at) or (alert.firing and alert.severity in quiet.unless)


def message(alerts: Sequence[Alert]) -> tuple[str, str, str]:
    """(title, text, kind) of one message about all of these. Pure."""
    ranks = ("critical", "warning", "info", "none")
    ordered = sorted(alerts, key=lambda a: (not a.firing, ranks.index(a.severity)))
    first = ordered[0]
    kind = first.severity if first.firing else "over"
    word = first.severity if first.firing else "over"
    more = f" (and {len(ordered) - 1} more)" if len(ordered) > 1 else ""
    lines = [_line(alert) for alert in ordered[:_SHOWN]]
    if len(ordered) > _SHOWN:
        lines.append(f"... and {len(ordered) - _SHOWN} more: syncd drift list, syncd status")
    return f"syncd [{word}] {first.summary}{more}", "\n\n".join(lines), kind


def _line(alert: Alert) -> str:
    since = f"since {alert.since:%Y-%m-%d %H:%M} UTC"
    head = f"[{alert.severity}] {alert.description}" if alert.firing else f"[over] {alert.description}"
    return f"{head}\n{since}; runbook: {alert.runbook}"


def apprise_sender() -> Send:
    """Through apprise. Raises ``FixInput`` where it is not installed."""
    try:
        apprise: Any = import_module("apprise")
    except ImportError:
        raise FixInput("alert channels need the alerts extra", remedy="pip install 'syncd[alerts]'") from None
    kinds: Mapping[str, Any] = {
        "critical": apprise.NotifyType.FAILURE,
        "warning": apprise.NotifyType.WARNING,
        "over": apprise.NotifyType.SUCCESS,
    }

    async def send(url: str, title: str, text: str, kind: str) -> bool:
        way = apprise.Apprise()
        if not way.add(url):
            return False
        notify_type = kinds.get(kind, apprise.NotifyType.INFO)
        taken = await way.async_notify(body=text, title=title, notify_type=notify_type, body_format="text")
        return bool(taken)

    return send


def check_address(name: str, url: str) -> None:
    """Raise ``FixInput`` for an address that apprise cannot read. Its text stays out of the message."""
    apprise: Any = import_module("apprise")
    if not apprise.Apprise().add(url):
        raise FixInput(
            f"alerts.channels.{name}.url is no address of any known channel",
            remedy="mailtos://, slack://, workflows:// (Teams), pagerduty://, json:// ...: see apprise",
        )
