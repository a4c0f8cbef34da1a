"""The daemon measured: metrics for whoever scrapes, alerts for whoever does not, anchors for the audit."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from monitor.alerts.rules import rules
from monitor.alerts.watch import EVERY_S, Watch
from monitor.channels import Channels
from monitor.drift_alerts import NAMES
from monitor.metrics.exporter import Exporter, WorkerExporter
from monitor.metrics.meters import ConnectionFacts, LinkFacts, Meters, SiteFacts
from monitor.metrics.standing import Live
from syncd import __version__
from syncd.app.channels import channels, thresholds
from syncd.app.installation import Installation
from syncd.app.storyline import Storyline
from syncd.app.tracing import tracer
from syncd.core.errors import SyncdError
from syncd.dispatch.breaker import Circuit
from syncd.engine.cycle import CycleOutcome
from syncd.ports import WebhookReceiver
from syncd.ports.alerting import Alert, Notifier
from syncd.service.accounts import granted
from syncd.store import journal
from syncd.store.metering import Meter

log = structlog.get_logger(__name__)

LOG: Final = "log"
"""The channel that is always there."""
ANCHOR_EVERY_S: Final = 3_600.0
LAG_OVER: Final = 60
"""Seconds whose longest wait is shown."""
_LEVELS: Final = {"critical": "error", "warning": "warning"}

StoreHints = Callable[[str, Sequence[tuple[str, str]], str], Awaitable[bool]]
Drain = Callable[[bool], Awaitable[CycleOutcome]]


class LogNotifier:
    """Alerts as lines of the log: where no channel is configured, that is where they stand."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    async def notify(self, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            level = _LEVELS.get(alert.severity, "info") if alert.firing else "info"
            event = "alert" if alert.firing else "alert is over"
            said = {"alert": alert.name, **alert.labels, "what": alert.description, "runbook": alert.runbook}
            getattr(log, level)(event, **said)
            self._meters.notified(LOG, ok=True)


class Everyone:
    """Several notifiers as one."""

    def __init__(self, *notifiers: Notifier) -> None:
        self._notifiers = notifiers

    async def notify(self, alerts: Sequence[Alert]) -> None:
        for one in self._notifiers:
            await one.notify(alerts)


def told_to(opened: Installation, meters: Meters) -> Notifier:
    """The log, and the channels of the configuration. Raises ``FixInput`` for one that cannot be used."""
    count = partial(_count, meters)
    return Everyone(LogNotifier(meters), Channels(channels(opened.site), opened.clock, count))


def _count(meters: Meters, channel: str, taken: bool) -> None:
    meters.notified(channel, ok=taken)


class Measures:
    """``notifier``: makes, given the meters it counts in, who takes the daemon's own alerts to people; by
    default the log, and the channels of the configuration. ``worker``: tell only what this process alone
    knows."""

    def __init__(
        self,
        opened: Installation,
        notifier: Callable[[Meters], Notifier] | None = None,
        *,
        worker: bool = False,
    ) -> None:
        self._opened = opened
        channels = () if worker else (LOG, *opened.site.config.alerts.channels)
        told = replace(facts(opened), channels=channels)
        self.meters = Meters(opened.clock, told, __version__, worker=worker)
        self._notifier = told_to(opened, self.meters) if notifier is None else notifier(self.meters)
        self._exporter = Exporter(
            Meter(opened.store.database, shared=opened.membership is not None), self.meters, self._live
        )
        self._own = WorkerExporter(self.meters, self._live)
        self._watch = Watch(rules(thresholds(opened.site)))
        self._storyline = Storyline(opened.store.database, tracer(os.environ))
        opened.taps.add(self.meters)
        opened.reload_refused = lambda: self.meters.reloaded(ok=False)

    async def scrape(self) -> bytes:
        """The metrics as text."""
        return await (self._own if self.meters.worker else self._exporter).scrape()

    def firing(self) -> Sequence[Alert]:
        """Alerts that have been told and are not over."""
        return self._watch.firing()

    def tasks(self) -> list[asyncio.Task[None]]:
        """Run until they are cancelled."""
        return [
            asyncio.create_task(self._keep_watching(), name="alerts"),
            self.timing(),
            asyncio.create_task(self._keep_anchoring(), name="anchor"),
        ]

    def timing(self) -> asyncio.Task[None]:
        """The one of these that every process has: it measures its own event loop."""
        return asyncio.create_task(self._keep_timing(), name="lag")

    def run(self, link: str, drain: Drain) -> Drain:
        """The same run, measured and told in the log."""
        of = self._opened.site.links[link]
        connections = (of.left.name, of.right.name)

        async def measured(scheduled: bool) -> CycleOutcome:
            clock, trigger = self._opened.clock, "schedule" if scheduled else "wake"
            started, failed = clock.now(), True
            self.meters.run_started()
            try:
                async with self._storyline.run(link, trigger, connections) as told:
                    told.outcome = outcome = await drain(scheduled)
                failed = any(flow.error or flow.trips for flow in outcome.flows.values())
            finally:
                seconds = (clock.now() - started).total_seconds()
                self.meters.run_ended(link, trigger, seconds, failed=failed)
            return outcome

        return measured

    def delayed(self, link: str, seconds: float) -> None:  # noqa: ARG002 - one series for all links
        """A run begins, so long after it was wanted."""
        self.meters.woken(seconds)

    def hints(self, store: StoreHints) -> StoreHints:
        """The same way for announcements into the state, told in the log."""

        async def told(connection: str, new: Sequence[tuple[str, str]], delivery: str) -> bool:
            stored = await store(connection, new, delivery)
            if stored:
                self._storyline.announced(connection, new, delivery)
            return stored

        return told

    def _live(self) -> Mapping[str, Live]:
        channels = self._opened.channels()
        return {
            name: Live(
                bridge=channels[name].connected if name in channels else None,
                circuit_open=connector.breaker.state.circuit is not Circuit.CLOSED,
                quota=granted(self._opened.listening.of(name), self._opened.clock.now()),
            )
            for name, connector in self._opened.connectors.items()
        }

    @property
    def notifier(self) -> Notifier:
        """Who takes the daemon's own alerts to people."""
        return self._notifier

    async def look(self) -> None:
        """Look at the rules once, and tell what is to be told."""
        told = self._watch.look(self._opened.clock.now(), await self._exporter.samples())
        if self._opened.watching is not None:
            # drift is told by itself, once a cause; the rules of that name are for who reads the metrics
            told = [alert for alert in told if alert.name not in NAMES]
        await self._notifier.notify(told)  # also nothing: a channel may be ready for what waits

    async def _keep_watching(self) -> None:
        while True:
            try:
                await self.look()
            except SyncdError as error:
                log.warning("the rules could not be looked at", error=error.message)
            except Exception:
                # who watches must not end with the first fault; the next look says the same again
                log.exception("the rules could not be looked at")
            await self._opened.clock.sleep(EVERY_S)

    async def _keep_timing(self) -> None:
        """How long whoever wants to go on must wait for whoever is at work."""
        loop, lags = asyncio.get_running_loop(), deque[float](maxlen=LAG_OVER)
        while True:
            wanted = loop.time() + 1.0
            await asyncio.sleep(1.0)
            lags.append(max(loop.time() - wanted, 0.0))
            self.meters.lagged(max(lags))

    async def anchor(self) -> None:
        """Write the ends of the audit's chains into the site's, and its end to the log."""
        k = self._opened.store.keeper()
        chains, (line, end) = await self._opened.store.database.write(lambda c: journal.anchor(c, k))
        self.meters.anchored()
        log.info("audit anchored", chains=chains, end=f"{line}:{end.hex()}")

    async def _keep_anchoring(self) -> None:
        while True:
            try:
                await self.anchor()
            except Exception:
                log.exception("the audit could not be anchored")
            await self._opened.clock.sleep(ANCHOR_EVERY_S)


def facts(opened: Installation) -> SiteFacts:
    """What the configuration says there is to be measured."""
    site = opened.site
    announcing = {
        end.name for link in site.links.values() if link.config.webhooks for end in (link.left, link.right)
    }
    return SiteFacts(
        links={
            name: LinkFacts(
                link.left.name,
                link.right.name,
                partial(opened.intervals.__getitem__, name),
                tuple(link.flows),
            )
            for name, link in site.links.items()
        },
        connections={
            name: ConnectionFacts(
                connection.platform.name,
                bridged=connection.platform.bridged,
                announces=name in announcing
                and isinstance(opened.connectors[name].connector, WebhookReceiver),
                watched=opened.watching is not None,
            )
            for name, connection in site.connections.items()
        },
    )
