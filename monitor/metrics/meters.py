"""What happens in this process, counted: runs, exchanges, announcements, notifications.

Records and conflicts are not counted where they happen but read from the journal (``news``): it is
written with every one of them, whoever caused it, and nothing can pass it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from monitor.metrics import families as f
from monitor.metrics.families import Family
from monitor.metrics.series import Series
from syncd.ports import Clock, Exchange, Grant, Observation, Written
from syncd.ports.metering import News
from syncd.ports.webhooks import REJECTIONS

_OF_LINKS: Final = (*f.FLOW_COUNTERS, *f.LINK_COUNTERS)
_OF_CONNECTIONS: Final = (*f.CONNECTION_COUNTERS, f.CREDENTIAL_EXPIRY, f.WEBHOOK_LAST, f.SCHEMA_CHECKED)
_FAILED: Final = ("rejected", "quarantined")
"""Kinds of journal lines: the other side refused, or we did."""


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What the configuration says of a link."""

    left: str
    right: str
    interval: Callable[[], float]
    """Seconds between two scheduled runs, at this time of the day."""
    flows: Sequence[str]


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What the configuration says of a connection."""

    platform: str
    bridged: bool = False
    announces: bool = False
    """Whether its platform is expected to announce changes."""
    watched: bool = False
    """Whether its answers are weighed against a contract."""


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What there is to be measured."""

    links: Mapping[str, LinkFacts] = field(default_factory=dict)
    connections: Mapping[str, ConnectionFacts] = field(default_factory=dict)
    channels: Sequence[str] = ()

    @property
    def folded(self) -> bool:
        """Whether flows are no longer told apart; see ``families.FOLD_ABOVE``."""
        return len(self.links) > f.FOLD_ABOVE


class Meters:
    """Counters of this process; also a ``ports.Tap`` and told of webhooks. Its methods return at once and
    never raise."""

    def __init__(self, clock: Clock, facts: SiteFacts, version: str, *, worker: bool = False) -> None:
        """``worker``: one of several processes. It exports what it alone knows, and a series once there is
        something to tell: a site's links times its workers would be too many to be there from the start."""
        self._clock = clock
        self.worker = worker
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody asks for
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.series = {one: Series(one) for one in (*_OF_LINKS, *_OF_CONNECTIONS)}
        self._gauges = {one: _gauge(one, self._shown(one)) for one in f.DAEMON_GAUGES}
        self._counters = {one: _counter(one, self._shown(one)) for one in f.DAEMON_COUNTERS}
        self._run_seconds = self._histogram(f.RUN_SECONDS)
        self._wakeup_delay = self._histogram(f.WAKEUP_DELAY)
        self._propagation = self._histogram(f.PROPAGATION)
        self._api_seconds = self._histogram(f.API_SECONDS)
        self._answered: set[str] = set()
        """Connections that answered since answers were weighed last."""
        self.facts = SiteFacts()
        self._gauges[f.BUILD_INFO].labels(version).set(1)
        self.configured(facts)
        self.reloaded(ok=True)
        self.beat()

    def _shown(self, family: Family) -> CollectorRegistry | None:
        return self.registry if not self.worker or family in f.OF_WORKERS else None

    def _histogram(self, family: Family) -> Histogram:
        registry = self._shown(family)
        return Histogram(family.full, family.text, family.labels, buckets=family.buckets, registry=registry)

    # -- the configuration

    def configured(self, facts: SiteFacts) -> None:
        """Everything there is to count starts from zero; what is no longer configured is dropped."""
        for link in self.facts.links.keys() - facts.links.keys():
            self._propagation.remove_by_labels({"link": link})
        self.facts = facts
        if facts.folded != self.facts.folded:
            for one in self.series.values():
                one.clear()  # the labels are not the same any more
        for family, one in self.series.items():
            one.keep(facts.links if family in _OF_LINKS else facts.connections)
        for link, configured in () if self.worker else facts.links.items():
            self._zero_link(link, configured)
        for name, connection in () if self.worker else facts.connections.items():
            self._zero_connection(name, connection)
        for platform in {connection.platform for connection in facts.connections.values()}:
            for use in f.USES:
                self._api_seconds.labels(platform, use)
        for channel in facts.channels:
            for counter in (f.NOTIFICATIONS, f.NOTIFICATION_FAILURES):
                self._counters[counter].labels(channel)
        for error in f.ERROR_CLASSES:
            self._counters[f.FAILURES_BY_CLASS].labels(error)
        self._gauges[f.LINKS].set(len(facts.links))

    def _zero_link(self, link: str, facts: LinkFacts) -> None:
        for flow in ("",) if self.facts.folded else facts.flows:
            for operation in f.OPERATIONS:
                self.series[f.RECORDS_WRITTEN].touch((link, flow, operation))
            for family in (f.RECORD_FAILURES, f.RECORD_RETRIES, f.CONFLICTS_FOUND):
                self.series[family].touch((link, flow))
        for trigger in f.TRIGGERS:
            self.series[f.RUNS].touch((link, trigger))
        self.series[f.RUN_FAILURES].touch((link,))
        self._propagation.labels("" if self.facts.folded else link)

    def _zero_connection(self, name: str, facts: ConnectionFacts) -> None:
        for code in ("",) if self.facts.folded else f.CODES:
            self.series[f.API_REQUESTS].touch((name, code))
        self.series[f.API_FAILURES].touch((name,))
        # what is to happen from time to time is late so long after the start, if it never does
        now = self._clock.now().timestamp()
        if facts.announces:
            self.series[f.WEBHOOK_EVENTS].touch((name,))
            for reason in ("",) if self.facts.folded else REJECTIONS:
                self.series[f.WEBHOOK_REJECTIONS].touch((name, reason))
            self.series[f.WEBHOOK_LAST].set((name,), now)
        if facts.watched:
            self.series[f.SCHEMA_CHECKED].set((name,), now)

    def reloaded(self, *, ok: bool) -> None:
        """The configuration was read again; not ``ok``: what is on disk is not what runs."""
        self._gauges[f.CONFIG_OK].set(1 if ok else 0)
        if ok:
            self._gauges[f.CONFIG_AT].set(self._clock.now().timestamp())

    # -- runs

    def run_started(self) -> None:
        self._gauges[f.RUNNING].inc()

    def woken(self, waited_s: float) -> None:
        """A run begins that was wanted for so long."""
        self._wakeup_delay.observe(waited_s)

    def run_ended(self, link: str, trigger: str, seconds: float, *, failed: bool) -> None:
        """``trigger``: one of ``families.TRIGGERS``."""
        self._gauges[f.RUNNING].dec()
        self._run_seconds.observe(seconds)
        self.series[f.RUNS].add((link, trigger))
        if failed:
            self.series[f.RUN_FAILURES].add((link,))

    def news(self, news: News) -> None:
        """What the journal gained."""
        for one in news.counted:
            facts = self.facts.links.get(one.link)
            if facts is None:
                continue
            key = (one.link, "" if self.facts.folded else one.entity)
            if one.kind == "posted" and one.operation:
                self.series[f.RECORDS_WRITTEN].add((*key, one.operation), one.count)
            elif one.kind in _FAILED:
                error = one.error_class if one.error_class in f.ERROR_CLASSES else "internal"
                self.series[f.RECORD_FAILURES].add(key, one.count)
                self._counters[f.FAILURES_BY_CLASS].labels(error).inc(one.count)
            elif one.kind == "retry":
                self.series[f.RECORD_RETRIES].add(key, one.count)
            elif one.kind == "conflict":
                self.series[f.CONFLICTS_FOUND].add(key, one.count)
        for written in news.written:
            if written.link in self.facts.links:
                self._propagation.labels("" if self.facts.folded else written.link).observe(written.seconds)

    # -- the tap

    def exchange(self, connection: str, seen: Exchange) -> None:
        code = f"{seen.status // 100}xx" if 200 <= seen.status < 600 else "none"
        self.series[f.API_REQUESTS].add((connection, "" if self.facts.folded else code))
        if seen.failed:
            self.series[f.API_FAILURES].add((connection,))
        elif seen.status < 400:
            self._answered.add(connection)
        known = self.facts.connections.get(connection)
        if known is not None and seen.seconds is not None:
            self._api_seconds.labels(known.platform, seen.use.value).observe(seen.seconds)

    def granted(self, connection: str, grant: Grant) -> None:
        if grant.refresh_lifetime_s is not None:
            ends = self._clock.now() + timedelta(seconds=grant.refresh_lifetime_s)
            self.credential_expires(connection, ends)

    def records(self, connection: str, entity: str, shown: Sequence[Observation]) -> None:  # noqa: ARG002
        return None  # counted from the journal, once they are decided

    def walked(self, connection: str, entity: str, problem: str) -> None:  # noqa: ARG002
        return None  # a stream that cannot be read is counted by its standing

    def wrote(self, connection: str, entity: str, seen: Written) -> None:  # noqa: ARG002
        return None  # counted from the journal

    # -- everything else

    def credential_expires(self, connection: str, at: datetime) -> None:
        self.series[f.CREDENTIAL_EXPIRY].set((connection,), at.timestamp())

    def announced(self, connection: str) -> None:
        """A webhook delivery was taken in."""
        self.series[f.WEBHOOK_EVENTS].add((connection,))
        self.series[f.WEBHOOK_LAST].set((connection,), self._clock.now().timestamp())

    def rejected(self, connection: str, reason: str) -> None:
        """A webhook delivery was refused; ``reason``: one of ``REJECTIONS``."""
        self.series[f.WEBHOOK_REJECTIONS].add((connection, "" if self.facts.folded else reason))

    def weighed(self) -> None:
        """Everything answered so far has been held against the contracts."""
        now = self._clock.now().timestamp()
        for connection in self._answered:
            facts = self.facts.connections.get(connection)
            if facts is not None and facts.watched:
                self.series[f.SCHEMA_CHECKED].set((connection,), now)
        self._answered.clear()

    def beat(self) -> None:
        """The links' schedules are alive."""
        self._gauges[f.HEARTBEAT].set(self._clock.now().timestamp())

    def lagged(self, seconds: float) -> None:
        """The longest that anything waited for its turn lately."""
        self._gauges[f.LOOP_LAG].set(seconds)

    def notified(self, channel: str, *, ok: bool) -> None:
        self._counters[f.NOTIFICATIONS].labels(channel).inc()
        if not ok:
            self._counters[f.NOTIFICATION_FAILURES].labels(channel).inc()

    def anchored(self) -> None:
        self._gauges[f.AUDIT_ANCHORED].set(self._clock.now().timestamp())

    def stored(self, size: int) -> None:
        self._gauges[f.STORE_SIZE].set(size)


def _gauge(family: Family, registry: CollectorRegistry | None) -> Gauge:
    return Gauge(family.full, family.text, family.labels, registry=registry)


def _counter(family: Family, registry: CollectorRegistry | None) -> Counter:
    return Counter(family.full, family.text, family.labels, registry=registry)
