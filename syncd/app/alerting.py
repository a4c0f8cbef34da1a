"""Who is told, put together: a site's channels, and the drift that goes to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from monitor import credentials
from monitor.drift_alerts import NAMES, due
from monitor.metrics.meters import Meters
from monitor.notify import Channel, ChannelNotifier, Quiet, apprise_sender, check_address
from monitor.watch import Watch
from syncd.app.measures import LOG, LogNotifier
from syncd.config.load import Site
from syncd.config.monitoring import QuietHours
from syncd.ports import Clock
from syncd.ports.alerting import Alert, Notifier
from syncd.secrets.reference import resolve


class Notifiers:
    """Everything to the log, and what a channel asks for to the channel."""

    def __init__(self, log: LogNotifier, channels: ChannelNotifier | None) -> None:
        self._log = log
        self._channels = channels

    async def notify(self, alerts: Sequence[Alert]) -> None:
        # drift is told by itself, with its cause: the rules of that name are for who reads the metrics
        told = [alert for alert in alerts if alert.name not in NAMES or "cause" in alert.labels]
        await self._log.notify(told)
        if self._channels is not None:
            await self._channels.notify(told)


def notifier(site: Site, clock: Clock) -> tuple[Callable[[Meters], Notifier], Sequence[str]]:
    """(what makes the site's notifier, the names it counts under). Raises ``FixInput`` for an address that
    cannot be read, or where the alerts extra is wanted and not installed."""
    wanted = site.config.alerts.channels
    if not wanted:
        return (lambda meters: Notifiers(LogNotifier(meters), None)), (LOG,)
    send = apprise_sender()
    channels = []
    for name, channel in wanted.items():
        url = resolve(channel.url, site.folder).reveal()
        check_address(name, url)
        channels.append(Channel(name, url, frozenset(channel.severities), _quiet(channel.quiet)))

    def made(meters: Meters) -> Notifier:
        to = ChannelNotifier(channels, send, clock, lambda name, ok: meters.notified(name, ok=ok))
        return Notifiers(LogNotifier(meters), to)

    return made, (LOG, *wanted)


def _quiet(hours: QuietHours | None) -> Quiet | None:
    if hours is None:
        return None
    return Quiet(hours.begin, hours.end, hours.timezone, frozenset(hours.unless))


class DriftTeller:
    """Tells drift, once a cause, and when each connection's login ends."""

    def __init__(
        self, watch: Watch, clock: Clock, to: Notifier, meters: Meters, remind: Sequence[float]
    ) -> None:
        self._watch = watch
        self._clock = clock
        self._to = to
        self._meters = meters
        self._remind = [timedelta(seconds=seconds) for seconds in remind]

    async def tell(self) -> None:
        """Look once. What is told is on disk after it was handed over: a crash in between tells it twice,
        never not at all."""
        live = await self._watch.drifts.events()
        told = await self._watch.drifts.notices()
        alerts, notices = due(live, told, self._clock.now(), self._remind)
        await self._to.notify(alerts)
        await self._watch.drifts.keep_notices(notices)
        for at in self._watch.connections():
            ends = credentials.expiries(self._watch.facts(at.connection))
            if ends:
                self._meters.credential_expires(at.connection, min(ends.values()))
