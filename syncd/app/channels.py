"""Whom a site tells, and from which figures on; tried and printed without a daemon."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.alerts.prometheus import rule_file
from monitor.alerts.rules import rules
from monitor.channels import Channel, Quiet, by_apprise, message
from syncd.config.load import Site
from syncd.config.monitoring import QuietHours
from syncd.core.errors import NothingMatched
from syncd.ports.alerting import Alert, Thresholds
from syncd.secrets.reference import resolve


def channels(site: Site) -> list[Channel]:
    """Those of the configuration. Raises ``FixInput`` for one that cannot be used."""
    return [
        Channel(name, by_apprise(resolve(one.url, site.folder)), frozenset(one.severities), _quiet(one.quiet))
        for name, one in site.config.alerts.channels.items()
    ]


def _quiet(hours: QuietHours | None) -> Quiet | None:
    if hours is None:
        return None
    return Quiet(hours.begin, hours.end, hours.timezone, frozenset(hours.unless))


def thresholds(site: Site) -> Thresholds:
    """From which figures on this site wants to be told."""
    return Thresholds(**site.config.alerts.thresholds.model_dump())


def prometheus_rules(site: Site, documentation: str) -> str:
    """The rules with the site's own figures, as a file for Prometheus; ``documentation``: where the runbooks
    stand."""
    return rule_file(rules(thresholds(site)), documentation)


async def try_out(site: Site, name: str) -> bool:
    """Send one message through a channel; whether it was taken. Raises ``NothingMatched``, ``FixInput``."""
    found = next((one for one in channels(site) if one.name == name), None)
    if found is None:
        known = ", ".join(site.config.alerts.channels) or "none"
        raise NothingMatched(f"no channel is called {name!r}", remedy=f"alerts.channels has: {known}")
    trial = Alert(
        name="SyncdTest",
        severity="info",
        labels={},
        summary="A trial of this channel.",
        description="somebody tries this channel: nothing is wrong",
        runbook="runbooks/README.md",
        firing=True,
        since=datetime.now(UTC),
    )
    return await found.send(*message([trial]))
