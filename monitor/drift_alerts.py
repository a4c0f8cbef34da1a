"""Which drift is told to whom, and when again. Pure.

One alert a cause: a drift of one connection, or of a platform once three connections show it. While
writes are held somebody is reminded; the end is told once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitor.desk import attributed
from monitor.report import meaning
from syncd.ports.alerting import Alert
from syncd.ports.drift import DriftRow, DriftState, Notice

BREAKING: Final = "SyncdSchemaBreaking"
REVIEW: Final = "SyncdSchemaReview"
NAMES: Final = frozenset({BREAKING, REVIEW})
"""The names under which drift is told; the rules of the same names are for who reads the metrics."""
_SEVERITIES: Final[Mapping[str, str]] = {"breaking": "critical", "risky": "warning"}
"""What is only added is told to nobody: `syncd drift list` shows it."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What one alert is about."""

    key: str
    events: tuple[DriftRow, ...]

    @property
    def severity(self) -> str:
        levels = {event.seen.level for event in self.events}
        return _SEVERITIES["breaking" if "breaking" in levels else "risky"]

    @property
    def held(self) -> bool:
        return any(event.held_at is not None for event in self.events)

    def muted(self, now: datetime) -> bool:
        """Whether somebody has said that they know, for every part of it."""
        return all(
            event.state is DriftState.ACKED and (event.muted_until is None or now < event.muted_until)
            for event in self.events
        )


def causes(live: Sequence[DriftRow]) -> list[Cause]:
    """Every cause that somebody should know of."""
    whose = attributed(live)
    grouped: dict[str, list[DriftRow]] = {}
    for event in sorted(live, key=lambda event: event.id):
        if event.seen.level in _SEVERITIES:
            of_platform = whose[event.seen.fingerprint] == "platform"
            key = f"platform:{event.seen.fingerprint}" if of_platform else f"drift:{event.id}"
            grouped.setdefault(key, []).append(event)
    return [Cause(key, tuple(events)) for key, events in grouped.items()]


def due(
    live: Sequence[DriftRow], told: Mapping[str, Notice], now: datetime, remind: Sequence[timedelta]
) -> tuple[list[Alert], list[Notice]]:
    """(What is told now, what is to be remembered of it)."""
    alerts: list[Alert] = []
    notices: list[Notice] = []
    current = {cause.key: cause for cause in causes(live)}
    covered = {event.id for cause in current.values() for event in cause.events}
    for cause in current.values():
        known = told.get(cause.key)
        if known is None:
            alerts.append(_alert(cause, now))
            notices.append(Notice(cause.key, cause.severity, _title(cause), now, now, 1))
        elif _graver(cause, known) or (_reminds(cause, known, now, remind) and not cause.muted(now)):
            alerts.append(_alert(cause, known.first_at))
            graver = replace(known, severity=cause.severity, title=_title(cause))
            notices.append(replace(graver, last_at=now, times=known.times + 1))
    for key, known in told.items():
        if key not in current:
            notices.append(replace(known, closed_at=now))
            kind, _, ident = key.partition(":")
            if not (kind == "drift" and ident.isdigit() and int(ident) in covered):
                alerts.append(_over(known))
    return alerts, notices


def _graver(cause: Cause, known: Notice) -> bool:
    return cause.severity == "critical" and known.severity != "critical"


def _reminds(cause: Cause, known: Notice, now: datetime, remind: Sequence[timedelta]) -> bool:
    """Whether it is time again: after each of ``remind`` since the first time, then as often as the last."""
    if not cause.held:
        return False
    if known.times <= len(remind):
        return now - known.first_at >= remind[known.times - 1]
    return now - known.last_at >= remind[-1]


def _title(cause: Cause) -> str:
    first = cause.events[0].seen
    where = (
        first.connection if len(cause.events) == 1 else f"{first.platform}, {len(cause.events)} connections"
    )
    return f"{where}: {meaning(first.kind)}: {first.path} of {first.operation}"


def _alert(cause: Cause, since: datetime) -> Alert:
    first = cause.events[0].seen
    held = "writes are held" if cause.held else "nothing is held"
    commands = "; ".join(f"syncd drift show {event.id}" for event in cause.events[:5])
    mapped = f", mapped as {', '.join(first.mappings)}" if first.mappings else ""
    return Alert(
        name=BREAKING if cause.severity == "critical" else REVIEW,
        severity=cause.severity,
        labels={"cause": cause.key},
        summary=_title(cause),
        description=f"{_title(cause)}{mapped}: {held}. {commands}",
        runbook=f"runbooks/{BREAKING if cause.severity == 'critical' else REVIEW}.md",
        firing=True,
        since=since,
    )


def _over(known: Notice) -> Alert:
    critical = known.severity == "critical"
    return Alert(
        name=BREAKING if critical else REVIEW,
        severity=known.severity,
        labels={"cause": known.cause},
        summary=known.title,
        description=f"{known.title}: it is over",
        runbook=f"runbooks/{BREAKING if critical else REVIEW}.md",
        firing=False,
        since=known.first_at,
    )
