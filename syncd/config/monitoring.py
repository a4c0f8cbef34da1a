"""How the platforms are watched and who is told: the ``monitor`` and ``alerts`` sections."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from syncd.config.values import Name, Seconds, Section, Zone
from syncd.ports import alerting
from syncd.secrets.reference import SecretRef

Severity = Literal["critical", "warning", "info"]


class Monitor(Section):
    """The watch over the platforms' APIs."""

    enabled: bool = True
    """Whether answers are learned from and measured, and writes held when they change."""
    trust_sandbox: bool = False
    """Whether a contract that was learned from a sandbox may hold writes before real records have
    confirmed it."""
    accepted_for: Annotated[Seconds, Field(gt=0)] = 30 * 86_400.0
    """How long an accepted drift is let through before it must stand in a contract file."""
    look_again: Annotated[Seconds, Field(gt=0)] = 300.0
    """Between two looks at records that wait behind a drift: the platform may have gone back."""
    probe: Annotated[Seconds, Field(gt=0)] = 3_600.0
    """Between two looks at what nothing is read from, at certificates and published documents."""
    expiries: dict[Name, dict[str, date]] = Field(default_factory=dict)
    """Connection -> name of a secret -> the day it ends, for what no exchange shows."""


class QuietHours(Section):
    """When nobody is told, but for what cannot wait."""

    begin: time
    """Local time, such as 19:00."""
    end: time
    """Local time; before `begin`, it is the next morning's."""
    timezone: Zone = "UTC"
    """Zone of both."""
    unless: tuple[Severity, ...] = ("critical",)
    """Severities that are told all the same. What waited is told at the end, together."""


class Channel(Section):
    """One way to people."""

    url: SecretRef
    """Reference to its address as apprise writes it: mailtos://, slack://, workflows://, pagerduty://,
    json:// and a hundred more."""
    severities: tuple[Severity, ...] = ("critical", "warning")
    """Which alerts go there."""
    quiet: QuietHours | None = None
    """When it is spared."""


_DEFAULTS = alerting.Thresholds()
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[float, Field(ge=0)]


class Thresholds(Section):
    """From which figures on somebody is told. `syncd alert rules` prints them for Prometheus."""

    stale_intervals: Annotated[float, Field(gt=1)] = _DEFAULTS.stale_intervals
    """A link is stale after so many of its own intervals without a success."""
    propagation: Seconds = _DEFAULTS.propagation
    """From a change to its confirmation on the other side, for 95 of 100."""
    backlog_age: Seconds = _DEFAULTS.backlog_age
    """An undecided change may wait so long."""
    backlog_records: Count = _DEFAULTS.backlog_records
    """So many undecided changes are no backlog yet."""
    failure_share: Count = _DEFAULTS.failure_share
    """Refused records for each that was written."""
    failures: Count = _DEFAULTS.failures
    """So few refusals in half an hour are never too many."""
    quarantine_age: Seconds = _DEFAULTS.quarantine_age
    """A refused record may lie so long."""
    conflicts_an_hour: Count = _DEFAULTS.conflicts_an_hour
    """More is no longer people editing the same record."""
    held_age: Seconds = _DEFAULTS.held_age
    """A held record may lie so long."""
    api_failure_share: Share = _DEFAULTS.api_failure_share
    """Requests that a platform answered with 429, 5xx or nonsense, or not at all."""
    quota_left_share: Share = _DEFAULTS.quota_left_share
    """Less of a platform's quota is nearly nothing."""
    credential: Seconds = _DEFAULTS.credential
    """A login that runs out within that time should be renewed."""
    webhook_silence: Seconds = _DEFAULTS.webhook_silence
    """Without any announcement, where some are expected."""
    schema_check_age: Seconds = _DEFAULTS.schema_check_age
    """A platform's answers were last looked at so long ago."""
    heartbeat_age: Seconds = _DEFAULTS.heartbeat_age
    """The daemon's schedules were last alive so long ago."""
    loop_lag: Seconds = _DEFAULTS.loop_lag
    """So long everything else may wait for one piece of work."""


class Alerts(Section):
    """Who is told, and from when on."""

    channels: dict[Name, Channel] = Field(default_factory=dict)
    """Ways to people, by a name of your choice; needs `pip install syncd[alerts]`."""
    thresholds: Thresholds = Thresholds()
    """From which figures on."""
    remind: tuple[Seconds, ...] = (900.0, 3_600.0, 14_400.0)
    """While writes are held: after how long somebody is reminded; the last one goes on repeating."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if list(self.remind) != sorted(self.remind) or not self.remind:
            raise ValueError("remind: rising durations, such as [15m, 1h, 4h]")
        return self
