"""What one connection may ask of its platform, where several processes ask: the limit is the platform's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limits:
    """At most ``at_once`` requests on the wire, and ``requests`` in any ``per_s`` seconds (0: any number)."""

    at_once: int
    requests: float = 0.0
    per_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Granted:
    """What came of asking for places."""

    places: int
    again_s: float
    """Ask for the rest after so long."""


class Allowance(Protocol):
    """Shared by all processes of an installation."""

    async def take(self, connection: str, limits: Limits, wanted: int, done: int) -> Granted:
        """Give ``done`` places back and ask for ``wanted``, in one transaction. Places of a process that is
        lost are free."""
        ...

    async def close_for(self, connection: str, pause: timedelta) -> None:
        """The platform wants to be left alone for so long, by everybody."""
        ...
