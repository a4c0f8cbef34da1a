"""Who works on a state that several processes share, as people see it."""

from __future__ import annotations

from datetime import datetime

from syncd.api.models import View


class WorkerView(View):
    """One process."""

    name: str
    host: str
    pid: int
    version: str
    slots: int
    """Links that it runs at once."""
    since: datetime
    seen_at: datetime
    silent_s: float
    """Since its last sign of life."""
    lost: bool
    """It was silent for so long that it counts as dead: its links went to others."""
    links: list[str]
    """That it runs right now."""


class WorkersView(View):
    """All of them."""

    shared: bool
    """False: the state is one process's own, and nobody else may work on it."""
    workers: list[WorkerView]
    wanted: int = 0
    """Links that somebody wants a run of, and that have not been run since."""
    oldest_wanted_s: float = 0.0
    """How long the first of these waits."""
    lost: int = 0
    """Workers that died without a word, since this state was made."""
    taken_over: int = 0
    """Links that went to another worker because a lease ran out."""
    repaired: int = 0
    """Wanted links that the queue had forgotten, and that were found again."""
