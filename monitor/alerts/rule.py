"""One alert as data, and what the files under ``rules/`` share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor.alerts.expressions import Expression, Now, OnlyPrometheus
from monitor.metrics.families import Family

MINUTE: Final = 60.0
HOUR: Final = 3_600.0
DAY: Final = 86_400.0

JOB: Final = "syncd"
"""The scrape job's name in Prometheus: two rules look at the scrape itself."""
OF_LINK: Final = ("link",)
OF_CONNECTION: Final = ("connection",)


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


def of_link(family: Family, how: str = "max") -> Now:
    """A gauge of links as it is."""
    return Now(family, OF_LINK, how)
