"""What the dashboard shows: rows of panels with their queries, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitor.metrics import families as f
from monitor.metrics.families import Family

_SITE: Final = 'job=~"$job", instance=~"$instance"'


class Shape(StrEnum):
    STAT = "stat"
    LINES = "lines"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Query:
    text: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """``worse``: from which value on a stat is coloured; nothing to show is never shown as good."""

    shape: Shape
    title: str
    text: str
    unit: str
    queries: tuple[Query, ...]
    worse: float | None = None
    width: int = 12
    said_by_some: bool = False
    """Whether it stays empty where no platform says anything about it."""


def _of(family: Family, more: str = "") -> str:
    """A selector by the dashboard's variables."""
    labels = [_SITE]
    if "link" in family.labels:
        labels.append('link=~"$link"')
    if "flow" in family.labels:
        labels.append('flow=~"$flow|"')
    if "connection" in family.labels:
        labels.append('connection=~"$connection"')
    inner = ", ".join([*labels, more] if more else labels)
    return f"{family.full}{{{inner}}}"


def _bucket(family: Family) -> str:
    return _of(family).replace(family.full, f"{family.full}_bucket", 1)


def _rate(family: Family, by: str, more: str = "") -> str:
    return f"sum by ({by}) (rate({_of(family, more)}[$__rate_interval]))"


def _quantile(share: float, family: Family, by: str = "") -> str:
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share:g}, sum by ({labels}) (rate({_bucket(family)}[$__rate_interval])))"


def _stat(title: str, text: str, query: str, worse: float = 1, unit: str = "none") -> Panel:
    return Panel(Shape.STAT, title, text, unit, (Query(query),), worse, width=4)


def _lines(title: str, text: str, unit: str, *queries: tuple[str, str], width: int = 12) -> Panel:
    return Panel(Shape.LINES, title, text, unit, tuple(Query(*query) for query in queries), width=width)


def _crew(title: str, text: str, unit: str, *queries: tuple[str, str]) -> Panel:
    """Of many workers; empty where one process does everything."""
    asked = tuple(Query(*query) for query in queries)
    return Panel(Shape.LINES, title, text, unit, asked, said_by_some=True)


_BREAKING: Final = _of(f.SCHEMA_OPEN, 'impact="breaking"')
_LATE: Final = f"(time() - {_of(f.LAST_SUCCESS)}) / {_of(f.LINK_INTERVAL)} * ({_of(f.LAST_SUCCESS)} > bool 0)"

ROWS: Final[tuple[tuple[str, tuple[Panel, ...]], ...]] = (
    (
        "Now",
        (
            _stat("Links late", "Links without a success for 2.5 intervals.", f"sum({_LATE} > bool 2.5)"),
            _stat(
                "Links in trouble",
                "Links that a person should look at.",
                f"sum({_of(f.LINK_HEALTH)} > bool 2)",
            ),
            _stat("Records refused", "In quarantine, all links.", f"sum({_of(f.QUARANTINED)})"),
            _stat("Conflicts waiting", "Records that wait for a decision.", f"sum({_of(f.CONFLICTS)})"),
            _stat("Breaking drift", "Open breaking changes.", f"sum({_BREAKING})"),
            _stat("Brakes tripped", "Flows that a brake has stopped.", f"sum({_of(f.GUARD_TRIPPED)})"),
        ),
    ),
    (
        "Freshness",
        (
            _lines(
                "Since the last success",
                "In intervals of the link: 1 is on time, above 2.5 it is stale.",
                "none",
                (_LATE, "{{link}}"),
            ),
            _lines(
                "From change to confirmation",
                "Half of all changes, and all but five of a hundred.",
                "s",
                (_quantile(0.5, f.PROPAGATION), "half"),
                (_quantile(0.95, f.PROPAGATION), "95 %"),
            ),
            _lines(
                "Health", "0: well. The higher, the sooner look.", "none", (_of(f.LINK_HEALTH), "{{link}}")
            ),
            _lines(
                "Runs",
                "Ended a second, by what started them.",
                "ops",
                (_rate(f.RUNS, "trigger"), "{{trigger}}"),
            ),
        ),
    ),
    (
        "Flow",
        (
            _lines(
                "Written",
                "Writes confirmed by the other side.",
                "ops",
                (_rate(f.RECORDS_WRITTEN, "flow, operation"), "{{flow}} {{operation}}"),
            ),
            _lines("Backlog", "Changes not decided yet.", "none", (_of(f.BACKLOG), "{{link}}")),
            _lines(
                "Age of the oldest undecided change",
                "0 where none waits.",
                "s",
                (f"(time() - {_of(f.BACKLOG_OLDEST)}) * ({_of(f.BACKLOG_OLDEST)} > bool 0)", "{{link}}"),
            ),
            _lines(
                "Under way",
                "Records with a write on the wire, waiting for another, or in doubt.",
                "none",
                (f"sum({_of(f.IN_FLIGHT)})", "in flight"),
                (f"sum({_of(f.WAITING)})", "waiting"),
                (f"sum({_of(f.UNCERTAIN)})", "uncertain"),
            ),
        ),
    ),
    (
        "Errors",
        (
            _lines(
                "Refused, by cause",
                "All links together.",
                "ops",
                (_rate(f.FAILURES_BY_CLASS, "error_class"), "{{error_class}}"),
            ),
            _lines(
                "Refused, by flow",
                "Records refused a second.",
                "ops",
                (_rate(f.RECORD_FAILURES, "flow"), "{{flow}}"),
            ),
            _lines(
                "Retries", "Writes put off a second.", "ops", (_rate(f.RECORD_RETRIES, "flow"), "{{flow}}")
            ),
            _lines("Quarantine", "Refused records by link.", "none", (_of(f.QUARANTINED), "{{link}}")),
            _lines(
                "Runs that failed", "A second, by link.", "ops", (_rate(f.RUN_FAILURES, "link"), "{{link}}")
            ),
            _lines("Held", "Records behind a hold or in doubt.", "none", (_of(f.HELD), "{{link}}")),
        ),
    ),
    (
        "Conflicts and guards",
        (
            _lines(
                "Conflicts found", "A second, by flow.", "ops", (_rate(f.CONFLICTS_FOUND, "flow"), "{{flow}}")
            ),
            _lines("Open conflicts", "By link.", "none", (_of(f.CONFLICTS), "{{link}}")),
            _lines(
                "Paused", "1: a hold keeps the link's writes back.", "none", (_of(f.LINK_PAUSED), "{{link}}")
            ),
            _lines("Brakes", "Tripped and not released.", "none", (_of(f.GUARD_TRIPPED), "{{link}}")),
            _lines(
                "Unexplained differences",
                "Of the last full comparison, by link.",
                "none",
                (_of(f.MISMATCHES), "{{link}}"),
            ),
        ),
    ),
    (
        "Schema",
        (
            Panel(
                Shape.TABLE,
                "Open differences from the contracts",
                "By connection and by what depends on them.",
                "none",
                (Query(_of(f.SCHEMA_OPEN)),),
            ),
            _lines(
                "Age of the last look at a platform's answers",
                "By connection, where it is watched.",
                "s",
                (f"time() - {_of(f.SCHEMA_CHECKED)}", "{{connection}}"),
            ),
        ),
    ),
    (
        "Endpoints",
        (
            _lines(
                "Requests",
                "A second, by class of status.",
                "reqps",
                (_rate(f.API_REQUESTS, "code"), "{{code}}"),
            ),
            _lines(
                "Requests that fail",
                "Share of a connection's requests.",
                "percentunit",
                (
                    f"{_rate(f.API_FAILURES, 'connection')} / {_rate(f.API_REQUESTS, 'connection')}",
                    "{{connection}}",
                ),
            ),
            _lines(
                "How long requests take",
                "By platform and what they are for: half of them, and all but five of a hundred.",
                "s",
                (_quantile(0.5, f.API_SECONDS, "platform, operation"), "{{platform}} {{operation}} half"),
                (_quantile(0.95, f.API_SECONDS, "platform, operation"), "{{platform}} {{operation}} 95 %"),
            ),
            _lines(
                "Up",
                "1: its last walks ended without an error.",
                "none",
                (_of(f.CONNECTION_UP), "{{connection}}"),
            ),
            _lines(
                "Announcements",
                "Webhooks taken in a second.",
                "ops",
                (_rate(f.WEBHOOK_EVENTS, "connection"), "{{connection}}"),
            ),
            _lines(
                "Announcements refused",
                "Webhooks a second that were not proven or not understood.",
                "ops",
                (_rate(f.WEBHOOK_REJECTIONS, "connection, reason"), "{{connection}} {{reason}}"),
            ),
            Panel(
                Shape.LINES,
                "Quota left",
                "Share of the requests that a platform grants, where it says so.",
                "percentunit",
                (Query(f"{_of(f.QUOTA_LEFT)} / {_of(f.QUOTA)}", "{{connection}}"),),
                said_by_some=True,
            ),
        ),
    ),
    (
        "Engine",
        (
            _lines(
                "Processor",
                "Cores in use.",
                "none",
                (f"rate(process_cpu_seconds_total{{{_SITE}}}[$__rate_interval])", "{{instance}}"),
            ),
            _lines(
                "Memory", "Resident.", "bytes", (f"process_resident_memory_bytes{{{_SITE}}}", "{{instance}}")
            ),
            _lines("State", "Size of the database.", "bytes", (_of(f.STORE_SIZE), "{{instance}}")),
            _lines(
                "Duration of a run",
                "Half of all runs, and all but five of a hundred.",
                "s",
                (_quantile(0.5, f.RUN_SECONDS), "half"),
                (_quantile(0.95, f.RUN_SECONDS), "95 %"),
            ),
            _lines(
                "Longest wait for a turn",
                "Within a minute: what everything else waited for one piece of work.",
                "s",
                (_of(f.LOOP_LAG), "{{instance}}"),
            ),
            _lines(
                "Age of the heartbeat",
                "Since the schedules of all links last lived.",
                "s",
                (f"time() - {_of(f.HEARTBEAT)}", "{{instance}}"),
            ),
            _lines("Links being run", "At this moment.", "none", (_of(f.RUNNING), "{{instance}}")),
            _lines(
                "Notifications that failed",
                "A second, by channel.",
                "ops",
                (_rate(f.NOTIFICATION_FAILURES, "channel"), "{{channel}}"),
            ),
        ),
    ),
    (
        "Workers",
        (
            _crew("Workers", "Processes that work on the state.", "none", (_of(f.WORKERS), "{{state}}")),
            _crew(
                "Links",
                "That some process runs, and that wait for a run.",
                "none",
                (_of(f.LEASES), "running"),
                (_of(f.WANTED), "waiting"),
            ),
            _crew(
                "Wake-up delay",
                "From the wish for a run to its beginning.",
                "s",
                (_quantile(0.5, f.WAKEUP_DELAY), "half"),
                (_quantile(0.99, f.WAKEUP_DELAY), "99 %"),
            ),
            _crew(
                "Survived",
                "Workers lost, links taken over, forgotten links found again.",
                "none",
                (f"increase({_of(f.WORKERS_LOST)}[$__rate_interval])", "lost"),
                (f"increase({_of(f.LEASES_TAKEN_OVER)}[$__rate_interval])", "taken over"),
                (f"increase({_of(f.SWEEP_REPAIRED)}[$__rate_interval])", "found again"),
            ),
        ),
    ),
)
