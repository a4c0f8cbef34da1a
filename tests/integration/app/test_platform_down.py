"""A platform that goes down is told once, to who watches and to who is on call, and so is that it is back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.metrics.meters import Meters
from syncd.api.fleet import Circuit, CircuitTurned
from syncd.app.desk import accounts_of
from syncd.app.installation import installation
from syncd.app.measures import Measures
from syncd.config.load import load
from syncd.ports.alerting import Alert
from syncd.service.events import Feed
from tests.integration.app.site import configuration, site


class Watch:
    """Time that moves when the test says so."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class OnCall:
    """Hears of connections."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool]] = []

    async def notify(self, alerts: Sequence[Alert]) -> None:
        self.told += [
            (one.labels["connection"], one.firing) for one in alerts if one.name == "SyncdConnectionDown"
        ]


async def turns(feed: Feed) -> list[tuple[str, Circuit]]:
    """What somebody who was away sees of it."""
    stream = feed.events(last_event_id=f"{feed._life}-0")
    frames = [await anext(stream) for _ in range(1 + feed._number)]
    await stream.aclose()
    seen = [CircuitTurned.model_validate_json(one.data) for one in frames if one.kind == "circuit"]
    assert {tuple(one.links) for one in seen} <= {("acme",)}
    return [(one.connection, one.breaker.circuit) for one in seen]


async def test_down_and_back_are_told_once_each(tmp_path: Path) -> None:
    site(tmp_path, configuration("acme", every="1h"))
    clock, feed, on_call = Watch(), Feed(), OnCall()

    def notifier(_meters: Meters) -> OnCall:
        return on_call

    async with installation(load(tmp_path / "syncd.yaml"), clock) as opened:
        accounts_of(opened).tell_circuits(feed)
        measures = Measures(opened, notifier)
        await opened.links["acme"].drain(scheduled=True)
        await measures.look()
        breaker = opened.connectors["acme-books"].breaker
        for _ in range(8):
            breaker.failed("connection refused")
            clock.at += timedelta(seconds=10)
        for _ in range(15):
            await measures.look()
            clock.at += timedelta(minutes=1)
        assert on_call.told == [("acme-books", True)]
        for _ in range(3):
            breaker.succeeded()
            await measures.look()
        assert on_call.told == [("acme-books", True), ("acme-books", False)]
        assert await turns(feed) == [("acme-books", Circuit.OPEN), ("acme-books", Circuit.CLOSED)]
