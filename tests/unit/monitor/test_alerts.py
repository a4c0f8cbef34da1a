"""Who is told what of a drift, and when again: once a cause, again while writes are held, once when over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.drift_alerts import due
from syncd.ports.alerting import Alert
from syncd.ports.drift import DriftRow, DriftState, Notice, Sighting

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
REMIND = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
SEEN = Sighting(
    fingerprint="ab12",
    connection="acme",
    platform="servicetrade",
    operation="invoice",
    path="totalPrice",
    kind="field_gone",
    before={},
    after={},
    level="breaking",
    action="hold",
    seen_before=300,
    seen_now=3,
    hits=3,
    distance=1e-9,
    mappings=("invoice.total",),
)
EVENT = DriftRow(7, SEEN, DriftState.OPEN, NOW, NOW, NOW, None, None, "", "")


def told(
    live: Sequence[DriftRow], known: Mapping[str, Notice], minutes: float = 0
) -> tuple[list[Alert], dict[str, Notice]]:
    alerts, notices = due(live, known, NOW + timedelta(minutes=minutes), REMIND)
    merged = {**known, **{n.cause: n for n in notices}}
    return alerts, {cause: n for cause, n in merged.items() if n.closed_at is None}


def test_a_drift_is_told_once_with_what_it_hits_and_what_to_run() -> None:
    alerts, known = told([EVENT], {})
    (alert,) = alerts
    assert (alert.name, alert.severity, alert.firing) == ("SyncdSchemaBreaking", "critical", True)
    assert "a field is gone: totalPrice of invoice" in alert.summary
    assert "invoice.total" in alert.description
    assert "syncd drift show 7" in alert.description
    assert told([EVENT], known, 5)[0] == []


def test_while_writes_are_held_somebody_is_reminded_less_and_less_often() -> None:
    known: dict[str, Notice] = {}
    reminded = []
    for minutes in range(0, 14 * 60, 5):
        alerts, known = told([EVENT], known, minutes)
        if alerts:
            reminded.append(minutes)
    assert reminded == [0, 15, 60, 240, 480, 720]


def test_who_said_that_they_know_is_left_alone_until_their_date() -> None:
    _, known = told([EVENT], {})
    acked = replace(EVENT, state=DriftState.ACKED, muted_until=NOW + timedelta(hours=2))
    assert told([acked], known, 60)[0] == []
    assert len(told([acked], known, 125)[0]) == 1


def test_what_holds_nothing_is_told_once_and_what_is_only_added_to_nobody() -> None:
    risky = replace(EVENT, held_at=None, seen=replace(SEEN, level="risky"))
    alerts, known = told([risky], {})
    assert [a.severity for a in alerts] == ["warning"]
    assert told([risky], known, 24 * 60)[0] == []
    assert told([replace(EVENT, seen=replace(SEEN, level="additive"))], {})[0] == []


def test_what_gets_worse_is_told_again() -> None:
    _, known = told([replace(EVENT, held_at=None, seen=replace(SEEN, level="risky"))], {})
    assert [a.severity for a in told([EVENT], known, 1)[0]] == ["critical"]


def test_its_end_is_told_once() -> None:
    _, known = told([EVENT], {})
    alerts, known = told([], known, 30)
    assert [(a.firing, a.severity) for a in alerts] == [(False, "critical")]
    assert told([], known, 31)[0] == []


def test_the_same_drift_at_three_connections_is_the_platforms_and_one_alert() -> None:
    everywhere = [replace(EVENT, id=n, seen=replace(SEEN, connection=f"customer-{n}")) for n in range(1, 21)]
    alerts, known = told(everywhere[:2], {})
    assert len(alerts) == 2
    alerts, known = told(everywhere, known, 1)
    (alert,) = alerts
    assert alert.labels == {"cause": "platform:ab12"}
    assert "20 connections" in alert.summary
