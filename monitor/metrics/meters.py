"""What happens in this process, counted: runs, exchanges, announcements, notifications.

Records and conflicts are not counted where they happen but read from the journal (``news``): it is
written with every one of them, whoever caused it, and nothing can pass it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
from syncd.ports import Clock, Exchange, Grant, Observation
from syncd.ports.metering import News

_FAILED: Final = ("rejected", "quarantined")
"""Kinds of journal lines: the other side refused, or we did."""


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What the configuration says of a link."""

    left: str
    right: str
    interval_s: float
    flows: Sequence[str]


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What the configuration says of a connection."""

    platform: str
    bridged: bool = False
    announces: bool = False
    """Whether its platform is expected to announce changes."""


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
    """Counters of this process; also a ``ports.Tap``. Its methods return at once and never raise."""

    def __init__(self, clock: Clock, facts: SiteFacts, version: str) -> None:
        self._clock = clock
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody asks for
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.counted = {one: Series(one) for one in (*f.FLOW_COUNTERS, *f.LINK_COUNTERS)}
        self._gauges = {
            one: _gauge(one, self.registry)
            for one in (*f.DAEMON_GAUGES, f.CREDENTIAL_EXPIRY, f.WEBHOOK_LAST, f.SCHEMA_OPEN)
        }
        self._counters = {
            one: _counter(one, self.registry) for one in (*f.CONNECTION_COUNTERS, *f.DAEMON_COUNTERS)
        }
        self._run_seconds = _histogram(f.RUN_SECONDS, self.registry)
        self._propagation = _histogram(f.PROPAGATION, self.registry)
        self.facts = SiteFacts()
        self._gauges[f.BUILD_INFO].labels(version).set(1)
        self.configured(facts)
        self.reloaded(ok=True)

    # -- the configuration

    def configured(self, facts: SiteFacts) -> None:
        """Everything there is to count starts from zero; what is no longer configured is dropped."""
        gone = self.facts.connections.keys() - facts.connections.keys()
        for link in self.facts.links.keys() - facts.links.keys():
            self._propagation.remove_by_labels({"link": link})
        self.facts = facts
        for series in self.counted.values():
            series.keep(facts.links)
        for link, one in facts.links.items():
            self._zero_link(link, one)
        for name, connection in facts.connections.items():
            self._zero_connection(name, connection)
        for channel in facts.channels:
            for counter in (f.NOTIFICATIONS, f.NOTIFICATION_FAILURES):
                self._counters[counter].labels(channel)
        for error in f.ERROR_CLASSES:
            self._counters[f.FAILURES_BY_CLASS].labels(error)
        self._gauges[f.LINKS].set(len(facts.links))
        self._drop(gone)

    def _zero_link(self, link: str, facts: LinkFacts) -> None:
        for flow in ("",) if self.facts.folded else facts.flows:
            for operation in f.OPERATIONS:
                self.counted[f.RECORDS_WRITTEN].touch((link, flow, operation))
            for family in (f.RECORD_FAILURES, f.RECORD_RETRIES, f.CONFLICTS_FOUND):
                self.counted[family].touch((link, flow))
        for trigger in f.TRIGGERS:
            self.counted[f.RUNS].touch((link, trigger))
        self.counted[f.RUN_FAILURES].touch((link,))
        self._propagation.labels("" if self.facts.folded else link)

    def _zero_connection(self, name: str, facts: ConnectionFacts) -> None:
        for code in f.CODES:
            self._counters[f.API_REQUESTS].labels(name, code)
        for family in (f.API_FAILURES, f.WEBHOOK_EVENTS):
            self._counters[family].labels(name)
        for impact in f.IMPACTS:
            self._gauges[f.SCHEMA_OPEN].labels(name, impact)
        if facts.announces:
            # from now on: a platform that never announces anything falls silent a day after the start
            self._gauges[f.WEBHOOK_LAST].labels(name).set(self._clock.now().timestamp())

    def _drop(self, connections: Collection[str]) -> None:
        for name in connections:
            self._counters[f.API_FAILURES].remove(name)
            self._counters[f.WEBHOOK_EVENTS].remove(name)
            for code in f.CODES:
                self._counters[f.API_REQUESTS].remove(name, code)
            for impact in f.IMPACTS:
                self._gauges[f.SCHEMA_OPEN].remove(name, impact)
            for family in (f.CREDENTIAL_EXPIRY, f.WEBHOOK_LAST):
                self._gauges[family].remove_by_labels({"connection": name})

    def reloaded(self, *, ok: bool) -> None:
        """The configuration was read again; not ``ok``: what is on disk is not what runs."""
        self._gauges[f.CONFIG_OK].set(1 if ok else 0)
        if ok:
            self._gauges[f.CONFIG_AT].set(self._clock.now().timestamp())

    # -- runs

    def run_started(self) -> None:
        self._gauges[f.RUNNING].inc()

    def run_ended(self, link: str, trigger: str, seconds: float, *, failed: bool) -> None:
        """``trigger``: one of ``families.TRIGGERS``."""
        self._gauges[f.RUNNING].dec()
        self._run_seconds.observe(seconds)
        self.counted[f.RUNS].add((link, trigger))
        if failed:
            self.counted[f.RUN_FAILURES].add((link,))

    def news(self, news: News) -> None:
        """What the journal gained."""
        for one in news.counted:
            facts = self.facts.links.get(one.link)
            if facts is None:
                continue
            key = (one.link, "" if self.facts.folded else one.entity)
            if one.kind == "posted" and one.operation:
                self.counted[f.RECORDS_WRITTEN].add((*key, one.operation), one.count)
            elif one.kind in _FAILED:
                error = one.error_class if one.error_class in f.ERROR_CLASSES else "internal"
                self.counted[f.RECORD_FAILURES].add(key, one.count)
                self._counters[f.FAILURES_BY_CLASS].labels(error).inc(one.count)
            elif one.kind == "retry":
                self.counted[f.RECORD_RETRIES].add(key, one.count)
            elif one.kind == "conflict":
                self.counted[f.CONFLICTS_FOUND].add(key, one.count)
        for written in news.written:
            if written.link in self.facts.links:
                self._propagation.labels("" if self.facts.folded else written.link).observe(written.seconds)

    # -- the tap

    def exchange(self, connection: str, seen: Exchange) -> None:
        code = f"{seen.status // 100}xx" if 200 <= seen.status < 600 else "none"
        self._counters[f.API_REQUESTS].labels(connection, code).inc()
        if seen.status == 429 or seen.status >= 500 or seen.problem:
            self._counters[f.API_FAILURES].labels(connection).inc()

    def granted(self, connection: str, grant: Grant) -> None:
        if grant.refresh_lifetime_s is not None:
            ends = self._clock.now() + timedelta(seconds=grant.refresh_lifetime_s)
            self.credential_expires(connection, ends)

    def records(self, connection: str, entity: str, shown: Sequence[Observation]) -> None:  # noqa: ARG002
        return None  # counted from the journal, once they are decided

    # -- everything else

    def credential_expires(self, connection: str, at: datetime) -> None:
        self._gauges[f.CREDENTIAL_EXPIRY].labels(connection).set(at.timestamp())

    def announced(self, connection: str) -> None:
        """A webhook delivery was taken in."""
        self._counters[f.WEBHOOK_EVENTS].labels(connection).inc()
        self._gauges[f.WEBHOOK_LAST].labels(connection).set(self._clock.now().timestamp())

    def schema_open(self, connection: str, impact: str, count: int) -> None:
        """``impact``: one of ``families.IMPACTS``."""
        self._gauges[f.SCHEMA_OPEN].labels(connection, impact).set(count)

    def notified(self, channel: str, *, ok: bool) -> None:
        self._counters[f.NOTIFICATIONS].labels(channel).inc()
        if not ok:
            self._counters[f.NOTIFICATION_FAILURES].labels(channel).inc()

    def anchored(self) -> None:
        self._gauges[f.AUDIT_ANCHORED].set(self._clock.now().timestamp())

    def stored(self, size: int) -> None:
        self._gauges[f.STORE_SIZE].set(size)


def _gauge(family: Family, registry: CollectorRegistry) -> Gauge:
    return Gauge(family.full, family.text, family.labels, registry=registry)


def _counter(family: Family, registry: CollectorRegistry) -> Counter:
    return Counter(family.full, family.text, family.labels, registry=registry)


def _histogram(family: Family, registry: CollectorRegistry) -> Histogram:
    return Histogram(family.full, family.text, family.labels, buckets=family.buckets, registry=registry)
