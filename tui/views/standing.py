"""How old what is shown is, and what is being done about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tui.text import harmless
from tui.words import span

_FIRST_S, _MOST_S = 1.0, 30.0
STALE_S = 15.0
"""Older than this, what is shown says how old it is."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The way to the daemon, as the last attempts found it."""

    reached_at: datetime | None = None
    failures: int = 0
    """In a row."""
    next_try_at: datetime | None = None
    words: str = ""

    def reached(self, now: datetime) -> Standing:
        return Standing(reached_at=now)

    def lost(self, words: str, now: datetime) -> Standing:
        """One more failure: tried again after 1, 2, 4 ... seconds, at most 30."""
        wait_s = min(_FIRST_S * 2**self.failures, _MOST_S)
        return replace(
            self, failures=self.failures + 1, next_try_at=now + timedelta(seconds=wait_s), words=words
        )


def banner(standing: Standing, now: datetime) -> str:
    """The line over everything while the daemon is silent or its word is old; empty while all is well."""
    old = None if standing.reached_at is None else (now - standing.reached_at).total_seconds()
    if standing.failures:
        shown = "nothing was read yet" if old is None else f"what you see is {span(max(old, 1))} old"
        again = "" if standing.next_try_at is None else _again(standing.next_try_at, now)
        return f"⚠ No word from the daemon: {harmless(standing.words, 100)} · {shown} · {again}"
    return f"⏱ What you see is {span(old)} old" if old is not None and old > STALE_S else ""


def _again(at: datetime, now: datetime) -> str:
    left = (at - now).total_seconds()
    return f"trying again in {span(left)}" if left >= 1 else "trying again"
