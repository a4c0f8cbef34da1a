"""For every alert a story: what the metrics did, when it must fire, and when it must not.

``promtool test rules`` plays them through Prometheus, and a test plays them through the daemon's own
watch: both must agree. Time is in minutes; a story begins at minute 0, which is 1970 for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from monitor.alerts.rule import JOB
from monitor.metrics import families as f
from monitor.metrics.families import Family

MINUTE: Final = 60
HOUR: Final = 3_600

Segment = tuple[float, float, int]
"""(first value, step a minute, how many minutes)."""


@dataclass(frozen=True)
class Line:
    """One series over the story."""

    name: str
    labels: Mapping[str, str]
    segments: tuple[Segment, ...]

    def selector(self) -> str:
        shown = ", ".join(f'{name}="{value}"' for name, value in self.labels.items())
        return f"{self.name}{{{shown}}}"

    def notation(self, length: int) -> str:
        """The first ``length`` minutes as promtool reads them."""
        shown, left = [], length
        for first, step, minutes in self.segments:
            if left > 0:
                shown.append(f"{first:g}{step:+g}x{min(minutes, left) - 1}")
            left -= minutes
        return " ".join(shown)

    def values(self) -> Iterator[float]:
        for first, step, minutes in self.segments:
            for i in range(minutes):
                yield first + step * i


@dataclass(frozen=True)
class Scenario:
    """One alert's story. ``fires``: (minute, labels); ``quiet``: minutes at which it does not fire."""

    alert: str
    lines: tuple[Line, ...]
    fires: tuple[tuple[int, Mapping[str, str]], ...] = ()
    quiet: tuple[int, ...] = ()
    only_prometheus: bool = False

    def length(self) -> int:
        return max([*(minute for minute, _ in self.fires), *self.quiet]) + 1


ACME: Final = {"link": "acme"}
LEDGER: Final = {"connection": "ledger"}
LONG: Final = 3_000
"""Minutes: more than two days."""


def line(family: Family, labels: Mapping[str, str], *segments: Segment) -> Line:
    return Line(family.full, labels, segments)


def steady(family: Family, labels: Mapping[str, str], value: float) -> Line:
    return line(family, labels, (value, 0, LONG))


def interval(seconds: float = 60) -> Line:
    return steady(f.LINK_INTERVAL, ACME, seconds)


def paused(value: float = 0) -> Line:
    return steady(f.LINK_PAUSED, ACME, value)


def info() -> Line:
    return steady(f.LINK_INFO, {**ACME, "left": "field", "right": "ledger"}, 1)


def written(a_minute: float) -> Line:
    return line(f.RECORDS_WRITTEN, {**ACME, "flow": "invoice", "operation": "create"}, (0, a_minute, LONG))


def delays(*counts: tuple[str, float]) -> tuple[Line, ...]:
    """Buckets of the histogram, each growing by so many a minute."""
    name = f"{f.PROPAGATION.full}_bucket"
    return tuple(Line(name, {**ACME, "le": le}, ((0, step, LONG),)) for le, step in counts)


_BACK_AT_40: Final = line(f.LAST_SUCCESS, ACME, (60, 0, 40), (2_400, 60, LONG - 40))

LINKS: Final = (
    Scenario(
        "SyncdLinkStale",
        (_BACK_AT_40, interval(), paused(), info(), steady(f.CONNECTION_UP, LEDGER, 1)),
        fires=((12, ACME), (39, ACME)),
        quiet=(2, 7, 45),
    ),
    Scenario(
        "SyncdLinkStale",
        (steady(f.LAST_SUCCESS, ACME, 60), interval(), paused(1), info()),
        quiet=(12, 60),
    ),
    Scenario(
        "SyncdLinkStale",
        (
            steady(f.LAST_SUCCESS, ACME, 60),
            interval(),
            paused(),
            info(),
            line(f.CONNECTION_UP, LEDGER, (0, 0, 30), (1, 0, LONG - 30)),
        ),
        fires=((40, ACME),),
        quiet=(12, 29),
    ),
    Scenario(
        "SyncdLinkStale",
        (steady(f.LAST_SUCCESS, ACME, 60), interval(7_200), paused(), info()),
        fires=((320, ACME),),
        quiet=(12, 290),
    ),
    Scenario(
        "SyncdLinkNeverSucceeded",
        (line(f.LAST_SUCCESS, ACME, (0, 0, 90), (5_400, 0, LONG - 90)), paused()),
        fires=((61, ACME), (89, ACME)),
        quiet=(59, 91),
    ),
    Scenario("SyncdLinkNeverSucceeded", (steady(f.LAST_SUCCESS, ACME, 0), paused(1)), quiet=(61, 120)),
    Scenario(
        "SyncdPropagationSlow",
        delays(("900", 1), ("3600", 10), ("+Inf", 10)),
        fires=((20, ACME),),
        quiet=(10,),
    ),
    Scenario("SyncdPropagationSlow", delays(("300", 9.9), ("900", 10), ("+Inf", 10)), quiet=(20, 60)),
    Scenario("SyncdPropagationSlow", delays(("300", 0), ("900", 0), ("+Inf", 0)), quiet=(20, 60)),
    Scenario(
        "SyncdBacklogAging",
        (line(f.BACKLOG_OLDEST, ACME, (60, 0, 100), (0, 0, LONG - 100)), paused(), info()),
        fires=((75, ACME),),
        quiet=(60, 70, 101),
    ),
    Scenario("SyncdBacklogAging", (steady(f.BACKLOG_OLDEST, ACME, 60), paused(1), info()), quiet=(75, 100)),
    Scenario(
        "SyncdBacklogGrowing",
        (line(f.BACKLOG, ACME, (400, 10, 100), (1_400, -10, LONG - 100)),),
        fires=((60, ACME), (99, ACME)),
        quiet=(8, 35, 190),
    ),
    Scenario("SyncdBacklogGrowing", (steady(f.BACKLOG, ACME, 900),), quiet=(60, 120)),
    Scenario(
        "SyncdGuardTripped",
        (line(f.GUARD_TRIPPED, ACME, (0, 0, 5), (1, 0, 10), (0, 0, LONG - 15)),),
        fires=((5, ACME), (14, ACME)),
        quiet=(4, 15),
    ),
)

RECORDS: Final = (
    Scenario(
        "SyncdRecordFailureRatioHigh",
        (line(f.RECORD_FAILURES, {**ACME, "flow": "invoice"}, (0, 1, LONG)), written(4)),
        fires=((40, ACME),),
        quiet=(5, 10),
    ),
    Scenario(
        "SyncdRecordFailureRatioHigh",
        (line(f.RECORD_FAILURES, {**ACME, "flow": "invoice"}, (0, 1, LONG)), written(100)),
        quiet=(40, 90),
    ),
    Scenario(
        "SyncdRecordFailureRatioHigh",
        (line(f.RECORD_FAILURES, {**ACME, "flow": "invoice"}, (0, 0, 20), (3, 0, LONG - 20)), written(0)),
        quiet=(40, 90),
    ),
    Scenario(
        "SyncdQuarantineOld",
        (line(f.QUARANTINE_OLDEST, ACME, (60, 0, 300), (0, 0, LONG - 300)),),
        fires=((260, ACME),),
        quiet=(200, 250, 301),
    ),
    Scenario(
        "SyncdConflictBurst",
        (line(f.CONFLICTS_FOUND, {**ACME, "flow": "customer"}, (0, 0, 10), (0, 8, 10), (80, 0, LONG - 20)),),
        fires=((19, ACME), (60, ACME)),
        quiet=(10, 90),
    ),
    Scenario(
        "SyncdConflictsWaiting",
        (steady(f.CONFLICTS_OLDEST, ACME, 60),),
        fires=((1_455, ACME),),
        quiet=(1_440,),
    ),
    Scenario("SyncdRecordsHeld", (steady(f.HELD_OLDEST, ACME, 60),), fires=((78, ACME),), quiet=(60, 74)),
    Scenario("SyncdRecordsHeld", (steady(f.HELD_OLDEST, ACME, 0),), quiet=(78,)),
    Scenario(
        "SyncdReconcileMismatch",
        (line(f.MISMATCHES, ACME, (0, 0, 10), (2, 0, 60), (0, 0, LONG - 70)),),
        fires=((15, ACME), (69, ACME)),
        quiet=(9, 14, 70),
    ),
    Scenario(
        "SyncdWritesUncertain",
        (line(f.UNCERTAIN, ACME, (1, 0, 20), (0, 0, 5), (2, 0, LONG - 25)),),
        fires=((55, ACME),),
        quiet=(19, 40, 54),
    ),
)

_ASKED: Final = line(f.API_REQUESTS, {**LEDGER, "code": "2xx"}, (0, 10, LONG))

CONNECTIONS: Final = (
    Scenario(
        "SyncdSchemaBreaking",
        (line(f.SCHEMA_OPEN, {**LEDGER, "impact": "breaking"}, (0, 0, 5), (2, 0, LONG - 5)),),
        fires=((5, LEDGER),),
        quiet=(4,),
    ),
    Scenario("SyncdSchemaBreaking", (steady(f.SCHEMA_OPEN, {**LEDGER, "impact": "review"}, 2),), quiet=(60,)),
    Scenario(
        "SyncdSchemaReview",
        (steady(f.SCHEMA_OPEN, {**LEDGER, "impact": "review"}, 2),),
        fires=((1_441, LEDGER),),
        quiet=(1_439,),
    ),
    Scenario(
        "SyncdConnectionDown",
        (line(f.CONNECTION_UP, LEDGER, (1, 0, 5), (0, 0, 20), (1, 0, LONG - 25)),),
        fires=((15, LEDGER), (24, LEDGER)),
        quiet=(14, 25),
    ),
    Scenario(
        "SyncdConnectionDown",
        (steady(f.CONNECTION_UP, LEDGER, 1), line(f.CIRCUIT_OPEN, LEDGER, (0, 0, 5), (1, 0, 20), (0, 0, 50))),
        fires=((15, LEDGER), (24, LEDGER)),
        quiet=(4, 14, 25),
    ),
    Scenario(
        "SyncdQuotaNearlySpent",
        (
            line(f.QUOTA_LEFT, LEDGER, (500, 0, 10), (40, -1, 30), (500, 0, LONG - 40)),
            steady(f.QUOTA, LEDGER, 500),
        ),
        fires=((25, LEDGER), (39, LEDGER)),
        quiet=(9, 24, 40),
    ),
    Scenario(
        "SyncdSchemaCheckStale",
        (steady(f.SCHEMA_CHECKED, LEDGER, 60),),
        fires=((2_950, LEDGER),),
        quiet=(1_440, 2_890),
    ),
    Scenario(
        "SyncdBridgeDown",
        (line(f.BRIDGE_UP, LEDGER, (1, 0, 5), (0, 0, 3), (1, 0, 2), (0, 0, LONG - 10)),),
        fires=((15, LEDGER),),
        quiet=(7, 10, 14),
    ),
    Scenario(
        "SyncdApiErrorRatioHigh",
        (line(f.API_FAILURES, LEDGER, (0, 5, 60), (295, 0, LONG - 60)), _ASKED),
        fires=((30, LEDGER),),
        quiet=(5, 80),
    ),
    Scenario(
        "SyncdApiErrorRatioHigh",
        (
            line(f.API_FAILURES, LEDGER, (0, 1, LONG)),
            line(f.API_REQUESTS, {**LEDGER, "code": "5xx"}, (0, 1, LONG)),
        ),
        quiet=(30,),
    ),
    Scenario(
        "SyncdCredentialExpiring",
        (steady(f.CREDENTIAL_EXPIRY, LEDGER, 8 * 24 * HOUR),),
        fires=((1_450, LEDGER),),
        quiet=(1_430,),
    ),
    Scenario(
        "SyncdCredentialExpiringSoon",
        (steady(f.CREDENTIAL_EXPIRY, LEDGER, 25 * HOUR),),
        fires=((62, LEDGER),),
        quiet=(58,),
    ),
    Scenario("SyncdCredentialExpiringSoon", (steady(f.CREDENTIAL_EXPIRY, LEDGER, 0),), quiet=(62,)),
    Scenario(
        "SyncdWebhookSilent",
        (steady(f.WEBHOOK_LAST, LEDGER, 60),),
        fires=((1_515, LEDGER),),
        quiet=(1_440, 1_495),
    ),
)

_MAIL: Final = {"channel": "mail"}
_SCRAPE: Final = {"job": JOB, "instance": "localhost:8321"}

DAEMON: Final = (
    Scenario(
        "SyncdNotificationsFailing",
        (line(f.NOTIFICATION_FAILURES, _MAIL, (0, 0, 10), (0, 1, 10), (9, 0, LONG - 20)),),
        fires=((18, _MAIL),),
        quiet=(10, 45),
    ),
    Scenario(
        "SyncdConfigReloadFailed",
        (line(f.CONFIG_OK, {}, (1, 0, 5), (0, 0, LONG - 5)),),
        fires=((21, {}),),
        quiet=(4, 19),
    ),
    Scenario(
        "SyncdAuditNotAnchored", (steady(f.AUDIT_ANCHORED, {}, 60),), fires=((198, {}),), quiet=(180, 195)
    ),
    Scenario(
        "SyncdHeartbeatLost",
        (line(f.HEARTBEAT, {}, (60, 60, 10), (600, 0, 20), (1_800, 60, LONG - 30)),),
        fires=((17, {}), (29, {})),
        quiet=(9, 15, 30),
    ),
    Scenario(
        "SyncdLoopLagging",
        (line(f.LOOP_LAG, {}, (0.01, 0, 5), (3, 0, 5), (0.2, 0, 5), (1.5, 0, 30), (0.1, 0, LONG - 45)),),
        fires=((25, {}), (44, {})),
        quiet=(9, 24, 45),
    ),
    Scenario(
        "SyncdEngineDown",
        (Line("up", _SCRAPE, ((1, 0, 5), (0, 0, LONG - 5))),),
        fires=((11, _SCRAPE),),
        quiet=(4, 9),
        only_prometheus=True,
    ),
    Scenario("SyncdEngineDown", (interval(),), fires=((6, {"job": JOB}),), quiet=(4,), only_prometheus=True),
    Scenario("SyncdWatchdog", (interval(),), fires=((0, {}),), only_prometheus=True),
)


def _once(alert: str, family: Family) -> Scenario:
    """It happened twice, at minute 20: told for a quarter of an hour."""
    return Scenario(
        alert, (line(family, {}, (0, 0, 20), (2, 0, LONG - 20)),), fires=((22, {}),), quiet=(15, 40)
    )


WORKERS: Final = (
    _once("SyncdWorkerLost", f.WORKERS_LOST),
    _once("SyncdLeaseStolen", f.LEASES_TAKEN_OVER),
    _once("SyncdSweepRepaired", f.SWEEP_REPAIRED),
)

ALL: Final = (*LINKS, *RECORDS, *CONNECTIONS, *DAEMON, *WORKERS)

SHORT: Final = tuple(one for one in ALL if one.length() < 400)
LONG_ONES: Final = tuple(one for one in ALL if one.length() >= 400)
"""Stories of a day: Prometheus looks every ten minutes, or playing them takes half a minute."""
