"""What systemd hears: over a real socket, as its protocol has it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.app.supervisor import Supervision, tell, watchdog_s


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.settimeout(10)
        yield listening, address


async def test_ready_alive_stopping(heard: tuple[socket.socket, str]) -> None:
    listening, address = heard
    watched = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid())}
    supervision = Supervision(watched)
    supervision.ready("2 links")
    assert await asyncio.to_thread(listening.recv, 1024) == b"READY=1\nSTATUS=2 links"
    assert [await asyncio.to_thread(listening.recv, 1024) for _ in range(2)] == [b"WATCHDOG=1"] * 2
    supervision.stopping()
    await supervision.end()
    listening.setblocking(False)
    rest = list(iter(lambda: _next(listening), b""))
    assert [said.partition(b"\n")[0] for said in rest if said != b"WATCHDOG=1"] == [b"STOPPING=1"]


def _next(listening: socket.socket) -> bytes:
    try:
        return listening.recv(1024)
    except BlockingIOError:
        return b""


async def test_without_systemd_nobody_is_told() -> None:
    supervision = Supervision({})
    supervision.ready("2 links")
    supervision.stopping()
    await supervision.end()
    assert tell({}, READY=1) is False


def test_a_supervisor_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    assert tell({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, READY=1) is False


def test_the_watchdog_of_another_process_is_not_ours() -> None:
    assert watchdog_s({"WATCHDOG_USEC": "60000000"}) == 30
    assert watchdog_s({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}) is None
    assert watchdog_s({}) is None
