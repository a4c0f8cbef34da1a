"""Taking out what is kept of customers who have left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Engine

from syncd.api.upkeep import Erased
from syncd.core.errors import FixInput, NothingMatched
from syncd.store import erasing, migrate
from syncd.store.database import Database
from syncd.store.erasing import Traces
from syncd.store.sealing import Keeper


class Eraser:
    """``links``, ``connections``: those of the configuration that runs; ``engine``: makes one on the same
    state, to rewrite its file with."""

    def __init__(
        self,
        database: Database,
        keeper: Callable[[], Keeper],
        engine: Callable[[], Engine],
        links: Collection[str],
        connections: Collection[str],
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._engine = engine
        self._links = frozenset(links)
        self._connections = frozenset(connections)

    async def erase(
        self, names: Sequence[str], dry_run: bool = False, abandon_writes: bool = False, actor: str = ""
    ) -> Erased:
        """Raises ``NothingMatched`` for a name that nothing is kept of, ``FixInput`` for what is still
        configured, used by other links, or has writes that are not at their end, and for a state with
        tables of a newer version, which this one would leave behind."""
        found = await self._database.scan(lambda c: erasing.find(c, names, self._connections))
        if unknown := sorted(set(names) - {*found.links, *found.connections, *found.shared}):
            raise NothingMatched(
                f"nothing is kept of {unknown[0]!r}", remedy="a link's or a connection's name is expected"
            )
        if dry_run:
            return view(found)
        _must_be_over(found, names, self._links, abandon_writes=abandon_writes)
        await asyncio.to_thread(self._must_know_every_table)
        lines = await self._database.write(lambda c: erasing.erase(c, self._keeper(), found, actor))
        await asyncio.to_thread(self._rewrite)
        return view(found, lines)

    def _must_know_every_table(self) -> None:
        engine = self._engine()
        try:
            migrate.require_head(engine)
        finally:
            engine.dispose()

    def _rewrite(self) -> None:
        engine = self._engine()
        try:
            erasing.rewrite(engine)
        finally:
            engine.dispose()


def _must_be_over(
    found: Traces, names: Sequence[str], configured: Collection[str], *, abandon_writes: bool
) -> None:
    """Raises ``FixInput``. Pure."""
    if running := sorted(set(found.links) & set(configured)):
        raise FixInput(
            f"{running[0]} is still configured: what is erased would be read again",
            remedy="take it out of syncd.yaml, `syncd reload`, and erase it then",
        )
    if asked := sorted(found.shared.keys() & set(names)):
        raise FixInput(
            f"{asked[0]} is still used by {found.shared[asked[0]]}",
            remedy="erase that link too, or leave the connection out",
        )
    if found.open_writes and not abandon_writes:
        counts = ", ".join(f"{count} {state}" for state, count in found.open_writes.items())
        raise FixInput(
            f"writes are not at their end: {counts}",
            remedy="configure it again until they are, or --abandon-writes: then nobody will find out "
            "what became of those that were sent",
        )


def view(found: Traces, audit_lines: int | None = None) -> Erased:
    """``audit_lines``: None where nothing was done. Pure."""
    return Erased(
        links=list(found.links),
        connections=list(found.connections),
        shared=dict(found.shared),
        unused=list(found.unused),
        records=found.records,
        pairs=found.pairs,
        open_writes=dict(found.open_writes),
        audit_lines=audit_lines or 0,
        done=audit_lines is not None,
    )
