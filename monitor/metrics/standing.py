"""From what was read of the state to gauges. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.metrics import families as f
from monitor.metrics.families import Family
from monitor.metrics.meters import LinkFacts, SiteFacts
from monitor.metrics.series import Series
from syncd.core.model import PairState
from syncd.ports import EVERYTHING
from syncd.ports.desk import LinkLine
from syncd.ports.metering import Crew, Standing
from syncd.ports.workers import Mishap

_OF_CONNECTIONS = (
    f.CONNECTION_INFO,
    f.CONNECTION_UP,
    f.CONNECTION_OK,
    f.CIRCUIT_OPEN,
    f.BRIDGE_UP,
    f.QUOTA_LEFT,
    f.QUOTA,
    f.HINTS,
    f.SCHEMA_OPEN,
)


@dataclass(frozen=True, slots=True)
class Live:
    """What only this process knows of a connection."""

    bridge: bool | None = None
    """Whether its bridge is dialled in; None where it needs none."""
    circuit_open: bool = False
    quota: tuple[int, int] | None = None
    """(requests its platform still grants, of how many); None where it does not say."""


_UNKNOWN = Live()


class Gauges:
    """The gauges of all links and connections; kept, so that their names are written out once."""

    def __init__(self) -> None:
        self._made = {
            one: Series(one) for one in (*f.LINK_GAUGES, *_OF_CONNECTIONS, *f.CREW_GAUGES, *f.CREW_COUNTERS)
        }
        self._facts: SiteFacts | None = None

    def at(self, standing: Standing, facts: SiteFacts, live: Mapping[str, Live]) -> Sequence[Series]:
        """``live``: by connection. Every configured link and connection has all its gauges, also before it
        ever ran: what is missing cannot alert."""
        if facts is not self._facts:
            self._facts = facts
            self._drop_others()
        lines, made = {line.link: line for line in standing.lines}, self._made
        for name, link in facts.links.items():
            made[f.LINK_INFO].set((name, link.left, link.right), 1)
            key = (name,)
            for family, value in _of_link(standing, name, link, lines.get(name)):
                made[family].set(key, value)
        for name, connection in facts.connections.items():
            self._made[f.CONNECTION_INFO].set((name, connection.platform), 1)
            for family, value in _of_connection(standing, name):
                self._made[family].set((name,), value)
            for impact in f.IMPACTS:
                self._made[f.SCHEMA_OPEN].set((name, impact), standing.drifts.get((name, impact), 0))
            here = live.get(name, _UNKNOWN)
            self._set_live(name, here)
            if connection.announces:
                self._made[f.HINTS].set((name,), standing.hints.get(name, 0))
            if connection.bridged:
                self._made[f.BRIDGE_UP].set((name,), float(bool(here.bridge)))
        if standing.crew is not None:
            for family, labels, value in _of_crew(standing.crew):
                made[family].set(labels, value)
        return list(self._made.values())

    def of_process(self, live: Mapping[str, Live]) -> Sequence[Series]:
        """What this process alone knows, whatever the state says."""
        for name, here in live.items():
            self._set_live(name, here)
        return [self._made[one] for one in (f.CIRCUIT_OPEN, f.QUOTA_LEFT, f.QUOTA)]

    def _set_live(self, name: str, here: Live) -> None:
        self._made[f.CIRCUIT_OPEN].set((name,), float(here.circuit_open))
        if here.quota is not None:
            self._made[f.QUOTA_LEFT].set((name,), here.quota[0])
            self._made[f.QUOTA].set((name,), here.quota[1])

    def _drop_others(self) -> None:
        """Of an earlier configuration."""
        for series in self._made.values():
            series.clear()


def _of_link(
    standing: Standing, name: str, facts: LinkFacts, line: LinkLine | None
) -> Iterator[tuple[Family, float]]:
    yield f.LINK_INTERVAL, facts.interval()
    yield f.LINK_PAUSED, float(_held(standing, name, facts))
    yield f.GUARD_TRIPPED, standing.brakes.get(name, 0)
    yield f.LINK_HEALTH, line.rank if line else 0
    yield f.LINK_FAILING, line.failures if line else 0
    yield f.LAST_SUCCESS, _time(line.last_success_at if line else None)
    yield f.LAST_COMPLETION, _time(line.last_cycle_at if line else None)
    yield f.BACKLOG, line.backlog if line else 0
    yield f.BACKLOG_OLDEST, _time(line.oldest_due_at if line else None)
    yield f.IN_FLIGHT, line.in_flight if line else 0
    yield f.UNCERTAIN, line.uncertain if line else 0
    yield f.WAITING, line.waiting if line else 0
    yield f.CONFLICTS, line.conflicts if line else 0
    yield f.CONFLICTS_OLDEST, _time(standing.oldest.get((name, PairState.CONFLICT.value)))
    yield f.QUARANTINED, line.quarantined if line else 0
    yield f.QUARANTINE_OLDEST, _time(standing.oldest.get((name, PairState.QUARANTINED.value)))
    yield f.HELD, line.held if line else 0
    yield f.HELD_OLDEST, _time(standing.oldest.get((name, PairState.HELD.value)))
    yield f.MISMATCHES, standing.mismatches.get(name, 0)


def _of_connection(standing: Standing, name: str) -> Iterator[tuple[Family, float]]:
    stands = standing.connections.get(name)
    yield f.CONNECTION_UP, float(stands is not None and stands.up)
    yield f.CONNECTION_OK, _time(stands.last_ok_at if stands is not None else None)


def _of_crew(crew: Crew) -> Iterator[tuple[Family, tuple[str, ...], float]]:
    yield f.WORKERS, ("alive",), crew.alive
    yield f.WORKERS, ("lost",), crew.lost
    yield f.LEASES, (), crew.leases
    yield f.WANTED, (), crew.wanted
    yield f.WANTED_OLDEST, (), _time(crew.wanted_since)
    yield f.WORKERS_LOST, (), crew.mishaps[Mishap.WORKER_LOST]
    yield f.LEASES_TAKEN_OVER, (), crew.mishaps[Mishap.LEASE_TAKEN_OVER]
    yield f.SWEEP_REPAIRED, (), crew.mishaps[Mishap.SWEEP_REPAIRED]


def _held(standing: Standing, name: str, facts: LinkFacts) -> bool:
    """Whether something keeps the whole link from writing (a hold of one flow or record does not)."""
    scopes = (EVERYTHING, f"link:{name}", f"connection:{facts.left}", f"connection:{facts.right}")
    return any(scope in standing.holds for scope in scopes)


def _time(at: datetime | None) -> float:
    return at.timestamp() if at is not None else 0.0
