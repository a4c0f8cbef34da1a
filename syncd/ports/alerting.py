"""What is told to people, from which figures on, and the port it is told through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Figures that a site may change (``alerts.thresholds``). Durations in seconds, shares of 1."""

    stale_intervals: float = 2.5
    propagation: float = 900
    backlog_age: float = 3_600
    backlog_records: float = 500
    failure_share: float = 0.05
    failures: float = 10
    quarantine_age: float = 4 * 3_600
    conflicts_an_hour: float = 50
    held_age: float = 3_600
    api_failure_share: float = 0.2
    quota_left_share: float = 0.1
    credential: float = 7 * 86_400
    webhook_silence: float = 86_400
    schema_check_age: float = 2 * 86_400
    heartbeat_age: float = 300
    loop_lag: float = 1


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of one link, connection or of the daemon, as it stands now."""

    name: str
    """CamelCase, the same as in Prometheus: ``SyncdLinkStale``."""
    severity: str
    """critical | warning | info | none"""
    labels: Mapping[str, str]
    """What it is about: ``{"link": "acme"}``. With the name, its identity."""
    summary: str
    """A fixed sentence."""
    description: str
    """The same with names and figures; never a customer's value."""
    runbook: str
    """Path of its runbook page within the documentation."""
    firing: bool
    """False: it is over."""
    since: datetime

    @property
    def key(self) -> str:
        """Tells alerts apart; the same for as long as one lasts, and when it comes again."""
        return "/".join([self.name, *(f"{k}={v}" for k, v in sorted(self.labels.items()))])


class Notifier(Protocol):
    """Takes alerts to people, through whatever channels are configured."""

    async def notify(self, alerts: Sequence[Alert]) -> None:
        """Called with alerts that began or ended since the last call, and with those that last so long that
        a reminder is due. Grouping, quiet hours and channels are the notifier's. Never raises: what a
        channel did not take is the notifier's to count and to try again."""
        ...
