"""What systemd is told (``Type=notify``): that the daemon is ready, that it lives, that it ends.

The protocol is one datagram of ``NAME=value`` lines to the socket that systemd names; without systemd
nobody is told, and nothing is different.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

_MICROSECONDS: Final = 1_000_000


def tell(environment: Mapping[str, str], **said: str | int) -> bool:
    """Send one message; False where nobody listens. An abstract socket's name begins with ``@``."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    message = "\n".join(f"{name}={value}" for name, value in said.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as way:
            way.connect(f"\0{address[1:]}" if address.startswith("@") else address)
            way.sendall(message.encode())
    except OSError:
        return False  # whoever supervised us is gone; that is no reason to stop working
    return True


def watchdog_s(environment: Mapping[str, str]) -> float | None:
    """How often systemd wants to hear from us, half of its patience; None: it does not."""
    patience = environment.get("WATCHDOG_USEC", "")
    if not patience.isdigit() or environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(patience) / _MICROSECONDS / 2


@asynccontextmanager
async def supervised(status: str) -> AsyncIterator[None]:
    """Ready when the block begins, alive while its event loop runs, stopping when it ends."""
    environment = dict(os.environ)
    tell(environment, READY=1, STATUS=status)
    alive = asyncio.create_task(_keep_alive(environment), name="watchdog")
    try:
        yield
    finally:
        tell(environment, STOPPING=1, STATUS="finishing what is under way")
        alive.cancel()
        await asyncio.gather(alive, return_exceptions=True)


async def _keep_alive(environment: Mapping[str, str]) -> None:
    every = watchdog_s(environment)
    while every is not None:
        tell(environment, WATCHDOG=1)
        await asyncio.sleep(every)
