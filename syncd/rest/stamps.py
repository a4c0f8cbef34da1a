"""Instants as platforms write them, counted in whole ticks so that they compare and add exactly. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stamp:
    """How one platform writes the time of a change, both in its records and in its filters.

    ``per_s``: ticks a second, the finest step that the platform keeps. A watermark is a number of ticks.
    """

    form: Literal["unix", "iso"]
    per_s: int = 1
    zone: str = "UTC"
    """For ISO texts without an offset: the zone of the server's clock."""
    offset: str = "Z"
    """How an ISO text that we write says UTC: ``Z``, ``+00:00`` or nothing."""

    def read(self, wire: Any) -> int | None:
        """Ticks; None where nothing stands there. Raises ``ValueError`` for what is no instant."""
        if wire is None or wire == "":
            return None
        if self.form == "unix":
            if isinstance(wire, bool) or not isinstance(wire, int | str):
                raise ValueError(f"unix time expected, {type(wire).__name__} found")
            return int(wire)
        if not isinstance(wire, str):
            raise ValueError(f"a time as text expected, {type(wire).__name__} found")
        at = datetime.fromisoformat(_six_places(wire))
        return self.ticks(at if at.tzinfo else at.replace(tzinfo=ZoneInfo(self.zone)))

    def write(self, ticks: int) -> str:
        """The text that a filter takes."""
        if self.form == "unix":
            return str(ticks)
        at = _EPOCH + timedelta(microseconds=ticks * 1_000_000 // self.per_s)
        places = {1: "seconds", 1_000: "milliseconds"}.get(self.per_s, "microseconds")
        local = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        return local.isoformat(timespec=places) + self.offset

    def ticks(self, at: datetime) -> int:
        """An aware instant as ticks, rounded down."""
        return (at - _EPOCH) // timedelta(microseconds=1) * self.per_s // 1_000_000


def _six_places(text: str) -> str:
    """Python reads up to six decimals of a second; some platforms write seven or nine."""
    head, point, rest = text.partition(".")
    if not point:
        return text
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return f"{head}.{rest[: min(digits, 6)]}{rest[digits:]}"


UNIX_SECONDS: Final = Stamp("unix")
UNIX_MILLIS: Final = Stamp("unix", 1_000)
ISO_SECONDS: Final = Stamp("iso")
ISO_MILLIS: Final = Stamp("iso", 1_000)
ISO_MICROS: Final = Stamp("iso", 1_000_000)
