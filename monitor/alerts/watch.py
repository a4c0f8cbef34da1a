"""The table of rules, looked at inside the daemon: the same names, the same conditions, the same waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from monitor.alerts.expressions import parts
from monitor.alerts.history import History, Key
from monitor.alerts.rule import Rule
from monitor.metrics.series import Sample
from syncd.ports.alerting import Alert

EVERY_S: Final = 30.0
"""Between two looks."""
REMIND_AFTER_S: Final[Mapping[str, float]] = {"critical": 4 * 3_600.0, "warning": 24 * 3_600.0}
"""An alert that lasts is told again; what is not listed here is told once."""


@dataclass(slots=True)
class _Standing:
    """One condition that holds."""

    since: float
    value: float
    told_at: float | None = None
    """None: it does not hold long enough yet."""


class Watch:
    """Looks at samples and says what began, what ended, and what is to be told again."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [rule for rule in rules if rule.in_daemon]
        looks = {
            name: seconds
            for rule in self._rules
            for part in parts(rule.when)
            for name, seconds in part.looks_back().items()
        }
        self._history = History(looks, max(looks.values(), default=0.0))
        self._standing: dict[tuple[str, Key], _Standing] = {}

    def look(self, at: datetime, samples: Iterable[Sample]) -> list[Alert]:
        """Alerts to be told now. Call it every ``EVERY_S`` seconds or so; after a restart, what still holds
        is told again once it has held for its time."""
        now = at.timestamp()
        self._history.take(now, samples)
        told: list[Alert] = []
        for rule in self._rules:
            told += self._look_at(rule, now)
        return told

    def firing(self) -> list[Alert]:
        """Everything that holds and has been told."""
        by_name = {rule.name: rule for rule in self._rules}
        return [
            _alert(by_name[name], key, one, firing=True)
            for (name, key), one in self._standing.items()
            if one.told_at is not None
        ]

    def _look_at(self, rule: Rule, now: float) -> list[Alert]:
        holds = rule.when.reckon(self._history)
        told = []
        for known in [known for known in self._standing if known[0] == rule.name and known[1] not in holds]:
            over = self._standing.pop(known)
            if over.told_at is not None:
                told.append(_alert(rule, known[1], over, firing=False))
        for key, value in holds.items():
            one = self._standing.setdefault((rule.name, key), _Standing(now, value))
            one.value = value
            if _due(rule, one, now):
                one.told_at = now
                told.append(_alert(rule, key, one, firing=True))
        return told


def _due(rule: Rule, one: _Standing, now: float) -> bool:
    """Whether it has held for its time and was not told lately. Pure."""
    if one.told_at is None:
        return now - one.since >= rule.for_s
    again = REMIND_AFTER_S.get(rule.severity)
    return again is not None and now - one.told_at >= again


def _alert(rule: Rule, key: Key, one: _Standing, *, firing: bool) -> Alert:
    labels = dict(key)
    return Alert(
        name=rule.name,
        severity=rule.severity,
        labels=labels,
        summary=rule.summary,
        description=rule.description.format(**labels, value=shown(one.value, rule.unit)),
        runbook=rule.runbook,
        firing=firing,
        since=datetime.fromtimestamp(one.since, UTC),
    )


def shown(value: float, unit: str) -> str:
    """A figure for a person. Pure."""
    if unit == "share":
        return f"{value:.3g}" if value == float("inf") else f"{100 * value:.3g}%"
    if unit == "duration":
        whole = timedelta(seconds=round(value))
        return f"{whole} h" if value >= 60 else f"{value:.0f} s"
    return f"{value:.4g}"
