"""What systemd is told (``Type=notify``): that the daemon is ready, that it lives, that it ends.

The protocol is one datagram of ``NAME=value`` lines to the socket that systemd names; without systemd
nobody is told, and nothing is different.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
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


class Supervision:
    """One process and whoever watches over it, from its first readiness to its end."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._alive: asyncio.Task[None] | None = None

    def ready(self, status: str) -> None:
        """The process does its work; said again when what it works on has changed."""
        tell(self._environment, READY=1, STATUS=status)
        if self._alive is None:
            self._alive = asyncio.create_task(self._keep_alive(), name="watchdog")

    def stopping(self) -> None:
        """It finishes what is under way, and will end."""
        tell(self._environment, STOPPING=1, STATUS="finishing what is under way")

    async def end(self) -> None:
        if self._alive is not None:
            self._alive.cancel()
            await asyncio.gather(self._alive, return_exceptions=True)

    async def _keep_alive(self) -> None:
        """As long as the event loop runs."""
        every = watchdog_s(self._environment)
        while every is not None:
            tell(self._environment, WATCHDOG=1)
            await asyncio.sleep(every)
