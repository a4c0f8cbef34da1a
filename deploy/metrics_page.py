"""``docs/metrics.md`` and the list of runbooks, from the declarations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from monitor.alerts.rules import rules
from monitor.metrics import families as f
from monitor.metrics.families import Family

_TITLES: Final[tuple[tuple[str, Sequence[Family]], ...]] = (
    ("Links", f.LINK_GAUGES),
    ("Links and flows, counted", (*f.FLOW_COUNTERS, *f.LINK_COUNTERS, f.PROPAGATION)),
    ("Connections", (*f.CONNECTION_GAUGES, *f.CONNECTION_COUNTERS, f.API_SECONDS)),
    ("The daemon", (*f.DAEMON_GAUGES, *f.DAEMON_COUNTERS, f.RUN_SECONDS)),
    ("Workers", (*f.CREW_GAUGES, *f.CREW_COUNTERS, f.WAKEUP_DELAY)),
)


def page() -> str:
    """As Markdown."""
    return "\n".join([*_head(), *_families(), *_alerts()]) + "\n"


def runbooks() -> str:
    """The list of the pages, as Markdown."""
    lines = [
        "# Runbooks",
        "",
        "One page an alert: what it means, how bad it is, the first three commands, when to escalate.",
        "Each alert is a file in `monitor/alerts/rules/`, from which `make generate` writes this list.",
        "",
        "| alert | severity | |",
        "|---|---|---|",
    ]
    rows = [f"| [{one.name}]({one.name}.md) | {one.severity} | {one.summary} |" for one in rules()]
    return "\n".join([*lines, *rows]) + "\n"


def _head() -> list[str]:
    sizes = ((10, 40, 20), (200, 800, 400), (1_000, 4_000, 2_000), (10_000, 40_000, 20_000))
    return [
        "# Metrics and alerts",
        "",
        "Written by `make generate` from `monitor/metrics/families.py` and `monitor/alerts/rules/`.",
        "",
        "Names follow Prometheus' conventions. Everything exists from the first scrape on, at zero: a",
        "first event is an increase, and a link that never ran can alert. Labels are names from the",
        "configuration and short fixed lists. Beside these stand `process_*` and `python_*` of the library.",
        "",
        f"Above {f.FOLD_ABOVE:,} links the labels `flow`, `code` and `reason` stay empty, and `link` on the",
        "histogram of delays.",
        "",
        "Of two platforms:",
        "",
        "| links | flows | connections | series |",
        "|---:|---:|---:|---:|",
        *(f"| {a:,} | {b:,} | {c:,} | {f.budget(a, b, c, 2):,} |" for a, b, c in sizes),
        "",
        "Scraped at `/metrics` of the daemon with a token that may read (`syncd token create prometheus",
        "--scope read`), or without one at a port for this machine alone (`metrics: {}` in `syncd.yaml`).",
        "",
        "Of several processes the daemon tells for all what stands in the state. A worker with a port of",
        "its own (`syncd worker --metrics-port 8401`) tells what it alone knows, marked * below: its runs,",
        "requests, breakers, event loop; a series once there is something to tell. Take their sum or maximum",
        "over all instances, as rules and dashboard do; the rules that the daemon looks at by itself see its",
        "own share of them only.",
    ]


def _families() -> list[str]:
    lines = []
    for title, families in _TITLES:
        lines += ["", f"## {title}", "", "| name | kind | labels | |", "|---|---|---|---|"]
        for one in families:
            labels = ", ".join(one.labels) or "–"
            mark = " *" if one in f.OF_WORKERS else ""
            lines.append(f"| `{one.full}`{mark} | {one.kind.value} | {labels} | {one.text} |")
    return lines


def _alerts() -> list[str]:
    return [
        "",
        "## Alerts",
        "",
        "One table, looked at by Prometheus (`deploy/prometheus/rules.yaml`) and by the daemon itself.",
        "",
        "| alert | severity | for | |",
        "|---|---|---|---|",
        *(
            f"| [{one.name}]({one.runbook}) | {one.severity} | {one.for_s / 60:g} min | {one.summary} |"
            for one in rules()
        ),
    ]
