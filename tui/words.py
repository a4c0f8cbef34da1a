"""How states are said: a glyph, a word and a colour together, so that none of them is needed alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from syncd.api.models import Health


class Sign(NamedTuple):
    """One state as it is shown."""

    glyph: str
    word: str
    style: str
    """A Rich style that stays readable on dark and light, and says nothing where colour is off."""


HEALTH: Final = {
    Health.ON_TIME: Sign("●", "on time", "green"),
    Health.SYNCING: Sign("◐", "syncing", "cyan"),
    Health.PENDING: Sign("○", "pending", "dim"),
    Health.PAUSED: Sign("‖", "on hold", "magenta"),
    Health.LATE: Sign("▲", "late", "yellow"),
    Health.ACTION_REQUIRED: Sign("◆", "needs you", "bold yellow"),
    Health.ERROR: Sign("✖", "error", "bold red"),
}

_STEPS: Final = ((60, "s", 1), (3_600, "m", 60), (172_800, "h", 3_600))
_BARS: Final = " ▁▂▃▄▅▆▇█"


def age(then: datetime | None, now: datetime) -> str:
    """``4s``, ``12m``, ``30h``, ``9d``; empty for never, ``now`` for what a clock elsewhere puts ahead."""
    return "" if then is None else span((now - then).total_seconds())


def span(seconds: float | None) -> str:
    """A length of time in its largest fitting unit."""
    if seconds is None:
        return ""
    if seconds < 1:
        return "now"
    for limit, unit, size in _STEPS:
        if seconds < limit:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // 86_400)}d"


def until(then: datetime | None, now: datetime) -> str:
    """``in 9d``; ``9d ago`` once it is over; empty for never."""
    if then is None:
        return ""
    left = (then - now).total_seconds()
    return f"in {span(left)}" if left >= 1 else f"{span(-left)} ago" if left <= -1 else "now"


def clock(at: datetime, now: datetime, *, absolute: bool) -> str:
    """A moment as its age, or as the reader's own clock shows it (the day too, where it was another)."""
    if not absolute:
        return age(at, now)
    local = at.astimezone()
    same_day = abs(now - at) < timedelta(hours=20)
    return local.strftime("%H:%M:%S") if same_day else local.strftime("%Y-%m-%d %H:%M")


def sparkline(counts: list[int], width: int = 12) -> str:
    """The last ``width`` counts as bars; the tallest is the largest of them. Nothing ever: blanks."""
    last = counts[-width:]
    most = max(last, default=0)
    if most == 0:
        return " " * len(last)
    top = len(_BARS) - 1
    # what happened at all must not look like nothing
    return "".join(_BARS[0 if n == 0 else max(1, round(n / most * top))] for n in last)


def number(count: int) -> str:
    """A count; nothing for zero, so that what is not zero stands out. Thousands are told apart."""
    return f"{count:,}" if count else ""


def many(count: int, one: str) -> str:
    """``1 drift``, ``2 drifts``."""
    return f"{count:,} {one}{'' if count == 1 else 's'}"
