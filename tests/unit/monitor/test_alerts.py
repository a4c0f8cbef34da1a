"""Who is told what of a drift, and when again: once a cause, again while writes are held, once when over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from monitor.drift_alerts import due
from monitor.notify import Channel, ChannelNotifier, Quiet, message
from syncd.ports.alerting import Alert
from syncd.ports.drift import DriftRow, DriftState, Notice, Sighting
from tests.integration.engine.world import VirtualClock

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


# -- channels -------------------------------------------------------------------------------------


class Sent:
    def __init__(self) -> None:
        self.messages: list[tuple[str, str, str, str]] = []
        self.takes = True

    async def __call__(self, url: str, title: str, text: str, kind: str) -> bool:
        if self.takes:
            self.messages.append((url, title, text, kind))
        return self.takes


def alert(severity: str = "critical", *, firing: bool = True, cause: str = "drift:7") -> Alert:
    return Alert(
        "SyncdX", severity, {"cause": cause}, "it broke", f"{cause} broke", "runbooks/X.md", firing, NOW
    )


def notifier(sent: Sent, clock: VirtualClock, **more: object) -> ChannelNotifier:
    channel = Channel("team", "json://team", frozenset({"critical", "warning"}), **more)  # type: ignore[arg-type]
    return ChannelNotifier([channel], sent, clock)


async def test_a_channel_is_told_what_it_asked_for_in_one_message() -> None:
    sent, clock = Sent(), VirtualClock()
    team = notifier(sent, clock)
    await team.notify([alert("warning", cause="drift:1"), alert("critical"), alert("info", cause="drift:3")])
    ((url, title, text, kind),) = sent.messages
    assert (url, kind) == ("json://team", "critical")
    assert title == "syncd [critical] it broke (and 1 more)"
    assert text.index("drift:7") < text.index("drift:1")
    assert "drift:3" not in text


@pytest.mark.parametrize(("hour", "disturbed"), [(12, True), (21, False), (3, False), (7, True)])
async def test_quiet_hours_spare_people_but_for_what_cannot_wait(hour: int, disturbed: bool) -> None:
    sent, clock = Sent(), VirtualClock()
    clock.at = datetime(2026, 11, 2, hour, 30, tzinfo=UTC)
    team = notifier(sent, clock, quiet=Quiet(time(20), time(7)))
    await team.notify([alert("warning")])
    assert bool(sent.messages) is disturbed
    await team.notify([alert("critical", cause="drift:8")])
    assert len(sent.messages) == (2 if disturbed else 1)
    clock.at = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
    await team.flush()
    assert len(sent.messages) == 2, "what waited is told in the morning"


async def test_what_began_and_ended_overnight_disturbs_nobody() -> None:
    sent, clock = Sent(), VirtualClock()
    clock.at = datetime(2026, 11, 2, 22, 0, tzinfo=UTC)
    team = notifier(sent, clock, quiet=Quiet(time(20), time(7)))
    await team.notify([alert("warning")])
    await team.notify([alert("warning", firing=False)])
    clock.at = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
    await team.flush()
    assert sent.messages == []


async def test_what_a_channel_did_not_take_is_tried_again() -> None:
    sent, clock = Sent(), VirtualClock()
    counted: list[tuple[str, bool]] = []
    channel = Channel("team", "json://team", frozenset({"critical"}))
    team = ChannelNotifier([channel], sent, clock, lambda name, ok: counted.append((name, ok)))
    sent.takes = False
    await team.notify([alert()])
    sent.takes = True
    await team.flush()
    await team.flush()
    assert len(sent.messages) == 1
    assert counted == [("team", False), ("team", True)]


def test_many_alerts_are_one_message_that_can_be_read() -> None:
    title, text, _ = message([alert(cause=f"drift:{n}") for n in range(50)])
    assert title.endswith("(and 49 more)")
    assert "... and 30 more" in text
