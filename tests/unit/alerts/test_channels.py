"""Alerts to people: who is told what, when they rest, and what happens when nobody listens."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from monitor.channels import Channel, Channels, Quiet, by_apprise, message
from syncd.core.errors import FixInput
from syncd.ports.alerting import Alert
from syncd.secrets.reference import Secret
from tests.integration.engine.world import VirtualClock

NIGHT = Quiet(time(22), time(7), "Europe/Berlin", frozenset({"critical"}))


def alert(name: str = "SyncdLinkStale", severity: str = "critical", firing: bool = True) -> Alert:
    return Alert(
        name,
        severity,
        {"link": "acme"},
        "A link is stale.",
        "Link acme is stale.",
        f"runbooks/{name}.md",
        firing,
        datetime(2026, 11, 2, 9, tzinfo=UTC),
    )


class Desk:
    """A channel that remembers, and may be out of order."""

    def __init__(self, severities: Sequence[str] = ("critical",), quiet: Quiet | None = None) -> None:
        self.titles: list[str] = []
        self.works = True
        self.counted: list[tuple[str, bool]] = []
        self.clock = VirtualClock()
        channel = Channel("team", self._send, frozenset(severities), quiet)
        self.channels = Channels([channel], self.clock, lambda name, ok: self.counted.append((name, ok)))

    async def _send(self, title: str, _text: str) -> bool:
        if not self.works:
            raise ConnectionError("nobody there")
        self.titles.append(title)
        return True


async def test_a_channel_is_told_what_it_was_made_for() -> None:
    desk = Desk(["critical"])
    await desk.channels.notify([alert(), alert("SyncdWebhookSilent", "info")])
    assert desk.titles == ["syncd: Link acme is stale."]
    await desk.channels.notify([])
    assert len(desk.titles) == 1
    await desk.channels.notify([alert(firing=False)])
    assert desk.titles[-1] == "syncd: over: A link is stale."


async def test_what_a_channel_did_not_take_is_told_when_it_is_back() -> None:
    desk = Desk()
    desk.works = False
    await desk.channels.notify([alert()])
    await desk.channels.notify([])
    assert desk.counted == [("team", False)] * 2
    desk.works = True
    await desk.channels.notify([])
    await desk.channels.notify([])
    assert desk.titles == ["syncd: Link acme is stale."]


async def test_at_night_only_what_cannot_wait_and_the_rest_in_the_morning() -> None:
    desk = Desk(["critical", "warning"], NIGHT)
    desk.clock.at = datetime(2026, 11, 2, 23, tzinfo=UTC)
    await desk.channels.notify([alert(), alert("SyncdQuarantineOld", "warning")])
    assert desk.titles == ["syncd: Link acme is stale."]
    await desk.channels.notify([alert("SyncdBacklogGrowing", "warning")])
    desk.clock.at += timedelta(hours=8)
    await desk.channels.notify([])
    assert desk.titles[1:] == ["syncd: 2 of 2 alerts"]


def test_quiet_hours_may_cross_midnight() -> None:
    assert NIGHT.at(datetime(2026, 11, 2, 22, 30, tzinfo=UTC))
    assert NIGHT.at(datetime(2026, 11, 2, 5, 59, tzinfo=UTC))
    assert not NIGHT.at(datetime(2026, 11, 2, 6, 0, tzinfo=UTC)), "seven in Berlin"
    noon = Quiet(time(12), time(13), "UTC", frozenset())
    assert [noon.at(datetime(2026, 11, 2, hour, 30, tzinfo=UTC)) for hour in (11, 12, 13)] == [
        False,
        True,
        False,
    ]


def test_a_message_names_the_link_the_state_and_the_runbook() -> None:
    _, text = message([alert(), alert("SyncdGuardTripped", firing=False)])
    assert "[CRITICAL] SyncdLinkStale: Link acme is stale. (since 2026-11-02 09:00 UTC)" in text
    assert "What to do: runbooks/SyncdLinkStale.md" in text
    assert "[OVER] SyncdGuardTripped" in text


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    bodies: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"json://127.0.0.1:{server.server_address[1]}/", bodies
    server.shutdown()
    thread.join()
    server.server_close()


async def test_the_way_out_is_a_real_one(receiver: tuple[str, list[bytes]]) -> None:
    address, bodies = receiver
    send = by_apprise(Secret(address))
    assert await send("syncd: one", "two")
    assert b"syncd: one" in bodies[0]


def test_an_address_that_is_none_is_refused_and_not_repeated() -> None:
    with pytest.raises(FixInput) as refused:
        by_apprise(Secret("nosuchthing://token@host"))
    assert "token" not in refused.value.message + (refused.value.remedy or "")
