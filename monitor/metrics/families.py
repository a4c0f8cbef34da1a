"""Every metric of the daemon: its name, kind, labels and meaning. Nothing is exported that stands not here.

Names: one prefix, base units, ``_total`` on counters, ``_timestamp_seconds`` for times (never ages),
totals and failures as two counters. Labels are names from the configuration and short fixed lists: no
record key, address, message or customer's name. How many series that makes is counted in ``budget``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from syncd.core.model import Operation
from syncd.core.outcome import ErrorClass
from syncd.ports.watching import Use

PREFIX: Final = "syncd_"


class Kind(StrEnum):
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. ``name`` without the prefix, as it is exported (counters with ``_total``)."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    text: str
    buckets: tuple[float, ...] = ()

    @property
    def full(self) -> str:
        return PREFIX + self.name


def _gauge(name: str, labels: tuple[str, ...], text: str) -> Family:
    return Family(name, Kind.GAUGE, labels, text)


def _counter(name: str, labels: tuple[str, ...], text: str) -> Family:
    return Family(name, Kind.COUNTER, labels, text)


_LINK: Final = ("link",)
_FLOW: Final = ("link", "flow")
_CONNECTION: Final = ("connection",)

OPERATIONS: Final = tuple(operation.value for operation in Operation)
ERROR_CLASSES: Final = tuple(error.value for error in ErrorClass)
TRIGGERS: Final = ("schedule", "wake", "person")
IMPACTS: Final = ("breaking", "review")
CODES: Final = ("2xx", "3xx", "4xx", "5xx", "none")
USES: Final = tuple(use.value for use in Use)

# -- one gauge a link: at most twenty of them -------------------------------------------------------

LINK_GAUGES: Final = (
    LINK_INFO := _gauge("link_info", ("link", "left", "right"), "A configured link and its two connections."),
    LINK_INTERVAL := _gauge("link_interval_seconds", _LINK, "Seconds between two scheduled runs."),
    LINK_HEALTH := _gauge("link_health", _LINK, "0: well. The higher, the sooner somebody should look."),
    LINK_PAUSED := _gauge("link_paused", _LINK, "1: a hold keeps writes of this link from passing."),
    GUARD_TRIPPED := _gauge("guard_tripped", _LINK, "Brakes that tripped and are not released."),
    LINK_FAILING := _gauge("link_failing_runs", _LINK, "Runs that failed one after the other, up to now."),
    LAST_SUCCESS := _gauge(
        "run_last_success_timestamp_seconds", _LINK, "End of the last run without an error; 0: never."
    ),
    LAST_COMPLETION := _gauge(
        "run_last_completion_timestamp_seconds", _LINK, "End of the last run, good or bad; 0: never."
    ),
    BACKLOG := _gauge("backlog_records", _LINK, "Records whose change is not decided yet."),
    BACKLOG_OLDEST := _gauge(
        "backlog_oldest_timestamp_seconds", _LINK, "Since when the oldest of these waits; 0: none does."
    ),
    IN_FLIGHT := _gauge("in_flight_records", _LINK, "Records with a write under way."),
    UNCERTAIN := _gauge("uncertain_writes", _LINK, "Writes sent whose end is not known yet."),
    WAITING := _gauge("waiting_records", _LINK, "Records that wait for one they refer to."),
    CONFLICTS := _gauge("conflicts_pending", _LINK, "Records that a person has to decide about."),
    CONFLICTS_OLDEST := _gauge(
        "conflicts_oldest_timestamp_seconds", _LINK, "Since when the oldest conflict is open; 0: none is."
    ),
    QUARANTINED := _gauge("quarantined_records", _LINK, "Records that one side refuses."),
    QUARANTINE_OLDEST := _gauge(
        "quarantine_oldest_timestamp_seconds", _LINK, "Since when the oldest is refused; 0: none is."
    ),
    HELD := _gauge("held_records", _LINK, "Records behind a hold, or whose write a person must settle."),
    HELD_OLDEST := _gauge(
        "held_oldest_timestamp_seconds", _LINK, "Since when the oldest is held; 0: none is."
    ),
    MISMATCHES := _gauge(
        "reconcile_mismatches", _LINK, "Differences nothing explains, of the last full comparison."
    ),
)

# -- counters of a link and its flows -------------------------------------------------------------------

FLOW_COUNTERS: Final = (
    RECORDS_WRITTEN := _counter(
        "records_written_total", (*_FLOW, "operation"), "Writes confirmed by the other side."
    ),
    RECORD_FAILURES := _counter("record_failures_total", _FLOW, "Records that were refused."),
    RECORD_RETRIES := _counter("record_retries_total", _FLOW, "Writes put off to be tried again."),
    CONFLICTS_FOUND := _counter("conflicts_total", _FLOW, "Records found changed on both sides."),
)
LINK_COUNTERS: Final = (
    RUNS := _counter("runs_total", ("link", "trigger"), "Runs ended, by what started them."),
    RUN_FAILURES := _counter("run_failures_total", _LINK, "Runs that failed as a whole or in a flow."),
)
PROPAGATION: Final = Family(
    "propagation_delay_seconds",
    Kind.HISTOGRAM,
    _LINK,
    "From the reading of a change to its confirmation on the other side.",
    (1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400),
)

# -- connections -------------------------------------------------------------------------------------------

CONNECTION_GAUGES: Final = (
    CONNECTION_INFO := _gauge("connection_info", ("connection", "platform"), "A connection, its platform."),
    CONNECTION_UP := _gauge("connection_up", _CONNECTION, "1: its last walks ended without an error."),
    CONNECTION_OK := _gauge(
        "connection_last_success_timestamp_seconds", _CONNECTION, "End of the last complete walk; 0: never."
    ),
    BRIDGE_UP := _gauge(
        "bridge_connected", _CONNECTION, "1: its bridge is dialled in; only where it has one."
    ),
    CIRCUIT_OPEN := _gauge("circuit_open", _CONNECTION, "1: it is down, and asked only now and then."),
    CREDENTIAL_EXPIRY := _gauge(
        "credential_expiry_timestamp_seconds", _CONNECTION, "When its login runs out, where it is known."
    ),
    QUOTA_LEFT := _gauge(
        "rate_limit_remaining_requests", _CONNECTION, "Requests its platform still grants, where it says so."
    ),
    QUOTA := _gauge(
        "rate_limit_limit_requests", _CONNECTION, "Of how many; where it does not say, the most it had left."
    ),
    HINTS := _gauge("webhook_hints_pending", _CONNECTION, "Announced records not read yet."),
    WEBHOOK_LAST := _gauge(
        "webhook_last_event_timestamp_seconds",
        _CONNECTION,
        "Last announcement; at first the daemon's start. Only where announcements are expected.",
    ),
    SCHEMA_CHECKED := _gauge(
        "schema_check_last_success_timestamp_seconds",
        _CONNECTION,
        "Last time an answer of it was weighed; at first the daemon's start. Only where it is watched.",
    ),
    SCHEMA_OPEN := _gauge(
        "schema_changes_open", (*_CONNECTION, "impact"), "Differences from the contract not decided yet."
    ),
)
CONNECTION_COUNTERS: Final = (
    API_REQUESTS := _counter(
        "api_requests_total",
        (*_CONNECTION, "code"),
        "Requests, by class of status (2xx ... 5xx, none).",
    ),
    API_FAILURES := _counter(
        "api_request_failures_total",
        _CONNECTION,
        "Requests answered 429 or 5xx, not readable, or not at all.",
    ),
    WEBHOOK_EVENTS := _counter("webhook_events_total", _CONNECTION, "Announcements taken in."),
    WEBHOOK_REJECTIONS := _counter(
        "webhook_rejections_total", (*_CONNECTION, "reason"), "Deliveries refused, by why."
    ),
)
API_SECONDS: Final = Family(
    "api_request_duration_seconds",
    Kind.HISTOGRAM,
    ("platform", "operation"),
    "From a request to its answer, over all connections of a platform (login, read, write).",
    (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

# -- the daemon itself -------------------------------------------------------------------------------------

DAEMON_GAUGES: Final = (
    BUILD_INFO := _gauge("build_info", ("version",), "The version that runs."),
    STORE_SIZE := _gauge("store_size_bytes", (), "Size of the state's database."),
    LINKS := _gauge("links", (), "Configured links."),
    RUNNING := _gauge("runs_in_progress", (), "Links that are being run right now."),
    CONFIG_OK := _gauge("config_last_reload_successful", (), "1: what is on disk is what runs."),
    CONFIG_AT := _gauge("config_last_reload_success_timestamp_seconds", (), "When that came to be."),
    AUDIT_ANCHORED := _gauge(
        "audit_last_anchor_timestamp_seconds", (), "When the audit's chains were anchored last; 0: never."
    ),
    HEARTBEAT := _gauge("heartbeat_timestamp_seconds", (), "When the schedules of all links last lived."),
    LOOP_LAG := _gauge(
        "event_loop_lag_seconds", (), "The longest that anything waited for its turn, within a minute."
    ),
)
DAEMON_COUNTERS: Final = (
    FAILURES_BY_CLASS := _counter(
        "record_failures_by_class_total", ("error_class",), "Refused records of all links, by cause."
    ),
    NOTIFICATIONS := _counter("notifications_total", ("channel",), "Alerts handed to a channel."),
    NOTIFICATION_FAILURES := _counter(
        "notification_failures_total", ("channel",), "Alerts that a channel did not take."
    ),
)
RUN_SECONDS: Final = Family(
    "run_duration_seconds",
    Kind.HISTOGRAM,
    (),
    "Duration of a run, over all links.",
    (0.1, 0.5, 1, 5, 15, 60, 300, 1_800),
)
# -- where several processes share the state; a handful, whatever their number ---------------------------

CREW_GAUGES: Final = (
    WORKERS := _gauge("workers", ("state",), "Processes that work on the state: alive, or lost."),
    LEASES := _gauge("leases_held", (), "Links that are some process's right now."),
    WANTED := _gauge("links_wanted", (), "Links that wait for a run."),
    WANTED_OLDEST := _gauge(
        "links_wanted_oldest_timestamp_seconds", (), "Since when the first of them waits; 0: none does."
    ),
)
CREW_COUNTERS: Final = (
    WORKERS_LOST := _counter("workers_lost_total", (), "Processes that died without a word."),
    LEASES_TAKEN_OVER := _counter(
        "leases_taken_over_total", (), "Links that went to another process because a lease ran out."
    ),
    SWEEP_REPAIRED := _counter(
        "sweep_repaired_total", (), "Wanted links that the queue had forgotten, found again."
    ),
)
WAKEUP_DELAY: Final = Family(
    "wakeup_delay_seconds",
    Kind.HISTOGRAM,
    (),
    "From the wish for a run to its beginning, where links have to queue for workers.",
    (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
)

ALL: Final = (
    *LINK_GAUGES,
    *FLOW_COUNTERS,
    *LINK_COUNTERS,
    PROPAGATION,
    *CONNECTION_GAUGES,
    *CONNECTION_COUNTERS,
    API_SECONDS,
    *DAEMON_GAUGES,
    *DAEMON_COUNTERS,
    RUN_SECONDS,
    *CREW_GAUGES,
    *CREW_COUNTERS,
    WAKEUP_DELAY,
)

OF_WORKERS: Final = (
    BUILD_INFO,
    RUNNING,
    HEARTBEAT,
    LOOP_LAG,
    RUNS,
    RUN_FAILURES,
    RUN_SECONDS,
    WAKEUP_DELAY,
    API_REQUESTS,
    API_FAILURES,
    API_SECONDS,
    CIRCUIT_OPEN,
    CREDENTIAL_EXPIRY,
    QUOTA_LEFT,
    QUOTA,
)
"""What each process knows of itself alone, and so what a worker exports: everything else stands in the state,
and the daemon exports it for all of them."""

OPTIONAL: Final = (
    BRIDGE_UP,
    CREDENTIAL_EXPIRY,
    QUOTA_LEFT,
    QUOTA,
    SCHEMA_CHECKED,
    WEBHOOK_LAST,
    WEBHOOK_EVENTS,
    WEBHOOK_REJECTIONS,
    HINTS,
    *CREW_GAUGES,
    *CREW_COUNTERS,
)
"""Of connections that have a bridge, say when their login ends or what they grant, are watched, or announce
changes; and of a state that several processes share."""
_ALWAYS: Final = tuple(one for one in CONNECTION_GAUGES if one not in OPTIONAL and one is not SCHEMA_OPEN)

FOLD_ABOVE: Final = 1_000
"""Links. With more of them the labels ``flow``, ``code`` and ``reason`` stay empty, and ``link`` on its
histogram: how one flow stands is what the control API and ``syncd status LINK`` are for."""


def budget(links: int, flows: int, connections: int, platforms: int = 1) -> int:
    """How many series a site of that size has. ``flows``: of all links together. Apart from these: what the
    process says of itself, channels, and what only some connections have (``OPTIONAL``). Pure."""
    folded = links > FOLD_ABOVE
    counted = links if folded else flows
    histogram = (1 if folded else links) * (len(PROPAGATION.buckets) + 3)
    return (
        links * (len(LINK_GAUGES) + len(TRIGGERS) + 1)
        + counted * (len(OPERATIONS) + 3)
        + histogram
        + connections * (len(_ALWAYS) + len(IMPACTS) + (1 if folded else len(CODES)) + 1)
        + platforms * len(USES) * (len(API_SECONDS.buckets) + 3)
        + len(DAEMON_GAUGES)
        + len(ERROR_CLASSES)
        + len(RUN_SECONDS.buckets)
        + 3
        + len(WAKEUP_DELAY.buckets)
        + 3
    )
