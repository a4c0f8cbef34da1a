"""The table of rules: complete, documented, parsed by Prometheus' own grammar, and reckoned as told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import promql_parser
import pytest

from deploy import scenarios
from deploy.scenarios import Scenario
from monitor.alerts.prometheus import recordings, template
from monitor.alerts.rule import Rule
from monitor.alerts.rules import rules
from monitor.alerts.watch import Watch, shown
from monitor.metrics import families
from monitor.metrics.series import Sample
from syncd.ports.alerting import Thresholds

RUNBOOKS = Path(__file__).resolve().parents[3] / "docs" / "runbooks"
TABLE = {rule.name: rule for rule in rules()}
SUFFIXES = ("_bucket", "_count", "_sum")


@pytest.mark.parametrize("rule", TABLE.values(), ids=TABLE)
def test_a_rule_says_what_it_means(rule: Rule) -> None:
    assert re.fullmatch(r"Syncd[A-Za-z]+", rule.name)
    assert rule.severity in ("critical", "warning", "info", "none")
    assert rule.summary.endswith(".")
    assert "{" not in rule.summary  # a fixed sentence: it groups
    named = set(re.findall(r"\{(\w+)\}", rule.description))
    assert named <= {*rule.by, "value"}
    assert set(rule.by) <= named
    assert "$labels" in template(rule) or not rule.by


@pytest.mark.parametrize("rule", TABLE.values(), ids=TABLE)
def test_prometheus_can_parse_it_and_every_metric_in_it_is_declared(rule: Rule) -> None:
    assert _metrics(rule.when.promql()) <= {family.full for family in families.ALL} | {"up"}


@pytest.mark.parametrize("recorded", recordings(), ids=lambda one: str(one["record"]))
def test_what_is_recorded_is_named_by_level_metric_and_operation(recorded: dict[str, str]) -> None:
    assert re.fullmatch(r"(link|connection):syncd_\w+:\w+", recorded["record"])
    assert _metrics(recorded["expr"]) <= {family.full for family in families.ALL}


def _metrics(expression: str) -> set[str]:
    promql_parser.parse(expression)
    found = set(re.findall(r"\b(syncd_\w+|up)\b", re.sub(r'"[^"]*"', '""', expression)))
    return {_family(name) for name in found}


def _family(name: str) -> str:
    known = {family.full for family in families.ALL}
    return next((name.removesuffix(s) for s in SUFFIXES if name.removesuffix(s) in known), name)


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("Syncd*.md")} == set(TABLE)


@pytest.mark.parametrize("rule", TABLE.values(), ids=TABLE)
def test_a_page_tells_what_the_one_on_call_needs(rule: Rule) -> None:
    text = (RUNBOOKS / f"{rule.name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {rule.name}\n")
    for heading in ("## What it means", "## How bad it is", "## First three commands", "## When to escalate"):
        assert heading in text, heading
    assert f"**{rule.severity}**" in text
    commands = re.search(r"## First three commands\n+```\n(.*?)```", text, re.DOTALL)
    assert commands is not None
    assert len([line for line in commands[1].splitlines() if line and not line.startswith("#")]) == 3


def test_every_alert_has_a_story_in_which_it_fires() -> None:
    fires = {one.alert for one in scenarios.ALL if one.fires}
    assert fires == set(TABLE)


IN_PROCESS = [one for one in scenarios.ALL if not one.only_prometheus]


@pytest.mark.parametrize("story", IN_PROCESS, ids=[f"{i}-{one.alert}" for i, one in enumerate(IN_PROCESS)])
def test_the_daemons_own_watch_sees_what_prometheus_sees(story: Scenario) -> None:
    """The same stories are played by promtool, see ``deploy/prometheus/rules_test.yaml``."""
    firing = dict(_played(story))
    for minute, labels in story.fires:
        assert firing[minute] == [labels], f"minute {minute}"
    for minute in story.quiet:
        assert firing[minute] == [], f"minute {minute}"


def _played(story: Scenario) -> Iterator[tuple[int, list[dict[str, str]]]]:
    watch = Watch(rules())
    values = [(line, list(line.values())) for line in story.lines]
    for minute in range(story.length()):
        samples = [
            Sample(line.name, tuple(sorted(line.labels.items())), points[minute]) for line, points in values
        ]
        watch.look(datetime.fromtimestamp(60 * minute, UTC), samples)
        yield minute, [dict(alert.labels) for alert in watch.firing() if alert.name == story.alert]


def test_an_alert_is_told_when_it_begins_when_it_lasts_and_when_it_is_over() -> None:
    watch = Watch(rules())
    start = datetime(2026, 11, 21, tzinfo=UTC)
    told = []
    for hour in range(12):
        tripped = 1.0 if 1 <= hour < 11 else 0.0
        sample = Sample(families.GUARD_TRIPPED.full, (("link", "acme"),), tripped)
        told += [(hour, a) for a in watch.look(start + timedelta(hours=hour), [sample])]
    assert [(hour, alert.firing) for hour, alert in told] == [(1, True), (5, True), (9, True), (11, False)]
    alert = told[0][1]
    assert alert.key == "SyncdGuardTripped/link=acme"
    assert alert.description.startswith("On link acme 1 brakes have tripped")
    assert alert.since == start + timedelta(hours=1)
    assert len({alert.key for _, alert in told}) == 1


def test_what_is_no_longer_exported_is_over() -> None:
    watch = Watch(rules())
    start = datetime(2026, 11, 21, tzinfo=UTC)
    sample = Sample(families.GUARD_TRIPPED.full, (("link", "acme"),), 1.0)
    assert [a.firing for a in watch.look(start, [sample])] == [True]
    assert [a.firing for a in watch.look(start + timedelta(minutes=1), [])] == [False]


def test_thresholds_move_the_conditions() -> None:
    changed = {rule.name: rule for rule in rules(Thresholds(stale_intervals=7, quarantine_age=60))}
    assert "> 7" in changed["SyncdLinkStale"].when.promql()
    assert changed["SyncdQuarantineOld"].when.promql().endswith("> 60")


def test_figures_are_shown_for_people() -> None:
    assert [
        shown(0.256, "share"),
        shown(45, "duration"),
        shown(5400, "duration"),
        shown(1234.0, "number"),
    ] == [
        "25.6%",
        "45 s",
        "1:30:00 h",
        "1234",
    ]
