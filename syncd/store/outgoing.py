"""Marks before the wire and settlements after it: what many links ask for at once is one transaction.

What costs between a process and a database server is the way there and back: so all links of a worker share
the statements, and each is held to its own lease.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from syncd.core.brakes import Budget
from syncd.ports.leases import Lease
from syncd.ports.store import IntentRow, Settlement
from syncd.store import settling
from syncd.store.database import Coalesced, Database
from syncd.store.leases import require
from syncd.store.sealing import Keeper

BRIEF: Final = 4
"""Records whose transaction takes less than handing it to another thread."""

_Mark = tuple[Lease | None, IntentRow]
_End = tuple[Lease | None, Settlement]
"""With the lease under which it is asked for; None: this process has all links to itself."""


class Outgoing:
    """``keeper()``: what scripts need, as of now. ``budgets``: what each link may write within an hour."""

    def __init__(
        self, database: Database, keeper: Callable[[], Keeper], budgets: Mapping[str, Budget]
    ) -> None:
        def mark(c: Connection, many: Sequence[_Mark]) -> list[bool]:
            _require(c, many)
            return settling.mark_sent(c, keeper(), [intent for _, intent in many], budgets)

        def settle(c: Connection, many: Sequence[_End]) -> list[IntentRow | None]:
            _require(c, many)
            return settling.settle(c, keeper(), [settlement for _, settlement in many])

        self._sent: Coalesced[_Mark, bool] = Coalesced(lambda script, _: database.write(script), mark)
        self._settled: Coalesced[_End, IntentRow | None] = Coalesced(
            lambda script, count: database.note(script, brief=count <= BRIEF), settle
        )

    async def mark_sent(self, lease: Lease | None, intent: IntentRow) -> bool:
        """Raises ``Fenced`` where the lease is gone, as ``settle`` does; the others' go on."""
        return await self._sent((lease, intent))

    async def settle(self, lease: Lease | None, settlement: Settlement) -> IntentRow | None:
        return await self._settled((lease, settlement))


def _require(c: Connection, many: Sequence[_Mark] | Sequence[_End]) -> None:
    require(c, {lease for lease, _ in many if lease is not None})
