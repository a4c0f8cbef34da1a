"""The table of rules: what is told to people, when, and how urgently. Everything else is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor.alerts.expressions import (
    Age,
    Both,
    Change,
    Disconnected,
    Expression,
    Increase,
    Is,
    Now,
    OnlyPrometheus,
    Per,
    Quantile,
    Unless,
    Until,
)
from monitor.metrics import families as f
from monitor.metrics.families import Family

MINUTE: Final = 60.0
HOUR: Final = 3_600.0
DAY: Final = 86_400.0

JOB: Final = "syncd"
"""The scrape job's name in Prometheus: two rules look at the scrape itself."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Figures a site may change; ``alerts.thresholds`` in its configuration."""

    stale_intervals: float = 2.5
    """A link is stale after so many of its own intervals without a success."""
    propagation_s: float = 15 * MINUTE
    """From a change to its confirmation on the other side, for 95 of 100."""
    backlog_age_s: float = HOUR
    """An undecided change may wait so long."""
    backlog_records: float = 500
    """So many undecided changes are no backlog yet."""
    failure_share: float = 0.05
    """Refused records for each that was written."""
    failures: float = 10
    """So few refusals in half an hour are never too many."""
    quarantine_age_s: float = 4 * HOUR
    """A refused record may lie so long."""
    conflicts_an_hour: float = 50
    """More is no longer people editing the same record."""
    held_age_s: float = HOUR
    """A held record may lie so long."""
    api_failure_share: float = 0.2
    """Requests that a platform answered with 429, 5xx or nonsense."""
    credential_s: float = 7 * DAY
    """A login that runs out within that time should be renewed."""
    webhook_silence_s: float = DAY
    """Without any announcement, where some are expected."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert. ``description`` may name its labels in braces and ``{value}``, shown as ``unit`` says
    (duration, share, number). With the labels of ``by`` its name tells it apart."""

    name: str
    severity: str
    for_s: float
    when: Expression
    by: tuple[str, ...]
    summary: str
    description: str
    unit: str = "number"

    @property
    def runbook(self) -> str:
        """Its page, within the documentation."""
        return f"runbooks/{self.name}.md"

    @property
    def in_daemon(self) -> bool:
        """Whether the daemon can see it by itself."""
        return not isinstance(self.when, OnlyPrometheus)


_LINK: Final = ("link",)
_CONNECTION: Final = ("connection",)


def _of_link(family: Family, how: str = "max") -> Now:
    return Now(family, _LINK, how)


def rules(t: Thresholds = Thresholds()) -> tuple[Rule, ...]:
    """The whole table."""
    return (*_links(t), *_records(t), *_schemas(), *_connections(t), *_daemon())


def _links(t: Thresholds) -> tuple[Rule, ...]:
    paused = Is(_of_link(f.LINK_PAUSED), "==", 1)
    stale = Per(Age(_of_link(f.LAST_SUCCESS)), _of_link(f.LINK_INTERVAL))
    aging = Is(Age(_of_link(f.BACKLOG_OLDEST, "min")), ">", t.backlog_age_s)
    return (
        Rule(
            "SyncdLinkStale",
            "critical",
            5 * MINUTE,
            Unless(Unless(Is(stale, ">", t.stale_intervals), paused), Disconnected()),
            _LINK,
            "A link has not run without an error for several of its intervals.",
            "Link {link} last ran without an error {value} of its intervals ago.",
        ),
        Rule(
            "SyncdLinkNeverSucceeded",
            "warning",
            HOUR,
            Unless(Is(_of_link(f.LAST_SUCCESS), "==", 0), paused),
            _LINK,
            "A configured link has never run without an error.",
            "Link {link} is configured and has never run without an error.",
        ),
        Rule(
            "SyncdPropagationSlow",
            "warning",
            15 * MINUTE,
            Is(Quantile(0.95, f.PROPAGATION, _LINK, 30 * MINUTE), ">", t.propagation_s),
            _LINK,
            "Changes take too long to reach the other side.",
            "On link {link} one change in twenty takes {value} or longer to be confirmed.",
            "duration",
        ),
        Rule(
            "SyncdBacklogAging",
            "critical",
            10 * MINUTE,
            Unless(Unless(aging, paused), Disconnected()),
            _LINK,
            "A change has been waiting to be decided for too long.",
            "On link {link} the oldest undecided change has waited {value}.",
            "duration",
        ),
        Rule(
            "SyncdBacklogGrowing",
            "warning",
            30 * MINUTE,
            Both(
                Is(_of_link(f.BACKLOG, "sum"), ">", t.backlog_records),
                Is(Change(f.BACKLOG, _LINK, HOUR), ">", 0),
            ),
            _LINK,
            "More changes arrive than are carried over.",
            "Link {link} has {value} undecided changes, and more than an hour ago.",
        ),
        Rule(
            "SyncdGuardTripped",
            "critical",
            0,
            Is(_of_link(f.GUARD_TRIPPED, "sum"), ">", 0),
            _LINK,
            "A brake stopped a flow before it wrote too much.",
            "On link {link} {value} brakes have tripped; nothing is written there until they are released.",
        ),
    )


def _records(t: Thresholds) -> tuple[Rule, ...]:
    window = 30 * MINUTE
    refused = Increase(f.RECORD_FAILURES, _LINK, window)
    written = Increase(f.RECORDS_WRITTEN, _LINK, window)
    return (
        Rule(
            "SyncdRecordFailureRatioHigh",
            "warning",
            10 * MINUTE,
            Both(Is(Per(refused, written), ">", t.failure_share), Is(refused, ">", t.failures)),
            _LINK,
            "Too many records are refused.",
            "On link {link} there are {value} refused records for each one written (30 minutes).",
        ),
        Rule(
            "SyncdQuarantineOld",
            "warning",
            15 * MINUTE,
            Is(Age(_of_link(f.QUARANTINE_OLDEST, "min")), ">", t.quarantine_age_s),
            _LINK,
            "A refused record lies in quarantine, and nobody has looked after it.",
            "On link {link} the oldest refused record has been in quarantine for {value}.",
            "duration",
        ),
        Rule(
            "SyncdConflictBurst",
            "warning",
            0,
            Is(Increase(f.CONFLICTS_FOUND, _LINK, HOUR), ">", t.conflicts_an_hour),
            _LINK,
            "Suddenly many records differ on both sides.",
            "Link {link} found {value} conflicts within an hour.",
        ),
        Rule(
            "SyncdConflictsWaiting",
            "info",
            0,
            Is(Age(_of_link(f.CONFLICTS_OLDEST, "min")), ">", DAY),
            _LINK,
            "A conflict waits for a person.",
            "On link {link} the oldest conflict has waited {value} for a decision.",
            "duration",
        ),
        Rule(
            "SyncdRecordsHeld",
            "warning",
            15 * MINUTE,
            Is(Age(_of_link(f.HELD_OLDEST, "min")), ">", t.held_age_s),
            _LINK,
            "Records are held and wait for a person.",
            "On link {link} the oldest held record has waited {value}; it may be a write in doubt.",
            "duration",
        ),
        Rule(
            "SyncdWritesUncertain",
            "warning",
            30 * MINUTE,
            Is(_of_link(f.UNCERTAIN, "sum"), ">", 0),
            _LINK,
            "The end of some writes has been unknown for long.",
            "On link {link} {value} writes were sent whose end is still not known.",
        ),
    )


def _connections(t: Thresholds) -> tuple[Rule, ...]:
    window = 10 * MINUTE
    failed = Increase(f.API_FAILURES, _CONNECTION, window)
    asked = Increase(f.API_REQUESTS, _CONNECTION, window)
    left = Until(Now(f.CREDENTIAL_EXPIRY, _CONNECTION))
    return (
        Rule(
            "SyncdConnectionDown",
            "critical",
            10 * MINUTE,
            Is(Now(f.CONNECTION_UP, _CONNECTION), "==", 0),
            _CONNECTION,
            "A platform cannot be read.",
            "Connection {connection} has not been read without an error for ten minutes.",
        ),
        Rule(
            "SyncdBridgeDown",
            "critical",
            5 * MINUTE,
            Is(Now(f.BRIDGE_UP, _CONNECTION), "==", 0),
            _CONNECTION,
            "The bridge beside an on-premises system is not connected.",
            "The bridge of connection {connection} has not been connected for five minutes.",
        ),
        Rule(
            "SyncdApiErrorRatioHigh",
            "warning",
            10 * MINUTE,
            Both(Is(Per(failed, asked), ">", t.api_failure_share), Is(asked, ">", 20)),
            _CONNECTION,
            "A platform refuses or fails many requests.",
            "{value} of the requests to connection {connection} fail (10 minutes).",
            "share",
        ),
        Rule(
            "SyncdCredentialExpiring",
            "warning",
            0,
            Is(left, "<", t.credential_s),
            _CONNECTION,
            "A login runs out soon.",
            "The login of connection {connection} runs out in {value}.",
            "duration",
        ),
        Rule(
            "SyncdCredentialExpiringSoon",
            "critical",
            0,
            Is(left, "<", DAY),
            _CONNECTION,
            "A login runs out within a day.",
            "The login of connection {connection} runs out in {value}; then nothing crosses there.",
            "duration",
        ),
        Rule(
            "SyncdWebhookSilent",
            "info",
            HOUR,
            Is(Age(Now(f.WEBHOOK_LAST, _CONNECTION)), ">", t.webhook_silence_s),
            _CONNECTION,
            "A platform that announces changes has announced none.",
            "Connection {connection} has announced nothing for {value}; its schedule still finds changes.",
            "duration",
        ),
    )


def _schemas() -> tuple[Rule, ...]:
    return (
        Rule(
            "SyncdSchemaBreaking",
            "critical",
            0,
            Is(Now(f.SCHEMA_OPEN, _CONNECTION, where={"impact": "breaking"}), ">", 0),
            _CONNECTION,
            "A platform answers otherwise than its contract says, and a mapping depends on it.",
            "Connection {connection} shows {value} breaking changes; what they touch is held.",
        ),
        Rule(
            "SyncdSchemaReview",
            "info",
            DAY,
            Is(Now(f.SCHEMA_OPEN, _CONNECTION, where={"impact": "review"}), ">", 0),
            _CONNECTION,
            "A platform answers otherwise than its contract says; nothing depends on it.",
            "Connection {connection} shows {value} changes that nobody has looked at for a day.",
        ),
    )


def _daemon() -> tuple[Rule, ...]:
    return (
        Rule(
            "SyncdNotificationsFailing",
            "critical",
            5 * MINUTE,
            Is(Increase(f.NOTIFICATION_FAILURES, ("channel",), 15 * MINUTE), ">", 0),
            ("channel",),
            "Alerts do not reach people.",
            "Channel {channel} did not take {value} alerts within a quarter of an hour.",
        ),
        Rule(
            "SyncdConfigReloadFailed",
            "warning",
            15 * MINUTE,
            Is(Now(f.CONFIG_OK, (), "min"), "==", 0),
            (),
            "What is on disk is not what runs.",
            "The configuration on disk was refused; the daemon goes on with the one before.",
        ),
        Rule(
            "SyncdAuditNotAnchored",
            "warning",
            15 * MINUTE,
            Is(Age(Now(f.AUDIT_ANCHORED, ())), ">", 3 * HOUR),
            (),
            "The audit's chains have not been anchored for hours.",
            "The audit's chains were last anchored {value} ago; it should be an hour at most.",
            "duration",
        ),
        Rule(
            "SyncdEngineDown",
            "critical",
            5 * MINUTE,
            OnlyPrometheus(f'up{{job="{JOB}"}} == 0 or absent(up{{job="{JOB}"}})'),
            (),
            "The daemon does not answer.",
            "Prometheus cannot scrape the daemon: nothing is kept in step.",
        ),
        Rule(
            "SyncdWatchdog",
            "none",
            0,
            OnlyPrometheus("vector(1)"),
            (),
            "Always firing: shows that alerts arrive.",
            "Send this one to a dead man's switch: when it stops, alerting itself is broken.",
        ),
    )
