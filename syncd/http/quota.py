"""What a platform says of its own quota, in the headers of its answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_REMAINING: Final = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")
_LIMITS: Final = ("ratelimit-limit", "x-ratelimit-limit", "x-rate-limit-limit")
_RESETS: Final = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")
_SAID: Final = frozenset({*_REMAINING, *_LIMITS, *_RESETS})
_A_TIME: Final = 10**9
"""A reset that large is a time, a smaller one so many seconds from now: both are in use."""
LONGEST: Final = timedelta(hours=1)
"""Whatever a header says, the platform is asked again after that."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How many more requests it grants, and when it begins to count anew."""

    remaining: int
    resets_at: datetime | None
    limit: int | None = None
    """How many it grants at once; None: it does not say."""

    def pause(self, now: datetime) -> timedelta | None:
        """How long to leave it alone; None: there is something left, or it does not say until when."""
        if self.remaining > 0 or self.resets_at is None or self.resets_at <= now:
            return None
        return min(self.resets_at - now, LONGEST)


def quota(headers: Mapping[str, str], now: datetime) -> Quota | None:
    """None where the answer says nothing of it."""
    said = {known: value for name, value in headers.items() if (known := name.lower()) in _SAID}
    if not said:
        return None
    remaining = _number(said, _REMAINING)
    if remaining is None:
        return None
    return Quota(remaining, _instant(_number(said, _RESETS), now), _number(said, _LIMITS))


def _number(said: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    for name in names:
        value = said.get(name, "").split(",")[0].split(";")[0].strip()
        if value.isascii() and value.isdigit() and len(value) < 14:
            return int(value)
    return None


def _instant(resets: int | None, now: datetime) -> datetime | None:
    if resets is None:
        return None
    if resets < _A_TIME:
        return now + timedelta(seconds=resets)
    seconds = resets / 1000 if resets > 100 * _A_TIME else float(resets)  # some count milliseconds
    return datetime.fromtimestamp(seconds, now.tzinfo)
