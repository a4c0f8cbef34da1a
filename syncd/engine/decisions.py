"""Conflicts and full comparisons of this process in one, for a command that runs beside no daemon."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from syncd.engine.conflicts import ConflictDesk
from syncd.engine.cycle import LinkEngine
from syncd.engine.reconciling import Memory, Reconciler
from syncd.ports import Clock


class LocalDecisions:
    """Implements ``api.operator.Decisions``."""

    def __init__(
        self,
        links: Mapping[str, LinkEngine],
        store: Memory,
        clock: Clock,
        *,
        ready: Callable[[str], Awaitable[None]],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.desk = ConflictDesk(links, store, wake)
        self.reconciler = Reconciler(links, store, clock, ready)
        self.conflicts = self.desk.conflicts
        self.conflict = self.desk.conflict
        self.conflicts_resolve = self.desk.conflicts_resolve
        self.conflicts_resolve_all = self.desk.conflicts_resolve_all
        self.reconcile = self.reconciler.reconcile
